"""Bulk decode: the SDK beside a hand-written loop, limits lifted on both sides.

The list has one record less than its pages hold: after 200,000 feedbacks WB can be asked no
further, so a full last page leaves it open whether more follow, and the listing says so by
``PagingLimit``.
"""

import time
from typing import Final

from benchmarks.measure import Sample, sample
from benchmarks.readers import READERS, TAKE, Read
from benchmarks.report import Report, Target
from benchmarks.serving import list_simulator, warm
from benchmarks.sizes import Sizes

__all__ = ["run"]

_BY_HAND: Final = "by hand"
_SPEED: Final = {"wire": 0.85, "neutral": 0.5}
_RUNS_WITHOUT_GZIP: Final = 3


async def run(sizes: Sizes) -> Report:
    """Read the whole list by each reader in turn, gzipped as aiohttp asks for it, and without."""
    records = sizes.pages * TAKE - 1
    report = Report(
        f"Bulk decode: {records:,} feedbacks by pages of 5,000",
        ("reader", "records/s", "MB/s of JSON", "spread", "of by hand", "spread"),
        [],
        [],
    )
    async with list_simulator(records, "--no-limits") as simulator:
        url, token = simulator.url, str(simulator.shown["token"])
        size = await warm(url, sizes.pages)
        times = await _times(url, token, sizes.pages, sizes.runs)
        await simulator.change_faults(gzip=False)
        plain = await _times(url, token, sizes.pages, min(sizes.runs - 1, _RUNS_WITHOUT_GZIP))
    _add_speeds(report, "", times, records, size)
    _add_speeds(report, ", no gzip", plain, records, size)
    for name, least in _SPEED.items():
        ratio = _ratios(times, name).median
        report.targets.append(Target(f"{name}, of the speed by hand", ratio, "at least", least))
    report.notes.append(
        f"{size / 1e6:.0f} MB of JSON a run. Medians of {sizes.runs} runs ({_RUNS_WITHOUT_GZIP} or"
        " less without gzip), one of each reader in turn; ratios are taken in each turn. A spread"
        " is the extremes beside the median."
    )
    return report


async def _times(url: str, token: str, pages: int, runs: int) -> dict[str, list[float]]:
    """Seconds of each run by reader; the readers take turns, so that noise meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in (_BY_HAND, *_SPEED)}
    found: dict[str, Read] = {}
    for _ in range(runs):
        for name, seconds in times.items():
            start = time.perf_counter()
            found[name] = await READERS[name](url, token, pages)
            seconds.append(time.perf_counter() - start)
    if any(read != found[_BY_HAND] for read in found.values()):
        raise RuntimeError(f"the readers did not read the same: {found}")
    return times


def _add_speeds(
    report: Report, label: str, times: dict[str, list[float]], records: int, size: int
) -> None:
    for name, seconds in times.items():
        speed = sample([records / took for took in seconds])
        ratio = _ratios(times, name)
        megabytes = speed.median * size / records / 1e6
        report.rows.append(
            [name + label, speed.median, megabytes, speed.spread, ratio.median, ratio.spread]
        )


def _ratios(times: dict[str, list[float]], name: str) -> Sample:
    """The speed beside the hand-written loop's of the same turn."""
    pairs = zip(times[_BY_HAND], times[name], strict=True)
    return sample([by_hand / seconds for by_hand, seconds in pairs])
