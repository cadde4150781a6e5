"""Bulk decode, limits lifted on all sides: wbym beside a hand-written loop and the peers.

The list has one record less than its pages hold: WB ends a list after 200,000 feedbacks,
so after a full last page it is unknown whether more follow, and the listing raises
``PagingLimit``.
"""

from collections.abc import Mapping
from typing import Final

from benchmarks.contenders.harness import Job
from benchmarks.contest import BY_HAND, BY_HAND_AHEAD, Contender, Runs, compete
from benchmarks.report import Digest, Report, Target
from benchmarks.serving import list_simulator, warm
from benchmarks.sizes import TAKE, Sizes
from benchmarks.versus import (
    agree,
    bars,
    beside_hand,
    by_hand,
    digest,
    missing,
    others,
    ratios,
    seconds,
)

__all__ = ["CONTENDERS", "NEUTRAL", "WIRE", "run"]

WIRE: Final = Contender("wbym, wire", "ours", "wire")
NEUTRAL: Final = Contender("wbym, neutral", "ours", "neutral")
CONTENDERS: Final = (
    BY_HAND,
    BY_HAND_AHEAD,
    WIRE,
    NEUTRAL,
    Contender("wbsdk", "wbsdk", "pages", "dicts", peer=True),
    Contender("wildberries-python-sdk", "wildberries_python_sdk", "pages", "dicts", peer=True),
    Contender("wbapi-async, by page", "wbapi_async", "pages", "structs", peer=True),
    Contender("wbapi-async, iterator", "wbapi_async", "iterator", "structs", peer=True),
    Contender("wildberries-sdk", "wildberries_sdk", "pages", "models", peer=True),
)

_MAX_RATIO: Final = {False: {WIRE.name: 1.1, NEUTRAL.name: 1.6}, True: {WIRE.name: 1.15}}
"""Max ratio to the time by hand, without and with gzip."""


async def run(sizes: Sizes) -> Report:
    """Read the whole list by each in turn, plain, and then gzipped for those that accept it."""
    records = sizes.pages * TAKE - 1
    report = Report(
        f"Bulk decode: {records:,} feedbacks by pages of 5,000",
        (
            *("client", "gives", "s", "spread", "of by hand", "spread"),
            *("CPU, s", "records/s", "MB/s of JSON", "peak MB"),
        ),
        [],
        [],
    )
    async with list_simulator(records, "--no-limits") as simulator:
        url, token = simulator.url, str(simulator.shown["token"])
        size = await warm(url, sizes.pages)

        def job(contender: Contender) -> Job:
            return Job(contender.way, url, [token], pages=sizes.pages, take=TAKE)

        for gzip in (False, True):
            await simulator.change_faults(gzip=gzip)
            runs = await compete(CONTENDERS, job, sizes.runs)
            agree(runs)
            _add(report, runs, records, size, gzip=gzip)
    report.notes += [
        f"{size / 1e6:.0f} MB of JSON a run. Medians of {sizes.runs} runs, one of each client in"
        " turn, each in a fresh process that has imported everything before the clock starts;"
        " ratios are taken within a turn, and a spread is the extremes beside the median. All keep"
        " two requests in flight if their interface allows it: not the iterators, and not"
        " `wildberries-sdk`, which blocks and does not ask for gzip. *models* are pydantic's.",
        *missing(),
    ]
    return report


def _add(report: Report, runs: Mapping[str, Runs], records: int, size: int, *, gzip: bool) -> None:
    label = ", gzip" if gzip else ""
    for name, own in runs.items():
        took, ratio = own.seconds, ratios(runs, name)
        spent = own.of(lambda tally: tally.cpu).median
        peak = own.of(lambda tally: tally.peak_mb).median
        report.rows.append(
            [
                *(name + label, own.contender.gives, took.median, took.spread),
                *(ratio.median, ratio.spread, spent, records / took.median),
                *(size / took.median / 1e6, peak),
            ]
        )
    for name, max_ratio in _MAX_RATIO[gzip].items():
        ratio = ratios(runs, name)
        report.targets.append(
            Target(name + label, ratio.median, "at most", max_ratio, "of by hand")
        )
    typed = [own for own in runs.values() if own.contender.peer and own.contender.gives != "dicts"]
    neutral = runs[NEUTRAL.name].seconds.median
    if typed and not gzip:
        best = min(own.seconds.median for own in typed)
        words = "neutral, of the fastest peer with typed records"
        report.targets.append(Target(words, neutral / best, "under", 1.0))
    hand = by_hand(runs).seconds.median
    report.limits += beside_hand(runs, label)
    title = f"{records:,} feedbacks" + label
    name = "bulk-gzip" if gzip else "bulk"
    report.plots.append(bars(name, title, "s", runs, hand, "by hand: aiohttp and msgspec"))
    report.digests.append(
        Digest(
            title,
            f"{digest(hand, 's')} by hand",
            f"{digest(neutral, 's')} ({digest(runs[WIRE.name].seconds.median, 's')} wire)",
            others(runs, seconds, "s"),
        )
    )
