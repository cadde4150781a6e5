"""Comparison of the file's bounds with those of our annotations."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from tests.drift.differences import Difference, Side
from tests.drift.shapes import Shape

__all__ = ["of_bounds", "stands_in"]

_MB: Final = 1 << 20


def stands_in(number: int, text: str) -> bool:
    """Whether a text contains a number, with or without thousands separators."""
    return (
        re.search(rf"(?<![\d.,]){number:_}(?![\d])".replace("_", r"[\s,\u00a0]?"), text) is not None
    )


def of_bounds(
    route: str,
    file: Mapping[str, Shape],
    ours: Mapping[str, Shape],
    text: str,
    numbers: Collection[int],
) -> Iterator[Difference]:
    """Bounds of the file that differ from ours, and bounds that only we have.

    Args:
        route: The operation.
        file: The file's shape of each place.
        ours: Our shape of each place.
        text: The file's prose about the operation.
        numbers: Other numbers of ours that the file must contain.
    """
    for place, shape in ours.items():
        if place.startswith("path."):
            continue
        theirs = file[place].bounds if place in file else {}
        for name, bound in theirs.items():
            mine = shape.bounds.get(name, "nothing")
            # A text or list cannot have fewer than 0 anyway.
            if mine != bound and (bound or shape.kinds & {"integer", "number", "decimal"}):
                what = f"{name} {bound} in the file, {mine} here"
                yield Difference(route, Side.BOTH, place, what)
        high = shape.bounds.get("max")
        if high is not None and "max" not in theirs and not stands_in(high, text):
            what = f"at most {high}; the file has no such number"
            yield Difference(route, Side.OURS, place, what)
        size = shape.bounds.get("bytes", 0) // _MB
        if size and not stands_in(size, text):
            yield Difference(route, Side.OURS, place, f"{size} MB; the file has no such number")
    for number in numbers:
        if not stands_in(number, text):
            what = f"{number} in total; the file has no such number"
            yield Difference(route, Side.OURS, "pages", what)
