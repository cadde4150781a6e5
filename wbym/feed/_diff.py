"""From what a stream saw to what happened: pure but for asking the store what it remembers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from wbym.account import Batch, Seen, Sighting, Unreadable
from wbym.domain import (
    Action,
    Author,
    Chat,
    Delivery,
    DeliveryState,
    Feedback,
    Message,
    Question,
    Return,
)
from wbym.feed._delivery import FINAL, key_of
from wbym.feed._events import EventKind
from wbym.feed._own_messages import find_delivery, find_lost_delivery
from wbym.feed._records import encode_record, key_of_record
from wbym.feed._store import Checkpoint, Memo, Step, Store, StoredEvent

__all__ = ["diff_batch"]

FORGET_EVERY: Final = timedelta(hours=1)
"""How much the retention horizon moves on before memos are dropped again."""

_NEW: Final[Mapping[type[Seen], EventKind]] = {
    Chat: EventKind.CHAT,
    Message: EventKind.MESSAGE,
    Question: EventKind.QUESTION,
    Feedback: EventKind.FEEDBACK,
    Return: EventKind.RETURN,
    Unreadable: EventKind.UNREADABLE,
}
_CHANGED: Final[Mapping[type[Seen], EventKind]] = {
    Question: EventKind.ANSWER,
    Feedback: EventKind.ANSWER,
    Return: EventKind.RETURN_CHANGED,
}
"""A chat changes with each message, and a message never does."""


async def diff_batch(batch: Batch, checkpoint: Checkpoint, store: Store) -> Step:
    """What a batch comes to.

    A record that was not seen before makes an event of its kind, and one with another version an
    event of change. Neither does one that came to be before the account was followed, while the
    first round goes, nor one so old that it is forgotten.
    """
    account, stream = checkpoint.account, checkpoint.stream
    keys = {key_of_record(sighting.record) for sighting in batch.sightings}
    memos = await store.memos(account, stream, keys) if keys else {}
    open_ = await _sent_by_outbox(batch.sightings, account, store)
    fresh: dict[str, Memo] = {}
    events: list[StoredEvent] = []
    seen: dict[str, Delivery] = {}
    for sighting in batch.sightings:
        record = sighting.record
        key = key_of_record(record)
        memo = _remember(sighting, memos.get(key), checkpoint)
        if memo is None:
            continue
        memos[key] = fresh[key] = memo
        first = memo.revision == 1
        kind = (_NEW if first else _CHANGED).get(type(record))
        delivery = None
        if first and isinstance(record, Message) and record.author is Author.SELLER:
            if (delivery := find_delivery(record, open_)) is not None:
                open_.remove(delivery)
                seen[key_of(delivery)] = _seen(delivery, record)
            elif (similar := find_lost_delivery(record, open_)) is not None:
                # It stays among those that may be seen: what is surely it may follow.
                doubted = seen[key_of(similar)] = _doubted(similar, record)
                open_[open_.index(similar)] = doubted
        if kind is None or (first and not checkpoint.begun and sighting.at < checkpoint.since):
            continue
        ref = record.ref
        events.append(
            StoredEvent(
                f"{ref.marketplace}/{account}/{key}{'' if first else f'#{memo.revision}'}",
                account,
                kind,
                sighting.at,
                encode_record(record),
                None if sighting.chat is None else encode_record(sighting.chat),
                None if delivery is None else delivery.idempotency_key,
            )
        )
    forget = batch.forget
    if forget is not None and checkpoint.floor is not None:
        # All memos are looked through for it, so not with each batch.
        forget = forget if forget - checkpoint.floor >= FORGET_EVERY else None
    return Step(
        msgspec.structs.replace(
            checkpoint,
            state=checkpoint.state if batch.state is None else batch.state,
            floor=forget or checkpoint.floor,
        ),
        events,
        fresh,
        forget,
        list(seen.values()),
    )


def _remember(sighting: Sighting, memo: Memo | None, checkpoint: Checkpoint) -> Memo | None:
    """What is to be remembered of a sighting; None where it tells nothing new."""
    at = None if isinstance(sighting.record, Chat) else sighting.at
    if memo is not None:
        if sighting.version is None or sighting.version == memo.version:
            return None
        return Memo(sighting.version, memo.revision + 1, at)
    if at is not None and checkpoint.floor is not None and at < checkpoint.floor:
        return None
    return Memo(sighting.version or "", 1, at)


async def _sent_by_outbox(
    sightings: Sequence[Sighting], account: str, store: Store
) -> list[Delivery]:
    """The messages of the outbox that may be among these."""
    chats = {
        sighting.record.chat
        for sighting in sightings
        if isinstance(sighting.record, Message) and sighting.record.author is Author.SELLER
    }
    if not chats:
        return []
    states = [state for state in DeliveryState if state not in FINAL]
    return [
        delivery
        for delivery in await store.deliveries(states, [account])
        if delivery.action is Action.SEND and delivery.target in chats and delivery.attempts
    ]


def _seen(delivery: Delivery, message: Message) -> Delivery:
    return msgspec.structs.replace(
        delivery,
        state=DeliveryState.CONFIRMED,
        updated_at=datetime.now(UTC),
        id=message.ref.id,
        note=None,
    )


def _doubted(delivery: Delivery, message: Message) -> Delivery:
    note = (
        f"the chat has a message with these words, {message.ref.id} of {message.sent_at}, which is "
        f"too long before the sending at {delivery.sent_at} to be surely this one"
    )
    return msgspec.structs.replace(
        delivery, state=DeliveryState.UNKNOWN, updated_at=datetime.now(UTC), note=note
    )
