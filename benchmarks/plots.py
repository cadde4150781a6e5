"""Plots as SVG, by a few dozen lines: bars with the limit as a line, and lines.

Colours are of middle brightness and the background is left open, so that a plot reads on light
pages and on dark ones.
"""

import math
from collections.abc import Sequence
from itertools import cycle
from typing import Final, Literal
from xml.sax.saxutils import escape

import msgspec

__all__ = ["Bar", "Bars", "Kind", "Line", "Lines", "Plot", "svg"]

_INK: Final = "#6e7a86"
_FAINT: Final = "#6e7a8644"
_LIMIT: Final = "#d9534f"
_BARS: Final = {"ours": "#2f81f7", "hand": "#2da44e", "peer": "#8c959f"}
_LINES: Final = {
    "ours": ("#2f81f7", "#56a8ff", "#1f5fd0"),
    "hand": ("#2da44e",),
    "peer": ("#a371f7", "#c08415", "#db61a2", "#1b9e9e", "#8c959f", "#b0633a", "#7f8c2d"),
}
_FONT: Final = "font-family='system-ui, sans-serif' font-size='13'"
_WIDTH: Final = 760
_LABELS: Final = 230
_STEP: Final = 26
_TOP: Final = 46
_HEIGHT: Final = 300
_LEGEND: Final = 210


Kind = Literal["ours", "hand", "peer"]
"""What colours it."""


class Bar(msgspec.Struct, frozen=True):
    """One bar, and how far its runs lie apart."""

    label: str
    value: float
    low: float
    high: float
    kind: Kind


class Bars(msgspec.Struct, frozen=True, tag="bars"):
    """Lying bars; shorter is better."""

    name: str
    """Of the file, without its ending."""
    title: str
    unit: str
    bars: list[Bar]
    limit: float
    limit_label: str


class Line(msgspec.Struct, frozen=True):
    """One line through its points."""

    label: str
    points: list[tuple[float, float]]
    kind: Kind


class Lines(msgspec.Struct, frozen=True, tag="lines"):
    """Lines in one frame from zero on."""

    name: str
    """Of the file, without its ending."""
    title: str
    x: str
    y: str
    lines: list[Line]
    limit: Line | None = None
    """Drawn broken."""


Plot = Bars | Lines


def svg(plot: Plot) -> str:
    """The picture."""
    return _bars(plot) if isinstance(plot, Bars) else _lines(plot)


def _bars(plot: Bars) -> str:
    largest = max([plot.limit, *(bar.high for bar in plot.bars)])
    room = _WIDTH - _LABELS - 90
    height = _TOP + _STEP * len(plot.bars) + 34
    parts = [_text(12, 22, f"{plot.title} ({plot.unit}; shorter is better)", weight="bold")]
    for row, bar in enumerate(plot.bars):
        y = _TOP + row * _STEP
        length = bar.value / largest * room
        low, high = (_LABELS + edge / largest * room for edge in (bar.low, bar.high))
        parts += [
            _text(_LABELS - 10, y + 15, bar.label, anchor="end"),
            f"<rect x='{_LABELS}' y='{y + 2}' width='{length:.1f}' height='18' rx='2'"
            f" fill='{_BARS[bar.kind]}'/>",
            _stroke(f"M{low:.1f} {y + 11}H{high:.1f}", _INK),
            _text(max(_LABELS + length, high) + 8, y + 15, _figure(bar.value)),
        ]
    x = _LABELS + plot.limit / largest * room
    bottom = _TOP + _STEP * len(plot.bars) + 4
    anchor = "start" if x < _WIDTH / 2 else "end"
    parts += [
        _stroke(f"M{x:.1f} {_TOP - 6}V{bottom}", _LIMIT, dash="5 4"),
        _text(x, bottom + 16, plot.limit_label, anchor=anchor, colour=_LIMIT),
    ]
    return _document(height, plot.title, parts)


def _lines(plot: Lines) -> str:
    every = [*plot.lines, *([plot.limit] if plot.limit else [])]
    most_x = _round_up(max(x for line in every for x, _ in line.points))
    most_y = _round_up(max(y for line in every for _, y in line.points))
    left, right = 70, _WIDTH - _LEGEND
    top = _TOP + 14
    bottom = top + _HEIGHT

    def place(x: float, y: float) -> str:
        return f"{left + x / most_x * (right - left):.1f} {bottom - y / most_y * _HEIGHT:.1f}"

    parts = [_text(12, 22, plot.title, weight="bold")]
    for tick in range(5):
        part = tick / 4
        y = bottom - part * _HEIGHT
        parts += [
            _stroke(f"M{left} {y:.1f}H{right}", _FAINT),
            _text(left - 8, y + 4, _figure(part * most_y), anchor="end"),
            _text(
                left + part * (right - left), bottom + 18, _figure(part * most_x), anchor="middle"
            ),
        ]
    parts += [
        _text((left + right) / 2, bottom + 38, plot.x, anchor="middle"),
        _text(left - 8, top - 12, plot.y),
    ]
    colours = {kind: cycle(palette) for kind, palette in _LINES.items()}
    drawn = [(line, next(colours[line.kind]), "") for line in plot.lines]
    if plot.limit:
        drawn.append((plot.limit, _LIMIT, "5 4"))
    for row, (line, colour, dash) in enumerate(drawn):
        path = "M" + "L".join(place(x, y) for x, y in line.points)
        y = top + 10 + row * 22
        parts += [
            _stroke(path, colour, dash=dash, width=3 if line.kind == "ours" else 2),
            _stroke(f"M{right + 14} {y}H{right + 34}", colour, dash=dash, width=3),
            _text(right + 40, y + 4, line.label),
        ]
    return _document(bottom + 50, plot.title, parts)


def _document(height: int, title: str, parts: Sequence[str]) -> str:
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height}'"
        f" width='{_WIDTH}' height='{height}' role='img' {_FONT}>"
    )
    return "\n".join([head, f"<title>{escape(title)}</title>", *parts, "</svg>"]) + "\n"


def _text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    colour: str = _INK,
    weight: str = "normal",
) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' fill='{colour}' text-anchor='{anchor}'"
        f" font-weight='{weight}'>{escape(words)}</text>"
    )


def _stroke(path: str, colour: str, *, dash: str = "", width: int = 1) -> str:
    dashes = f" stroke-dasharray='{dash}'" if dash else ""
    return f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='{width}'{dashes}/>"


def _figure(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if value >= 100 else f"{value:.3g}"


def _round_up(value: float) -> float:
    """The next of 1, 2, 4, 5 and 8 times a power of ten, which four steps divide well."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= value)
