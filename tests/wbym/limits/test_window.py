import asyncio

import pytest

from wbym.errors import QuotaExhausted
from wbym.limits import LimitSignal, ParallelCap, Priority, Scheduler, Window

from .support import call, charge, settled, state

HOURLY = Window(limit=5, period=3600)
WALL = 1_800_000_000.0


def scheduler_by_the_loop() -> Scheduler:
    """A scheduler whose wall clock follows the loop's."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    return Scheduler(min_jitter=0.0, max_jitter=0.25, wall=lambda: WALL + loop.time() - start)


@pytest.mark.looptime
class TestWindow:
    async def test_all_calls_are_sent_at_once_when_the_budget_covers_them(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        left = await asyncio.gather(*(call(scheduler, charge(HOURLY)) for _ in range(5)))
        assert max(left) == min(left)
        bucket = state(scheduler)
        assert (bucket.kind, bucket.limit, bucket.used, bucket.left) == ("window", 5, 5, 0)

    async def test_several_calls_are_sent_at_once_when_the_period_ends(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        left = await asyncio.gather(*(call(scheduler, charge(HOURLY)) for _ in range(12)))
        waits = [at - left[0] for at in left]
        assert waits[5:10] == pytest.approx([3600.25] * 5, abs=0.001)
        assert waits[10:] == pytest.approx([7200.5] * 2, abs=0.001)

    async def test_period_ends_when_the_marketplace_says(self) -> None:
        scheduler = scheduler_by_the_loop()
        start = await call(
            scheduler, charge(HOURLY), signal=LimitSignal(remaining=0, resets_at=WALL + 100)
        )
        left = await asyncio.gather(*(call(scheduler, charge(HOURLY)) for _ in range(5)))
        assert [at - start for at in left] == pytest.approx([100.25] * 5, abs=0.001)

    async def test_period_ends_in_time_when_the_stated_end_is_absurd(self) -> None:
        scheduler = scheduler_by_the_loop()
        start = await call(
            scheduler, charge(HOURLY), signal=LimitSignal(remaining=0, resets_at=WALL * 1000)
        )
        assert await call(scheduler, charge(HOURLY)) - start == pytest.approx(3600.25, abs=0.001)

    async def test_budget_is_whole_when_the_stated_end_is_past(self) -> None:
        scheduler = scheduler_by_the_loop()
        over = LimitSignal(remaining=0, resets_at=WALL - 5)
        start = await call(scheduler, charge(HOURLY), signal=over)
        # The answered call counts in the new period.
        left = await asyncio.gather(*(call(scheduler, charge(HOURLY)) for _ in range(4)))
        assert [at - start for at in left] == [0] * 4

    async def test_ban_when_rate_limited_with_a_reset_time_in_the_past(self) -> None:
        scheduler = scheduler_by_the_loop()
        limited = LimitSignal(remaining=0, resets_at=WALL - 5, retry_after=60)
        start = await call(scheduler, charge(HOURLY), signal=limited)
        assert await call(scheduler, charge(HOURLY)) - start == pytest.approx(60, abs=0.5)

    async def test_waiters_go_when_the_marketplace_began_a_new_period_early(self) -> None:
        scheduler = scheduler_by_the_loop()
        async with scheduler.lease(charge(Window(2, 3600))) as slow:
            await call(scheduler, charge(Window(2, 3600)))
            waiting = asyncio.ensure_future(call(scheduler, charge(Window(2, 3600))))
            await asyncio.sleep(3590)
            slow.settle(1, LimitSignal(remaining=1, resets_at=WALL + 3590 + 3595), 3590)
            now = asyncio.get_running_loop().time()
            assert await waiting == now

    async def test_budget_is_reduced_when_others_spend(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge(HOURLY), signal=LimitSignal(remaining=1))
        await call(scheduler, charge(HOURLY), max_wait=0, signal=LimitSignal(remaining=4))
        with pytest.raises(QuotaExhausted):
            await call(scheduler, charge(HOURLY), max_wait=0)

    async def test_budget_grows_when_a_higher_limit_is_stated(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        async with scheduler.lease(charge(Window(1, 3600))) as lease:
            waiting = asyncio.ensure_future(call(scheduler, charge(Window(1, 3600))))
            await settled()
            lease.settle(1, LimitSignal(limit=10, remaining=9), 0)
            await settled()
            assert waiting.done()
        assert state(scheduler).left == 8

    async def test_late_response_changes_nothing_when_a_new_period_began(self) -> None:
        scheduler = scheduler_by_the_loop()
        async with scheduler.lease(charge(HOURLY)) as slow:
            await asyncio.sleep(3601)
            await call(scheduler, charge(HOURLY))
            slow.settle(3, LimitSignal(remaining=0), 3601)
        assert state(scheduler).used == 1

    async def test_difference_is_settled_when_a_response_costs_more_or_less(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge(HOURLY), cost=3)
        assert state(scheduler).used == 3
        await call(scheduler, charge(HOURLY), known_cost=2, cost=0)
        assert state(scheduler).used == 3

    async def test_count_is_returned_when_the_call_was_never_sent(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        both = charge(Window(2, 3600), "window") + charge(ParallelCap(1), "parallel")
        async with scheduler.lease(both):
            waiting = asyncio.ensure_future(call(scheduler, both))
            await settled()
            assert state(scheduler, "window").used == 2
            third = asyncio.ensure_future(call(scheduler, both))
            await settled()
            waiting.cancel()
            await settled()
            assert state(scheduler, "parallel").waiting == 1  # the third has the count
        await third
        assert state(scheduler, "window").used == 2


@pytest.mark.looptime
class TestParallel:
    async def test_four_calls_run_at_once_when_the_cap_is_four(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        left = await asyncio.gather(
            *(call(scheduler, charge(ParallelCap(4)), latency=1) for _ in range(10))
        )
        assert [at - left[0] for at in left] == pytest.approx([0] * 4 + [1] * 4 + [2] * 2)
        assert state(scheduler).in_flight == 0

    async def test_slot_is_freed_when_the_holder_is_cancelled(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        holder = asyncio.ensure_future(call(scheduler, charge(ParallelCap(1)), latency=100))
        await settled()
        waiting = asyncio.ensure_future(call(scheduler, charge(ParallelCap(1))))
        await settled()
        bucket = state(scheduler)
        assert (bucket.left, bucket.waiting, bucket.next_free) == (0, 1, None)
        holder.cancel()
        start = asyncio.get_running_loop().time()
        assert await waiting == start

    async def test_reply_is_sent_first_when_a_slot_is_freed(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        order: list[Priority] = []

        async def one(priority: Priority) -> None:
            async with scheduler.lease(charge(ParallelCap(1)), priority=priority):
                order.append(priority)
                await asyncio.sleep(1)

        await asyncio.gather(
            *(one(p) for p in (Priority.BULK, Priority.BULK, Priority.INTERACTIVE))
        )
        assert order == [Priority.BULK, Priority.INTERACTIVE, Priority.BULK]

    async def test_caller_fails_at_once_when_max_wait_is_zero(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        async with scheduler.lease(charge(ParallelCap(1))):
            with pytest.raises(QuotaExhausted):
                await call(scheduler, charge(ParallelCap(1)), max_wait=0)
            start = asyncio.get_running_loop().time()
            with pytest.raises(QuotaExhausted):
                await call(scheduler, charge(ParallelCap(1)), max_wait=3)
            waited = asyncio.get_running_loop().time() - start
            assert waited == pytest.approx(3, abs=0.1)
