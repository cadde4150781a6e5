"""The scheduler over a store: the same contract without one, and with each kind of server."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.support.postgres import own_schema
from tests.support.redis import own_prefix
from wbym.errors import AccountNotOpen, QuotaExhausted
from wbym.limits import (
    LimitSignal,
    ParallelCap,
    PostgresQuotas,
    Priority,
    Quota,
    QuotaStore,
    RedisQuotas,
    Scheduler,
    Window,
)

from .stores import KINDS
from .support import call, charge, key

ALL = ("memory", *KINDS)
FAST = charge(Quota(limit=10, period=1, burst=2))
KEY = FAST[0].key


class Two:
    """The schedulers of two processes; without a store of one."""

    def __init__(self, first: Scheduler, second: Scheduler, store: QuotaStore | None) -> None:
        self.first = first
        self.second = second
        self.store = store


@pytest.fixture
async def two(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        stores: list[QuotaStore] = []
        if kind == "redis":
            url = request.getfixturevalue("redis_server")
            prefix = await stack.enter_async_context(own_prefix(url))
            stores = [RedisQuotas(url, prefix=prefix) for _ in range(2)]
        elif kind == "postgres":
            server = request.getfixturevalue("postgres_server")
            place = await stack.enter_async_context(own_schema(server))
            stores = [PostgresQuotas(place) for _ in range(2)]
        for store in stores:
            stack.push_async_callback(store.aclose)
        if stores:
            first, second = (
                Scheduler(quotas=store, min_jitter=0.0, max_jitter=0.4) for store in stores
            )
        else:
            first = second = Scheduler(min_jitter=0.0, max_jitter=0.0)
        for one in (first, second):
            stack.push_async_callback(one.aclose)
        if stores:  # so that it knows the seller, whose buckets are full
            await call(first, charge(Quota(100, 1, 1), "warm"))
            await asyncio.sleep(0.25)
        yield Two(first, second, stores[0] if stores else None)


@pytest.mark.parametrize("kind", ALL)
class TestContract:
    async def test_calls_of_both_are_counted_together(self, two: Two) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.gather(
            *(call(one, FAST) for one in (two.first, two.second) for _ in range(3))
        )
        assert loop.time() - start >= 0.35

    async def test_wait_that_is_too_long_is_refused(self, two: Two) -> None:
        slow = charge(Quota(1, 3600, 1))
        await call(two.first, slow)
        with pytest.raises(QuotaExhausted) as caught:
            await call(two.second, slow, max_wait=5.0)
        assert 3000 < caught.value.wait < 3700
        assert caught.value.bucket == str(key())

    async def test_ban_reaches_both(self, two: Two) -> None:
        await call(two.first, FAST, signal=LimitSignal(retry_after=30.0))
        await asyncio.sleep(0.05)  # it is told in the background
        with pytest.raises(QuotaExhausted):
            await call(two.second, FAST, max_wait=10.0)

    async def test_waiting_callers_fail_at_once_if_a_ban_is_too_long(self, two: Two) -> None:
        async with two.first.lease(charge(Quota(1, 1, 2))) as lease:
            await call(two.first, charge(Quota(1, 1, 2)))
            waiting = asyncio.create_task(call(two.first, charge(Quota(1, 1, 2)), max_wait=60.0))
            await asyncio.sleep(0.05)
            lease.settle(1, LimitSignal(retry_after=3600.0))
        with pytest.raises(QuotaExhausted):
            await waiting

    async def test_slots_are_shared(self, two: Two) -> None:
        cap = charge(ParallelCap(1), "parallel")
        async with two.first.lease(cap) as lease:
            with pytest.raises(QuotaExhausted):
                await call(two.second, cap, max_wait=0.0)
            lease.settle()
        await call(two.second, cap)

    async def test_budget_is_shared(self, two: Two) -> None:
        budget = charge(Window(3, 3600))
        urgent = Priority.INTERACTIVE
        signal = LimitSignal(remaining=2)  # a store that has just begun learns by it
        await call(two.first, budget, signal=signal, priority=urgent)
        await asyncio.sleep(0.05)
        for scheduler in (two.second, two.first):
            await call(scheduler, budget, priority=urgent)
        with pytest.raises(QuotaExhausted):
            await call(two.second, budget, max_wait=1.0, priority=urgent)

    async def test_reply_goes_before_background_reading(self, two: Two) -> None:
        order: list[Priority] = []

        async def one(priority: Priority) -> None:
            await call(two.first, FAST, priority=priority)
            order.append(priority)

        await call(two.first, FAST, known_cost=2)
        async with asyncio.TaskGroup() as group:
            for priority in (Priority.BULK, Priority.NORMAL, Priority.INTERACTIVE):
                group.create_task(one(priority))
        assert order == [Priority.INTERACTIVE, Priority.NORMAL, Priority.BULK]

    async def test_cancelled_waiter_harms_no_other(self, two: Two) -> None:
        await call(two.first, FAST, known_cost=2)
        tasks = [asyncio.create_task(call(two.first, FAST)) for _ in range(3)]
        await asyncio.sleep(0.01)
        tasks[0].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [isinstance(one, float) for one in done] == [False, True, True]
        assert [(one.waiting, one.in_flight) for one in two.first.buckets()][-1] == (0, 0)

    async def test_one_key_with_two_kinds_is_an_error(self, two: Two) -> None:
        await call(two.first, FAST)
        with pytest.raises(ValueError, match="is both"):
            await call(two.first, charge(Window(1, 1)))

    async def test_waiting_callers_fail_if_it_is_closed(self, two: Two) -> None:
        await call(two.first, FAST, known_cost=2)
        slow = charge(Quota(1, 100, 1), "slow")
        await call(two.first, slow)
        waiting = asyncio.create_task(call(two.first, slow, max_wait=None))
        await asyncio.sleep(0.05)
        await two.first.aclose()
        with pytest.raises(AccountNotOpen):
            await waiting
        with pytest.raises(AccountNotOpen):
            await call(two.first, FAST)


@pytest.mark.parametrize("kind", KINDS)
class TestShared:
    async def test_cancelled_reservation_is_given_back(self, two: Two) -> None:
        cap = charge(ParallelCap(1), "parallel")
        for _ in range(20):
            task = asyncio.create_task(call(two.first, cap))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await call(two.second, cap, max_wait=5.0)

    async def test_stricter_declaration_is_told_once(
        self, two: Two, caplog: pytest.LogCaptureFixture
    ) -> None:
        await call(two.first, FAST)
        loose = charge(Quota(100, 1, 20))
        with caplog.at_level(logging.WARNING, "wbym.limits"):
            for _ in range(3):
                await call(two.second, loose)
        assert [record.message for record in caplog.records] == [
            f"{KEY}: another service declares a stricter limit, which counts for all"
        ]

    async def test_calls_of_two_owners_are_an_error(self, two: Two) -> None:
        both = [*FAST, *charge(Quota(1, 1, 1), owner="another")]
        with pytest.raises(ValueError, match="one owner"):
            await call(two.first, both)
