"""Yandex Market: small pages read one after the other, and windows read side by side."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
import msgspec

from benchmarks.measure import sample
from benchmarks.report import Report, Target
from benchmarks.sizes import Sizes
from wbym.limits import Scheduler, Window
from wbym.testing.process import SimulatorProcess
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.limits import BUCKETS

__all__ = ["run"]

PAGE: Final = 50
FREELY: Final = dict.fromkeys(BUCKETS, Window(limit=10**9, period=3600))
DAYS: Final = 180

_LATENCY: Final = 0.2
_PARALLEL: Final = 4


class _Identifiers(msgspec.Struct, gc=False, rename="camel"):
    order_id: int | None = None
    offer_id: str | None = None


class _Description(msgspec.Struct, gc=False):
    advantages: str | None = None
    disadvantages: str | None = None
    comment: str | None = None


class _Media(msgspec.Struct, gc=False):
    photos: list[str] | None = None
    videos: list[str] | None = None


class _Statistics(msgspec.Struct, gc=False, rename="camel"):
    rating: int | None = None
    comments_count: int | None = None
    recommended: bool | None = None
    paid_amount: int | None = None


class _Feedback(msgspec.Struct, gc=False, rename="camel"):
    feedback_id: int
    created_at: datetime
    need_reaction: bool | None = None
    identifiers: _Identifiers | None = None
    author: str | None = None
    description: _Description | None = None
    media: _Media | None = None
    statistics: _Statistics | None = None


class _Paging(msgspec.Struct, rename="camel"):
    next_page_token: str | None = None


class _Result(msgspec.Struct):
    feedbacks: list[_Feedback]
    paging: _Paging | None = None


class _Page(msgspec.Struct):
    result: _Result


_PAGES = msgspec.json.Decoder(_Page)


class _Seen(msgspec.Struct, rename="camel"):
    requests: int
    refusals: int
    peak_in_flight: int = msgspec.field(default=0, name="peak_in_flight")


async def run(sizes: Sizes) -> Report:
    """Sweeps without latency beside a hand-written loop, and one with latency and windows."""
    records = sizes.market_feedbacks
    options = ("--feedbacks", str(records), "--no-gzip", "--no-limits")
    async with SimulatorProcess("wbym_yandex_market.simulator", *options) as simulator:
        readers: dict[str, Callable[[], Awaitable[int]]] = {
            "by hand": lambda: _by_hand(simulator),
            "wire": lambda: _wire(simulator),
            "neutral": lambda: _neutral(simulator, None),
            "neutral, ahead=4": lambda: _neutral(simulator, _PARALLEL),
        }
        times: dict[str, list[float]] = {name: [] for name in readers}
        for turn in range(sizes.runs + 1):
            for name, read in readers.items():
                start = time.perf_counter()
                seen = await read()
                if seen != records:
                    raise RuntimeError(f"{name}: {seen} feedbacks came instead of {records}")
                if turn:  # the first round only warms the simulator
                    times[name].append(time.perf_counter() - start)
        ratios = {
            name: sample([a / b for a, b in zip(times["by hand"], own, strict=True)]).median
            for name, own in times.items()
        }
    windows = await _windows(sizes.market_windowed)
    rows: list[list[str | float | None]] = [
        [name, sample(own).median, records / sample(own).median, ratios[name], sample(own).spread]
        for name, own in times.items()
    ]
    rows.append(["neutral, ahead=4, 200 ms", *windows[:2], None, ""])
    return Report(
        f"Yandex Market: {records:,} feedbacks by {PAGE}",
        ("reader", "s", "records/s", "of by hand", "spread"),
        rows,
        [
            Target("wire, of the speed by hand", ratios["wire"], "at least", 0.8),
            Target("neutral, ahead=4", ratios["neutral, ahead=4"], "at least", 0.8),
            Target("windows, requests in flight at the most", windows[2], "at most", _PARALLEL),
            Target("windows, of the time that four in flight take", windows[4], "at most", 1.15),
            Target("windows, refusals", windows[3], "at most", 0),
        ],
        [
            "No latency and no limits in the first four rows: a page after the other, in the "
            f"fourth windows side by side; medians of {sizes.runs} runs. The last row reads "
            f"{sizes.market_windowed:,} feedbacks in windows with the real limits."
        ],
    )


async def _by_hand(simulator: SimulatorProcess) -> int:
    token, business = simulator.shown["token"], simulator.shown["business_id"]
    now = datetime.now(UTC)
    body = msgspec.json.encode(
        {"dateTimeFrom": now - timedelta(days=DAYS), "dateTimeTo": now + timedelta(minutes=1)}
    )
    headers = {"Api-Key": str(token), "Content-Type": "application/json"}
    url = f"{simulator.url}/v2/businesses/{business}/goods-feedback"
    seen = 0
    page_token: str | None = None
    async with aiohttp.ClientSession() as session:
        while True:
            query = {"limit": str(PAGE)} | ({"page_token": page_token} if page_token else {})
            async with session.post(url, params=query, data=body, headers=headers) as response:
                response.raise_for_status()
                page = _PAGES.decode(await response.read())
            seen += len(page.result.feedbacks)
            page_token = page.result.paging.next_page_token if page.result.paging else None
            if not page_token:
                return seen


def _account(simulator: SimulatorProcess, *, limited: bool = False) -> YandexMarket:
    return YandexMarket(
        str(simulator.shown["token"]),
        int(str(simulator.shown["business_id"])),
        base_url=simulator.url,
        scheduler=Scheduler(),
        quotas=None if limited else FREELY,
    )


async def _wire(simulator: SimulatorProcess) -> int:
    now = datetime.now(UTC)
    seen = 0
    token: str | None = None
    async with _account(simulator) as shop:
        while True:
            page = await shop.api.feedbacks.list(
                date_time_from=now - timedelta(days=DAYS),
                date_time_to=now + timedelta(minutes=1),
                limit=PAGE,
                page_token=token,
            )
            seen += len(page.feedbacks)
            token = page.paging.next_page_token if page.paging else None
            if not token:
                return seen


async def _neutral(simulator: SimulatorProcess, ahead: int | None) -> int:
    seen = 0
    async with _account(simulator) as shop:
        async for _ in shop.feedbacks(ahead=ahead):
            seen += 1
    return seen


async def _windows(records: int) -> tuple[float, float, float, float, float]:
    """Seconds, records a second, peak in flight, refusals, ratio to four requests at once."""
    options = ("--feedbacks", str(records), "--no-gzip", "--latency", str(_LATENCY))
    async with SimulatorProcess("wbym_yandex_market.simulator", *options) as simulator:
        async with _account(simulator, limited=True) as shop:
            start = time.perf_counter()
            seen = 0
            async for _ in shop.feedbacks(ahead=_PARALLEL):
                seen += 1
            took = time.perf_counter() - start
        stats = msgspec.convert(await simulator.stats(), _Seen)
    if seen != records:
        raise RuntimeError(f"{seen} feedbacks came instead of {records}")
    least = stats.requests / _PARALLEL * _LATENCY
    return took, seen / took, stats.peak_in_flight, stats.refusals, took / least
