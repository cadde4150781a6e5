"""How Wildberries reads a request: its body and its query."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from wbym.testing._answers import Refusal
from wbym.testing._server import Call

T = TypeVar("T")
_TRUE = frozenset({"true", "True", "TRUE", "1", "t", "T"})
_FALSE = frozenset({"false", "False", "FALSE", "0", "f", "F"})


class BadParameter(Refusal):
    """A query parameter is missing or malformed; its name is the message."""

    def __init__(self, name: str) -> None:
        super().__init__(400, name)


def integer(call: Call, name: str, *, low: int = 0, high: int | None = None) -> int | None:
    """An integer parameter; None when it is absent or empty.

    Raises:
        BadParameter: When it is not a plain integer between `low` and `high`.
    """
    text = call.query(name)
    if text is None or text == "":
        return None
    if not text.lstrip("-").isdecimal() or len(text) > 19:
        raise BadParameter(name)
    value = int(text)
    if value < low or (high is not None and value > high):
        raise BadParameter(name)
    return value


async def body_of(call: Call, kind: type[T]) -> T | None:
    """The body of a request; None when it does not decode."""
    try:
        return msgspec.json.decode(await call.request.read(), type=kind)
    except msgspec.DecodeError:
        return None


def required(value: int | None, name: str) -> int:
    """The value.

    Raises:
        BadParameter: When it is None.
    """
    if value is None:
        raise BadParameter(name)
    return value


def boolean(call: Call, name: str) -> bool | None:
    """A boolean parameter as Go reads it; None when it is absent.

    Raises:
        BadParameter: When it is no boolean.
    """
    text = call.query(name)
    if text is None:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadParameter(name)
