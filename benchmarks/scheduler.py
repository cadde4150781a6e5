"""Cost of the limits: overhead per call, 10,000 sellers at once, 10,000 idle sellers."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from benchmarks.contenders.ours import LIFTED
from benchmarks.idle import charges_of, idle_mb
from benchmarks.instant import Instant
from benchmarks.limits import QUOTA
from benchmarks.measure import sample
from benchmarks.report import Report, Target
from benchmarks.serving import new_token
from benchmarks.sizes import Sizes
from wbym.calls import Request, build_path, build_query, row
from wbym.limits import BucketKey, Charge, LimitSignal, Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries._dialect import WildberriesDialect
from wbym_wildberries._token import Token
from wbym_wildberries.api.feedbacks import Feedbacks

__all__ = ["run"]

_URL: Final = "http://127.0.0.1:1"
_BODY: Final = (
    b'{"data":{"countUnanswered":52,"countUnansweredToday":0},"error":false,"errorText":"",'
    b'"additionalErrors":null}'
)
_OVERHEAD: Final = 30.0
_IDLE: Final = 50.0
_LEASES: Final = 8
"""Per seller: two more than the burst."""


async def run(sizes: Sizes) -> Report:
    """Measure each part on an otherwise idle loop, without a network."""
    runs, count = sizes.runs, sizes.leases
    leases, calls, builds = await _in_turn([_lease, _call, _build], runs, count)
    lease, whole, built = sample(leases), sample(calls), sample(builds)
    rest = sample([call - build for call, build in zip(calls, builds, strict=True)])
    took, spent = await _at_once(sizes.sellers)
    bound = QUOTA.min_duration(_LEASES)
    buckets = await idle_mb("buckets", sizes.sellers)
    accounts = await idle_mb("accounts", sizes.sellers)
    sellers = f"{sizes.sellers:,}"
    return Report(
        "Scheduler",
        ("what", "figure", "unit", "spread of runs"),
        [
            ["lease and settle, without waiters", lease.median, "µs", lease.spread],
            ["shop.api call, answered at once", whole.median, "µs", whole.spread],
            ["of it building and decoding", built.median, "µs", built.spread],
            ["of it the rest: lease, pipeline", rest.median, "µs", rest.spread],
            [f"{sellers} sellers, {_LEASES} leases each at once", took, "s", ""],
            ["the same, min time", bound, "s", ""],
            ["the same, processor time per lease", spent, "µs", ""],
            [f"{sellers} idle sellers, buckets", buckets, "MB", ""],
            [f"{sellers} idle sellers, whole accounts", accounts, "MB", ""],
        ],
        [
            Target("lease and settle", lease.median, "under", _OVERHEAD, "µs"),
            Target("a call without building and decoding", rest.median, "under", _OVERHEAD, "µs"),
            Target(f"{sellers} idle sellers", buckets, "under", _IDLE, "MB"),
        ],
        [f"Medians of {runs} runs of {count:,} calls, in processor time."],
    )


async def _in_turn(
    parts: Sequence[Callable[[int], Awaitable[float]]], runs: int, count: int
) -> list[list[float]]:
    """Microseconds of one of ``count`` in each run of each part, after one run to warm up."""
    for part in parts:
        await part(count // 10)
    turns = [[await part(count) / count * 1e6 for part in parts] for _ in range(runs)]
    return [list(figures) for figures in zip(*turns, strict=True)]


async def _lease(count: int) -> float:
    """Processor seconds of ``count`` leases of one seller."""
    scheduler = Scheduler()
    key = BucketKey("wildberries", "seller", "standard", "feedbacks-and-questions")
    charges = (Charge(key, LIFTED["feedbacks-and-questions"]),)
    signal = LimitSignal(remaining=1_000_000)
    start = time.process_time()
    for _ in range(count):
        async with scheduler.lease(charges) as lease:
            lease.settle(1, signal, 0.05)
    return time.process_time() - start


async def _call(count: int) -> float:
    """Processor seconds of ``count`` calls over a transport that answers at once."""
    async with Wildberries(
        new_token(),
        base_url=_URL,
        quotas=LIFTED,
        scheduler=Scheduler(),
        transport=Instant(_BODY),
    ) as shop:
        start = time.process_time()
        for _ in range(count):
            await shop.api.feedbacks.count_unanswered()
        return time.process_time() - start


async def _build(count: int) -> float:
    """Processor seconds to build ``count`` requests and decode their answers."""
    dialect = WildberriesDialect("shop", [Token(new_token())], base_url=_URL, quotas=LIFTED)
    endpoint = row(Feedbacks.count_unanswered).endpoint
    start = time.process_time()
    for _ in range(count):
        query = build_query(None)
        Request(
            method=endpoint.method,
            url=f"{dialect.address(endpoint)}{build_path(endpoint.path, None)}{query}",
            headers={"User-Agent": "wbym", **dialect.authorize(endpoint)},
        )
        dialect.charges(endpoint, {})
        endpoint.reply.decode(_BODY)
    return time.process_time() - start


async def _at_once(sellers: int) -> tuple[float, float]:
    """Seconds until every seller has its leases, and microseconds of processor time per lease."""
    scheduler = Scheduler()

    async def leases(seller: int) -> None:
        charges = charges_of(seller)
        for _ in range(_LEASES):
            async with scheduler.lease(charges) as lease:
                lease.settle(elapsed=0.05)

    start, spent = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for seller in range(sellers):
            group.create_task(leases(seller))
    took, spent = time.perf_counter() - start, time.process_time() - spent
    return took, spent / (sellers * _LEASES) * 1e6
