"""The committed results: ``docs/benchmarks/``, ``docs/benchmarks.md`` and the README's table.

A page has a place for each benchmark between two comments, as ``<!-- bulk: made by `make bench`
-->`` and ``<!-- end of bulk -->``; a benchmark that has no place yet is an error, so that none is
left out in silence. ``python -m benchmarks.publish`` writes the pages and the plots anew from the
results as they are, without measuring.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.report import Report, markdown, table

__all__ = ["Results", "publish", "read", "replaced"]

_ROOT: Final = Path(__file__).parents[1]
_DIGEST: Final = ("Work", "the limit", "wbym", "the others")


class Results(msgspec.Struct):
    """Everything, as ``results.json`` has it."""

    machine: str
    """Of the last run."""
    reports: dict[str, Report]


def publish(machine: str, reports: Mapping[str, Report], root: Path = _ROOT) -> None:
    """Write what was found; benchmarks that were not run keep their last results.

    Args:
        machine: What it ran on.
        reports: By the benchmark's name.
        root: Of the repository.

    Raises:
        LookupError: A page has no place for a benchmark.
    """
    from benchmarks.drawing import draw  # matplotlib is not in every environment

    folder = root / "docs" / "benchmarks"
    folder.mkdir(exist_ok=True)
    file = folder / "results.json"
    results = read(root) if file.exists() else Results(machine, {})
    results.machine = machine
    results.reports |= reports
    page = root / "docs" / "benchmarks.md"
    text = replaced(page.read_text("utf-8"), "machine", f"{machine}.\n")
    for name, report in reports.items():
        text = replaced(text, name, markdown(report, folder.name))
        for plot in report.plots:
            draw(plot, folder)
    page.write_text(text, "utf-8")
    readme = root / "README.md"
    readme.write_text(replaced(readme.read_text("utf-8"), "speed", _digest(results)), "utf-8")
    # Read once as it will be read: 0 for a float becomes 0.0 here, and not with the next run.
    results = msgspec.json.decode(msgspec.json.encode(results), type=Results)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(results, order="sorted")) + b"\n")


def read(root: Path = _ROOT) -> Results:
    """The results that are committed."""
    file = root / "docs" / "benchmarks" / "results.json"
    return msgspec.json.decode(file.read_bytes(), type=Results)


def replaced(text: str, name: str, content: str) -> str:
    """A page with new content in the place of that name.

    Raises:
        LookupError: There is no such place.
    """
    begin, end = f"<!-- {name}: made by `make bench` -->\n", f"<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise LookupError(f"no place for {name} between {begin.strip()} and {end}")
    return f"{before}{begin}{content}{end}{after}"


def _digest(results: Results) -> str:
    rows = [
        (line.what, line.limit, line.ours, line.others)
        for _, report in sorted(results.reports.items())
        for line in report.digests
    ]
    return table(_DIGEST, rows) + "\n"


if __name__ == "__main__":
    _results = read()
    publish(_results.machine, _results.reports)
