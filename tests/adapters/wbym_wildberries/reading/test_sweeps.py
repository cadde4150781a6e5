"""Sweeps: plans, caps, changes, bans, priorities, resuming."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.archive import Marketplace, Task, small_shelf
from tests.adapters.wbym_wildberries.shops import open_shop
from wbym.domain import Feedback
from wbym.errors import InvalidInput, PagingLimit, QuotaExhausted
from wbym.limits import Priority, Scheduler
from wbym.paging import Sweep
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_wildberries.simulator.record_store import RecordStore


def virtual(
    records: int, *, open_share: float = 0.1
) -> tuple[Wildberries, Marketplace, RecordStore]:
    """A shop with a simulator without a network, for virtual time."""
    shelf = small_shelf(Task(records=records, open_share=open_share), seed=7)
    marketplace = Marketplace(shelf, 0.8, asyncio.get_running_loop().time)
    shop = Wildberries(make_token(), transport=marketplace, scheduler=Scheduler())
    return shop, marketplace, shelf


async def ids_of(sweep: Sweep[Feedback]) -> list[str]:
    return [item.ref.id for item in await sweep.all()]


def ids_in(shelf: RecordStore) -> set[str]:
    return {shelf.ids.of(number).decode() for numbers in shelf.lists.values() for number in numbers}


@pytest.fixture
async def unlimited() -> AsyncIterator[WildberriesSimulator]:
    """300 feedbacks without limits."""
    async with WildberriesSimulator(feedbacks=300, limits=False) as simulator:
        yield simulator


class TestPlan:
    @pytest.mark.looptime
    async def test_sweep_without_changes(self) -> None:
        shop, marketplace, shelf = virtual(60_000)
        loop = asyncio.get_running_loop()
        async with shop:
            sweep = shop.sweep.feedbacks()
            begin = loop.time()
            plan = await sweep.plan()
            assert plan.records == 60_000
            found = await ids_of(sweep)
        assert len(found) == 60_000
        assert set(found) == ids_in(shelf)
        # Two counts, two checks of the archive, 6,000 and 54,000 by 4,980, two closing checks.
        assert marketplace.requests == plan.requests == 2 + 2 + 2 + 11 + 2
        assert marketplace.rate_limited == 0
        assert loop.time() - begin < 8.5

    @pytest.mark.looptime
    async def test_progress_during_a_sweep(self) -> None:
        shop, _, _ = virtual(60_000)
        loop = asyncio.get_running_loop()
        async with shop:
            sweep = shop.sweep.feedbacks()
            assert sweep.progress.left is None
            begin = loop.time()
            guesses = []
            async for _ in sweep.pages():
                progress = sweep.progress
                assert progress.left is not None
                guesses.append((loop.time() - begin, progress.left))
            end = loop.time() - begin
        progress = sweep.progress
        assert progress.records == progress.expected == 60_000
        assert progress.rate_limited == 0
        assert all(abs(at + left - end) < 3 for at, left in guesses)


class TestChange:
    @pytest.mark.looptime
    @pytest.mark.parametrize("seed", range(5))
    async def test_sweep_when_feedbacks_arrive_and_are_answered(self, seed: int) -> None:
        shop, marketplace, shelf = virtual(40_000, open_share=0.2)
        draw = random.Random(seed)

        def change(request: int) -> None:
            if request < 15:
                for _ in range(400):
                    shelf.process(draw.choice(shelf.lists[False]))
                for _ in range(70):
                    late = draw.choice((0, draw.randrange(3 * 3600)))
                    created = datetime.now(UTC) - timedelta(seconds=late)
                    record: dict[str, object] = {"createdDate": created.isoformat()}
                    shelf.add(record, created=int(created.timestamp()), nm_id=1)

        marketplace.before, marketplace.changes = change, True
        async with shop:
            found = await ids_of(shop.sweep.feedbacks())
        assert len(found) == len(set(found)) == 40_000 + 14 * 70
        assert set(found) == ids_in(shelf)


class TestLimits:
    @pytest.mark.looptime
    async def test_ban_when_the_sweep_stops_on_it(self) -> None:
        shop, marketplace, _ = virtual(40_000)
        found: list[str] = []
        async with shop:
            sweep = shop.sweep.feedbacks(max_wait=60)
            cursor: str | None = None
            with pytest.raises(QuotaExhausted) as stopped:
                async for page in sweep.pages():
                    found += [item.ref.id for item in page.items]
                    cursor = page.next_cursor
                    marketplace.ban = 3600
            assert 3500 < stopped.value.wait <= 3600
            assert sweep.progress.banned_until is not None
            left = sweep.progress.left
            assert left is not None
            assert left > 3500
            assert 0 < len(found) < 40_000

            marketplace.ban = 0
            found += await ids_of(shop.sweep.feedbacks(cursor=cursor))  # waits without bound
        assert len(found) == len(set(found)) == 40_000

    @pytest.mark.looptime
    async def test_reply_during_a_sweep(self) -> None:
        shop, _, _ = virtual(100_000)
        loop = asyncio.get_running_loop()
        waits: list[float] = []
        async with shop:
            async for page in shop.sweep.feedbacks().pages():
                if len(waits) < 10 and page.items:
                    begin = loop.time()
                    await shop.api.at(Priority.INTERACTIVE).feedbacks.count(is_answered=True)
                    waits.append(loop.time() - begin - 0.8)
        # A slot, and the possible delay of calls in flight.
        assert max(waits) < 1 / 3 + 0.1

    async def test_sweep_when_left_early(self, unlimited: WildberriesSimulator) -> None:
        async with open_shop(unlimited) as shop, aclosing(shop.sweep.feedbacks().pages()) as pages:
            await anext(pages)
        assert not [task for task in asyncio.all_tasks() if "Sweep" in repr(task)]

    async def test_sweep_when_cancelled(self, unlimited: WildberriesSimulator) -> None:
        async with open_shop(unlimited) as shop:
            for moment in (0.0, 0.002, 0.01):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(moment):
                        while True:
                            await shop.sweep.feedbacks().all()
            assert len(await shop.sweep.feedbacks().all()) == 300


class TestCaps:
    async def test_depth_when_less_than_documented(self) -> None:
        simulator = WildberriesSimulator(
            feedbacks=14_000, open_share=0.01, limits=False, feedbacks_depth=4_000
        )
        async with simulator, open_shop(simulator) as shop:
            found = await ids_of(shop.sweep.feedbacks())
            assert len(found) == len(set(found)) == 14_000
            simulator.stats.requests = 0
            assert len(await ids_of(shop.sweep.feedbacks(depth=4_000))) == 14_000
            with pytest.raises(PagingLimit):
                await shop.feedbacks(answered=True).all()

    async def test_questions_when_there_are_more_than_can_be_paged(self) -> None:
        simulator = WildberriesSimulator(questions=12_000, open_share=0.05, limits=False)
        async with simulator, open_shop(simulator) as shop:
            found = await shop.sweep.questions().all()
        assert len({item.ref for item in found}) == len(found) == 12_000

    @pytest.mark.parametrize("depth", [0, -5])
    async def test_depth_when_invalid(self, unlimited: WildberriesSimulator, depth: int) -> None:
        async with open_shop(unlimited) as shop:
            with pytest.raises(InvalidInput, match="depth"):
                shop.sweep.feedbacks(depth=depth)

    async def test_sweep_when_the_period_is_invalid(self, unlimited: WildberriesSimulator) -> None:
        """WB's sweep of feedbacks has its own arguments, and the common checks."""
        now = datetime.now(UTC)
        periods: list[tuple[datetime, datetime | None, str]] = [
            (now.replace(tzinfo=None), None, "since must be aware"),
            (now, now - timedelta(1), "since must not be after until"),
            (now + timedelta(1), None, "must not be in the future"),
        ]
        async with open_shop(unlimited) as shop:
            for since, until, rule in periods:
                for sweep in (shop.sweep.feedbacks, shop.sweep.questions):
                    with pytest.raises(InvalidInput, match=rule):
                        sweep(since=since, until=until)
            with pytest.raises(InvalidInput, match="archive must be True or False"):
                shop.sweep.feedbacks(archive="no")  # type: ignore[arg-type]


class TestArchive:
    async def test_archive_when_the_lists_are_complete(
        self, unlimited: WildberriesSimulator
    ) -> None:
        async with open_shop(unlimited) as shop:
            found = await ids_of(shop.sweep.feedbacks(archive=True))
        assert len(found) == len(set(found)) == 300

    @pytest.mark.looptime
    @pytest.mark.parametrize("days", [800, 100])
    async def test_archive_when_it_has_additional_records(self, days: int) -> None:
        shop, marketplace, shelf = virtual(9_000)
        rest = small_shelf(Task(records=9_000, open_share=0), seed=8)
        marketplace.archive = rest
        since = datetime.now(UTC) - timedelta(days=days)
        wanted = {
            each.ids.of(number).decode()
            for each in (shelf, rest)
            for numbers in each.lists.values()
            for number in numbers
            if each.created(number) >= since.timestamp()
        }
        async with shop:
            found = await ids_of(shop.sweep.feedbacks(since=since))
            assert set(found) == wanted
            assert len(found) == len(wanted)
            without = await ids_of(shop.sweep.feedbacks(since=since, archive=False))
            assert set(without) < wanted
