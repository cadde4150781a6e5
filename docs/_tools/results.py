"""The published results of the benchmarks."""

from benchmarks.publish import read
from benchmarks.report import markdown, table

__all__ = ["digest", "machine", "report"]


def machine() -> str:
    """The machine of the last run."""
    return f"{read().machine}.\n"


def report(name: str) -> str:
    """The plots, table, notes and targets of a benchmark."""
    return markdown(read().reports[name], "benchmarks")


def digest() -> str:
    """A line for each kind of work, over all benchmarks."""
    rows = [
        (line.what, line.limit, line.ours, line.others)
        for _, found in sorted(read().reports.items())
        for line in found.digests
    ]
    return table(("Work", "the limit", "wbym", "the others"), rows) + "\n"
