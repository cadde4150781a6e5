"""From what a stream saw to what happened: pure but for asking the store what it remembers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from wbym.account import Batch, Observation, Observed
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
    UndecodableRecord,
)
from wbym.feed._delivery import FINAL, key_of
from wbym.feed._events import EventKind
from wbym.feed._own_messages import find_delivery, find_lost_delivery
from wbym.feed._records import encode_record, key_of_record
from wbym.feed._store import Checkpoint, SeenRecord, Step, Store, StoredEvent

__all__ = ["diff_batch"]

FORGET_EVERY: Final = timedelta(hours=1)
"""How much the retention horizon moves on before seen records are dropped again."""

_NEW: Final[Mapping[type[Observed], EventKind]] = {
    Chat: EventKind.CHAT,
    Message: EventKind.MESSAGE,
    Question: EventKind.QUESTION,
    Feedback: EventKind.FEEDBACK,
    Return: EventKind.RETURN,
    UndecodableRecord: EventKind.UNDECODABLE,
}
_CHANGED: Final[Mapping[type[Observed], EventKind]] = {
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
    keys = {key_of_record(observation.record) for observation in batch.observations}
    known = await store.seen_records(account, stream, keys) if keys else {}
    open_ = await _sent_by_outbox(batch.observations, account, store)
    fresh: dict[str, SeenRecord] = {}
    events: list[StoredEvent] = []
    seen: dict[str, Delivery] = {}
    for observation in batch.observations:
        record = observation.record
        key = key_of_record(record)
        latest = _remember(observation, known.get(key), checkpoint)
        if latest is None:
            continue
        known[key] = fresh[key] = latest
        first = latest.revision == 1
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
        if kind is None or (first and not checkpoint.begun and observation.at < checkpoint.since):
            continue
        ref = record.ref
        events.append(
            StoredEvent(
                f"{ref.marketplace}/{account}/{key}{'' if first else f'#{latest.revision}'}",
                account,
                kind,
                observation.at,
                encode_record(record),
                None if observation.chat is None else encode_record(observation.chat),
                None if delivery is None else delivery.idempotency_key,
            )
        )
    forget_before = batch.forget_before
    if forget_before is not None and checkpoint.retained_since is not None:
        # It goes through all seen records, so not with each batch.
        forget_before = (
            forget_before if forget_before - checkpoint.retained_since >= FORGET_EVERY else None
        )
    return Step(
        msgspec.structs.replace(
            checkpoint,
            state=checkpoint.state if batch.state is None else batch.state,
            retained_since=forget_before or checkpoint.retained_since,
        ),
        events,
        fresh,
        forget_before,
        list(seen.values()),
    )


def _remember(
    observation: Observation, known: SeenRecord | None, checkpoint: Checkpoint
) -> SeenRecord | None:
    """The seen record that an observation leaves; None if it is known, or too old."""
    at = None if isinstance(observation.record, Chat) else observation.at
    if known is not None:
        if observation.version is None or observation.version == known.version:
            return None
        return SeenRecord(observation.version, known.revision + 1, at)
    if at is not None and checkpoint.retained_since is not None and at < checkpoint.retained_since:
        return None
    return SeenRecord(observation.version or "", 1, at)


async def _sent_by_outbox(
    observations: Sequence[Observation], account: str, store: Store
) -> list[Delivery]:
    """The messages of the outbox that may be among these."""
    chats = {
        observation.record.chat
        for observation in observations
        if isinstance(observation.record, Message) and observation.record.author is Author.SELLER
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
