"""Comparison of two shapes, place by place.

It is lenient: an integer matches a number; a time matches a text; undescribed places match
anything; deprecated parts of the file may be missing here.
"""

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from tests.drift.shapes import UNKNOWN, Field, Shape

__all__ = ["Difference", "Side", "of_replies", "of_requests"]


class Side(StrEnum):
    """The side that has the place."""

    FILE = "+"
    """Only the file has it."""
    OURS = "-"
    """Only we have it."""
    BOTH = "~"
    """Both have it, but differ."""


class Difference(msgspec.Struct, frozen=True):
    """One line of the report."""

    operation: str
    """Such as ``wildberries GET /api/v1/feedbacks``."""
    side: Side
    place: str
    """Such as ``reply.data.feedbacks[].text``."""
    what: str

    def __str__(self) -> str:
        return f"{self.side} {self.place}: {self.what}"


def of_replies(operation: str, file: Shape, ours: Shape, place: str) -> Iterator[Difference]:
    """Differences in what the marketplace sends."""
    if not file.known:
        return
    if not ours.known:
        names = ", ".join(sorted(file.fields or ()))
        if names:
            yield Difference(operation, Side.FILE, place, f"has {names}; we accept anything")
        return
    if strange := _strange(file, ours):
        what = f"may be {_or(strange)}, and we read {_or(ours.kinds)}"
        yield Difference(operation, Side.BOTH, place, what)
        return
    if file.nullable and not ours.nullable:
        yield Difference(operation, Side.BOTH, place, "may be null, and we do not allow null")
    yield from _words(operation, file, ours, place)
    if file.fields is not None and ours.fields is not None:
        for name, field in file.fields.items():
            if name not in ours.fields:
                if not field.deprecated:
                    yield _lacking(operation, Side.FILE, f"{place}.{name}", field)
            elif ours.fields[name].required and field.required is False:
                what = "may be left out, and we require it"
                yield Difference(operation, Side.BOTH, f"{place}.{name}", what)
        for name, field in ours.fields.items():
            if name in file.fields:
                there = file.fields[name].shape
                yield from of_replies(operation, there, field.shape, f"{place}.{name}")
            else:
                yield _lacking(operation, Side.OURS, f"{place}.{name}", field)
    elif file.fields and "object" in ours.kinds:
        names = ", ".join(sorted(file.fields))
        yield Difference(operation, Side.FILE, place, f"has {names}; we take any fields")
    if file.items is not None:
        yield from of_replies(operation, file.items, ours.items or UNKNOWN, f"{place}[]")


def of_requests(operation: str, file: Shape, ours: Shape, place: str) -> Iterator[Difference]:
    """Differences in what we send."""
    if not file.known or place.startswith("path."):
        return
    if not ours.known or (file.fields and ours.kinds == {"object"} and ours.fields is None):
        yield Difference(operation, Side.FILE, place, f"{_or(file.kinds)}; not described here")
        return
    # All is text in a header.
    if (strange := _strange(ours, file)) and not place.startswith("header."):
        what = f"is {_or(file.kinds)}, and we send {_or(strange)}"
        yield Difference(operation, Side.BOTH, place, what)
        return
    yield from _words(operation, file, ours, place)
    if file.fields is not None and ours.fields is not None:
        for name, field in file.fields.items():
            inner = f"{place}.{name}".removeprefix(".")
            if name not in ours.fields:
                if not field.deprecated:
                    yield _lacking(operation, Side.FILE, inner, field)
                continue
            mine = ours.fields[name].required
            if field.required and mine is False:
                what = "is required, and optional here"
                yield Difference(operation, Side.BOTH, inner, what)
            if field.required is False and mine:
                what = "may be left out, and we require it"
                yield Difference(operation, Side.BOTH, inner, what)
            yield from of_requests(operation, field.shape, ours.fields[name].shape, inner)
        for name in ours.fields.keys() - file.fields.keys():
            inner = f"{place}.{name}".removeprefix(".")
            yield _lacking(operation, Side.OURS, inner, ours.fields[name])
    if file.items is not None and ours.items is not None:
        yield from of_requests(operation, file.items, ours.items, f"{place}[]")


def _lacking(operation: str, side: Side, place: str, field: Field) -> Difference:
    need = ", required" if side is Side.FILE and field.required else ""
    return Difference(operation, side, place, f"{_or(field.shape.kinds)}{need}")


def _words(operation: str, file: Shape, ours: Shape, place: str) -> Iterator[Difference]:
    if file.words and ours.words:
        for word in sorted(map(str, file.words - ours.words)):
            yield Difference(operation, Side.FILE, place, f"the word {word}")
        for word in sorted(map(str, ours.words - file.words)):
            yield Difference(operation, Side.OURS, place, f"the word {word}")


def _strange(written: Shape, read: Shape) -> frozenset[str]:
    """The types that the writer sends and the reader does not accept."""
    taken = set(read.kinds)
    if "decimal" in taken:
        taken |= {"number", "string"}
    if taken & {"integer", "number"}:
        taken |= {"integer", "number", "decimal"}
    return written.kinds - taken


def _or(kinds: frozenset[str]) -> str:
    return " or ".join(sorted(kinds)) or "of an unknown type"
