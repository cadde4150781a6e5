"""The committed results in ``docs/benchmarks/``; ``make tables`` writes the pages from them.

``python -m benchmarks.publish`` draws the plots anew from the results, without measuring.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.report import Report

__all__ = ["Results", "publish", "read"]

_ROOT: Final = Path(__file__).parents[1]


class Results(msgspec.Struct):
    """The content of ``results.json``."""

    machine: str
    """Of the last run."""
    reports: dict[str, Report]


def publish(machine: str, reports: Mapping[str, Report], root: Path = _ROOT) -> None:
    """Write results and plots; benchmarks that were not run keep their last results.

    Args:
        machine: The machine that they ran on.
        reports: By the benchmark's name.
        root: Of the repository.
    """
    from benchmarks.drawing import draw  # matplotlib is not in every environment

    folder = root / "docs" / "benchmarks"
    folder.mkdir(exist_ok=True)
    file = folder / "results.json"
    results = read(root) if file.exists() else Results(machine, {})
    results.machine = machine
    results.reports |= reports
    for report in reports.values():
        for plot in report.plots:
            draw(plot, folder)
    # Decoded once, so that 0 for a float becomes 0.0 now, and not in the next run.
    results = msgspec.json.decode(msgspec.json.encode(results), type=Results)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(results, order="sorted")) + b"\n")


def read(root: Path = _ROOT) -> Results:
    """The committed results."""
    file = root / "docs" / "benchmarks" / "results.json"
    return msgspec.json.decode(file.read_bytes(), type=Results)


if __name__ == "__main__":
    _results = read()
    publish(_results.machine, _results.reports)
