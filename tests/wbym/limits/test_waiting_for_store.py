"""What a process does while it waits for its store, in virtual time and with scripted replies."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from wbym.errors import LimitsUnavailable, QuotaExhausted
from wbym.limits import (
    BucketKey,
    BucketSignal,
    Granted,
    LimitSignal,
    ParallelCap,
    Priority,
    Quota,
    Refused,
    Reply,
    Reservation,
    RetryIn,
    Scheduler,
    Window,
)

from .support import call, charge

pytestmark = pytest.mark.looptime

ONE = charge(Quota(1, 1, 1))
KEY = ONE[0].key
CAP = charge(ParallelCap(2), "parallel")
MANY = charge(Quota(20, 1, 20))


class Script:
    """A store that replies as it is told, and grants after that."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.away = False
        self.delay = 0.0
        self.confirms: list[bool] = []
        self.told: list[str] = []
        self.asked: list[tuple[float, Reservation]] = []
        self.settled: list[tuple[int, tuple[BucketSignal, ...], float | None]] = []

    async def _reach(self) -> None:
        await asyncio.sleep(self.delay)
        if self.away:
            raise LimitsUnavailable("redis://cache", "it is away")

    async def reserve(self, reservation: Reservation) -> Reply:
        self.asked.append((asyncio.get_running_loop().time(), reservation))
        await self._reach()
        if not self.replies:
            return Granted(reservation.id, 0.0)
        reply = self.replies.pop(0)
        return Granted(reservation.id, reply.after) if isinstance(reply, Granted) else reply

    async def settle(
        self,
        grant: str,
        cost: int,
        signals: Sequence[BucketSignal] = (),
        elapsed: float | None = None,
    ) -> None:
        await self._reach()
        self.told.append("settle")
        self.settled.append((cost, tuple(signals), elapsed))

    async def renew(self, grant: str) -> bool:
        self.told.append("renew")
        await self._reach()
        return self.confirms.pop(0) if self.confirms else True

    async def cancel(self, grant: str) -> None:
        await self._reach()
        self.told.append("cancel")

    async def ban(self, key: BucketKey, seconds: float) -> None:
        await self._reach()
        self.told.append(f"ban {key.bucket} {seconds:g}")

    async def aclose(self) -> None:
        pass


def scheduler_of(store: Script) -> Scheduler:
    return Scheduler(quotas=store, min_jitter=0.0, max_jitter=0.4)


def now() -> float:
    return asyncio.get_running_loop().time()


class TestTurns:
    async def test_only_the_head_asks(self) -> None:
        store = Script(RetryIn(5.0, KEY))
        scheduler = scheduler_of(store)
        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(call(scheduler, ONE))
            await asyncio.sleep(4.9)
            assert len(store.asked) == 1
        assert len(store.asked) == 11
        await scheduler.aclose()

    async def test_process_asks_late_and_never_early(self) -> None:
        store = Script(RetryIn(2.0, KEY))
        scheduler = scheduler_of(store)
        start = now()
        await call(scheduler, ONE)
        assert 2.0 <= store.asked[1][0] - start <= 2.05
        await scheduler.aclose()

    async def test_process_that_lost_more_often_asks_earlier(self) -> None:
        store = Script(*[RetryIn(1.0, KEY) for _ in range(9)])
        scheduler = scheduler_of(store)
        await call(scheduler, ONE)
        times = [when for when, _ in store.asked]
        shares = [later - earlier - 1.0 for earlier, later in pairwise(times)]
        assert 0.0 <= shares[-1] <= 0.005 + 1e-9
        assert 0.04 <= shares[0] <= 0.05
        await scheduler.aclose()

    async def test_reply_does_not_wait_for_background_reading(self) -> None:
        store = Script(RetryIn(60.0, KEY))
        scheduler = scheduler_of(store)
        background = asyncio.create_task(call(scheduler, ONE))
        await asyncio.sleep(1)
        start = now()
        await call(scheduler, ONE, priority=Priority.INTERACTIVE)
        assert now() - start < 0.01
        await background
        await scheduler.aclose()

    async def test_one_reply_at_a_time_is_reserved_ahead(self) -> None:
        store = Script(Granted("", 3.0))
        scheduler = scheduler_of(store)
        other = [*ONE, *charge(Quota(1, 1, 1), "other")]
        first = asyncio.create_task(call(scheduler, ONE, priority=Priority.INTERACTIVE))
        await asyncio.sleep(1)
        await call(scheduler, other, priority=Priority.INTERACTIVE)
        await first
        assert [asked.ahead for _, asked in store.asked] == [True, False]
        await scheduler.aclose()

    async def test_freed_slot_is_asked_for_at_once(self) -> None:
        store = Script(Granted("", 0.0), RetryIn(30.0, CAP[0].key))
        scheduler = scheduler_of(store)
        async with scheduler.lease(CAP):
            waiting = asyncio.create_task(call(scheduler, CAP))
            await asyncio.sleep(1)
        await asyncio.wait_for(waiting, 1)
        await scheduler.aclose()

    async def test_refusal_is_an_error(self) -> None:
        scheduler = scheduler_of(Script(Refused(90.0, KEY, banned=True)))
        with pytest.raises(QuotaExhausted, match=r"in 90\.0 s"):
            await call(scheduler, ONE, max_wait=10.0)
        assert scheduler.buckets()[0].banned_until is not None
        await scheduler.aclose()

    async def test_caller_behind_many_is_refused_at_once(self) -> None:
        store = Script(RetryIn(1.0, KEY))
        scheduler = scheduler_of(store)
        slow = charge(Quota(1, 10, 1))
        tasks = [asyncio.create_task(call(scheduler, slow)) for _ in range(5)]
        await asyncio.sleep(0.1)
        with pytest.raises(QuotaExhausted):
            await call(scheduler, slow, max_wait=30.0)
        assert len(store.asked) == 1
        await asyncio.gather(*tasks)
        await scheduler.aclose()


