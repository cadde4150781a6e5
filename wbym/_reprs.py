"""What objects show of themselves: in ``repr``, logs, pickles, JSON and tracebacks with locals."""

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

import msgspec

__all__ = ["HIDDEN", "PlainRepr", "SecretText", "forget_frames", "reveal", "safe_repr"]

S = TypeVar("S")

HIDDEN: Final = "***"


class SecretText(str):
    """A text that every representation shows as ``***``: ``repr``, ``str``, formats, JSON, pickles.

    To Python it *is* the string ``***``, so nothing that prints, slices or encodes it can show
    more. Length, ``==`` and ``hash`` are those of the text; :func:`reveal` returns it. Copies in
    the same process keep the text, pickles do not.

    Args:
        text: The text; an empty one is empty, not ``***``.
    """

    __slots__ = ("_text",)

    _text: str

    def __new__(cls, text: str) -> "SecretText":
        if isinstance(text, SecretText):
            return text
        made = super().__new__(cls, HIDDEN if text else "")
        made._text = text
        return made

    def __eq__(self, other: object) -> bool:
        return self._text == (reveal(other) if isinstance(other, str) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._text)

    def __len__(self) -> int:
        return len(self._text)

    def __copy__(self) -> "SecretText":
        return self

    def __deepcopy__(self, memo: object) -> "SecretText":
        return self

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        return SecretText, (str(self),)


def reveal(text: str) -> str:
    """The text of a :class:`SecretText`; any other text is returned unchanged."""
    return text._text if isinstance(text, SecretText) else text  # noqa: SLF001 - its other half


class PlainRepr(msgspec.Struct, frozen=True):
    """The base of Structs that rich shows as ``repr`` does: its own view shows all fields."""

    def __rich_repr__(self) -> None:  # type: ignore[override] # rich then takes the repr
        return None


def safe_repr(method: Callable[[S], str]) -> Callable[[S], str]:
    """Decorate a ``__repr__`` that also works if the constructor failed.

    Tracebacks with locals show such objects, and would fail with them.
    """

    @wraps(method)
    def shown(self: S) -> str:
        try:
            return method(self)
        except Exception:  # noqa: BLE001 - whatever the constructor has left
            return f"<{type(self).__name__}, not initialized>"

    return shown


def forget_frames(error: BaseException) -> None:
    """Drop the frames of an error and of its causes, whose locals hold bodies or headers."""
    seen: set[int] = set()
    rest: list[BaseException | None] = [error]
    while rest:
        one = rest.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        one.__traceback__ = None
        rest += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            rest += one.exceptions
