"""Reads requests as Market does: body, query and path; rejects those that break the schema."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from datetime import date
from typing import TypeVar

import msgspec

from wbym.testing import Call, Refusal
from wbym_yandex_market.simulator.records import Key, read_token
from wbym_yandex_market.simulator.replies import BODY_LIMIT

T = TypeVar("T", bound=msgspec.Struct)
_LONGEST = 19


async def body(call: Call, kind: type[T], *, required: bool = True) -> T:
    """The request's body.

    Raises:
        Refusal: It is missing, too large, of another type or against its schema.
    """
    length = call.request.content_length
    if length is not None and length > BODY_LIMIT:
        raise Refusal(413)
    raw = await call.request.read()
    if len(raw) > BODY_LIMIT:
        raise Refusal(413)
    if not raw:
        if required:
            raise Refusal(400, "Request body is missing")
        raw = b"{}"
    elif call.request.content_type != "application/json":
        raise Refusal(415)
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        raise Refusal(400, f"Request body is wrong: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(400, "Request body is not json") from error


def whole(text: str, name: str) -> int:
    """A positive integer.

    Raises:
        Refusal: It is not a positive integer.
    """
    if not text.isdecimal() or not text.isascii() or len(text) > _LONGEST or int(text) < 1:
        raise Refusal(400, f"Parameter {name} must be a positive integer (rejected value: {text})")
    return int(text)


def number(call: Call, name: str) -> int:
    """A required parameter of the query.

    Raises:
        Refusal: It is missing or not a positive integer.
    """
    text = call.query(name)
    if not text:
        raise Refusal(400, f"Parameter {name} is missing")
    return whole(text, name)


def segment(call: Call, name: str) -> int:
    """A part of the path.

    Raises:
        Refusal: It is not a positive integer.
    """
    return whole(call.path(name), name)


def limit(call: Call, default: int, maximum: int, *, truncate: bool = False) -> int:
    """The size of a page.

    Args:
        call: The request.
        default: The size without the parameter.
        maximum: The max; see `truncate`.
        truncate: Whether a larger size is reduced to `maximum` instead of rejected.

    Raises:
        Refusal: It is out of its bounds.
    """
    text = call.query("limit")
    if not text:
        return default
    value = whole(text, "limit")
    if value > maximum:
        if truncate:
            return maximum
        raise Refusal(400, f"Parameter limit must not be greater than {maximum}")
    return value


def token(call: Call) -> Key | None:
    """The record after which the page begins; the parameter has two names.

    Raises:
        Refusal: The token was not created here.
    """
    text = call.query("pageToken") or call.query("page_token")
    if not text:
        return None
    try:
        return read_token(text)
    except ValueError as error:
        raise Refusal(400, "Parameter pageToken is wrong") from error


def text_list(
    call: Call, name: str, known: Collection[str] | None = None, max_size: int = 1 << 30
) -> set[str] | None:
    """A list parameter, separated by commas or repeated; None if it is absent.

    Raises:
        Refusal: A value is unknown or repeated, or the list is too long.
    """
    values: list[str] = call.request.rel_url.query.getall(name, [])
    parts = [part for value in values for part in value.split(",") if part]
    if not parts:
        return None
    if known is not None:
        for part in parts:
            if part not in known:
                raise Refusal(400, f"Parameter {name} has a wrong value {part}")
    unique(parts, name, max_size)
    return set(parts)


def unique(values: Sequence[Hashable] | None, name: str, max_size: int = 1 << 30) -> None:
    """Checks a list for its length and for repetitions.

    Raises:
        Refusal: It is empty, too long or has repetitions.
    """
    if values is None:
        return
    if not 1 <= len(values) <= max_size:
        raise Refusal(400, f"{name}: size must be between 1 and {max_size}")
    if len(set(values)) != len(values):
        raise Refusal(400, f"{name}: elements must be unique")


def as_seller(call: Call) -> None:
    """Checks `sourceType`: the role in which the method is called.

    Raises:
        Refusal: The type is unknown, or not the seller's.
    """
    kind = call.query("sourceType") or "SELLER"
    if kind == "ADVERTISER":
        raise Refusal(403, "The cabinet is not an advertiser's")
    if kind != "SELLER":
        raise Refusal(400, f"Parameter sourceType has a wrong value {kind}")


def day(call: Call, name: str) -> date | None:
    """A date of the query; None if it is absent.

    Raises:
        Refusal: It is not a date.
    """
    text = call.query(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal(400, f"Parameter {name} must be YYYY-MM-DD") from error