class TestConfirming:
    async def test_grant_ahead_is_confirmed(self) -> None:
        store = Script(Granted("", 2.0))
        scheduler = scheduler_of(store)
        start = now()
        assert await call(scheduler, ONE) - start >= 2.0
        assert store.told[0] == "renew"
        await scheduler.aclose()

    async def test_grant_that_is_not_confirmed_is_taken_afresh(self) -> None:
        store = Script(Granted("", 2.0), RetryIn(30.0, KEY))
        store.confirms = [False]
        scheduler = scheduler_of(store)
        start = now()
        assert await call(scheduler, ONE) - start >= 32
        assert store.told[:2] == ["renew", "cancel"]
        await scheduler.aclose()

    async def test_late_process_takes_its_grant_afresh(self) -> None:
        store = Script()
        store.delay = 0.5  # as if the process had been stopped
        scheduler = scheduler_of(store)
        task = asyncio.create_task(call(scheduler, ONE))
        await asyncio.sleep(0.45)
        store.delay = 0.0
        await task
        assert len(store.asked) == 2
        await scheduler.aclose()

    async def test_slow_store_does_not_stop_calls(self) -> None:
        store = Script()
        store.delay = 0.5
        scheduler = scheduler_of(store)
        await call(scheduler, ONE)
        assert len(store.asked) == 5
        await scheduler.aclose()

    async def test_cancelled_reply_is_given_back(self) -> None:
        store = Script(Granted("", 2.0))
        scheduler = scheduler_of(store)
        task = asyncio.create_task(call(scheduler, ONE))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await scheduler.aclose()
        assert store.told == ["cancel"]

    async def test_attempts_ask_for_one_grant(self) -> None:
        store = Script()
        scheduler = scheduler_of(store)
        store.away = True
        task = asyncio.create_task(call(scheduler, ONE))
        await asyncio.sleep(1)
        store.away = False
        await task
        assert len(store.asked) > 2
        assert len({reservation.id for _, reservation in store.asked}) == 1
        await scheduler.aclose()
        assert store.told == ["settle"]

    async def test_store_that_is_silent_to_a_patient_call_is_away_for_the_others(self) -> None:
        store = Script()
        store.delay = 1000.0
        scheduler = scheduler_of(store)
        patient = asyncio.create_task(call(scheduler, MANY))
        await asyncio.sleep(0.2)
        for max_wait in (0.0, 1.0):
            with pytest.raises(LimitsUnavailable, match="no answer yet"):
                await call(scheduler, MANY, max_wait=max_wait)
        patient.cancel()
        store.delay = 0.0
        await asyncio.gather(patient, return_exceptions=True)
        await scheduler.aclose()

    async def test_own_ban_counts_although_the_store_does_not_know_it(self) -> None:
        store = Script()
        scheduler = scheduler_of(store)
        async with scheduler.lease(ONE) as lease:
            lease.settle(1, LimitSignal(retry_after=30.0))
            store.away = True
        begun = now()
        with pytest.raises(QuotaExhausted, match=r"in 30\.0 s"):
            await call(scheduler, ONE, max_wait=20.0)
        waiting = asyncio.create_task(call(scheduler, ONE))
        await asyncio.sleep(20)
        store.away = False
        await waiting
        assert now() - begun >= 30.0
        told, _, seconds = store.told[0].rpartition(" ")
        assert told == "ban feedbacks-and-questions"
        assert 9 < float(seconds) <= 10, "what is left of it"
        await scheduler.aclose()

    async def test_headers_age_while_the_store_is_away(self) -> None:
        store = Script()
        scheduler = Scheduler(quotas=store, wall=lambda: 1000.0)
        budget = charge(Window(5, 60), "window")
        async with scheduler.lease(budget) as lease:
            store.away = True
            lease.settle(1, LimitSignal(remaining=3, resets_at=1030.0))
        await asyncio.sleep(20)
        store.away = False
        await scheduler.aclose()
        [(_, [signal], _)] = store.settled
        assert signal.resets_in is not None
        assert 9 < signal.resets_in <= 10

    async def test_every_caller_has_its_own_error(self) -> None:
        store = Script()
        store.away = True
        scheduler = scheduler_of(store)
        calls = [call(scheduler, MANY, max_wait=1.0) for _ in range(10)]
        errors = await asyncio.gather(*calls, return_exceptions=True)
        assert len({id(error) for error in errors if isinstance(error, LimitsUnavailable)}) == 10
        await scheduler.aclose()


