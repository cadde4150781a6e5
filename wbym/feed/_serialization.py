"""Serialization of records for the store."""

from collections.abc import Mapping
from typing import Final

import msgspec

from wbym.account import Observed
from wbym.domain import Chat, Feedback, Message, Question, Return, UndecodableRecord
from wbym.feed._events import EventKind
from wbym.feed._store import StoredEvent

__all__ = ["decode_chat", "decode_record", "encode_record", "record_key"]

_NOUNS: Final[Mapping[type[Observed], str]] = {
    Chat: "chat",
    Message: "message",
    Question: "question",
    Feedback: "feedback",
    Return: "return",
    UndecodableRecord: "undecodable",
}

_CHANGES: Final = frozenset({EventKind.ANSWER, EventKind.RETURN_CHANGED})

_ENCODER = msgspec.msgpack.Encoder()
_MESSAGE = msgspec.msgpack.Decoder(Message)
_CHAT = msgspec.msgpack.Decoder(Chat)
_QUESTION = msgspec.msgpack.Decoder(Question)
_FEEDBACK = msgspec.msgpack.Decoder(Feedback)
_RETURN = msgspec.msgpack.Decoder(Return)
_UNDECODABLE = msgspec.msgpack.Decoder(UndecodableRecord)


def decode_record(event: StoredEvent) -> Observed:
    """Decode the record of a stored event.

    Raises:
        msgspec.MsgspecError: It was stored by a version with other records, or is damaged.
        ValueError: It is damaged.
    """
    record = _decode(event)
    place = event.id.rpartition("#")[0] if event.kind in _CHANGES else event.id
    expected = f"{record.ref.marketplace}/{event.account}/{record_key(record)}"
    # Undecodable records of earlier versions have another key in their ids.
    if place != expected and event.kind is not EventKind.UNDECODABLE:
        raise ValueError("the event has another id than its record")
    return record


def _decode(event: StoredEvent) -> Observed:
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
            # The names before the noun and the id after it may contain slashes.
            key = event.id.partition("/")[2].removeprefix(f"{event.account}/")
            is_question = key.startswith(f"{_NOUNS[Question]}/")
            return (_QUESTION if is_question else _FEEDBACK).decode(event.record)
        case EventKind.RETURN | EventKind.RETURN_CHANGED:
            return _RETURN.decode(event.record)
        case EventKind.UNDECODABLE:
            return _UNDECODABLE.decode(event.record)


def decode_chat(event: StoredEvent) -> Chat | None:
    """Decode the chat of a stored message; None if it has none."""
    return None if event.chat is None else _CHAT.decode(event.chat)


def encode_record(record: Observed) -> bytes:
    """Encode a record for a stored event."""
    return _ENCODER.encode(record)


def record_key(record: Observed) -> str:
    """The key of a record, unique within its account."""
    return f"{_NOUNS[type(record)]}/{record.ref.id}"
