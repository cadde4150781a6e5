"""Reading by time: complete while the list changes, past its caps, each record once."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sources import token_source
from tests.wbym.paging.shop import START, Item, Shop
from wbym.errors import CursorStuck, InvalidInput, PagingLimit
from wbym.paging import Listing, Span, by_time


def filled(
    count: int, *, apart: float = 7.0, max_size: int = 50, max_offset: int | None = None
) -> Shop:
    shop = Shop(max_size=max_size, max_offset=max_offset)
    for number in range(count):
        shop.add(number * apart)
    return shop


async def ids(listing: Listing[Item]) -> list[str]:
    return [item.id for item in await listing.all()]


class TestRequests:
    async def test_pages_when_nothing_changes(self) -> None:
        shop = filled(1000)
        found = await shop.reading(done=False, expected=1000).all()
        assert found == shop.waiting
        assert shop.requests == 33  # 30 new records per page
        assert shop.max_in_flight == 3

    async def test_end_when_nothing_was_counted(self) -> None:
        shop = filled(40)
        assert await shop.reading(done=False).all() == shop.waiting
        assert shop.requests == 2  # a short page, and another request

    async def test_end_when_the_list_is_empty(self) -> None:
        shop = Shop()
        assert await shop.reading(done=False, expected=0).all() == []
        assert shop.requests == 1

    @pytest.mark.parametrize("count", [0, 10, 5000])
    async def test_end_when_the_count_is_wrong(self, count: int) -> None:
        shop = filled(1000)
        assert await shop.reading(done=False, expected=count).all() == shop.waiting

    async def test_period_when_its_ends_have_fractions(self) -> None:
        shop = Shop()
        for number in range(400):
            shop.add(number / 4)
        second = timedelta(seconds=1)
        span = Span(START + 10.3 * second, START + 20.6 * second)
        found = await shop.reading(done=False, span=span).all()
        assert found == [item for item in shop.waiting if item.at in span]


class TestCaps:
    async def test_list_when_it_is_longer_than_the_deepest_offset(self) -> None:
        shop = filled(1000, max_offset=120)
        assert await shop.reading(done=False, expected=1000).all() == shop.waiting

    async def test_depth_when_less_than_documented(self) -> None:
        shop = filled(3000)
        shop.shows = 100
        assert await shop.reading(done=False, expected=3000).all() == shop.waiting
        found_out = shop.requests
        shop.requests = 0
        assert await shop.reading(done=False, expected=3000, depth=100).all() == shop.waiting
        assert shop.requests <= found_out <= shop.requests + 4

    @pytest.mark.parametrize("count", [120, 200, 260])
    async def test_second_with_more_records_than_one_request(self, count: int) -> None:
        shop = filled(20, max_offset=99)
        for _ in range(count):
            shop.add(33)
        for number in range(20):
            shop.add(200 + number)
        found = await shop.reading(done=False).all()
        assert sorted(found) == shop.waiting

    async def test_second_with_more_records_than_both_orders_reach(self) -> None:
        shop = Shop(max_offset=99)
        for _ in range(400):
            shop.add(5)
        with pytest.raises(PagingLimit):
            await shop.reading(done=False).all()


class TestChange:
    @given(
        seed=st.integers(0, 2**32),
        apart=st.sampled_from([0.02, 0.5, 1.0, 40.0]),
        leave=st.integers(0, 12),
        come=st.integers(0, 12),
        max_offset=st.sampled_from([None, 60, 400]),
    )
    async def test_records_when_others_appear_and_vanish(
        self, seed: int, apart: float, leave: int, come: int, max_offset: int | None
    ) -> None:
        shop = filled(900, apart=apart, max_offset=max_offset)
        draw = random.Random(seed)
        stays = {item.id for item in draw.sample(shop.waiting, 450)}
        ever = set(shop.all)

        def change() -> None:
            for _ in range(draw.randrange(leave + 1)):
                item = draw.choice(shop.waiting)
                if item.id not in stays:
                    shop.answer(item)
            for _ in range(draw.randrange(come + 1)):
                ever.add(shop.add(draw.uniform(0, 900 * apart)).id)

        shop.change = change
        found = await ids(shop.reading(done=False, expected=900))
        assert len(found) == len(set(found))
        assert stays <= set(found) <= ever

    async def test_page_when_it_is_short_in_the_middle(self) -> None:
        shop = filled(1000)
        shop.spoil = lambda number, rows: rows[:17] if number in {4, 9} else rows
        assert await shop.reading(done=False).all() == shop.waiting

    async def test_page_when_all_records_are_undecodable(self) -> None:
        shop = filled(300)
        shop.spoil = lambda number, rows: [] if number == 3 else rows
        found = await shop.reading(done=False).all()
        assert set(found) <= set(shop.waiting)
        assert len(found) == len(set(found)) >= 250

    async def test_order_when_it_differs_in_each_page(self) -> None:
        shop = Shop()
        for _ in range(2000):
            shop.add(1)
        draw = random.Random(1)
        shop.change = lambda: draw.shuffle(shop.waiting)
        with pytest.raises((CursorStuck, PagingLimit)):
            await shop.reading(done=False).all()


class TestCursor:
    @pytest.mark.parametrize("apart", [0.1, 7.0])
    async def test_cursor_when_reading_continues_after_each_page(self, apart: float) -> None:
        shop = filled(400, apart=apart)
        found: list[str] = []
        cursor: str | None = None
        while True:
            pages = shop.reading(done=False).using(cursor=cursor).pages()
            page = await anext(pages)
            await pages.aclose()
            found += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            if len(page.items) == 0:  # a short page was requested again
                break
        assert sorted(found) == sorted(shop.all)
        assert len(found) == len(set(found))

    @pytest.mark.parametrize("cursor", ["5", "x", '{"at": "y"}', '{"x":' + "[" * 100_000])
    async def test_cursor_when_of_another_list(self, cursor: str) -> None:
        shop = Shop()
        with pytest.raises(InvalidInput, match="must be a cursor of this list"):
            await shop.reading(done=False).using(cursor=cursor).all()
        assert shop.requests == 0


class TestUsing:
    async def test_size_when_less_than_the_max(self) -> None:
        shop = filled(100)
        listing = shop.reading(done=False, expected=100).using(size=30)
        assert await listing.all() == shop.waiting
        assert (
            shop.requests == 10
        )  # 10 new records per page, and one page that was already requested

    async def test_prefetch_when_more_than_one(self) -> None:
        shop = filled(1000)
        assert await shop.reading(done=False, expected=1000).using(prefetch=6).all() == shop.waiting
        assert shop.max_in_flight == 6

    async def test_page_when_one_is_enough(self) -> None:
        shop = filled(1000)
        page = await shop.reading(done=False).page()
        assert page.items == shop.waiting[:50]
        assert shop.requests == 1

    @pytest.mark.parametrize("size", [1, 20, 51])
    async def test_size_when_the_list_does_not_take_it(self, size: int) -> None:
        shop = filled(100)
        with pytest.raises(InvalidInput, match="must be from 21 to 50") as caught:
            await shop.reading(done=False).using(size=size).all()
        assert (caught.value.method, caught.value.argument) == ("shop.list", "size")
        assert shop.requests == 0

    @pytest.mark.parametrize("size", [21, 50])
    async def test_size_when_it_is_at_its_bound(self, size: int) -> None:
        shop = filled(60)
        assert await shop.reading(done=False).using(size=size).all() == shop.waiting

    async def test_list_when_not_paged_by_offset(self) -> None:
        source = token_source([[Item(START, "1")]])
        listing = by_time(
            lambda *_: source.listing(),
            span=Span(START, None),
            time=lambda item: item.at,
            key=lambda item: item.id,
        )
        with pytest.raises(TypeError, match="by offset"):
            await listing.all()
