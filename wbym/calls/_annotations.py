"""Annotations of an operation's parameters: bounds, names, locations, encodings.

::

    text: Annotated[str, Length(2, 5000)]
    nm_id: Annotated[int | None, Name("nmID")] = None
    chat_id: Annotated[int, Query(), Range(1)]

Fields of Structs in a body carry bounds in the same way.
"""

import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from math import ceil, floor
from typing import Annotated, Any, Final, Protocol, TypeAlias, runtime_checkable

import msgspec

from wbym._reprs import reveal
from wbym.calls._http import Upload

__all__ = [
    "LONE_SURROGATE",
    "Body",
    "Commas",
    "Count",
    "Each",
    "Encode",
    "FileType",
    "Form",
    "Header",
    "Joint",
    "Length",
    "MaxSize",
    "Name",
    "NotEmpty",
    "Query",
    "Range",
    "Rule",
    "Secret",
    "Unique",
    "UnixSeconds",
    "UnixSecondsCeil",
    "WholeBody",
    "at_least_one",
    "exactly_one",
    "in_order",
    "is_blank",
    "period",
    "utc_text",
]


# --- bounds ----------------------------------------------------------------------------------


@runtime_checkable
class Rule(Protocol):
    """A constraint on a value."""

    def violation(self, value: Any, /) -> str | None:  # noqa: ANN401 - of the argument's own type
        """The broken rule, such as ``must be from 1 to 20``; None if the value is valid."""
        ...


