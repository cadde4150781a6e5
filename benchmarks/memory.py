"""Memory of bulk reading: the client's peak, and whether it grows with what is read."""

from typing import Final

from benchmarks.child import peak_of
from benchmarks.readers import TAKE
from benchmarks.report import Report, Target
from benchmarks.serving import list_simulator, warm
from benchmarks.sizes import Sizes

__all__ = ["run"]

_MOST: Final = 120.0
_GROWTH: Final = 16.0
"""Two bodies of a page. Peaks of equal runs lie so far apart, as it is chance what meets in memory;
what grows with the records would show as hundreds."""
_READERS: Final = ("wire", "neutral", "neutral, by default")
"""The last is what the listing does by itself. Without limits eight bodies are on their way then,
each with some MB in its buffers."""


async def run(sizes: Sizes) -> Report:
    """Let each reader sweep the list several times in a fresh process, limits lifted.

    A list is at most 200,000 records long at WB, so a million is five sweeps of it.
    """
    records = sizes.pages * TAKE - 1
    report = Report(
        f"Memory: {records:,} feedbacks, and {records * sizes.sweeps:,}",
        ("reader", "idle, MB", f"peak of {records:,}", f"peak of {records * sizes.sweeps:,}"),
        [],
        [],
        ["Idle is a process that has all imported and has read nothing. MB of 10^6 bytes."],
    )
    async with list_simulator(records, "--no-limits") as simulator:
        url, token = simulator.url, str(simulator.shown["token"])
        await warm(url, sizes.pages)
        for name in _READERS:
            peak = await peak_of(name, url, token, sizes.pages, sizes.sweeps)
            report.rows.append([name, peak.idle_mb, peak.first_mb, peak.peak_mb])
            growth = peak.peak_mb - peak.first_mb
            report.targets += [
                Target(f"{name}, peak memory", peak.peak_mb, "under", _MOST, "MB"),
                Target(f"{name}, growth of the peak", growth, "at most", _GROWTH, "MB"),
            ]
    return report
