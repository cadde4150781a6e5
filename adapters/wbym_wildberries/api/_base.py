"""Shared parts of Wildberries' wire structs.

Wire structs are lenient: only fields that the neutral model needs are required, values of open
enumerations are plain strings, and fields that are not listed are ignored.
"""

import re
from collections.abc import Mapping
from types import NoneType
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

from wbym.calls import Json, Nothing, Refusal, Refused, Reply, Unreadable
from wbym.errors import NotFound

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
    "is_unknown_id",
    "total_of",
    "unwrap",
]

MAX_BODY_SIZE: Final = 10_000_000
"""Max bytes of a JSON body: WB says 10 MB without defining it."""

_UNKNOWN_ID: Final = re.compile(
    r"not found|does(?: not|n't) exist|no such|not in current supplier"
    r"|uuid parsing|not a valid uuid|не найден|не существует",
    re.IGNORECASE,
)

T = TypeVar("T")

SortOrder = Literal["dateAsc", "dateDesc"]

Locale = Literal["ru", "en", "zh"]
"""The language of names in an answer; the sandbox has Russian only."""


class Wire(msgspec.Struct, frozen=True, gc=False, rename="camel", kw_only=True):
    """The base of Wildberries' records."""


class Envelope(msgspec.Struct, Generic[T], frozen=True, gc=False, rename="camel"):
    """The envelope of most services' responses. ``error`` may be true with status 200."""

    data: T | None = None
    error: bool = False
    error_text: str | None = None
    additional_errors: object = None
    """A text, a list, or an object keyed by subject."""
    request_id: str | None = None


def flatten_message(value: object) -> str:
    """Flatten a text, a list or an object to one text; empty if it has none."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "; ".join(filter(None, map(flatten_message, value)))
    if isinstance(value, dict):
        texts = ((key, flatten_message(inner)) for key, inner in value.items())
        return "; ".join(f"{key}: {text}" for key, text in texts if text)
    if isinstance(value, bool) or value is None:
        return ""
    return str(value)


def check_envelope(envelope: Envelope[T]) -> None:
    """Raise an envelope's error.

    Raises:
        Refused: Its ``error`` is true.
    """
    if envelope.error:
        # Content repeats its text as the only additional error.
        texts = dict.fromkeys(
            [flatten_message(envelope.error_text), flatten_message(envelope.additional_errors)]
        )
        message = "; ".join(filter(None, texts)) or "rejected without a reason"
        kind = NotFound if is_unknown_id(message) else None
        raise Refused(Refusal(message, request_id=envelope.request_id, kind=kind))


def is_unknown_id(text: str) -> bool:
    """Whether WB's text says that there is no such object; it does so with several statuses."""
    return _UNKNOWN_ID.search(text) is not None


def unwrap(envelope: Envelope[T]) -> T:
    """The data of an envelope.

    Raises:
        Refused: Its ``error`` is true.
        Unreadable: It has no data.
    """
    check_envelope(envelope)
    if envelope.data is None:
        raise Unreadable("the envelope has no data")
    return envelope.data


def in_envelope(
    data: Any,  # noqa: ANN401 - a type
    /,
    *,
    records: tuple[str, ...] = (),
    record: type | None = None,
) -> Json[Any, Any]:
    """The reply inside an :class:`Envelope`; see :class:`wbym.calls.Envelope`."""
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
    """The reply that is the whole body; see :class:`wbym.calls.Envelope`."""
    if data is NoneType:
        return Nothing()
    return Json(data, _same, records=records, record=record)


def _same(body: T) -> T:
    return body


def total_of(
    page: Any,  # noqa: ANN401 - a page of feedbacks or of questions
    arguments: Mapping[str, Any],
) -> int | None:
    """The total of an unfiltered list; WB's counters ignore filters, so None with any filter."""
    filters = ("nm_id", "date_from", "date_to")
    if any(arguments[name] is not None for name in filters):
        return None
    total: int | None = page.count_archive if arguments["is_answered"] else page.count_unanswered
    return total