_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode's categories of controls, formats (zero-width characters among them) and spaces."""
_FILLERS: Final = frozenset(
    map(chr, [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0])
) | frozenset(map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
"""Invisible, although Unicode counts them as letters, marks and symbols."""


LONE_SURROGATE: Final = "must not have a lone surrogate (half of a character, as of a cut emoji)"
"""The rule that a lone surrogate breaks; it cannot be sent or stored."""


def is_blank(text: str) -> bool:
    """Whether a text is empty or has only spaces and zero-width characters."""
    return all(
        char in _FILLERS or unicodedata.category(char) in _INVISIBLE for char in reveal(text)
    )


class Length(msgspec.Struct, frozen=True):
    """Length of a text in characters, inclusive. If ``min`` is not 0, one must be visible."""

    min: int
    max: int

    def violation(self, value: str, /) -> str | None:
        """See :class:`Rule`."""
        if not self.min <= len(value) <= self.max:
            return f"must have {self.min} to {self.max} characters, has {len(value)}"
        return "must have a visible character" if self.min and is_blank(value) else None


class NotEmpty(msgspec.Struct, frozen=True):
    """A text of any length with a visible character."""

    def violation(self, value: str, /) -> str | None:
        """See :class:`Rule`."""
        return "must have a visible character" if is_blank(value) else None


class Range(msgspec.Struct, frozen=True):
    """A number in a range, inclusive."""

    min: int | None = None
    max: int | None = None

    def violation(self, value: float, /) -> str | None:
        """See :class:`Rule`."""
        if (self.min is None or value >= self.min) and (self.max is None or value <= self.max):
            return None
        if self.max is None:
            return f"must be at least {self.min}"
        return (
            f"must be at most {self.max}"
            if self.min is None
            else (f"must be from {self.min} to {self.max}")
        )


class Count(msgspec.Struct, frozen=True):
    """How many values there are, both ends included."""

    min: int
    max: int | None = None

    def violation(self, value: Collection[object], /) -> str | None:
        """See :class:`Rule`."""
        if self.min <= len(value) and (self.max is None or len(value) <= self.max):
            return None
        bounds = f"at least {self.min}" if self.max is None else f"{self.min} to {self.max}"
        return f"must have {bounds} values, has {len(value)}"


class Unique(msgspec.Struct, frozen=True):
    """No duplicates; with ``by``, no two Structs with the same value of that field."""

    by: str | None = None

    def violation(self, value: Collection[object], /) -> str | None:
        """See :class:`Rule`."""
        seen: set[object] = set()
        for item in value:
            key = item if self.by is None else getattr(item, self.by)
            if key in seen:
                return f"must not have duplicates, has {key!r} twice"
            seen.add(key)
        return None


class MaxSize(msgspec.Struct, frozen=True):
    """Maximum size in bytes of a file, or of several files together."""

    max: int

    def violation(self, value: Upload | Collection[Upload], /) -> str | None:
        """See :class:`Rule`."""
        files = [value] if isinstance(value, Upload) else value
        size = sum(len(file.content) for file in files)
        if size <= self.max:
            return None
        whole = "" if isinstance(value, Upload) else " in total"
        return f"must have at most {self.max} bytes{whole}, has {size}"


class FileType(msgspec.Struct, frozen=True):
    """A file of one of these content types, by its first bytes."""

    types: tuple[str, ...]

    def violation(self, value: Upload, /) -> str | None:
        """See :class:`Rule`."""
        if value.content_type in self.types:
            return None
        return f"must be {' or '.join(self.types)} by its content"


class Each(msgspec.Struct, frozen=True):
    """A rule for each item of a collection."""

    rule: Rule


class Secret(msgspec.Struct, frozen=True):
    """A value that errors must not show."""


# --- names and locations ---------------------------------------------------------------------


class Name(msgspec.Struct, frozen=True):
    """The marketplace's name, if it is not the argument's name in the marketplace's spelling."""

    name: str


class Query(msgspec.Struct, frozen=True):
    """A query parameter of an operation whose other arguments go into the body."""


class Body(msgspec.Struct, frozen=True):
    """A body field of an operation whose other arguments go into the query."""


class WholeBody(msgspec.Struct, frozen=True):
    """The whole body."""


class Header(msgspec.Struct, frozen=True):
    """The header of that name."""

    name: str


class Form(msgspec.Struct, frozen=True):
    """A part of a multipart body: a text, a file, or several files with one part each.

    An empty text is omitted.
    """

    name: str
    content_type: Callable[[Upload], str | None] = lambda file: file.content_type
    """The content type of a file, by its content."""


# --- encodings -------------------------------------------------------------------------------


class Commas(msgspec.Struct, frozen=True):
    """Several values joined by commas into one parameter.

    None omits the parameter. An empty collection, a blank value and a value with a comma are
    invalid: the marketplace would read a different filter, or none.
    """

    def violation(self, value: Collection[object], /) -> str | None:
        """See :class:`Rule`."""
        if not value:
            return "must have at least 1 value; use None for no filter"
        for item in value:
            word = item.value if isinstance(item, Enum) else item
            if isinstance(word, str) and ("," in word or is_blank(word)):
                return f"must have values without commas, none of them blank, has {word!r}"
        return None


class Encode(msgspec.Struct, frozen=True):
    """A function that encodes the value."""

    write: Callable[[Any], object]


def utc_text(moment: datetime) -> str:
    """A time as RFC 3339 in UTC, in whole seconds: the default encoding of times."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()}Z"


UnixSeconds: TypeAlias = Annotated[datetime, Encode(lambda moment: floor(moment.timestamp()))]
"""A time as Unix seconds, rounded down."""
UnixSecondsCeil: TypeAlias = Annotated[datetime, Encode(lambda moment: ceil(moment.timestamp()))]
"""A time as Unix seconds, rounded up, for the end of a period."""


# --- rules over several arguments ------------------------------------------------------------

Joint: TypeAlias = Callable[[Mapping[str, Any]], tuple[str, str] | None]
"""A rule over several arguments: maps all arguments by name to the invalid one and the broken rule;
None if they are valid."""


def exactly_one(*names: str) -> Joint:
    """Require exactly one of these arguments."""

    def broken(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
        given = [name for name in names if arguments[name] is not None]
        if len(given) == 1:
            return None
        others = ", ".join(names[1:])
        return names[0], f"or {others} must be given, exactly one of them"

    return broken


def at_least_one(*names: str) -> Joint:
    """Require one or more of these arguments."""

    def broken(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
        if any(arguments[name] is not None for name in names):
            return None
        return names[0], f"or {' or '.join(names[1:])} must be given"

    return broken


def in_order(since: str, until: str) -> Joint:
    """Require that a period does not end before it begins; either end may be None.

    Args:
        since: The name of the argument with the start.
        until: The name of the argument with the end.

    Returns:
        A rule for ``@get`` and its like: the argument and what is wrong with it, or None.
    """

    def broken(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
        begin, end = arguments[since], arguments[until]
        if begin is None or end is None or begin <= end:
            return None
        return since, f"must not be after {until}"

    return broken


def period(since: str, until: str, *, days: int) -> Joint:
    """Limit a period to ``days`` days, in order; a period without an end ends now.

    Args:
        since: The name of the argument with the start.
        until: The name of the argument with the end.
        days: The max length.

    Returns:
        A rule for ``@get`` and its like: the argument and what is wrong with it, or None.
    """
    ordered = in_order(since, until)

    def broken(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
        begin, end = arguments[since], arguments[until]
        if begin is None:
            return None
        now = datetime.now(UTC)
        last: date = end or (now if isinstance(begin, datetime) else now.date())
        if last - begin > timedelta(days=days):
            return since, f"must be at most {days} days before {until}"
        return ordered(arguments)

    return broken
