"""Bounds that the file states and those of our annotations."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from tests.drift.differences import Difference, Side
from tests.drift.shapes import Shape

__all__ = ["of_bounds", "stands_in"]

_MB: Final = 1 << 20


def stands_in(number: int, text: str) -> bool:
    """Whether a text names a number, with its thousands apart or not."""
    return (
        re.search(rf"(?<![\d.,]){number:_}(?![\d])".replace("_", r"[\s,\u00a0]?"), text) is not None
    )


def of_bounds(
    route: str,
    file: Mapping[str, Shape],
    ours: Mapping[str, Shape],
    text: str,
    told: Collection[int],
) -> Iterator[Difference]:
    """Bounds of the file that we do not keep, and bounds of ours that the file does not have.

    Args:
        route: Which operation.
        file: What may be at each place.
        ours: What we let pass there.
        text: What the file says of the operation in words.
        told: Other numbers of ours that the file must name.
    """
    for place, shape in ours.items():
        if place.startswith("path."):
            continue
        theirs = file[place].bounds if place in file else {}
        for name, bound in theirs.items():
            mine = shape.bounds.get(name, "nothing")
            # No text has fewer characters, and no list fewer items.
            if mine != bound and (bound or shape.kinds & {"integer", "number", "decimal"}):
                what = f"{name} {bound} in the file, {mine} here"
                yield Difference(route, Side.BOTH, place, what)
        most = shape.bounds.get("most")
        if most is not None and "most" not in theirs and not stands_in(most, text):
            what = f"at most {most}; the file has no such number"
            yield Difference(route, Side.OURS, place, what)
        size = shape.bounds.get("bytes", 0) // _MB
        if size and not stands_in(size, text):
            yield Difference(route, Side.OURS, place, f"{size} MB; the file has no such number")
    for number in told:
        if not stands_in(number, text):
            what = f"{number} in all; the file has no such number"
            yield Difference(route, Side.OURS, "pages", what)
