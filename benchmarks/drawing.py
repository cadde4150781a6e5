"""Draws plots as SVG with matplotlib, which the dependency group ``bench`` installs.

Colours have medium brightness and the background is transparent, for light and dark pages.
"""

from itertools import cycle
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from benchmarks.plots import Bars, Lines, Plot

__all__ = ["draw"]

_INK: Final = "#6e7a86"
_LIMIT: Final = "#d9534f"
_BARS: Final = {"ours": "#2f81f7", "hand": "#2da44e", "peer": "#8c959f"}
_LINES: Final = {
    "ours": ("#2f81f7", "#56a8ff", "#1f5fd0"),
    "hand": ("#2da44e",),
    "peer": ("#a371f7", "#c08415", "#db61a2", "#1b9e9e", "#8c959f", "#b0633a", "#7f8c2d"),
}
_STYLE: Final = {
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.titleweight": "bold",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "grid.alpha": 0.3,
    "grid.color": _INK,
    "legend.frameon": False,
    "legend.labelcolor": _INK,
    "savefig.transparent": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "wbym",  # ids are random without one
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}
_WIDTH: Final = 9.0
"""Inches."""


def draw(plot: Plot, folder: Path) -> None:
    """Write a plot to ``NAME.svg``; the same plot gives the same bytes.

    Args:
        plot: The plot.
        folder: The file's folder, which exists.
    """
    with mpl.rc_context(_STYLE):
        figure = _bars(plot) if isinstance(plot, Bars) else _lines(plot)
        metadata = {"Date": None, "Title": plot.title}
        figure.savefig(folder / f"{plot.name}.svg", metadata=metadata)


def _bars(plot: Bars) -> Figure:
    figure = Figure(figsize=(_WIDTH, 1.2 + 0.32 * len(plot.bars)), layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{plot.title} ({plot.unit}; shorter is better)")
    values = [bar.value for bar in plot.bars]
    spread = (
        [bar.value - bar.low for bar in plot.bars],
        [bar.high - bar.value for bar in plot.bars],
    )
    drawn = axes.barh(
        range(len(values)),
        values,
        color=[_BARS[bar.kind] for bar in plot.bars],
        xerr=spread,
        error_kw={"ecolor": _INK},
        tick_label=[bar.label for bar in plot.bars],
    )
    axes.bar_label(drawn, [_figure(value) for value in values], padding=6)
    axes.axvline(plot.limit, color=_LIMIT, linestyle="--", label=plot.limit_label)
    figure.legend(loc="outside lower right", labelcolor=_LIMIT)
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set_xlim(left=0)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    return figure


def _lines(plot: Lines) -> Figure:
    figure = Figure(figsize=(_WIDTH, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(plot.title)
    colours = {kind: cycle(palette) for kind, palette in _LINES.items()}
    for line in plot.lines:
        width = 2.5 if line.kind == "ours" else 1.5
        colour = next(colours[line.kind])
        axes.plot(*zip(*line.points, strict=True), color=colour, linewidth=width, label=line.label)
    if plot.limit is not None:
        points = zip(*plot.limit.points, strict=True)
        axes.plot(*points, color=_LIMIT, linestyle="--", label=plot.limit.label)
    axes.set(xlabel=plot.x, ylabel=plot.y, xlim=(0, None), ylim=(0, None))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: _figure(value)))
    axes.grid(axis="y")
    figure.legend(loc="outside right upper")
    return figure


def _figure(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if value >= 100 else f"{value:.3g}"
