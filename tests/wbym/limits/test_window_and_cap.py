"""A budget and a cap on parallel calls together, as Yandex Market has them."""

import asyncio
import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym.errors import QuotaExhausted
from wbym.limits import Charge, LimitSignal, ParallelCap, Priority, Scheduler, Window

from .support import call, charge, run_virtually, settled, state

WALL = 1_800_000_000.0
PERIOD = 3600.0


class Market:
    """Counts as Market does: a budget per period, a cap on calls in flight, others' calls."""

    def __init__(self, budget: int, cap: int, latencies: list[float], foreign: list[int]) -> None:
        self.loop = asyncio.get_running_loop()
        self.budget = budget
        self.cap = cap
        self.latencies = latencies
        self.foreign = foreign
        self.start = self.loop.time()
        self.period = 0
        self.used = self.in_flight = self.requests = 0
        self.over_budget = self.over_cap = 0

    def wall(self) -> float:
        return WALL + self.loop.time() - self.start

    async def request(self) -> LimitSignal:
        latency = self.latencies[self.requests % len(self.latencies)]
        self.used += self.foreign[self.requests % len(self.foreign)]
        self.requests += 1
        await asyncio.sleep(latency / 3)
        period = int((self.loop.time() - self.start) // PERIOD)
        if period != self.period:
            self.period, self.used = period, 0
        end = WALL + (period + 1) * PERIOD
        stated = partial(LimitSignal, limit=self.budget, resets_at=end)
        if self.in_flight >= self.cap:
            self.used += 1
            self.over_cap += 1
            await asyncio.sleep(latency / 3)
            remaining = max(0, self.budget - self.used)
            return stated(remaining=remaining, parallel=self.cap, retry_after=1.0)
        if self.used >= self.budget:
            self.over_budget += 1
            await asyncio.sleep(latency / 3)
            return stated(remaining=0, retry_after=end - self.wall())
        self.used += 1
        self.in_flight += 1
        remaining = max(0, self.budget - self.used)
        await asyncio.sleep(latency / 3)
        self.in_flight -= 1
        await asyncio.sleep(latency / 3)
        return stated(remaining=remaining)


async def made(
    scheduler: Scheduler,
    market: Market,
    charges: list[Charge],
    *,
    max_wait: float | None = None,
    priority: Priority = Priority.NORMAL,
) -> None:
    """A call that is repeated while it is rate limited."""
    while True:
        async with scheduler.lease(charges, max_wait=max_wait, priority=priority) as lease:
            signal = await market.request()
            lease.settle(1, signal, 0.1)
        if signal.retry_after is None:
            return


def both(budget: int = 5000, cap: int = 4) -> list[Charge]:
    return charge(Window(budget, PERIOD), "window") + charge(ParallelCap(cap), "parallel")


class TestTogether:
    @given(
        budget=st.integers(1, 60),
        calls=st.integers(1, 80),
        published=st.integers(1, 200),
        cap=st.integers(1, 6),
        latencies=st.lists(st.floats(0.001, 20), min_size=1, max_size=8),
        foreign=st.lists(st.integers(0, 3), min_size=1, max_size=8),
    )
    def test_only_calls_in_flight_are_rejected_when_the_budget_is_spent(
        self,
        budget: int,
        calls: int,
        published: int,
        cap: int,
        latencies: list[float],
        foreign: list[int],
    ) -> None:
        async def main() -> None:
            market = Market(budget, cap, latencies, foreign)
            scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, wall=market.wall)
            charges = both(published, cap)
            await asyncio.gather(*(made(scheduler, market, charges) for _ in range(calls)))
            assert market.over_cap == 0
            assert market.over_budget <= cap * (market.period + 1)
            assert [(bucket.in_flight, bucket.waiting) for bucket in scheduler.buckets()] == [
                (0, 0),
                (0, 0),
            ]

        run_virtually(main)

    @given(
        real=st.integers(1, 6),
        assumed=st.integers(1, 8),
        calls=st.integers(1, 60),
        latencies=st.lists(st.floats(0.01, 2), min_size=1, max_size=8),
    )
    def test_only_the_first_calls_are_rejected_when_the_cap_is_lower(
        self, real: int, assumed: int, calls: int, latencies: list[float]
    ) -> None:
        async def main() -> None:
            market = Market(100_000, real, latencies, [0])
            scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, wall=market.wall)
            charges = both(cap=assumed)
            await asyncio.gather(*(made(scheduler, market, charges) for _ in range(calls)))
            assert market.over_cap <= max(0, assumed - real)
            expected = real if market.over_cap else assumed
            assert state(scheduler, "parallel").limit == expected
            assert state(scheduler, "window").banned_until is None

        run_virtually(main)


