"""Several event loops in one process, one after the other and in threads; several processes."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wbym.errors import QuotaExhausted, WbymError
from wbym.limits import (
    Charge,
    LimitSignal,
    MemoryBans,
    ParallelCap,
    Quota,
    Scheduler,
    SqliteBans,
    Window,
    _scheduler,
    shared_scheduler,
)

from .support import call, charge, run_virtually, settled, state

SLOW = Quota(limit=1, period=3600, burst=5)
KINDS = [SLOW, Window(limit=5, period=3600)]


async def made(charges: list[Charge], calls: int, signal: LimitSignal | None = None) -> int:
    """How many of the calls go at once."""
    scheduler = shared_scheduler()
    scheduler._min_jitter = scheduler._max_jitter = 0.0
    count = 0
    for _ in range(calls):
        try:
            await call(scheduler, charges, max_wait=0, signal=signal)
        except QuotaExhausted:
            continue
        count += 1
    return count


class TestJobs:
    """A loop per job."""

    @pytest.mark.parametrize("quota", KINDS)
    def test_jobs_count_together(self, quota: Quota | Window) -> None:
        assert [asyncio.run(made(charge(quota), 3)) for _ in range(3)] == [3, 2, 0]

    @pytest.mark.parametrize("quota", [*KINDS, ParallelCap(5)])
    def test_ban_holds_in_the_next_job(self, quota: Quota | Window | ParallelCap) -> None:
        banned = LimitSignal(retry_after=600)
        assert [asyncio.run(made(charge(quota), 3, banned)) for _ in range(4)] == [1, 0, 0, 0]

    def test_cap_that_one_job_learned_holds_in_the_next(self) -> None:
        both = charge(Window(50, 3600), "window") + charge(ParallelCap(4), "parallel")
        asyncio.run(made(both, 1, LimitSignal(parallel=1)))

        async def limit() -> float:
            await made(both, 1)
            return state(shared_scheduler(), "parallel").limit

        assert asyncio.run(limit()) == 1

    def test_headers_of_one_job_hold_in_the_next(self) -> None:
        asyncio.run(made(charge(SLOW), 1, LimitSignal(remaining=0)))
        assert asyncio.run(made(charge(SLOW), 3)) <= 1

    def test_schedulers_of_the_caller_count_alone(self) -> None:
        async def alone() -> None:
            await call(Scheduler(), charge(Quota(1, 3600, 1)), max_wait=0)

        asyncio.run(alone())
        asyncio.run(alone())

    def test_loops_with_clocks_of_their_own_count_alone(self) -> None:
        assert run_virtually(lambda: made(charge(SLOW), 6)) == 5
        assert run_virtually(lambda: made(charge(SLOW), 6)) == 5


class TestThreads:
    @pytest.mark.parametrize("quota", [Quota(1, 3600, 200), Window(200, 3600)])
    def test_threads_never_exceed_the_limit_together(self, quota: Quota | Window) -> None:
        barrier = threading.Barrier(4)

        def job(_: int) -> int:
            async def main() -> int:
                await made(charge(quota), 1)
                await asyncio.to_thread(barrier.wait)
                return 1 + await made(charge(quota), 100)

            return asyncio.run(main())

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(job, range(4))) == 200

    def test_slot_is_handed_to_the_loop_of_another_thread(self) -> None:
        cap = charge(ParallelCap(1))
        taken, waits, order = threading.Event(), threading.Event(), list[str]()

        async def first() -> None:
            async with shared_scheduler().lease(cap):
                taken.set()
                await asyncio.to_thread(waits.wait, 10)
                order.append("first")

        async def second() -> None:
            await asyncio.to_thread(taken.wait, 10)
            waiting = asyncio.ensure_future(call(shared_scheduler(), cap, max_wait=10))
            await settled()
            assert not waiting.done()
            waits.set()
            await waiting
            order.append("second")

        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(asyncio.run, main()) for main in (first, second)]
            for job in jobs:
                job.result(10)
        assert order == ["first", "second"]


class TestAnotherLoop:
    def test_error_says_so_when_a_scheduler_is_used_in_another_loop(self) -> None:
        async def make() -> Scheduler:
            return shared_scheduler()

        scheduler = asyncio.run(make())
        with pytest.raises(WbymError, match="made in another event loop"):
            asyncio.run(_use(scheduler))


async def _use(scheduler: Scheduler) -> None:
    await call(scheduler, charge())


class WithoutThread(MemoryBans):
    """A shared store; virtual time would run on while a thread reads a file."""

    async def current(self) -> dict[str, float]:
        return dict(self._until)


async def test_ban_of_another_process_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_scheduler, "_BANS_EVERY", 0.0)
    monkeypatch.setattr(_scheduler, "_STORE_WAIT", 60.0)  # real seconds, on a busy machine
    ours, theirs = (Scheduler(bans=SqliteBans(tmp_path / "bans.db")) for _ in range(2))
    await call(ours, charge(SLOW))
    await call(theirs, charge(SLOW), signal=LimitSignal(retry_after=600))
    with pytest.raises(QuotaExhausted) as caught:
        await call(ours, charge(SLOW), max_wait=60)
    assert caught.value.wait > 500
    await call(ours, charge(SLOW, "other"), max_wait=0)


@pytest.mark.looptime
class TestProcesses:
    async def test_ban_is_seen_within_a_second(self) -> None:
        loop, store = asyncio.get_running_loop(), WithoutThread()
        ours, theirs = (
            Scheduler(bans=store, wall=lambda: 4_000_000_000 + loop.time()) for _ in range(2)
        )
        await call(ours, charge(SLOW))
        await call(theirs, charge(SLOW), signal=LimitSignal(retry_after=600))
        await asyncio.sleep(1)
        with pytest.raises(QuotaExhausted):
            await call(ours, charge(SLOW), max_wait=60)

    async def test_waiting_calls_see_it_too(self) -> None:
        loop, store = asyncio.get_running_loop(), WithoutThread()
        ours, theirs = (
            Scheduler(bans=store, wall=lambda: 4_000_000_000 + loop.time()) for _ in range(2)
        )
        secondly = charge(Quota(1, 1, 1))
        start = await call(ours, secondly)
        waiting = [asyncio.ensure_future(call(ours, secondly, max_wait=None)) for _ in range(3)]
        await settled()
        await call(theirs, secondly, signal=LimitSignal(retry_after=600))
        left = await asyncio.gather(*waiting)
        assert min(left) - start > 500

    async def test_calls_go_on_when_the_store_cannot_be_read(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (tmp_path / "bans.db").write_text("not a database, but long enough to be looked at" * 50)
        scheduler = Scheduler(bans=SqliteBans(tmp_path / "bans.db"))
        await call(scheduler, charge(SLOW))
        await call(scheduler, charge(SLOW))
        messages = [record.getMessage() for record in caplog.records]
        assert sum("could not be read" in message for message in messages) == 1
