"""The report of a benchmark: a table, plots, targets and limits."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from benchmarks.measure import sample
from benchmarks.plots import Plot

__all__ = ["Digest", "Limit", "Report", "Target", "markdown", "table", "verdict"]


class Target(msgspec.Struct, frozen=True):
    """A figure and its bound."""

    name: str
    value: float
    sense: Literal["at least", "at most", "under", "never above"]
    """``never above`` is a bound that does not depend on the machine: missing it fails the run."""
    bound: float
    unit: str = ""

    @property
    def holds(self) -> bool:
        """Whether the figure is within the bound."""
        if self.sense == "at least":
            return self.value >= self.bound
        return self.value < self.bound if self.sense == "under" else self.value <= self.bound

    @property
    def fails(self) -> bool:
        """Whether missing it fails the run, and it is missed."""
        return self.sense == "never above" and not self.holds

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        word = "ok" if self.holds else "MISSED"
        return f"{self.name}: {self.value:.4g}{unit}, {self.sense} {self.bound:g}{unit}: {word}"


class Limit(msgspec.Struct, frozen=True):
    """A row against its lower bound: the fastest loop by hand, or the limits."""

    row: str
    ratios: list[float]
    """The row's figure divided by the limit's, in each turn; less is better."""
    exact: bool = False
    """Whether it was measured in virtual time, without noise."""

    @property
    def passed(self) -> bool:
        """Whether the row passes it by more than its spread: in each of several turns.

        Then the limit is invalid. A single turn has no spread, and proves nothing unless exact.
        """
        return (self.exact or len(self.ratios) > 1) and max(self.ratios) < 1

    def __str__(self) -> str:
        found = sample(self.ratios)
        return f"{self.row} passes its limit: {found.median:.3g} of it, {found.spread}"


class Digest(msgspec.Struct, frozen=True):
    """A line of the short table in the README."""

    what: str
    limit: str
    """The lower bound and its reason."""
    ours: str
    others: str
    """The other libraries, best first."""


class Report(msgspec.Struct):
    """The results of one benchmark."""

    title: str
    columns: tuple[str, ...]
    """With their units."""
    rows: list[list[str | int | float | None]]
    targets: list[Target]
    notes: list[str] = []
    plots: list[Plot] = []
    digests: list[Digest] = []
    limits: list[Limit] = []

    @property
    def passed(self) -> list[Limit]:
        """The limits that a row has exceeded, which makes them invalid."""
        return [limit for limit in self.limits if limit.passed]

    @property
    def failed(self) -> list[Target]:
        """The missed targets that fail the run."""
        return [target for target in self.targets if target.fails]


def markdown(report: Report, pictures: str | None = None) -> str:
    """The report in Markdown: plots, if their folder is given, table, notes and targets."""
    blocks = [f"## {report.title}"]
    if pictures is not None:
        blocks += [f"![{plot.title}]({pictures}/{plot.name}.svg)" for plot in report.plots]
    cells = [[_cell(value) for value in row] for row in report.rows]
    blocks += [table(report.columns, cells), *report.notes]
    blocks.append("\n".join(f"- {line}" for line in (*report.targets, *report.passed)))
    return "\n\n".join(block for block in blocks if block) + "\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up; the first to the left, the others to the right."""
    cells = [list(columns), *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(columns))]
    lines = [_line(row, widths) for row in cells]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines.insert(1, _line(rule, widths))
    return "\n".join(lines)


def verdict(reports: Sequence[Report]) -> str:
    """The last line: number of targets that hold, and the missed ones."""
    targets = [target for report in reports for target in report.targets]
    missed = [target for target in targets if not target.holds]
    line = f"{len(targets) - len(missed)} of {len(targets)} targets hold"
    if not missed:
        return f"{line}."
    return f"{line}. MISSED: {'; '.join(target.name for target in missed)}."


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "| " + " | ".join([first, *rest]) + " |"
