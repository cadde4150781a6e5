"""Buckets that count nothing are dropped: a process that serves ever new sellers does not grow."""

import asyncio
import gc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym.errors import AccountNotOpen, QuotaExhausted
from wbym.limits import Charge, LimitSignal, ParallelCap, Quota, Scheduler, Window
from wbym.limits._ledger import Ledger, ParallelEntry

from .support import TokenBucket, call, charge, key, run_virtually, settled

HOURLY = Window(limit=5, period=3600)
KINDS = [Quota(3, 1, 6), HOURLY, ParallelCap(4)]
MINUTE = 60.0
HOUR = 3600.0
DAY = 86400.0


def names(scheduler: Scheduler) -> set[str]:
    return {state.key.owner for state in scheduler.buckets()}


async def others(scheduler: Scheduler, count: int = 20) -> None:
    """Open buckets of other sellers, so that unused ones are dropped."""
    for number in range(count):
        now = asyncio.get_running_loop().time()
        await call(scheduler, charge(owner=f"other {now} {number}"))


@pytest.mark.parametrize("quota", KINDS)
def test_number_of_buckets_is_bounded(quota: Quota | Window | ParallelCap) -> None:
    async def main() -> None:
        scheduler = Scheduler()
        for number in range(400):
            await call(scheduler, charge(quota, owner=f"seller {number}"))
            await asyncio.sleep(MINUTE)
        kept = 100 if quota is HOURLY else 30
        assert len(scheduler.buckets()) < kept
        assert len(scheduler._ledger._entries) < kept
        gc.collect()
        assert len(scheduler._alive) < kept
        assert len(scheduler._opening) == 0

    run_virtually(main)


@pytest.mark.parametrize("quota", KINDS)
def test_unused_bucket_is_dropped_after_ten_minutes(quota: Quota | Window | ParallelCap) -> None:
    async def main() -> None:
        scheduler = Scheduler()
        await call(scheduler, charge(quota, owner="seller"))
        period = HOUR if quota is HOURLY else 2.0
        await asyncio.sleep(period + 9 * MINUTE)
        await others(scheduler)
        assert "seller" in names(scheduler)
        await asyncio.sleep(2 * MINUTE)
        await others(scheduler, 30)
        assert "seller" not in names(scheduler)
        await call(scheduler, charge(quota, owner="seller"), max_wait=0)

    run_virtually(main)


@pytest.mark.parametrize("quota", KINDS)
def test_bucket_with_a_ban_is_kept(quota: Quota | Window | ParallelCap) -> None:
    async def main() -> None:
        scheduler = Scheduler()
        seller = charge(quota, owner="seller")
        await call(scheduler, seller, signal=LimitSignal(retry_after=5 * HOUR))
        await asyncio.sleep(4.9 * HOUR)
        await others(scheduler)
        with pytest.raises(QuotaExhausted):
            await call(scheduler, seller, max_wait=0)

    run_virtually(main)


@pytest.mark.parametrize("quota", KINDS)
def test_bucket_with_a_call_in_flight_is_kept(quota: Quota | Window | ParallelCap) -> None:
    async def main() -> None:
        scheduler = Scheduler()
        async with scheduler.lease(charge(quota, owner="seller")):
            await asyncio.sleep(DAY)
            await others(scheduler)
            assert "seller" in names(scheduler)

    run_virtually(main)


@pytest.mark.parametrize(
    ("quota", "signal"),
    [
        (Quota(3, 1, 6), LimitSignal(limit=2)),
        (HOURLY, LimitSignal(limit=2)),
        (ParallelCap(4), LimitSignal(parallel=2)),
    ],
)
def test_lower_limit_that_was_stated_is_kept_for_a_day(
    quota: Quota | Window | ParallelCap, signal: LimitSignal
) -> None:
    async def main() -> None:
        scheduler = Scheduler()
        seller = charge(quota, owner="seller")
        await call(scheduler, seller, signal=signal)
        await asyncio.sleep(DAY)
        await others(scheduler)
        (state,) = (state for state in scheduler.buckets() if state.key.owner == "seller")
        assert state.limit == 2
        await asyncio.sleep(DAY)
        await others(scheduler, 60)
        assert "seller" not in names(scheduler)

    run_virtually(main)


