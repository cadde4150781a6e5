"""Sweeping two lists: complete, once, in order, in the last observed state, resumable."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.sources import MemorySource
from tests.wbym.paging.shop import START, Item, Shop
from wbym.errors import InvalidInput
from wbym.paging import Chunk, ListsSweep, Page, Span
from wbym.paging import _two_lists as two_lists

NOW = datetime.now(UTC).replace(microsecond=0)
AGES_AGO = Span(NOW - timedelta(days=400), None)


def shop_of(waiting: int, done: int, *, days: float = 300, max_size: int = 50) -> Shop:
    """A shop with n records; unanswered ones are of the last tenth of the time."""
    shop = Shop(max_size=max_size)
    draw = random.Random(5)
    now = (NOW - START).total_seconds()
    for _ in range(done):
        shop.add(now - draw.uniform(0, days) * 86_400, done=True)
    for _ in range(waiting):
        shop.add(now - draw.uniform(0, days / 10) * 86_400)
    return shop


async def pages_of(
    sweep: ListsSweep[Item], counted: tuple[int, int] | None = None
) -> list[Page[Item]]:
    return [page async for page in sweep.read(counted, None)]


async def items_of(sweep: ListsSweep[Item], counted: tuple[int, int] | None = None) -> list[Item]:
    return [item for page in await pages_of(sweep, counted) for item in page.items]


class TestQuiet:
    async def test_records_when_nothing_changes(self) -> None:
        shop = shop_of(200, 900)
        found = await items_of(shop.sweep(AGES_AGO), (200, 900))
        assert found == sorted([*shop.waiting, *shop.done])
        # Pages of 30 new records: 7 unanswered, 30 processed; and the last day again.
        assert shop.requests == 7 + 30 + 2

    async def test_records_when_unanswered_ones_exceed_the_buffer(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(two_lists, "MAX_BUFFERED", 120)
        shop = shop_of(800, 500)
        assert await items_of(shop.sweep(AGES_AGO)) == sorted([*shop.waiting, *shop.done])

    async def test_records_when_both_lists_are_empty(self) -> None:
        shop = Shop()
        assert await items_of(shop.sweep(AGES_AGO), (0, 0)) == []
        assert shop.requests == 4

    async def test_period_when_it_ended_long_ago(self) -> None:
        shop = shop_of(200, 900)
        span = Span(NOW - timedelta(days=200), NOW - timedelta(days=20))
        found = await items_of(shop.sweep(span))
        assert found == [item for item in sorted([*shop.waiting, *shop.done]) if item.at in span]

    @pytest.mark.parametrize("cursor", ["7", "\ud800", '{"span":"\udfff"}'])
    def test_cursor_when_of_another_sweep(self, cursor: str) -> None:
        with pytest.raises(InvalidInput):
            Shop().sweep(cursor=cursor)


class TestChange:
    """A small model of 200,000 records while a person answers them."""

    @pytest.mark.parametrize("seed", range(24))
    async def test_sweep_when_records_arrive_and_are_answered(self, seed: int) -> None:
        draw = random.Random(seed)
        shop = shop_of(2_000, 18_000, max_size=500)
        counted = len(shop.waiting), len(shop.done)
        arrived = answered = 0
        looks = 40.0
        answers: dict[str, int] = {}  # the number of the request

        def change() -> None:
            nonlocal arrived, answered
            for _ in range(round(draw.uniform(0, 2) * 2_000 / looks)):
                if answered < 2_000 and shop.waiting:
                    item = draw.choice(shop.waiting)
                    shop.answer(item)
                    answers[item.id] = shop.requests
                    answered += 1
            now = (NOW - START).total_seconds()
            for _ in range(round(draw.uniform(0, 2) * 500 / looks)):
                if arrived < 500:
                    late = 3 * 3600 * draw.random() if draw.random() < 0.5 else -arrived
                    shop.add(now - late, done=draw.random() < 0.2)
                    arrived += 1

        shop.change = change
        found: dict[str, bool] = {}
        sweep = shop.sweep(AGES_AGO)
        listed: dict[str, bool] = {}
        async for page in sweep.read(counted, None):
            for item in page.items:
                assert item.id not in found
                found[item.id] = item.done
                # If it is read in its state before the answer, the answer is as recent as the
                # prefetched pages.
                assert item.done or shop.requests - answers.get(item.id, shop.requests) < 6
            if '"lists"' in page.cursor:
                listed = shop.all
        assert arrived == 500
        assert answered >= 1_500
        assert listed.keys() <= found.keys()


class TestResume:
    @pytest.mark.parametrize("seed", range(10))
    async def test_sweep_when_resumed_from_a_cursor(self, seed: int) -> None:
        draw = random.Random(seed)
        shop = shop_of(400, 1500)

        def change() -> None:
            if shop.waiting:
                shop.answer(draw.choice(shop.waiting))

        shop.change = change
        found: list[str] = []
        cursor: str | None = None
        done = False
        while not done:
            reading = shop.sweep(AGES_AGO, cursor).read(None, None)
            for _ in range(draw.randrange(1, 6)):
                page = await anext(reading)
                found += [item.id for item in page.items]
                cursor = page.next_cursor
                done = cursor is None
                if done:
                    break
            await reading.aclose()
        assert len(found) == len(set(found))
        assert set(found) == set(shop.all)


class TestArchive:
    @pytest.mark.parametrize(("days", "archived"), [(150, 151), (250, 200)])
    async def test_archive_when_it_has_additional_records(self, days: int, archived: int) -> None:
        shop = shop_of(20, 100)
        rest = Shop()
        for number in range(200):
            rest.add((NOW - START).total_seconds() - number * 86_400, done=True)

        def page(cursor: str | None, size: int | None) -> Chunk[Item]:
            offset = int(cursor or 0)
            rows = [*reversed(rest.done)][offset : offset + (size or 0)]
            rows = [Item(item.at, f"archived-{item.id}", True) for item in rows]
            both = sorted([*rows, *shop.done[-5:]], reverse=True) if not offset else rows
            return Chunk(both, len(rows))

        span = Span(NOW - timedelta(days=days), None)
        archive = MemorySource(page, scheme=rest.scheme).listing().using(prefetch=1)
        reading = shop.sweep(span).read(None, archive)
        pages = [page async for page in reading]
        found = [item.id for page in pages for item in page.items]
        assert len(found) == len(set(found))
        # Continuing after the last page of the archive does not restart it.
        after = shop.sweep(span, pages[-2].next_cursor).read(None, archive)
        assert [page.items async for page in after] == [()]
        assert sum(name.startswith("archived") for name in found) == archived
