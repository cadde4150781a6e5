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
from wbym.feed.delivery import FINAL, key_of
from wbym.feed.events import EventKind
from wbym.feed.store import Checkpoint, Memo, Step, Store, StoredEvent

__all__ = ["NEAR", "decode_chat", "decode_record", "doubtful", "same_words", "take_in", "whose"]

NEAR: Final = timedelta(minutes=5)
"""A message that comes back and its sending are as far apart at most; the clocks of seller and
marketplace are not the same."""

FORGET_EVERY: Final = timedelta(hours=1)
"""By so much what is old news is later before memos are dropped again."""

_encode = msgspec.msgpack.Encoder().encode

_NOUNS: Final[Mapping[type[Seen], str]] = {
    Chat: "chat",
    Message: "message",
    Question: "question",
    Feedback: "feedback",
    Return: "return",
    Unreadable: "unreadable",
}
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


_MESSAGE = msgspec.msgpack.Decoder(Message)
_CHAT = msgspec.msgpack.Decoder(Chat)
_QUESTION = msgspec.msgpack.Decoder(Question)
_FEEDBACK = msgspec.msgpack.Decoder(Feedback)
_RETURN = msgspec.msgpack.Decoder(Return)
_UNREADABLE = msgspec.msgpack.Decoder(Unreadable)


def decode_record(event: StoredEvent) -> Seen:
    """The record of a stored event.

    Raises:
        msgspec.MsgspecError: It was stored by a version with other records.
    """
    match event.kind:
        case EventKind.MESSAGE:
            return _MESSAGE.decode(event.record)
        case EventKind.CHAT:
            return _CHAT.decode(event.record)
        case EventKind.QUESTION:
            return _QUESTION.decode(event.record)
        case EventKind.FEEDBACK:
            return _FEEDBACK.decode(event.record)
        case EventKind.ANSWER:
            # The names before the noun and the id after it may have slashes of their own.
            key = event.id.partition("/")[2].removeprefix(f"{event.account}/")
            is_question = key.startswith(f"{_NOUNS[Question]}/")
            return (_QUESTION if is_question else _FEEDBACK).decode(event.record)
        case EventKind.RETURN | EventKind.RETURN_CHANGED:
            return _RETURN.decode(event.record)
        case EventKind.UNREADABLE:
            return _UNREADABLE.decode(event.record)


def decode_chat(event: StoredEvent) -> Chat | None:
    """The chat of a stored message."""
    return None if event.chat is None else _CHAT.decode(event.chat)


async def take_in(batch: Batch, checkpoint: Checkpoint, store: Store) -> Step:
    """What a batch comes to.

    A record that was not seen before makes an event of its kind, and one with another version an
    event of change. Neither does one that came to be before the account was followed, while the
    first round goes, nor one so old that it is forgotten.
    """
    account, stream = checkpoint.account, checkpoint.stream
    keys = {_key(sighting.record) for sighting in batch.sightings}
    memos = await store.memos(account, stream, keys) if keys else {}
    open_ = await _sent_by_outbox(batch.sightings, account, store)
    fresh: dict[str, Memo] = {}
    events: list[StoredEvent] = []
    seen: dict[str, Delivery] = {}
    for sighting in batch.sightings:
        record = sighting.record
        key = _key(record)
        memo = _remember(sighting, memos.get(key), checkpoint)
        if memo is None:
            continue
        memos[key] = fresh[key] = memo
        first = memo.revision == 1
        kind = (_NEW if first else _CHANGED).get(type(record))
        delivery = None
        if first and isinstance(record, Message) and record.author is Author.SELLER:
            if (delivery := whose(record, open_)) is not None:
                open_.remove(delivery)
                seen[key_of(delivery)] = _seen(delivery, record)
            elif (similar := doubtful(record, open_)) is not None:
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
                _encode(record),
                None if sighting.chat is None else _encode(sighting.chat),
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


def _key(record: Seen) -> str:
    return f"{_NOUNS[type(record)]}/{record.ref.id}"


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


def whose(message: Message, deliveries: Sequence[Delivery]) -> Delivery | None:
    """Which of the deliveries a seller's message is: the same chat, the same words, about the time.

    Marketplaces tell no id when they take a message, so this is all there is. Of several with the
    same words those go first that were taken, then those on their way, then those of unknown fate:
    which of the latter is not there is told by what is left. Then goes the nearest in time.
    """
    found = [
        (_certainty(delivery), abs(later), place)
        for place, delivery in enumerate(deliveries)
        if _alike(delivery, message)
        and (later := message.sent_at - (delivery.sent_at or delivery.created_at)) >= -NEAR
        # What is not known to be taken may have waited for its limits.
        and (later <= NEAR or delivery.state is not DeliveryState.ACCEPTED)
    ]
    return deliveries[min(found)[2]] if found else None


def _certainty(delivery: Delivery) -> int:
    if delivery.state is DeliveryState.ACCEPTED:
        return 0
    return 1 if delivery.state is DeliveryState.SENDING and delivery.note is None else 2


def doubtful(message: Message, deliveries: Sequence[Delivery]) -> Delivery | None:
    """Which delivery of unknown fate a message might be although their times are far apart.

    An old message with the same words, or ours if a clock is wrong: that cannot be told.
    """
    return next((one for one in deliveries if _is_lost(one) and _alike(one, message)), None)


def _is_lost(delivery: Delivery) -> bool:
    """Whether its fate is unknown; one that is still on its way has no note."""
    return delivery.state is DeliveryState.SENDING and delivery.note is not None


def _alike(delivery: Delivery, message: Message) -> bool:
    return delivery.target == message.chat and same_words(delivery.text, message.text or "")


def same_words(one: str, other: str) -> bool:
    """Whether two texts are the same but for white space, which marketplaces change."""
    return one.split() == other.split()


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
