"""Cursors that encode a state as JSON."""

from typing import Generic, TypeVar

import msgspec

from wbym.errors import InvalidInput

__all__ = ["Cursor"]

S = TypeVar("S")


class Cursor(Generic[S]):
    """Encodes a state as a cursor, and decodes it.

    Args:
        state: The state's type.
    """

    def __init__(self, state: type[S]) -> None:
        self._decoder = msgspec.json.Decoder(state)

    def read(self, method: str, text: str) -> S:
        """Decode a cursor into its state.

        Raises:
            InvalidInput: The text is not a cursor of this kind.
        """
        try:
            return self._decoder.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            raise InvalidInput(method, "cursor", "must be a cursor of this list", text) from None

    def text(self, state: S) -> str:
        """Encode a state as a cursor."""
        return msgspec.json.encode(state).decode()
