import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wbym.errors import QuotaExhausted
from wbym.limits import (
    LimitSignal,
    MemoryBans,
    ParallelCap,
    Quota,
    Scheduler,
    SqliteBans,
    Window,
)

from .support import call, charge, key, settled, state


class Wall:
    """A wall clock that is set by hand."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.mark.looptime
class TestBan:
    async def test_all_callers_wait_when_rate_limited(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        start = await call(scheduler, charge(), signal=LimitSignal(retry_after=10))
        left = await asyncio.gather(*(call(scheduler, charge()) for _ in range(4)))
        # then at the rate and not in a burst, since the marketplace's bucket is empty
        expected = [10 + n / 3 for n in range(4)]
        assert [at - start for at in left] == pytest.approx(expected, abs=0.001)

    async def test_burst_is_whole_when_the_bucket_rested_after_the_ban(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge(), signal=LimitSignal(retry_after=10))
        await asyncio.sleep(10 + 5 / 3 + 0.001)
        left = await asyncio.gather(*(call(scheduler, charge()) for _ in range(6)))
        assert max(left) == min(left)

    async def test_ban_is_not_shortened_when_a_smaller_value_follows(self) -> None:
        bans, wall = MemoryBans(), Wall()
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, bans=bans, wall=wall)
        async with scheduler.lease(charge()) as one, scheduler.lease(charge()) as other:
            one.settle(1, LimitSignal(retry_after=10))
            other.settle(1, LimitSignal(retry_after=2))
        assert state(scheduler).rate_limited == 2
        assert state(scheduler).banned_until == datetime.fromtimestamp(wall.now + 10, UTC)
        assert await bans.load(str(key())) == pytest.approx(wall.now + 10)
        start = asyncio.get_running_loop().time()
        assert await call(scheduler, charge()) - start == pytest.approx(10, abs=0.001)

    async def test_other_buckets_continue_when_one_is_banned(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        start = await call(scheduler, charge(), signal=LimitSignal(retry_after=10))
        assert await call(scheduler, charge(bucket="chats")) == start
        assert await call(scheduler, charge(owner="other")) == start

    async def test_ban_lasts_when_the_wall_clock_jumps(self) -> None:
        wall = Wall()
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, wall=wall)
        start = await call(scheduler, charge(), signal=LimitSignal(retry_after=10))
        wall.now += 3600
        assert await call(scheduler, charge()) - start == pytest.approx(10, abs=0.001)

    async def test_waiters_fail_at_once_when_a_ban_outlasts_their_max_wait(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, wall=Wall(1000))
        quota = Quota(1, 1, 1)
        async with scheduler.lease(charge(quota)) as lease:
            short = asyncio.ensure_future(call(scheduler, charge(quota), max_wait=5))
            long = asyncio.ensure_future(call(scheduler, charge(quota), max_wait=100))
            await asyncio.sleep(0.1)
            loop = asyncio.get_running_loop()
            start = loop.time()
            lease.settle(1, LimitSignal(retry_after=60))
            with pytest.raises(QuotaExhausted) as caught:
                await short
            assert loop.time() == start
            assert caught.value.wait == pytest.approx(60 + 1, abs=1)
            assert caught.value.max_wait == 5
        assert await long - start == pytest.approx(60, abs=0.001)

    async def test_parallel_cap_is_not_banned_when_the_call_has_another_charge(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        both = charge(ParallelCap(2), "parallel") + charge(Window(10, 3600), "window")
        await call(scheduler, both, signal=LimitSignal(retry_after=10))
        assert state(scheduler, "parallel").banned_until is None
        assert state(scheduler, "window").banned_until is not None

    async def test_ban_is_bounded_when_the_header_is_absurd(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge(), signal=LimitSignal(retry_after=1.8e12))
        with pytest.raises(QuotaExhausted) as caught:
            await call(scheduler, charge(), max_wait=60)
        assert caught.value.wait == pytest.approx(30 * 86400)


class TestRestart:
    async def test_ban_holds_when_the_process_restarts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wbym.limits._scheduler._STORE_WAIT", 60.0)  # on a busy machine
        wall = Wall()
        before = Scheduler(
            min_jitter=0.0, max_jitter=0.25, bans=SqliteBans(tmp_path / "bans.db"), wall=wall
        )
        await call(before, charge(), signal=LimitSignal(retry_after=600))
        await before.aclose()
        wall.now += 100
        after = Scheduler(
            min_jitter=0.0, max_jitter=0.25, bans=SqliteBans(tmp_path / "bans.db"), wall=wall
        )
        with pytest.raises(QuotaExhausted) as caught:
            await call(after, charge(), max_wait=60)
        assert caught.value.wait == pytest.approx(500, abs=1)
        assert caught.value.retry_at.timestamp() == pytest.approx(wall.now + 500, abs=1)
        await call(after, charge(bucket="chats"), max_wait=0)
        wall.now += 501
        later = Scheduler(
            min_jitter=0.0, max_jitter=0.25, bans=SqliteBans(tmp_path / "bans.db"), wall=wall
        )
        await call(later, charge(), max_wait=0)

    async def test_ban_is_loaded_once_when_many_callers_start_together(self) -> None:
        loads: list[str] = []

        class Slow(MemoryBans):
            async def load(self, key: str) -> float | None:
                loads.append(key)
                await asyncio.sleep(0)
                return await super().load(key)

        bans, wall = Slow(), Wall()
        await bans.save(str(key()), wall.now + 600)
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, bans=bans, wall=wall)
        calls = [asyncio.ensure_future(call(scheduler, charge(), max_wait=0)) for _ in range(5)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, QuotaExhausted) for result in results)
        assert loads == [str(key())]

    async def test_ban_is_loaded_when_the_first_caller_was_cancelled_meanwhile(self) -> None:
        gate = asyncio.Event()

        class Slow(MemoryBans):
            async def load(self, key: str) -> float | None:
                await gate.wait()
                return await super().load(key)

        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, bans=Slow())
        first = asyncio.ensure_future(call(scheduler, charge(), max_wait=0))
        second = asyncio.ensure_future(call(scheduler, charge(), max_wait=0))
        await settled()
        first.cancel()
        gate.set()
        await second
        assert len(scheduler.buckets()) == 1
