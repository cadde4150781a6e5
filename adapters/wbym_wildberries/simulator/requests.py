"""Reads requests as Wildberries does: body, query, path."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from wbym.testing import Call, Refusal

T = TypeVar("T")
_TRUE = frozenset({"true", "True", "TRUE", "1", "t", "T"})
_FALSE = frozenset({"false", "False", "FALSE", "0", "f", "F"})
_CAPITALS = {"id": "ID", "ids": "IDs", "imt": "IMT", "uuid": "UUID"}


class BadParameter(Refusal):
    """A query parameter is missing or malformed; its name is the message."""

    def __init__(self, name: str) -> None:
        super().__init__(400, name)


def camel_with_ids(name: str) -> str:
    """The name of a field in the older services: `nmID`, while newer ones have `nmId`."""
    first, *rest = name.split("_")
    return first + "".join(_CAPITALS.get(part, part.capitalize()) for part in rest)


async def body_of(call: Call, kind: type[T], refusal: Refusal) -> T:
    """The body of a request.

    Raises:
        Refusal: `refusal`, if the body cannot be decoded.
    """
    try:
        return msgspec.json.decode(await call.request.read(), type=kind)
    except msgspec.DecodeError as error:
        raise refusal from error


def digits(text: str) -> int | None:
    """A number without a sign; None if the text is anything else."""
    return int(text) if text.isascii() and text.isdigit() else None


def integer(call: Call, name: str, *, low: int = 0, high: int | None = None) -> int | None:
    """An integer parameter; None if it is absent or empty.

    Raises:
        BadParameter: It is not a plain integer between `low` and `high`.
    """
    text = call.query(name)
    if not text:
        return None
    if not text.lstrip("-").isdecimal() or len(text) > 19:
        raise BadParameter(name)
    value = int(text)
    if value < low or (high is not None and value > high):
        raise BadParameter(name)
    return value


def boolean(call: Call, name: str) -> bool | None:
    """A boolean parameter as Go reads it; None if it is absent.

    Raises:
        BadParameter: It is not a boolean.
    """
    text = call.query(name)
    if text is None:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadParameter(name)


def required(value: T | None, name: str) -> T:
    """The value of a required parameter.

    Raises:
        BadParameter: It is None.
    """
    if value is None:
        raise BadParameter(name)
    return value