def test_bucket_that_a_waiting_call_will_need_is_never_doubled() -> None:
    async def main() -> None:
        scheduler = Scheduler()
        # Headers state the end of a period that is not the published one.
        budget, rate = charge(Window(1, 5 * HOUR), "budget"), charge(Quota(1, HOUR, 1), "rate")
        await call(scheduler, budget)
        both = asyncio.ensure_future(call(scheduler, budget + rate))
        await asyncio.sleep(4 * HOUR)
        await others(scheduler)
        assert not any(state.key.bucket == "rate" for state in scheduler.buckets())
        alone = [await call(scheduler, rate) for _ in range(2)]
        sent = sorted([*alone, await both])
        assert all(later - earlier >= HOUR for earlier, later in pairwise(sent))

    run_virtually(main)


def test_closing_reaches_calls_whose_bucket_was_dropped_meanwhile() -> None:
    async def main() -> None:
        scheduler = Scheduler()
        budget, rate = charge(Window(1, 5 * HOUR), "budget"), charge(Quota(1, 9 * HOUR, 1), "rate")
        await call(scheduler, budget)
        waiting = [asyncio.ensure_future(call(scheduler, budget + rate)) for _ in range(2)]
        await asyncio.sleep(4 * HOUR)
        await others(scheduler)
        waiting += [asyncio.ensure_future(call(scheduler, rate)) for _ in range(2)]
        await asyncio.sleep(7 * HOUR)
        await scheduler.aclose()
        await settled()
        first, *rest = [each.exception() for each in waiting if each.done()]
        assert len(rest) == 3
        assert sum(isinstance(error, AccountNotOpen) for error in [first, *rest]) == 3

    run_virtually(main)


PAUSES = st.sampled_from([0.0, 0.0, 0.1, 1.0, 5.0, 5 * MINUTE, 11 * MINUTE, DAY + HOUR])


@given(st.lists(st.tuples(st.integers(0, 2), PAUSES, st.integers(1, 9)), min_size=1, max_size=40))
def test_no_limit_is_exceeded_when_buckets_are_dropped(
    steps: list[tuple[int, float, int]],
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        scheduler = Scheduler(min_jitter=0.0)
        theirs = [TokenBucket(3, 1, 6) for _ in range(3)]
        for seller, pause, calls in steps:
            await asyncio.sleep(pause)
            await others(scheduler, 3)
            for _ in range(calls):
                async with scheduler.lease(charge(owner=f"seller {seller}"), max_wait=None) as it:
                    admitted = theirs[seller].admits(loop.time())
                    it.settle(1, theirs[seller].signal(loop.time(), admitted))
        assert [each.rejected for each in theirs] == [0, 0, 0]

    run_virtually(main)


@given(st.lists(st.tuples(PAUSES, st.integers(1, 9)), min_size=1, max_size=15))
def test_no_budget_or_cap_is_exceeded_when_buckets_are_dropped(
    steps: list[tuple[float, int]],
) -> None:
    charges = [Charge(key("cap"), ParallelCap(2)), Charge(key("budget"), HOURLY)]

    async def main() -> None:
        loop = asyncio.get_running_loop()
        scheduler = Scheduler()
        sent: list[float] = []
        in_flight = 0

        async def one() -> None:
            nonlocal in_flight
            async with scheduler.lease(charges, max_wait=None):
                sent.append(loop.time())
                in_flight += 1
                assert in_flight <= 2
                await asyncio.sleep(20 * MINUTE)
                in_flight -= 1

        tasks: list[asyncio.Task[None]] = []
        for pause, calls in steps:
            await asyncio.sleep(pause)
            await others(scheduler, 3)
            tasks += [asyncio.create_task(one()) for _ in range(calls)]
        await asyncio.gather(*tasks)
        ends = 0.0
        used = 0
        for at in sent:  # the marketplace's period begins with the first call after the last
            if at >= ends:
                ends, used = at + HOUR, 0
            used += 1
            assert used <= 5

    run_virtually(main)


class _Queue:
    """The queue of another loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.is_waited_for = False

    def pump(self) -> None: ...


async def test_entry_that_another_loop_uses_is_kept() -> None:
    ledger = Ledger()
    queue = _Queue(asyncio.get_running_loop())
    used = ledger.entry(key(owner="used"), ParallelEntry, lambda: ParallelEntry(1), 0.0)
    used.join(queue)
    ledger.entry(key(owner="unused"), ParallelEntry, lambda: ParallelEntry(1), 0.0)
    for number in range(10):
        ledger.entry(key(owner=str(number)), ParallelEntry, lambda: ParallelEntry(1), DAY)
    owners = {each.owner for each in ledger._entries}
    assert "used" in owners
    assert "unused" not in owners
