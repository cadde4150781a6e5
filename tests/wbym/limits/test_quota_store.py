"""The contract of every store of quotas, on its server, with a clock that the tests move."""

from collections.abc import AsyncIterator, Sequence

import pytest

from wbym.limits import (
    BucketSignal,
    Charge,
    Granted,
    ParallelCap,
    Priority,
    Quota,
    Refused,
    Reservation,
    RetryIn,
    Window,
)
from wbym.limits._quota_store import new_grant_id

from .stores import KINDS, Asked, moved
from .support import charge

pytestmark = pytest.mark.parametrize("kind", KINDS)

INTERACTIVE, NORMAL, BULK = Priority.INTERACTIVE, Priority.NORMAL, Priority.BULK
RATE = charge(Quota(limit=2, period=1, burst=4))
INTERVAL = 0.5
LONG_AGO = 100_000.0
"""Seconds after which nothing of the beginning matters."""


@pytest.fixture
async def fresh(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[Asked]:
    """A store that has just begun."""
    async with moved(kind, request) as asked:
        yield asked


@pytest.fixture
async def asked(fresh: Asked) -> Asked:
    """A store that knows the seller for long."""
    await fresh.granted(charge(Quota(1, 1, 1), "another"))
    await fresh.forward(LONG_AGO)
    return fresh


class TestRate:
    async def test_burst_is_granted_at_once_and_then_one_per_interval(self, asked: Asked) -> None:
        assert await asked.room(RATE) == 4
        assert await asked.retry(RATE) == pytest.approx(INTERVAL, abs=1e-4)
        await asked.forward(0.4)
        assert await asked.retry(RATE) == pytest.approx(0.1, abs=1e-4)
        await asked.forward(0.1)
        assert await asked.room(RATE) == 1

    async def test_calls_left_are_told(self, asked: Asked) -> None:
        assert (await asked.granted(RATE)).left == pytest.approx((3,))

    async def test_call_is_refused_if_it_cannot_wait(self, asked: Asked) -> None:
        await asked.room(RATE)
        found = await asked.refused(RATE, wait_up_to=0.4)
        assert found == Refused(found.seconds, RATE[0].key)
        assert found.seconds == pytest.approx(INTERVAL, abs=1e-4)
        assert isinstance(await asked.reserve(RATE, wait_up_to=0.6), RetryIn)

    async def test_heavy_call_waits_for_all_of_its_room(self, asked: Asked) -> None:
        await asked.granted(RATE, cost=3)
        assert await asked.retry(RATE, cost=3) == pytest.approx(2 * INTERVAL, abs=1e-4)

    async def test_call_heavier_than_the_burst_goes_when_the_bucket_is_full(
        self, asked: Asked
    ) -> None:
        await asked.granted(RATE, cost=6)
        assert await asked.retry(RATE) == pytest.approx(3 * INTERVAL, abs=1e-4)

    async def test_costly_answer_is_counted(self, asked: Asked) -> None:
        await asked.settle(await asked.granted(RATE), 10)
        assert await asked.retry(RATE) == pytest.approx(7 * INTERVAL, abs=1e-4)

    async def test_second_settlement_does_nothing(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        await asked.settle(granted, 3)
        await asked.settle(granted, 3)
        assert await asked.room(RATE) == 1

    async def test_interactive_call_is_counted_ahead(self, asked: Asked) -> None:
        await asked.room(RATE)
        first = await asked.granted(RATE, INTERACTIVE)
        second = await asked.granted(RATE, INTERACTIVE)
        assert (first.after, second.after) == pytest.approx((INTERVAL, 2 * INTERVAL), abs=1e-4)
        assert await asked.retry(RATE) == pytest.approx(3 * INTERVAL, abs=1e-4)

    async def test_last_grant_gives_its_room_back(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        await asked.store.cancel(granted.id)
        await asked.store.cancel(granted.id)
        assert await asked.room(RATE) == 4

    async def test_earlier_grant_keeps_its_room(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        await asked.granted(RATE)
        await asked.store.cancel(granted.id)
        assert await asked.room(RATE) == 2


class TestJitter:
    async def test_spread_of_all_hosts_lowers_the_burst(self, asked: Asked) -> None:
        for elapsed in (0.1, 0.5):
            granted = await asked.granted(RATE, max_jitter=10.0)
            await asked.settle(granted, elapsed=elapsed)
        await asked.forward(LONG_AGO)
        # 1.25 times the likely spread of two samples, 0.4 * 3 s: 3 calls of the burst.
        assert (await asked.granted(RATE, max_jitter=10.0)).left == pytest.approx((0,), abs=1e-3)

    async def test_allowance_is_at_most_the_max_jitter(self, asked: Asked) -> None:
        for elapsed in (0.1, 5.0):
            await asked.settle(await asked.granted(RATE, max_jitter=0.5), elapsed=elapsed)
        await asked.forward(LONG_AGO)
        assert (await asked.granted(RATE, max_jitter=0.5)).left == pytest.approx((2,), abs=1e-3)

    async def test_calls_are_further_apart_if_the_burst_is_one(self, asked: Asked) -> None:
        charges = charge(Quota(1, 10, 1))
        await asked.granted(charges, max_jitter=0.25)
        reply = await asked.reserve(charges, max_jitter=0.25)
        assert isinstance(reply, RetryIn)
        assert reply.seconds == pytest.approx(10.25, abs=1e-3)

    async def test_block_of_samples_is_forgotten(self, asked: Asked) -> None:
        charges = charge(Quota(1000, 1, 1000))
        for elapsed in [1.0, *[0.1] * 130]:
            await asked.settle(await asked.granted(charges, max_jitter=0.4), elapsed=elapsed)
        await asked.forward(LONG_AGO)
        found = await asked.granted(charges, max_jitter=0.4)
        assert found.left == pytest.approx((999,), abs=1e-3)


class TestHeaders:
    async def test_fewer_remaining_calls_are_believed(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        await asked.settle(granted, 1, BucketSignal(RATE[0].key, remaining=0))
        assert await asked.room(RATE) == 1

    async def test_more_remaining_calls_are_not(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        await asked.settle(granted, 1, BucketSignal(RATE[0].key, remaining=9))
        assert await asked.room(RATE) == 3

    async def test_remaining_calls_of_the_time_before_a_ban_are_ignored(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        await asked.forward(0.001)
        await asked.store.ban(RATE[0].key, 1.0)
        await asked.forward(LONG_AGO)
        await asked.settle(granted, 1, BucketSignal(RATE[0].key, remaining=0))
        assert await asked.room(RATE) == 4

    async def test_stated_limit_replaces_the_burst(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        await asked.settle(granted, 1, BucketSignal(RATE[0].key, limit=2))
        await asked.forward(LONG_AGO)
        assert await asked.room(RATE) == 2

    async def test_signal_of_another_bucket_changes_nothing(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        other = charge(Quota(1, 1, 1), "another")[0].key
        await asked.settle(granted, 1, BucketSignal(other, remaining=0))
        assert await asked.room(RATE) == 3


class TestBan:
    async def test_one_call_is_granted_after_it(self, asked: Asked) -> None:
        await asked.store.ban(RATE[0].key, 30.0)
        reply = await asked.reserve(RATE)
        assert isinstance(reply, RetryIn)
        assert reply.banned
        assert reply.seconds == pytest.approx(30, abs=1e-4)
        await asked.forward(30)
        assert await asked.room(RATE) == 1

    async def test_shorter_ban_does_not_shorten_it(self, asked: Asked) -> None:
        await asked.store.ban(RATE[0].key, 18_000.0)
        await asked.store.ban(RATE[0].key, 1.0)
        assert (await asked.refused(RATE)).seconds == pytest.approx(18_000, abs=1e-3)

    async def test_other_buckets_are_not_banned(self, asked: Asked) -> None:
        await asked.store.ban(RATE[0].key, 30.0)
        assert await asked.room(charge(Quota(1, 1, 3), "other")) == 3

    async def test_grant_is_not_confirmed_after_a_ban(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        confirmed = [await asked.store.renew(granted.id)]
        await asked.forward(0.001)
        await asked.store.ban(RATE[0].key, 1.0)
        await asked.forward(2)
        confirmed.append(await asked.store.renew(granted.id))
        assert confirmed == [True, False]

    async def test_unknown_grant_is_not_confirmed(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        await asked.store.cancel(granted.id)
        assert not await asked.store.renew(granted.id)


class TestPriorities:
    async def test_waiting_normal_call_holds_back_bulk(self, asked: Asked) -> None:
        await asked.room(RATE, BULK)
        assert await asked.retry(RATE) == pytest.approx(INTERVAL, abs=1e-4)
        await asked.forward(INTERVAL)
        assert 0 < await asked.retry(RATE, BULK) < 0.2
        await asked.granted(RATE)

    async def test_bulk_goes_on_if_the_normal_call_never_comes(self, asked: Asked) -> None:
        await asked.room(RATE, BULK)
        await asked.retry(RATE)
        await asked.forward(INTERVAL + 0.2)
        assert await asked.room(RATE, BULK) == 1

    async def test_reply_waits_at_most_one_interval_longer(self, asked: Asked) -> None:
        await asked.room(RATE)
        for priority in (NORMAL, BULK):
            await asked.retry(RATE, priority)
        assert (await asked.granted(RATE, INTERACTIVE)).after <= INTERVAL


class TestWindow:
    BUDGET = charge(Window(limit=5, period=60))
    KEY = BUDGET[0].key

    async def test_all_but_the_share_of_interactive_calls_is_granted(self, asked: Asked) -> None:
        assert await asked.room(self.BUDGET) == 4
        assert await asked.retry(self.BUDGET) == pytest.approx(60, abs=1e-3)
        assert await asked.room(self.BUDGET, INTERACTIVE) == 1
        await asked.forward(60.2)
        assert await asked.room(self.BUDGET) == 4

    async def test_budget_of_one_is_for_every_call(self, asked: Asked) -> None:
        assert await asked.room(charge(Window(1, 60))) == 1

    async def test_share_is_two_percent(self, asked: Asked) -> None:
        charges = charge(Window(200, 60))
        granted = await asked.granted(charges, cost=190)
        assert granted.left == pytest.approx((10,))
        assert await asked.room(charges) == 6

    async def test_cancelled_call_is_given_back(self, asked: Asked) -> None:
        first = await asked.granted(self.BUDGET)
        await asked.granted(self.BUDGET)
        await asked.store.cancel(first.id)
        await asked.store.cancel(first.id)
        assert await asked.room(self.BUDGET) == 3

    async def test_cost_counts_only_in_the_window_that_granted(self, asked: Asked) -> None:
        granted = await asked.granted(self.BUDGET)
        await asked.forward(61)
        await asked.granted(self.BUDGET)
        await asked.settle(granted, 4, BucketSignal(self.KEY, remaining=0))
        assert await asked.room(self.BUDGET) == 3

    async def test_cheaper_answer_is_given_back(self, asked: Asked) -> None:
        await asked.settle(await asked.granted(self.BUDGET, cost=4), 1)
        assert await asked.room(self.BUDGET) == 3

    async def test_fewer_remaining_calls_are_believed(self, asked: Asked) -> None:
        granted = await asked.granted(self.BUDGET)
        await asked.settle(granted, 1, BucketSignal(self.KEY, remaining=2))
        assert await asked.room(self.BUDGET) == 1

    async def test_stated_end_wins(self, asked: Asked) -> None:
        granted = await asked.granted(self.BUDGET)
        await asked.settle(granted, 1, BucketSignal(self.KEY, remaining=0, resets_in=10.0))
        assert await asked.retry(self.BUDGET) == pytest.approx(10, abs=1e-3)
        await asked.forward(10.001)
        assert await asked.room(self.BUDGET) == 4

    async def test_stated_end_is_at_most_one_period_away(self, asked: Asked) -> None:
        granted = await asked.granted(self.BUDGET)
        await asked.settle(granted, 1, BucketSignal(self.KEY, remaining=0, resets_in=9e6))
        assert await asked.retry(self.BUDGET) == pytest.approx(60, abs=1e-3)

    async def test_period_that_the_marketplace_has_begun_is_begun(self, asked: Asked) -> None:
        granted = await asked.granted(self.BUDGET, cost=4)
        await asked.forward(50)
        signal = BucketSignal(self.KEY, remaining=4, resets_in=59.0)
        await asked.settle(granted, 4, signal)
        assert await asked.room(self.BUDGET) == 3

    async def test_stated_budget_counts(self, asked: Asked) -> None:
        granted = await asked.granted(self.BUDGET)
        await asked.settle(granted, 1, BucketSignal(self.KEY, limit=10))
        assert await asked.room(self.BUDGET) == 8

    async def test_grant_of_a_past_window_is_not_confirmed(self, asked: Asked) -> None:
        granted = await asked.granted(self.BUDGET)
        assert await asked.store.renew(granted.id)
        await asked.forward(61)
        assert not await asked.store.renew(granted.id)


class TestParallel:
    CAP = charge(ParallelCap(2), "parallel")
    KEY = CAP[0].key

    async def test_slots_are_granted_until_they_are_taken(self, asked: Asked) -> None:
        assert await asked.room(self.CAP) == 2
        assert 0 < await asked.retry(self.CAP) < 1
        await asked.refused(self.CAP)

    async def test_settlement_frees_the_slot(self, asked: Asked) -> None:
        granted = await asked.granted(self.CAP)
        await asked.granted(self.CAP)
        await asked.settle(granted)
        assert await asked.room(self.CAP) == 1

    async def test_cancelled_call_frees_the_slot(self, asked: Asked) -> None:
        granted = await asked.granted(self.CAP)
        await asked.store.cancel(granted.id)
        assert await asked.room(self.CAP) == 2

    async def test_slot_is_free_after_four_seconds(self, asked: Asked) -> None:
        await asked.room(self.CAP)
        await asked.forward(2)
        await asked.refused(self.CAP)
        await asked.forward(2.001)
        assert await asked.room(self.CAP) == 2

    async def test_renewed_slot_stays(self, asked: Asked) -> None:
        granted = await asked.granted(self.CAP)
        for _ in range(5):
            await asked.forward(2)
            assert await asked.store.renew(granted.id)
        assert await asked.room(self.CAP) == 1

    async def test_slot_that_was_lost_is_taken_again(self, asked: Asked) -> None:
        granted = await asked.granted(self.CAP)
        await asked.forward(4.5)
        others = [await asked.granted(self.CAP) for _ in range(2)]
        assert not await asked.store.renew(granted.id)
        await asked.settle(others[0])
        await asked.refused(self.CAP)

    async def test_stated_cap_counts_for_an_hour(self, asked: Asked) -> None:
        granted = await asked.granted(self.CAP)
        await asked.settle(granted, 1, BucketSignal(self.KEY, parallel=1))
        assert await asked.room(self.CAP) == 1
        await asked.forward(3599)
        assert await asked.room(self.CAP) == 1
        await asked.forward(31)
        assert await asked.room(self.CAP) == 2

    async def test_stated_cap_above_the_declared_one_is_ignored(self, asked: Asked) -> None:
        granted = await asked.granted(self.CAP)
        await asked.settle(granted, 1, BucketSignal(self.KEY, parallel=9))
        assert await asked.room(self.CAP) == 2


class TestSeveralBuckets:
    BOTH = charge(Window(5, 60), "window") + charge(ParallelCap(2), "parallel")

    async def test_nothing_is_counted_if_one_has_no_room(self, asked: Asked) -> None:
        assert await asked.room(self.BOTH) == 2
        await asked.retry(self.BOTH)
        assert await asked.room(self.BOTH[:1]) == 2

    async def test_rate_is_not_counted_ahead_if_a_slot_would_be_held(self, asked: Asked) -> None:
        both = RATE + charge(ParallelCap(9), "parallel")
        await asked.room(both)
        assert await asked.retry(both, INTERACTIVE) == pytest.approx(INTERVAL, abs=1e-4)

    async def test_longest_wait_is_told(self, asked: Asked) -> None:
        other = charge(Quota(1, 10, 1), "slow")
        await asked.granted(RATE + other)
        found = await asked.refused(RATE + other)
        assert found.key == other[0].key
        assert found.seconds == pytest.approx(10, abs=1e-3)


class TestRepeated:
    """A step whose reply was lost, so that it is asked again."""

    @pytest.mark.parametrize(
        ("charges", "room"),
        [
            (RATE, 4),
            (charge(Window(10, 60), "window"), 9),
            (charge(ParallelCap(4), "parallel"), 4),
        ],
    )
    async def test_step_counts_once(
        self, asked: Asked, charges: Sequence[Charge], room: int
    ) -> None:
        step = Reservation(
            new_grant_id(charges[0].key), charges, Priority.NORMAL, 1.0, 1, False, 0.0, 0.0
        )
        for _ in range(3):
            assert isinstance(await asked.store.reserve(step), Granted)
        assert await asked.room(charges) == room - 1

    async def test_later_grants_keep_their_room(self, asked: Asked) -> None:
        step = Reservation(
            new_grant_id(RATE[0].key), RATE, Priority.NORMAL, 1.0, 1, False, 0.0, 0.0
        )
        await asked.store.reserve(step)
        await asked.granted(RATE)
        await asked.store.reserve(step)
        assert await asked.room(RATE) == 1

    async def test_past_grant_is_counted_now(self, asked: Asked) -> None:
        await asked.room(RATE)
        step = Reservation(
            new_grant_id(RATE[0].key), RATE, Priority.INTERACTIVE, 10.0, 1, True, 0.0, 0.0
        )
        for wait in (INTERVAL, INTERVAL / 2):
            granted = await asked.store.reserve(step)
            assert isinstance(granted, Granted)
            assert granted.after == pytest.approx(wait, abs=1e-4)
            await asked.forward(INTERVAL / 2)


class TestDeclarations:
    LOOSE = charge(Quota(4, 1, 8))

    async def test_strictest_counts_and_is_told(self, asked: Asked) -> None:
        await asked.granted(RATE)
        granted = await asked.granted(self.LOOSE)
        assert granted.stricter == (RATE[0].key,)
        assert await asked.room(self.LOOSE) == 2

    async def test_it_counts_for_ten_minutes(self, asked: Asked) -> None:
        await asked.granted(RATE)
        await asked.forward(599)
        assert (await asked.granted(self.LOOSE)).stricter
        await asked.forward(2)
        assert not (await asked.granted(self.LOOSE)).stricter

    async def test_it_counts_as_long_as_it_is_declared(self, asked: Asked) -> None:
        for _ in range(4):
            await asked.granted(RATE)
            await asked.forward(400)
        assert (await asked.granted(self.LOOSE)).stricter

    @pytest.mark.parametrize(
        ("strict", "loose"),
        [(Window(3, 60), Window(5, 60)), (ParallelCap(1), ParallelCap(4))],
        ids=["window", "parallel"],
    )
    async def test_other_kinds_too(
        self, asked: Asked, strict: Window | ParallelCap, loose: Window | ParallelCap
    ) -> None:
        granted = await asked.granted(charge(strict))
        await asked.settle(granted)
        assert (await asked.granted(charge(loose))).stricter


class TestLostMemory:
    async def test_rate_has_room_for_one_call(self, fresh: Asked) -> None:
        assert await fresh.room(RATE) == 1
        await fresh.forward(INTERVAL)
        assert await fresh.room(RATE) == 1
        await fresh.forward(LONG_AGO)
        assert await fresh.room(RATE) == 4

    async def test_state_of_a_known_store_is_lost(self, asked: Asked) -> None:
        granted = await asked.granted(RATE)
        await asked.server.forget()
        await asked.settle(granted, 5)
        assert await asked.room(RATE) == 1

    async def test_bucket_that_is_used_later_has_filled_meanwhile(self, fresh: Asked) -> None:
        await fresh.granted(charge(Quota(1, 1, 1), "another"))
        await fresh.forward(1.0)
        assert await fresh.room(RATE) == 3

    async def test_one_slot_is_granted_while_forgotten_calls_end(self, asked: Asked) -> None:
        cap = charge(ParallelCap(3), "parallel")
        await asked.granted(cap)
        await asked.server.forget()
        assert await asked.room(cap) == 1
        await asked.forward(2.001)
        assert await asked.room(cap) == 2

    async def test_window_learns_by_one_call_at_a_time(self, fresh: Asked) -> None:
        budget = charge(Window(50, 3600))
        first = await fresh.granted(budget)
        assert 0 < await fresh.retry(budget) < 1
        await fresh.settle(first)  # without headers
        second = await fresh.granted(budget)
        await fresh.retry(budget)
        await fresh.settle(second, 1, BucketSignal(budget[0].key, remaining=11))
        assert await fresh.room(budget) == 10

    async def test_window_learns_again_if_the_first_call_is_lost(self, fresh: Asked) -> None:
        budget = charge(Window(50, 3600))
        await fresh.granted(budget)
        await fresh.forward(31)
        assert isinstance(await fresh.reserve(budget), Granted)
