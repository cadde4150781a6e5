"""Computes events from the observations of a stream; reads seen records from the store."""

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
    Ref,
    Return,
    UndecodableRecord,
)
from wbym.feed._delivery import FINAL, key_of
from wbym.feed._events import EventKind
from wbym.feed._matching import (
    describe_doubt,
    find_deliveries_of_undecodable,
    find_delivery,
    find_possible_delivery,
)
from wbym.feed._serialization import encode_record, record_key
from wbym.feed._store import Checkpoint, SeenRecord, Step, Store, StoredEvent

__all__ = ["diff_batch"]

FORGET_EVERY: Final = timedelta(hours=1)
"""How far the retention horizon has to move before old seen records are deleted again."""

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
"""Chats, which change with each message, and messages, which never do, have no such event."""


async def diff_batch(batch: Batch, checkpoint: Checkpoint, store: Store) -> Step:
    """Compute the events and checkpoint of a batch.

    A new record makes an event of its kind, and a changed version an event of change. A record that
    was created before the account was followed makes no event in the first round, and a record
    older than the retention horizon never makes one.
    """
    account, stream = checkpoint.account, checkpoint.stream
    keys = {record_key(observation.record) for observation in batch.observations}
    known = await store.seen_records(account, stream, keys) if keys else {}
    open_ = await _sent_by_outbox(batch.observations, account, store)
    fresh: dict[str, SeenRecord] = {}
    events: list[StoredEvent] = []
    seen: dict[str, Delivery] = {}
    for observation in batch.observations:
        record = observation.record
        key = record_key(record)
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
            elif (similar := find_possible_delivery(record, open_)) is not None and (
                delivery := await _confirmed_as(record, store)
            ) is None:
                # It stays a candidate: a message that certainly matches it may follow.
                doubted = seen[key_of(similar)] = _doubted(similar, record)
                open_[open_.index(similar)] = doubted
        elif first and isinstance(record, UndecodableRecord):
            for lost in find_deliveries_of_undecodable(
                record, observation.at, observation.chat, open_
            ):
                doubted = seen[key_of(lost)] = _doubted(lost, record)
                open_[open_.index(lost)] = doubted
        if kind is None or (first and not checkpoint.begun and observation.at < checkpoint.since):
            continue
        change = "" if first else f"#{latest.revision}"
        sent_as = None if delivery is None else delivery.idempotency_key
        try:
            events.append(_event(observation, f"{key}{change}", kind, account, sent_as))
        except OverflowError as error:
            bad = _unstorable(observation, stream, account, error)
            key, kind = record_key(bad.record), EventKind.UNDECODABLE
            events.append(_event(bad, key, kind, account, None))
    forget_before = batch.forget_before
    if forget_before is not None and checkpoint.retained_since is not None:
        # Deleting scans all seen records, so not with each batch.
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


def _event(
    observation: Observation, key: str, kind: EventKind, account: str, sent_as: str | None
) -> StoredEvent:
    """An event to store.

    Raises:
        OverflowError: The record has a number that cannot be stored.
    """
    record, chat = observation.record, observation.chat
    return StoredEvent(
        f"{record.ref.marketplace}/{account}/{key}",
        account,
        kind,
        observation.at,
        encode_record(record),
        None if chat is None else encode_record(chat),
        sent_as,
    )


def _unstorable(
    observation: Observation, stream: str, account: str, error: OverflowError
) -> Observation:
    """An observation of a record that cannot be stored, as one that could not be decoded."""
    record = observation.record
    data, marketplace = msgspec.json.encode(record), record.ref.marketplace
    reason = f"{type(error).__name__}: {error}"
    undecodable = UndecodableRecord.of(marketplace, account, stream, str(record.ref), reason, data)
    return Observation(undecodable, observation.at)


def _remember(
    observation: Observation, known: SeenRecord | None, checkpoint: Checkpoint
) -> SeenRecord | None:
    """The seen record to store for an observation; None if it is unchanged, or too old."""
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
    """The deliveries of the outbox that may match these observations."""
    chats: set[Ref] = set()
    is_any_chat = False
    for observation in observations:
        record = observation.record
        if isinstance(record, Message) and record.author is Author.SELLER:
            chats.add(record.chat)
        elif isinstance(record, UndecodableRecord):
            is_any_chat = True
    if not chats and not is_any_chat:
        return []
    states = [state for state in DeliveryState if state not in FINAL]
    return [
        delivery
        for delivery in await store.deliveries(states, [account])
        if delivery.action is Action.SEND
        and delivery.attempts
        and (is_any_chat or delivery.target in chats)
    ]


async def _confirmed_as(message: Message, store: Store) -> Delivery | None:
    """The delivery that a lookup, perhaps of another process, has found to be this message."""
    deliveries = await store.delivered_to(message.chat)
    return next((one for one in deliveries if one.id == message.ref.id), None)


def _seen(delivery: Delivery, message: Message) -> Delivery:
    return msgspec.structs.replace(
        delivery,
        state=DeliveryState.CONFIRMED,
        updated_at=datetime.now(UTC),
        id=message.ref.id,
        note=None,
    )


def _doubted(delivery: Delivery, found: Message | UndecodableRecord) -> Delivery:
    return msgspec.structs.replace(
        delivery,
        state=DeliveryState.UNKNOWN,
        updated_at=datetime.now(UTC),
        note=describe_doubt(delivery, found),
    )