class TestAnswers:
    async def test_answer_without_a_slot_is_reported_at_once(self) -> None:
        store = Script()
        scheduler = scheduler_of(store)
        async with scheduler.lease(ONE) as lease:
            lease.settle(3, LimitSignal(remaining=4), 0.25)
            await asyncio.sleep(1)
            assert store.settled == [(3, (BucketSignal(KEY, 4),), 0.25)]
        await scheduler.aclose()
        assert len(store.settled) == 1

    async def test_call_that_was_not_settled_is_reported_with_its_first_cost(self) -> None:
        store = Script()
        scheduler = scheduler_of(store)
        async with scheduler.lease(ONE, cost=2):
            pass
        await scheduler.aclose()
        assert store.settled == [(2, (), None)]

    async def test_slot_is_held_until_the_end_and_renewed(self) -> None:
        store = Script()
        scheduler = scheduler_of(store)
        async with scheduler.lease(CAP) as lease:
            lease.settle()
            await asyncio.sleep(2.5)
            assert store.told == ["renew", "renew"]
        await scheduler.aclose()
        assert store.told == ["renew", "renew", "settle"]

    async def test_signals_name_their_buckets(self) -> None:
        store = Script()
        scheduler = Scheduler(quotas=store, wall=lambda: 1000.0)
        both = [*charge(Window(5, 60), "window"), *CAP]
        async with scheduler.lease(both) as lease:
            signal = LimitSignal(
                limit=9, remaining=3, resets_at=1030.0, parallel=2, retry_after=1.0
            )
            lease.settle(1, signal)
        await scheduler.aclose()
        assert store.told == ["ban parallel 1", "settle"]
        assert store.settled[0][1] == (
            BucketSignal(both[0].key, 3, 9, 30.0),
            BucketSignal(CAP[0].key, parallel=2),
        )


