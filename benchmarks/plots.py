"""The plots of a report as data; ``benchmarks.drawing`` draws them."""

from typing import Literal

import msgspec

__all__ = ["Bar", "Bars", "Kind", "Line", "Lines", "Plot"]

Kind = Literal["ours", "hand", "peer"]
"""Sets the colour."""


class Bar(msgspec.Struct, frozen=True):
    """A bar with the spread of its runs."""

    label: str
    value: float
    low: float
    high: float
    kind: Kind


class Bars(msgspec.Struct, frozen=True, tag="bars"):
    """Horizontal bars; shorter is better."""

    name: str
    """File name without its suffix."""
    title: str
    unit: str
    bars: list[Bar]
    limit: float
    limit_label: str


class Line(msgspec.Struct, frozen=True):
    """A line through its points."""

    label: str
    points: list[tuple[float, float]]
    kind: Kind


class Lines(msgspec.Struct, frozen=True, tag="lines"):
    """Lines on axes that start at zero."""

    name: str
    """File name without its suffix."""
    title: str
    x: str
    y: str
    lines: list[Line]
    limit: Line | None = None
    """Drawn dashed."""


Plot = Bars | Lines
