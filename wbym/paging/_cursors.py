"""Cursors that hold more than a number: what they stand for, as JSON."""

from typing import Generic, TypeVar

import msgspec

from wbym.errors import InvalidInput

__all__ = ["Cursor"]

S = TypeVar("S")


class Cursor(Generic[S]):
    """How a state becomes a cursor and back.

    Args:
        state: The state's type.
    """

    def __init__(self, state: type[S]) -> None:
        self._decoder = msgspec.json.Decoder(state)

    def read(self, method: str, text: str) -> S:
        """The state that a cursor stands for.

        Raises:
            InvalidInput: It is no cursor of this kind.
        """
        try:
            return self._decoder.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            raise InvalidInput(method, "cursor", "must be a cursor of this list", text) from None

    def text(self, state: S) -> str:
        """The cursor of a state."""
        return msgspec.json.encode(state).decode()