class TestAway:
    async def test_call_waits_until_the_store_is_back(self) -> None:
        store = Script()
        store.away = True
        scheduler = scheduler_of(store)
        task = asyncio.create_task(call(scheduler, ONE, max_wait=300.0))
        await asyncio.sleep(20)
        store.away = False
        await task
        await scheduler.aclose()

    @pytest.mark.parametrize(("max_wait", "expected"), [(None, 30.0), (300.0, 30.0), (4.0, 4.0)])
    async def test_call_fails_after_a_while(self, max_wait: float | None, expected: float) -> None:
        store = Script()
        store.away = True
        scheduler = scheduler_of(store)
        start = now()
        with pytest.raises(LimitsUnavailable) as caught:
            await call(scheduler, ONE, max_wait=max_wait)
        assert now() - start == pytest.approx(expected, abs=0.1)
        assert caught.value.retryable
        await scheduler.aclose()

    async def test_all_waiting_calls_fail_together(self) -> None:
        store = Script()
        store.away = True
        scheduler = scheduler_of(store)
        start = now()
        failed = await asyncio.gather(
            *(call(scheduler, ONE, max_wait=300.0) for _ in range(20)), return_exceptions=True
        )
        assert {type(error) for error in failed} == {LimitsUnavailable}
        assert now() - start == pytest.approx(30, abs=0.1)
        await scheduler.aclose()

    async def test_call_behind_others_says_why_it_failed(self) -> None:
        store = Script()
        store.away = True
        scheduler = scheduler_of(store)
        first = asyncio.create_task(call(scheduler, ONE, max_wait=300.0))
        await asyncio.sleep(1)
        with pytest.raises(LimitsUnavailable):
            await call(scheduler, ONE, max_wait=3.0)
        store.away = False
        await first
        await scheduler.aclose()

    async def test_answer_is_reported_when_the_store_is_back(self) -> None:
        store = Script()
        scheduler = scheduler_of(store)
        async with scheduler.lease(ONE) as lease:
            store.away = True
            lease.settle(1, LimitSignal(retry_after=60.0))
        assert store.told == []
        await asyncio.sleep(100)
        store.away = False
        await asyncio.sleep(2)
        assert store.told == ["settle"], "the ban is over"
        await scheduler.aclose()

    async def test_call_without_patience_asks_a_store_that_is_back(self) -> None:
        store = Script()
        scheduler = scheduler_of(store)
        store.away = True
        for _ in range(3):
            with pytest.raises(LimitsUnavailable):
                await call(scheduler, ONE, max_wait=0)
        assert len(store.asked) == 1
        store.away = False
        await asyncio.sleep(1)
        await call(scheduler, ONE, max_wait=0)
        await scheduler.aclose()

    @pytest.mark.parametrize("max_wait", [1.0, 5.0])
    async def test_store_that_does_not_answer_is_away_for_all(self, max_wait: float) -> None:
        store = Script()
        store.delay = 1000.0
        scheduler, many = scheduler_of(store), charge(Quota(20, 1, 20))
        calls = (call(scheduler, many, max_wait=max_wait) for _ in range(5))
        failures = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(failure) for failure in failures] == [LimitsUnavailable] * 5, failures
        assert now() <= max_wait + 1.1
        store.delay = 0.0
        await scheduler.aclose()

    async def test_lost_renewal_harms_no_call(self) -> None:
        store = Script()
        scheduler = scheduler_of(store)
        async with scheduler.lease(CAP):
            store.away = True
            await asyncio.sleep(35)
            store.away = False
        await scheduler.aclose()
        assert store.told[-1] == "settle"

    async def test_closing_does_not_wait_for_a_store_that_is_away(self) -> None:
        store = Script()
        scheduler = scheduler_of(store)
        async with scheduler.lease(ONE):
            store.away = True
        start = now()
        await scheduler.aclose()
        assert now() - start <= 2.1


class TestUnusedBuckets:
    async def test_number_is_bounded(self) -> None:
        scheduler = scheduler_of(Script())
        for number in range(300):
            await call(scheduler, charge(Quota(3, 1, 6), owner=f"seller {number}"))
            await asyncio.sleep(60)
        assert len(scheduler.buckets()) < 30
        await scheduler.aclose()

    async def test_those_in_use_are_kept(self) -> None:
        store = Script(RetryIn(7200.0, KEY))
        scheduler = scheduler_of(store)
        busy = charge(Quota(3, 1, 6), owner="busy")
        waiting = asyncio.create_task(call(scheduler, ONE))
        await asyncio.sleep(1)
        async with scheduler.lease(busy):
            for number in range(60):
                await asyncio.sleep(60)
                await call(scheduler, charge(Quota(3, 1, 6), owner=f"seller {number}"))
            owners = {state.key.owner for state in scheduler.buckets()}
            assert {"busy", KEY.owner} <= owners
        await waiting
        await scheduler.aclose()
