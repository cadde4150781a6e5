"""What the wire structs of Wildberries share.

Wire structs are lenient: only what the neutral model cannot do without is required, words of open
lists are plain strings, and fields that are not listed are ignored.
"""

from collections.abc import Mapping
from types import NoneType
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

from wbym.calls import Json, Nothing, Refusal, Refused, Reply, Unreadable

__all__ = [
    "MAX_BODY_SIZE",
    "Envelope",
    "Locale",
    "SortOrder",
    "Wire",
    "as_is",
    "check_envelope",
    "flatten_message",
    "in_envelope",
    "total_of",
    "unwrap",
]

MAX_BODY_SIZE: Final = 10_000_000
"""Bytes of a JSON body: WB says 10 MB and not which."""

T = TypeVar("T")

SortOrder = Literal["dateAsc", "dateDesc"]

Locale = Literal["ru", "en", "zh"]
"""The language of names in an answer; the sandbox has Russian only."""


class Wire(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """The base of what Wildberries sends."""


class Envelope(msgspec.Struct, Generic[T], frozen=True, gc=False, rename="camel"):
    """How most services wrap their answers. ``error`` may be true with status 200."""

    data: T | None = None
    error: bool = False
    error_text: str | None = None
    additional_errors: object = None
    """A text, a list, or an object by what each is about."""
    request_id: str | None = None


def flatten_message(value: object) -> str:
    """The words of a text, a list or an object; empty where it says nothing."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "; ".join(filter(None, map(flatten_message, value)))
    if isinstance(value, dict):
        said = ((key, flatten_message(inner)) for key, inner in value.items())
        return "; ".join(f"{key}: {text}" for key, text in said if text)
    if isinstance(value, bool) or value is None:
        return ""
    return str(value)


def check_envelope(envelope: Envelope[T]) -> None:
    """Raise what an envelope says of a refusal.

    Raises:
        Refused: Its ``error`` is true.
    """
    if envelope.error:
        # Content repeats its text as the one additional error.
        said = dict.fromkeys(
            [flatten_message(envelope.error_text), flatten_message(envelope.additional_errors)]
        )
        message = "; ".join(filter(None, said)) or "refused without a reason"
        raise Refused(Refusal(message, request_id=envelope.request_id))


def unwrap(envelope: Envelope[T]) -> T:
    """What is in an envelope.

    Raises:
        Refused: Its ``error`` is true.
        Unreadable: There is nothing in it.
    """
    check_envelope(envelope)
    if envelope.data is None:
        raise Unreadable("the envelope holds no data")
    return envelope.data


def in_envelope(
    data: Any,  # noqa: ANN401 - a type
    /,
    *,
    records: tuple[str, ...] = (),
    record: type | None = None,
) -> Json[Any, Any]:
    """The reply that comes in an :class:`Envelope`; see :class:`wbym.calls.Envelope`."""
    if data is NoneType:
        return Json(Envelope[object], check_envelope)
    path = ("data", *records) if record else ()
    return Json(Envelope[data], unwrap, records=path, record=record)


def as_is(
    data: Any,  # noqa: ANN401 - a type
    /,
    *,
    records: tuple[str, ...] = (),
    record: type | None = None,
) -> Reply[Any]:
    """The reply that is the body; see :class:`wbym.calls.Envelope`."""
    if data is NoneType:
        return Nothing()
    return Json(data, _same, records=records, record=record)


def _same(body: T) -> T:
    return body


def total_of(
    page: Any,  # noqa: ANN401 - a page of feedbacks or of questions
    arguments: Mapping[str, Any],
) -> int | None:
    """How many records a list has; WB's counters are of the whole list, whatever the filters."""
    filters = ("nm_id", "date_from", "date_to")
    if any(arguments[name] is not None for name in filters):
        return None
    total: int | None = page.count_archive if arguments["is_answered"] else page.count_unanswered
    return total
