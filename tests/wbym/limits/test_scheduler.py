import asyncio
import gc
import time
import tracemalloc

import pytest

from wbym.errors import QuotaExhausted
from wbym.limits import (
    LimitSignal,
    ParallelCap,
    Priority,
    Quota,
    Scheduler,
    Window,
    shared_scheduler,
)

from .support import call, charge, settled, state

SECONDLY = Quota(1, 1, 2)


@pytest.mark.looptime
class TestMaxWait:
    async def test_caller_fails_at_once_when_the_wait_exceeds_max_wait(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, wall=lambda: 1000.0)
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(call(scheduler, charge(SECONDLY)) for _ in range(2)))
        waiting = [asyncio.ensure_future(call(scheduler, charge(SECONDLY))) for _ in range(5)]
        await settled()
        start = loop.time()
        with pytest.raises(QuotaExhausted) as caught:
            await call(scheduler, charge(SECONDLY), max_wait=5.5)
        assert loop.time() == start
        assert caught.value.wait == pytest.approx(6, abs=0.001)
        assert caught.value.retry_at.timestamp() == pytest.approx(1006, abs=0.001)
        assert caught.value.bucket == "wildberries/seller/personal/feedbacks-and-questions"
        assert await call(scheduler, charge(SECONDLY), max_wait=6.001) - start == pytest.approx(
            6, abs=0.001
        )
        await asyncio.gather(*waiting)

    async def test_wait_counts_only_callers_ahead(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await asyncio.gather(*(call(scheduler, charge(SECONDLY)) for _ in range(2)))
        bulk = [
            asyncio.ensure_future(call(scheduler, charge(SECONDLY), priority=Priority.BULK))
            for _ in range(5)
        ]
        await settled()
        await call(scheduler, charge(SECONDLY), priority=Priority.INTERACTIVE, max_wait=1.001)
        await asyncio.gather(*bulk)

    async def test_waiter_fails_in_time_when_higher_priorities_keep_coming(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(call(scheduler, charge(SECONDLY)) for _ in range(2)))
        start = loop.time()
        bulk = asyncio.ensure_future(
            call(scheduler, charge(SECONDLY), priority=Priority.BULK, max_wait=2)
        )
        await settled()
        replies = [
            asyncio.ensure_future(call(scheduler, charge(SECONDLY), priority=Priority.INTERACTIVE))
            for _ in range(6)
        ]
        with pytest.raises(QuotaExhausted) as caught:
            await bulk
        assert loop.time() - start == pytest.approx(2, abs=0.06)
        assert caught.value.wait == pytest.approx(5, abs=0.1)
        left = await asyncio.gather(*replies)
        assert max(left) - start == pytest.approx(6, abs=0.001)

    async def test_call_is_sent_now_or_fails_when_max_wait_is_zero(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge(SECONDLY), max_wait=0)
        await call(scheduler, charge(SECONDLY), max_wait=0)
        with pytest.raises(QuotaExhausted):
            await call(scheduler, charge(SECONDLY), max_wait=0)


class TestSeveralCharges:
    @pytest.mark.looptime
    async def test_call_is_counted_in_every_bucket_when_it_has_several(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        charges = (
            charge(ParallelCap(4), "parallel")
            + charge(Window(100, 3600), "window")
            + charge(SECONDLY, "fast")
            + charge(Quota(1, 60, 10), "slow")
        )
        async with scheduler.lease(charges):
            used = {bucket.key.bucket: bucket.used for bucket in scheduler.buckets()}
        assert used == pytest.approx({"parallel": 1, "window": 1, "fast": 1, "slow": 1})
        assert all(bucket.in_flight == 0 for bucket in scheduler.buckets())

    @pytest.mark.looptime
    async def test_all_charges_are_returned_when_a_later_bucket_fails(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        charges = charge(Window(100, 3600), "window") + charge(ParallelCap(1), "parallel")
        async with scheduler.lease(charge(ParallelCap(1), "parallel")):
            with pytest.raises(QuotaExhausted):
                await call(scheduler, charges, max_wait=1)
        assert state(scheduler, "window").used == 0
        assert state(scheduler, "window").in_flight == 0
        await call(scheduler, charges, max_wait=0)

    @pytest.mark.looptime
    async def test_no_slot_is_held_while_waiting_for_a_window(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        charges = charge(Window(1, 3600), "window") + charge(ParallelCap(1), "parallel")
        await call(scheduler, charges)
        waiting = asyncio.ensure_future(call(scheduler, charges))
        await settled()
        await call(scheduler, charge(ParallelCap(1), "parallel"), max_wait=0)
        await waiting

    @pytest.mark.looptime
    async def test_stale_count_is_renewed_when_a_later_bucket_was_long_busy(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        slow, fast = charge(Quota(1, 4, 2), "slow"), charge(SECONDLY, "fast")
        await call(scheduler, fast, signal=LimitSignal(retry_after=8))
        start = asyncio.get_running_loop().time()
        left = await asyncio.gather(
            *(call(scheduler, slow + fast) for _ in range(2)),
            *(call(scheduler, slow) for _ in range(2)),
        )
        both, alone = left[:2], left[2:]
        assert [at - start for at in alone] == pytest.approx([4, 8], abs=0.001)
        # they wait for "fast" until 8 s, then for room in "slow" again, at the head of its queue
        assert [at - start for at in both] == pytest.approx([12, 16], abs=0.5)
        leaving = sorted(left)
        for i, begin in enumerate(leaving):
            for j, end in enumerate(leaving[i:], 1):
                assert j <= 2 + (end - begin) / 4 + 0.001

    @pytest.mark.looptime
    async def test_window_is_renewed_when_it_ended_while_waiting_for_another(
        self,
    ) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        charges = charge(Window(5, 10), "window") + charge(ParallelCap(1), "parallel")
        async with scheduler.lease(charge(ParallelCap(1), "parallel")):
            waiting = asyncio.ensure_future(call(scheduler, charges))
            await asyncio.sleep(11)
            assert state(scheduler, "window").used == 0
        await waiting
        assert state(scheduler, "window").used == 1

    @pytest.mark.looptime
    async def test_call_is_counted_once_when_a_key_is_named_twice(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge() + charge())
        assert state(scheduler).used == pytest.approx(1)

    async def test_call_is_sent_at_once_without_limits(self) -> None:
        async with Scheduler(min_jitter=0.0, max_jitter=0.25).lease([]) as lease:
            lease.settle(1, LimitSignal(remaining=0, retry_after=5), 0.1)

    async def test_error_is_raised_when_one_key_has_two_kinds_of_limit(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge(SECONDLY))
        with pytest.raises(ValueError, match="is both"):
            await call(scheduler, charge(ParallelCap(1)))


class TestClosing:
    async def test_waiters_fail_and_no_state_remains_when_closed(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        charges = charge(Quota(1, 3600, 1))
        async with scheduler.lease(charges) as lease:
            waiting = [asyncio.ensure_future(call(scheduler, charges)) for _ in range(3)]
            await settled()
            await scheduler.aclose()
            results = await asyncio.gather(*waiting, return_exceptions=True)
            assert [str(result) for result in results] == ["the scheduler is closed"] * 3
            assert asyncio.all_tasks() == {asyncio.current_task()}
            lease.settle(1, None, 0.1)
        assert scheduler.closed
        with pytest.raises(RuntimeError, match="closed"):
            await call(scheduler, charges)

    async def test_no_task_or_timer_exists_when_idle(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge(), cost=10, signal=LimitSignal(retry_after=60))
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert all(bucket._timer is None for bucket in scheduler._buckets.values())


class TestSharing:
    async def test_scheduler_is_the_same_when_the_loop_is(self) -> None:
        assert shared_scheduler() is shared_scheduler()

    async def test_scheduler_is_new_when_the_last_was_closed(self) -> None:
        first = shared_scheduler()
        await first.aclose()
        assert shared_scheduler() is not first

    def test_schedulers_differ_when_the_loops_do(self) -> None:
        async def use() -> Scheduler:
            scheduler = shared_scheduler()
            await call(scheduler, charge())
            return scheduler

        first, second = asyncio.run(use()), asyncio.run(use())
        assert first is not second

    def test_error_is_raised_when_another_loop_uses_it(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        asyncio.run(_use(scheduler))
        with pytest.raises(RuntimeError, match="another event loop"):
            asyncio.run(_use(scheduler))


async def _use(scheduler: Scheduler) -> None:
    await call(scheduler, charge())


class TestSize:
    def test_idle_buckets_are_small_when_there_are_ten_thousand(self) -> None:
        async def main() -> int:
            scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
            gc.collect()
            tracemalloc.start()
            try:
                for seller in range(10_000):
                    await call(scheduler, charge(owner=f"seller {seller}"))
                return tracemalloc.get_traced_memory()[0]
            finally:
                tracemalloc.stop()

        assert asyncio.run(main()) < 50_000_000

    def test_lease_is_cheap_when_idle(self) -> None:
        async def main() -> float:
            scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
            charges = charge(Quota(1_000_000, 1, 100_000))
            start = time.thread_time()
            for _ in range(2000):
                async with scheduler.lease(charges) as lease:
                    lease.settle(1, None, 0.05)
            return (time.thread_time() - start) / 2000

        assert asyncio.run(main()) < 0.0002  # 9 µs on a quiet machine

    @pytest.mark.looptime
    async def test_snapshot_is_complete_when_callers_wait(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        assert scheduler.buckets() == []
        tasks = [asyncio.ensure_future(call(scheduler, charge(SECONDLY))) for _ in range(4)]
        await settled()
        bucket = state(scheduler)
        assert (bucket.kind, bucket.limit, bucket.waiting) == ("rate", 2, 2)
        assert bucket.left == pytest.approx(0, abs=0.001)
        assert bucket.next_free == pytest.approx(3, abs=0.001)
        await asyncio.gather(*tasks)
