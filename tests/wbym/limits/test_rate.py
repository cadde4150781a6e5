import asyncio
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym.limits import LimitSignal, Priority, Quota, Scheduler
from wbym.limits._buckets import RateBucket

from .support import THREE_A_SECOND, TokenBucket, call, charge, run_virtually, settled, state


@pytest.mark.looptime
class TestRate:
    async def test_burst_goes_at_once_and_the_rest_at_the_rate_when_the_bucket_is_full(
        self,
    ) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        left = await asyncio.gather(*(call(scheduler, charge()) for _ in range(12)))
        start = left[0]
        expected = [max(0, n - 5) / 3 for n in range(12)]
        assert [at - start for at in left] == pytest.approx(expected, abs=0.001)

    async def test_last_call_leaves_in_time_when_latency_is_long_and_constant(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        left = await asyncio.gather(*(call(scheduler, charge(), latency=0.8) for _ in range(40)))
        assert 34 / 3 <= max(left) - min(left) <= 34 / 3 + 0.01
        assert state(scheduler).reserve == 0

    def test_last_call_leaves_in_time_when_latency_is_noisy(self) -> None:
        noise = random.Random(1)

        async def main() -> float:
            scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
            left = await asyncio.gather(
                *(
                    call(scheduler, charge(), latency=0.05 + noise.uniform(-0.005, 0.005))
                    for _ in range(30)
                )
            )
            return max(left) - min(left)

        assert 8 <= run_virtually(main) <= 8.1

    @pytest.mark.parametrize("quota", [Quota(100, 60, 5), Quota(300, 60, 20), Quota(10, 10, 10)])
    async def test_rate_is_even_when_sums_of_floats_are_inexact(self, quota: Quota) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        left = await asyncio.gather(*(call(scheduler, charge(quota)) for _ in range(40)))
        expected = [max(0, n + 1 - quota.burst) * quota.interval for n in range(40)]
        assert [at - left[0] for at in left] == pytest.approx(expected, abs=0.01)

    async def test_burst_comes_back_when_the_bucket_is_idle(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await asyncio.gather(*(call(scheduler, charge()) for _ in range(6)))
        await asyncio.sleep(2.001)
        again = await asyncio.gather(*(call(scheduler, charge(), max_wait=0) for _ in range(6)))
        assert max(again) == min(again)

    async def test_calls_share_a_bucket_when_two_clients_have_equal_keys(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        left = await asyncio.gather(
            *(call(scheduler, charge(owner="seller")) for _ in range(6)),
            *(call(scheduler, charge(owner="seller")) for _ in range(3)),
        )
        assert max(left) - min(left) == pytest.approx(1, abs=0.001)
        assert len(scheduler.buckets()) == 1

    async def test_calls_do_not_wait_for_each_other_when_keys_differ(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        left = await asyncio.gather(
            *(call(scheduler, charge(owner="one")) for _ in range(6)),
            *(call(scheduler, charge(owner="other")) for _ in range(6)),
        )
        assert max(left) == min(left)

    async def test_heavy_call_is_sent_when_it_costs_more_than_the_burst(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        quota = Quota(1, 1, 2)
        first = await call(scheduler, charge(quota), known_cost=5)
        second = await call(scheduler, charge(quota))
        assert second - first == pytest.approx(4, abs=0.001)


class TestPublishedLimit:
    @given(
        limit=st.integers(1, 300),
        period=st.sampled_from([1.0, 6.0, 10.0, 60.0, 3600.0]),
        burst=st.integers(1, 20),
        gaps=st.lists(st.floats(0, 3), min_size=1, max_size=60),
        costs=st.lists(st.sampled_from([1, 1, 1, 2, 5, 10]), min_size=1, max_size=60),
    )
    def test_no_call_is_rate_limited_when_arrivals_are_arbitrary(
        self, limit: int, period: float, burst: int, gaps: list[float], costs: list[int]
    ) -> None:
        quota = Quota(limit, period, burst)
        interval = quota.interval
        market = TokenBucket(limit, period, burst)
        left: list[tuple[float, int]] = []

        async def one(scheduler: Scheduler, cost: int) -> None:
            loop = asyncio.get_running_loop()
            async with scheduler.lease(charge(quota), max_wait=None, cost=cost) as lease:
                left.append((loop.time(), cost))
                assert market.admits(loop.time(), min(cost, burst))
                market.tokens -= max(0, cost - burst)
                lease.settle(cost, market.signal(loop.time(), True), 0.0)

        async def main() -> None:
            scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
            tasks = []
            for n, gap in enumerate(gaps):
                await asyncio.sleep(gap * interval)
                tasks.append(asyncio.ensure_future(one(scheduler, costs[n % len(costs)])))
            await asyncio.gather(*tasks)

        run_virtually(main)
        assert market.rejected == 0
        for i, (begin, _) in enumerate(left):
            total = 0
            for at, cost in left[i:]:
                total += min(cost, burst)
                assert total <= burst + (at - begin) / interval + 1e-6

    @pytest.mark.parametrize("callers", [1, 60])
    @pytest.mark.parametrize("back", [0.0, 0.2])
    @pytest.mark.parametrize("headers", [False, True])
    def test_almost_no_call_is_rate_limited_when_arrivals_are_late_and_bunched(
        self, callers: int, back: float, headers: bool
    ) -> None:
        calls = rejected = 0
        for seed in range(12):
            chance = random.Random(seed)
            market, took = jittery_run(
                THREE_A_SECOND,
                300,
                callers,
                lambda chance=chance: chance.uniform(0, 0.2),  # type: ignore[misc]
                lambda chance=chance: chance.uniform(0, back),  # type: ignore[misc]
                headers,
            )
            calls += 300
            rejected += market.rejected
            assert took <= THREE_A_SECOND.min_duration(300) + 1 + 0.34 * market.rejected
        assert rejected < calls / 1000

    @pytest.mark.parametrize("quota", [Quota(1, 3600, 1), Quota(1, 60, 1), Quota(10, 60, 1)])
    def test_no_call_is_rate_limited_when_the_burst_is_one_and_arrivals_jitter(
        self, quota: Quota
    ) -> None:
        for seed in range(5):
            chance = random.Random(seed)
            market, took = jittery_run(
                quota,
                40,
                4,
                lambda chance=chance: chance.uniform(0, 0.2),  # type: ignore[misc]
                lambda: 0.0,
                False,
            )
            assert market.rejected == 0
            assert took <= quota.min_duration(40) + 40 * 0.25 + 1


def jittery_run(
    quota: Quota,
    calls: int,
    callers: int,
    there: Callable[[], float],
    back: Callable[[], float],
    headers: bool,
) -> tuple[TokenBucket, float]:
    """The marketplace's bucket after n calls, and the seconds until the last one was sent."""
    market = TokenBucket(quota.limit, quota.period, quota.burst)

    async def main() -> float:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        loop = asyncio.get_running_loop()
        start = last = loop.time()
        todo = iter(range(calls))

        async def caller() -> None:
            nonlocal last
            for _ in todo:
                async with scheduler.lease(charge(quota), max_wait=None) as lease:
                    left = last = loop.time()
                    await asyncio.sleep(there())
                    admitted = market.admits(loop.time())
                    signal = market.signal(loop.time(), admitted)
                    await asyncio.sleep(back())
                    with_signal = headers or not admitted
                    lease.settle(1, signal if with_signal else None, loop.time() - left)

        await asyncio.gather(*(caller() for _ in range(callers)))
        return last - start

    return market, run_virtually(main)


@pytest.mark.looptime
class TestReserve:
    async def test_reserve_is_bounded_when_answers_are_slow(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        for latency in (0.1, 5.0, 0.1, 5.0):
            await call(scheduler, charge(), latency=latency)
        assert state(scheduler).reserve == 0.25
        await asyncio.sleep(10)
        assert state(scheduler).left == pytest.approx(6 - 0.75)

    async def test_one_call_always_goes_when_the_reserve_exceeds_the_burst(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        quota = Quota(10, 1, 2)
        for latency in (0.1, 0.4, 0.1, 0.4):
            await call(scheduler, charge(quota), latency=latency)
        await asyncio.sleep(10)
        first = await call(scheduler, charge(quota))
        second = await call(scheduler, charge(quota))
        # two calls in (interval + reserve) / burst, and never less than the interval
        assert second - first == pytest.approx((0.1 + 0.25) / 2, abs=0.001)


@pytest.mark.looptime
class TestDebt:
    async def test_ten_intervals_pass_when_an_answer_cost_ten_on_a_burst_of_two(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        quota = Quota(1, 1, 2)
        first = await call(scheduler, charge(quota), cost=10)
        assert state(scheduler).next_free == pytest.approx(9)
        second = await call(scheduler, charge(quota))
        assert second - first == pytest.approx(9, abs=0.001)
        third = await call(scheduler, charge(quota))
        assert third - second == pytest.approx(1, abs=0.001)

    async def test_debt_is_repaid_over_time_when_idle(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        quota = Quota(1, 1, 2)
        await call(scheduler, charge(quota), cost=10)
        await asyncio.sleep(9.5)
        assert state(scheduler).left == pytest.approx(1.5)
        await asyncio.sleep(10)
        left = [await call(scheduler, charge(quota)) for _ in range(3)]
        assert left[1] == left[0]
        assert left[2] - left[1] == pytest.approx(1, abs=0.001)

    async def test_waiters_wait_longer_when_a_response_costs_more(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        quota = Quota(1, 1, 1)
        first = asyncio.ensure_future(call(scheduler, charge(quota), latency=0.5, cost=5))
        await settled()
        second = await call(scheduler, charge(quota))
        assert second - await first == pytest.approx(5, abs=0.2)

    async def test_call_counts_as_one_when_the_lease_is_left_unsettled(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        with pytest.raises(ZeroDivisionError):
            async with scheduler.lease(charge()):
                raise ZeroDivisionError
        assert state(scheduler).used == pytest.approx(1)
        assert state(scheduler).in_flight == 0


@pytest.mark.looptime
class TestHeaders:
    async def test_count_is_reduced_when_others_spend(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge(), signal=LimitSignal(remaining=0))
        # rounded down by the marketplace: up to one call may be left
        assert state(scheduler).left == pytest.approx(1)
        left = await asyncio.gather(*(call(scheduler, charge()) for _ in range(4)))
        assert left[-1] - left[0] == pytest.approx(1, abs=0.001)

    async def test_count_is_not_raised_when_more_is_left_than_expected(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        for _ in range(6):
            await call(scheduler, charge(), signal=LimitSignal(remaining=100))
        assert state(scheduler).left == pytest.approx(0, abs=1e-6)

    async def test_count_stays_when_the_marketplace_has_not_seen_calls_in_flight(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        async with scheduler.lease(charge()) as early, scheduler.lease(charge()):
            early.settle(1, LimitSignal(remaining=5), 0)
        assert state(scheduler).left == pytest.approx(4)

    async def test_burst_follows_when_the_marketplace_states_another(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await call(scheduler, charge(), signal=LimitSignal(limit=10))
        assert state(scheduler).limit == 10
        assert state(scheduler).left == pytest.approx(9)
        await asyncio.sleep(10)
        left = await asyncio.gather(*(call(scheduler, charge()) for _ in range(11)))
        assert left[9] == left[0]
        assert left[10] - left[0] == pytest.approx(1 / 3, abs=0.001)
        await call(scheduler, charge(), signal=LimitSignal(limit=2))
        assert state(scheduler).limit == 2
        assert state(scheduler).left == 0

    def test_whole_burst_is_used_when_headers_agree(self) -> None:
        market, took = jittery_run(THREE_A_SECOND, 60, 60, lambda: 0.05, lambda: 0.05, True)
        assert market.rejected == 0
        assert took <= 18.01


@pytest.mark.looptime
class TestPriorities:
    async def test_interactive_goes_first_when_bulk_waits(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        quota = Quota(1, 1, 1)
        await call(scheduler, charge(quota))
        order: list[str] = []

        async def named(name: str, priority: Priority) -> None:
            await call(scheduler, charge(quota), priority=priority)
            order.append(name)

        async with asyncio.TaskGroup() as group:
            for n in range(3):
                group.create_task(named(f"bulk {n}", Priority.BULK))
            await asyncio.sleep(0.5)
            for n in range(2):
                group.create_task(named(f"normal {n}", Priority.NORMAL))
            group.create_task(named("reply", Priority.INTERACTIVE))
        assert order == ["reply", "normal 0", "normal 1", "bulk 0", "bulk 1", "bulk 2"]

    async def test_heavy_call_is_not_starved_when_light_ones_keep_coming(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        quota = Quota(1, 1, 5)
        await asyncio.gather(*(call(scheduler, charge(quota)) for _ in range(5)))
        start = asyncio.get_running_loop().time()
        heavy = asyncio.ensure_future(call(scheduler, charge(quota), known_cost=5))
        await settled()
        light = [asyncio.ensure_future(call(scheduler, charge(quota))) for _ in range(10)]
        assert await heavy - start == pytest.approx(5, abs=0.001)
        assert min(await asyncio.gather(*light)) - start == pytest.approx(6, abs=0.001)

    async def test_heavy_waiter_is_overtaken_when_a_higher_priority_comes(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        quota = Quota(1, 1, 5)
        await asyncio.gather(*(call(scheduler, charge(quota)) for _ in range(5)))
        start = asyncio.get_running_loop().time()
        heavy = asyncio.ensure_future(call(scheduler, charge(quota), known_cost=5))
        await asyncio.sleep(0.1)
        reply = await call(scheduler, charge(quota), priority=Priority.INTERACTIVE)
        assert reply - start == pytest.approx(1, abs=0.001)
        assert await heavy - start == pytest.approx(6, abs=0.001)


@pytest.mark.looptime
class TestCancellation:
    @pytest.mark.parametrize("victims", [[0], [1], [2], [0, 1], [0, 2], [1, 2]])
    async def test_others_are_sent_in_time_when_waiters_are_cancelled(
        self, victims: list[int]
    ) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        quota = Quota(1, 1, 1)
        start = await call(scheduler, charge(quota))
        tasks = [asyncio.ensure_future(call(scheduler, charge(quota))) for _ in range(3)]
        await asyncio.sleep(0.5)
        for victim in victims:
            tasks[victim].cancel()
        rest = [task for n, task in enumerate(tasks) if n not in victims]
        left = await asyncio.gather(*rest)
        step = 1.05  # a burst of one is a little slower, to allow for jitter of arrivals
        expected = [step * n for n in range(1, len(rest) + 1)]
        assert [at - start for at in left] == pytest.approx(expected, abs=0.001)
        assert state(scheduler).waiting == state(scheduler).in_flight == 0

    async def test_nothing_is_counted_when_all_waiters_are_cancelled(self) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        await asyncio.gather(*(call(scheduler, charge()) for _ in range(6)))
        tasks = [asyncio.ensure_future(call(scheduler, charge())) for _ in range(5)]
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert state(scheduler).waiting == 0
        await asyncio.sleep(1.8001)
        assert state(scheduler).left == pytest.approx(6, abs=0.001)

    async def test_turn_passes_on_when_its_holder_is_cancelled(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        start = await call(scheduler, charge(Quota(1, 1, 1)))
        tasks: list[asyncio.Task[float]] = []
        pump = RateBucket.pump

        def pump_and_cancel(bucket: RateBucket) -> None:
            pump(bucket)
            if bucket._handed is not None:
                tasks[0].cancel()

        monkeypatch.setattr(RateBucket, "pump", pump_and_cancel)
        for _ in range(2):
            tasks.append(asyncio.create_task(call(scheduler, charge(Quota(1, 1, 1)))))
        assert await tasks[1] - start == pytest.approx(1.05, abs=0.001)
        assert tasks[0].cancelled()

    async def test_no_waiter_hangs_when_a_response_fills_the_bucket_after_the_turn_was_passed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
        loop = asyncio.get_running_loop()
        charges = charge(Quota(1, 1, 2))
        start = await call(scheduler, charges)
        await call(scheduler, charges)
        gate, armed = asyncio.Event(), False
        pump = RateBucket.pump

        def pump_and_fill(bucket: RateBucket) -> None:
            nonlocal armed
            if armed:
                gate.set()  # the reply runs before the waiter that has the turn
            pump(bucket)
            if armed:
                armed = False
                assert bucket._handed is not None
                bucket.charge(3, start, loop.time())

        async def late_reply() -> float:
            await gate.wait()
            return await call(scheduler, charges, priority=Priority.INTERACTIVE)

        monkeypatch.setattr(RateBucket, "pump", pump_and_fill)
        normal = asyncio.create_task(call(scheduler, charges))
        reply = asyncio.create_task(late_reply())
        await settled()
        armed = True
        assert await reply - start == pytest.approx(4, abs=0.001)
        assert await normal - start == pytest.approx(5, abs=0.001)

    def test_no_waiter_hangs_when_cancellations_are_arbitrary(self) -> None:
        chance = random.Random(7)

        async def main() -> None:
            for _ in range(30):
                scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25)
                quota = Quota(10, 1, chance.randint(1, 3))
                tasks = [
                    asyncio.ensure_future(
                        call(
                            scheduler,
                            charge(quota),
                            priority=chance.choice(list(Priority)),
                            known_cost=chance.randint(1, 4),
                            latency=0.01,
                        )
                    )
                    for _ in range(20)
                ]
                for task in chance.sample(tasks, 10):
                    await asyncio.sleep(chance.choice([0, 0, 0.05, 0.1, 0.2]))
                    task.cancel()
                await asyncio.wait(tasks)
                assert state(scheduler).waiting == state(scheduler).in_flight == 0

        run_virtually(main)