@pytest.mark.looptime
class TestSpentBudget:
    async def test_calls_fail_at_once_when_the_rest_of_the_budget_does_not_cover_them(self) -> None:
        market = Market(80, 4, [0.3], [0])
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, wall=market.wall)
        calls = [made(scheduler, market, both(), max_wait=300) for _ in range(600)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        failed = [result for result in results if result is not None]
        assert (market.requests, market.over_budget) == (80, 0)
        assert len(failed) == 520
        assert all(isinstance(result, QuotaExhausted) for result in failed)
        assert results[:80] == [None] * 80
        assert market.loop.time() - market.start < 10

    async def test_reply_goes_first_when_the_budget_shrinks(self) -> None:
        market = Market(10, 1, [1.0], [0])
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, wall=market.wall)
        bulk = [
            asyncio.ensure_future(
                made(scheduler, market, both(cap=1), max_wait=30, priority=Priority.BULK)
            )
            for _ in range(30)
        ]
        await settled()
        await made(scheduler, market, both(cap=1), max_wait=3, priority=Priority.INTERACTIVE)
        results = await asyncio.gather(*bulk, return_exceptions=True)
        assert results[:9] == [None] * 9
        assert market.over_budget == 0

    async def test_cancelled_waiter_gives_its_reservation_back(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        async with scheduler.lease(both(cap=1)):
            waiting = [asyncio.ensure_future(call(scheduler, both())) for _ in range(6)]
            await settled()
            assert state(scheduler, "window").used == 7
            for task in waiting[:4]:
                task.cancel()
            await asyncio.wait(waiting[:4])
            window = state(scheduler, "window")
            assert (window.used, window.in_flight) == (3, 1)
        await asyncio.gather(*waiting[4:])
        window = state(scheduler, "window")
        assert (window.used, window.in_flight) == (3, 0)


ODD = [math.inf, -math.inf, math.nan, -1.0, 0.0, 1e300, 2.0**63]


class TestOddSignals:
    @given(
        remaining=st.sampled_from([None, -5, 0, 1, 10**9]),
        limit=st.sampled_from([None, -5, 0, 1, 10**9]),
        parallel=st.sampled_from([None, -5, 0, 1, 10**9]),
        retry_after=st.sampled_from([None, *ODD]),
        resets_at=st.sampled_from([None, *ODD]),
    )
    def test_no_error_and_calls_go_on_when_a_signal_is_odd(
        self,
        remaining: int | None,
        limit: int | None,
        parallel: int | None,
        retry_after: float | None,
        resets_at: float | None,
    ) -> None:
        signal = LimitSignal(
            remaining=remaining,
            limit=limit,
            parallel=parallel,
            retry_after=retry_after,
            resets_at=resets_at,
        )

        async def main() -> None:
            scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
            for charges in (both(cap=2), charge(), charge(ParallelCap(2), "alone")):
                await call(scheduler, charges, signal=signal)
                start = asyncio.get_running_loop().time()
                await call(scheduler, charges)
                assert asyncio.get_running_loop().time() - start <= 31 * 86400
            assert all(bucket.in_flight == 0 for bucket in scheduler.buckets())

        run_virtually(main)
