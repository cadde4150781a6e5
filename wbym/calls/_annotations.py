"""What is said of an operation's parameter in its annotation: bounds, names, places, encodings.

::

    text: Annotated[str, Length(2, 5000)]
    nm_id: Annotated[int | None, Name("nmID")] = None
    chat_id: Annotated[int, Query(), Range(1)]

Structs that are sent carry bounds on their fields in the same way.
"""

import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from math import ceil, floor
from typing import Annotated, Any, Final, Protocol, TypeAlias, runtime_checkable

import msgspec

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
    """A mark that a value has to satisfy."""

    def violation(self, value: Any, /) -> str | None:  # noqa: ANN401 - of the argument's own type
        """What the value must be, such as ``must be from 1 to 20``; None where it is."""
        ...


_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode's categories of controls, formats (zero-width characters among them) and spaces."""
_FILLERS: Final = frozenset(
    map(chr, [0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0])
) | frozenset(map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]))
"""Shown as nothing, though Unicode counts them as letters, marks and symbols."""


LONE_SURROGATE: Final = "must be whole characters: it has half of one, such as of a cut emoji"
"""The rule that a lone surrogate breaks, which cannot be sent or stored."""


def is_blank(text: str) -> bool:
    """Whether a text is empty, or all spaces and zero-width characters."""
    return all(char in _FILLERS or unicodedata.category(char) in _UNSEEN for char in text)


class Length(msgspec.Struct, frozen=True):
    """Characters of a text, both ends included. A text of at least 1 must show something too."""

    min: int
    max: int

    def violation(self, value: str, /) -> str | None:
        """See :class:`Rule`."""
        if not self.min <= len(value) <= self.max:
            return f"must have {self.min} to {self.max} characters, this has {len(value)}"
        return "must have a visible character" if self.min and is_blank(value) else None


class NotEmpty(msgspec.Struct, frozen=True):
    """A text that shows something, of any length."""

    def violation(self, value: str, /) -> str | None:
        """See :class:`Rule`."""
        return "must have a visible character" if is_blank(value) else None


class Range(msgspec.Struct, frozen=True):
    """A number, both ends included."""

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
        return f"must have {bounds} values, there are {len(value)}"


class Unique(msgspec.Struct, frozen=True):
    """Each value comes once; of Structs, those with another value of a field."""

    by: str | None = None

    def violation(self, value: Collection[object], /) -> str | None:
        """See :class:`Rule`."""
        seen: set[object] = set()
        for item in value:
            key = item if self.by is None else getattr(item, self.by)
            if key in seen:
                return f"must have each value once, and {key!r} comes twice"
            seen.add(key)
        return None


class MaxSize(msgspec.Struct, frozen=True):
    """Bytes of a file, or of several files together."""

    max: int

    def violation(self, value: Upload | Collection[Upload], /) -> str | None:
        """See :class:`Rule`."""
        files = [value] if isinstance(value, Upload) else value
        size = sum(len(file.content) for file in files)
        if size <= self.max:
            return None
        whole = "" if isinstance(value, Upload) else " in all"
        return f"must have at most {self.max} bytes{whole}, this has {size}"


class FileType(msgspec.Struct, frozen=True):
    """A file is, by its content, of one of the types that the marketplace takes."""

    types: tuple[str, ...]

    def violation(self, value: Upload, /) -> str | None:
        """See :class:`Rule`."""
        if value.content_type in self.types:
            return None
        return f"must be {' or '.join(self.types)} by its content"


class Each(msgspec.Struct, frozen=True):
    """A rule for each of several values."""

    rule: Rule


class Secret(msgspec.Struct, frozen=True):
    """The value must not be shown in errors."""


# --- names and places ------------------------------------------------------------------------


class Name(msgspec.Struct, frozen=True):
    """The marketplace's name, where it is not the argument's own in the marketplace's spelling."""

    name: str


class Query(msgspec.Struct, frozen=True):
    """It goes into the address of an operation whose other arguments go into the body."""


class Body(msgspec.Struct, frozen=True):
    """It goes into the body of an operation whose other arguments go into the address."""


class WholeBody(msgspec.Struct, frozen=True):
    """It is the body."""


class Header(msgspec.Struct, frozen=True):
    """It is the header of that name."""

    name: str


class Form(msgspec.Struct, frozen=True):
    """It is a part of a multipart body: a text, a file, or several files with a part for each.

    An empty text is left out.
    """

    name: str
    content_type: Callable[[Upload], str | None] = lambda file: file.content_type
    """What a file is, by its content."""


# --- encodings -------------------------------------------------------------------------------


class Commas(msgspec.Struct, frozen=True):
    """Several values are written as one text, with commas between them.

    None leaves them out. No values, an empty word and a word with a comma are refused: the
    marketplace would read another filter in them, or none.
    """

    def violation(self, value: Collection[object], /) -> str | None:
        """See :class:`Rule`."""
        if not value:
            return "must have at least 1 value; None is for no filter"
        for item in value:
            word = item.value if isinstance(item, Enum) else item
            if isinstance(word, str) and ("," in word or is_blank(word)):
                return f"must have words without commas, none of them empty, and has {word!r}"
        return None


class Encode(msgspec.Struct, frozen=True):
    """How a value is written."""

    write: Callable[[Any], object]


def utc_text(moment: datetime) -> str:
    """A time as RFC 3339 in UTC, in whole seconds: how times are written by default."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None, microsecond=0).isoformat()}Z"


UnixSeconds: TypeAlias = Annotated[datetime, Encode(lambda moment: floor(moment.timestamp()))]
"""A time as Unix seconds, rounded down."""
UnixSecondsCeil: TypeAlias = Annotated[datetime, Encode(lambda moment: ceil(moment.timestamp()))]
"""A time as Unix seconds, rounded up, for the end of a period."""


# --- rules over several arguments ------------------------------------------------------------

Joint: TypeAlias = Callable[[Mapping[str, Any]], tuple[str, str] | None]
"""A rule over several arguments: from all of them by name to the one that breaks it, with the rule;
None where none does."""


def exactly_one(*names: str) -> Joint:
    """One of these arguments is given, and no more."""

    def broken(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
        given = [name for name in names if arguments[name] is not None]
        if len(given) == 1:
            return None
        others = ", ".join(names[1:])
        return names[0], f"or else {others} must be given: exactly one of them"

    return broken


def at_least_one(*names: str) -> Joint:
    """One of these arguments is given, or more."""

    def broken(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
        if any(arguments[name] is not None for name in names):
            return None
        return names[0], f"or {' or '.join(names[1:])} must be given"

    return broken


def in_order(since: str, until: str) -> Joint:
    """A period does not end before it begins; either end may be left out."""

    def broken(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
        begin, end = arguments[since], arguments[until]
        if begin is None or end is None or begin <= end:
            return None
        return since, f"must not be after {until}"

    return broken


def period(since: str, until: str, *, days: int) -> Joint:
    """A period does not end before it begins, and is no longer; without an end it ends now."""
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
