"""Yandex Market: small pages read one after the other, and windows read concurrently."""

import time
from typing import Final

import msgspec

from benchmarks.contenders.harness import Job
from benchmarks.contest import Contender, compete
from benchmarks.report import Digest, Report, Target
from benchmarks.sizes import Sizes
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
from wbym.limits import Scheduler
from wbym.testing import SimulatorProcess
from wbym_yandex_market import YandexMarket

__all__ = ["run"]

_PAGE: Final = 50
_LATENCY: Final = 0.2
_PARALLEL: Final = 4
_HAND: Final = Contender("by hand", "by_hand", "market", hand=True)
_HAND_AHEAD: Final = Contender("by hand, four in flight", "by_hand", "market windows", hand=True)
_WIRE: Final = Contender("wbym, wire", "ours", "market wire")
_NEUTRAL: Final = Contender("wbym, neutral", "ours", "market neutral")
_AHEAD: Final = Contender("wbym, neutral, prefetch=4", "ours", "market neutral")
_CONTENDERS: Final = (
    _HAND,
    _HAND_AHEAD,
    _WIRE,
    _NEUTRAL,
    _AHEAD,
    Contender("ya-market-api", "ya_market_api", "market", "models", peer=True),
)
_TARGETS: Final = (
    (_WIRE, _HAND, 1.3),
    (_NEUTRAL, _HAND, 1.5),
    (_AHEAD, _HAND_AHEAD, 1.8),
)
"""Each is compared with the loop that has as many pages in flight."""


class _Seen(msgspec.Struct):
    requests: int
    rate_limited: int
    peak_in_flight: int = 0


async def run(sizes: Sizes) -> Report:
    """Compare sweeps without latency, and run one with latency and windows."""
    records = sizes.market_feedbacks
    options = ("--feedbacks", str(records), "--no-gzip", "--no-limits")
    async with SimulatorProcess("wbym_yandex_market.simulator", *options) as simulator:

        def job(contender: Contender) -> Job:
            return Job(
                contender.way,
                simulator.url,
                [str(simulator.shown["token"])],
                take=_PAGE,
                at_once=contender is _AHEAD,
                business=int(str(simulator.shown["business_id"])),
            )

        await compete([_HAND], job, 1)  # has the simulator encode each record once
        runs = await compete(_CONTENDERS, job, sizes.runs)
    agree(runs)
    windows = await _windows(sizes.market_windowed)
    hand = by_hand(runs).seconds.median
    report = Report(
        f"Yandex Market: {records:,} feedbacks by {_PAGE}",
        ("client", "gives", "s", "spread", "of by hand", "spread", "CPU, s", "records/s"),
        [
            [
                *(name, own.contender.gives, own.seconds.median, own.seconds.spread),
                *(ratios(runs, name).median, ratios(runs, name).spread),
                own.of(lambda tally: tally.cpu).median,
                records / own.seconds.median,
            ]
            for name, own in runs.items()
        ],
        [
            *(
                Target(
                    one.name,
                    ratios(runs, one.name, beside=other.name).median,
                    "at most",
                    max_ratio,
                    f"of {other.name}",
                )
                for one, other, max_ratio in _TARGETS
            ),
            Target("windows, requests in flight at the most", windows[2], "at most", _PARALLEL),
            Target("windows, of the time that four in flight take", windows[4], "at most", 1.15),
            Target("windows, rate limited", windows[3], "at most", 0),
        ],
        [
            "No latency and no limits but in the last row: a page after the other, with"
            f" `prefetch=4` concurrent windows; medians of {sizes.runs} runs in turn. The last"
            f" row reads {sizes.market_windowed:,} feedbacks in windows with the real limits."
            " `ya-market-api` fails where a list of photos is null, as the specification allows;"
            " its model is widened for this. *models* are pydantic's.",
            *missing(),
        ],
        [
            bars(
                "market",
                f"Yandex Market, {records:,} feedbacks",
                "s",
                runs,
                hand,
                "by hand: aiohttp and msgspec",
            )
        ],
        [
            Digest(
                f"Yandex Market, {records:,} feedbacks",
                f"{digest(hand, 's')} by hand",
                f"{digest(runs[_NEUTRAL.name].seconds.median, 's')}"
                f" ({digest(runs[_WIRE.name].seconds.median, 's')} wire)",
                others(runs, seconds, "s"),
            )
        ],
        beside_hand(runs),
    )
    report.rows.append(
        ["wbym, neutral, prefetch=4, 200 ms", "structs", windows[0], "", None, "", None, windows[1]]
    )
    return report


async def _windows(records: int) -> tuple[float, float, float, float, float]:
    """Seconds, records per second, peak in flight, rate limited, ratio to four requests at once."""
    options = ("--feedbacks", str(records), "--no-gzip", "--latency", str(_LATENCY))
    async with SimulatorProcess("wbym_yandex_market.simulator", *options) as simulator:
        async with YandexMarket(
            str(simulator.shown["token"]),
            business_id=int(str(simulator.shown["business_id"])),
            base_url=simulator.url,
            scheduler=Scheduler(),
        ) as shop:
            start = time.perf_counter()
            seen = 0
            async for _ in shop.feedbacks(prefetch=_PARALLEL):
                seen += 1
            took = time.perf_counter() - start
        stats = msgspec.convert(await simulator.stats(), _Seen)
    if seen != records:
        raise RuntimeError(f"{seen} feedbacks were read instead of {records}")
    min_seconds = stats.requests / _PARALLEL * _LATENCY
    return took, seen / took, stats.peak_in_flight, stats.rate_limited, took / min_seconds
