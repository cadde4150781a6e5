"""Listings of one source: by offset, by token, and mapped ones."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from itertools import chain as joined
from itertools import count as counting

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sources import OFFSETS, BytesOrigin, MemorySource, offset_source, token_source
from wbym.domain import UndecodableRecord
from wbym.errors import CursorStuck, InvalidInput, PagingLimit
from wbym.limits import Priority
from wbym.paging import ByOffset, ByToken, Chunk, Listing, Page, chain
from wbym.paging._listing import PART_SIZE

pytestmark = pytest.mark.looptime

CAPPED = ByOffset(size="take", offset="skip", max_size=10, max_offset=40)
SIZED = ByToken("token", size="limit", max_size=50)


def numbers(count: int) -> list[int]:
    return list(range(count))


async def pages_of(listing: Listing[int]) -> list[Page[int]]:
    return [page async for page in listing.pages()]


def clock() -> float:
    return asyncio.get_running_loop().time()


class TestByOffset:
    @given(count=st.integers(0, 60), prefetch=st.none() | st.integers(1, 12))
    async def test_all_of_any_length(self, count: int, prefetch: int | None) -> None:
        listing = offset_source(numbers(count)).listing()
        assert await listing.using(prefetch=prefetch).all() == numbers(count)

    @given(
        count=st.integers(0, 60),
        with_total=st.booleans(),
        stop=st.integers(0, 6),
        size=st.integers(1, 10),
    )
    async def test_pages_when_resumed_from_a_cursor(
        self, count: int, with_total: bool, stop: int, size: int
    ) -> None:
        source = offset_source(numbers(count), total=count if with_total else None)
        listing = source.listing().using(size=size)
        pages = await pages_of(listing)
        page = pages[min(stop, len(pages) - 1)]
        assert await listing.using(cursor=page.cursor).all() == numbers(count)[int(page.cursor) :]
        if page.next_cursor is not None:
            rest = await listing.using(cursor=page.next_cursor).all()
            assert rest == numbers(count)[int(page.next_cursor) :]

    async def test_requests_when_the_list_is_short(self) -> None:
        source = offset_source(numbers(7))
        assert await source.listing().all() == numbers(7)
        assert source.offsets == [(0, 10)]

    @pytest.mark.parametrize("prefetch", [None, 1])
    @pytest.mark.parametrize("count", [0, 9, 10, 20, 35, 40])
    async def test_requests_when_the_total_is_known(self, count: int, prefetch: int | None) -> None:
        source = offset_source(numbers(count), total=count)
        assert await source.listing().using(prefetch=prefetch).all() == numbers(count)
        assert source.offsets == [(offset, 10) for offset in range(0, max(count, 1), 10)]

    @pytest.mark.parametrize("total", [0, 5, 15, 34])
    async def test_all_when_the_total_is_too_small(self, total: int) -> None:
        source = offset_source(numbers(35), total=total)
        assert await source.listing().all() == numbers(35)

    async def test_time_when_pages_are_prefetched(self) -> None:
        source = offset_source(numbers(400), latency=1.0)
        begin = clock()
        assert await source.listing().using(prefetch=8).all() == numbers(400)
        assert clock() - begin == pytest.approx(41 / 8, abs=1.01)
        assert source.max_in_flight == 8

    async def test_requests_when_only_the_first_page_is_requested(self) -> None:
        source = offset_source(numbers(400), latency=1.0)
        pages = source.listing().pages()
        begin = clock()
        await anext(pages)
        assert clock() - begin == 1.0
        assert source.max_in_flight == 1
        await anext(pages)
        assert source.max_in_flight == 3
        await pages.aclose()

    async def test_bodies_when_the_consumer_is_slow(self) -> None:
        source = offset_source(numbers(200))
        taken = 0
        async for _ in source.listing().using(prefetch=8).pages():
            await asyncio.sleep(1)
            taken += 1
            assert source.bodies <= taken + 1
        assert taken == 21

    async def test_listing_when_left_early(self) -> None:
        source = offset_source(numbers(1000), latency=1.0)
        async for item in source.listing().using(prefetch=8):
            if item == 5:
                break
        await asyncio.sleep(0.01)
        assert source.in_flight == 0
        assert len(asyncio.all_tasks()) == 1

    async def test_listing_when_cancelled(self) -> None:
        source = offset_source(numbers(1000), latency=1.0)
        task = asyncio.create_task(source.listing().using(prefetch=8).all())
        await asyncio.sleep(2.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert source.in_flight == 0
        assert len(asyncio.all_tasks()) == 1

    async def test_listing_when_a_page_fails(self) -> None:
        source = offset_source(numbers(1000), latency=1.0)
        source.fail_at("30", RuntimeError("boom"))
        got: list[int] = []
        with pytest.raises(RuntimeError, match="boom"):
            async for item in source.listing().using(prefetch=8):
                got.append(item)
        assert got == numbers(30)
        assert len(asyncio.all_tasks()) == 1

    async def test_all_when_limited(self) -> None:
        source = offset_source(numbers(1000))
        assert await source.listing().all(limit=25) == numbers(25)
        assert len(source.asked) <= 11

    @pytest.mark.parametrize("limit", [-1, True, 2.0, "3"])
    async def test_all_when_the_limit_is_invalid(self, limit: object) -> None:
        source = offset_source(numbers(25))
        with pytest.raises(InvalidInput, match="must be an integer, at least 0") as caught:
            await source.listing().all(limit=limit)  # type: ignore[arg-type]
        assert (caught.value.method, caught.value.argument) == ("all", "limit")
        assert caught.value.value == limit
        assert not source.asked

    async def test_all_when_the_limit_is_zero(self) -> None:
        source = offset_source(numbers(25))
        assert await source.listing().all(limit=0) == []
        assert not source.asked

    async def test_cursor_while_a_page_is_consumed(self) -> None:
        listing = offset_source(numbers(25)).listing()
        assert listing.cursor is None
        async for item in listing:
            assert listing.cursor == str(item // 10 * 10)

    @pytest.mark.parametrize(
        "cursor", ["x", "-1", "1.5", "٣", " 1", "0x10", "1" * 19, "1" * 5000, "0" * 5000]
    )
    async def test_cursor_when_of_another_list(self, cursor: str) -> None:
        source = offset_source(numbers(25))
        with pytest.raises(InvalidInput, match="must be a cursor of this list") as caught:
            await source.listing().using(cursor=cursor).all()
        assert (caught.value.method, caught.value.argument) == ("numbers.list", "cursor")
        assert not source.asked


class TestPagingLimit:
    @pytest.mark.parametrize(
        "scheme",
        [
            CAPPED,
            ByOffset(size="take", offset="skip", max_size=10, max_reach=50),
            ByOffset(size="take", offset="skip", max_size=20, max_reach=50),
        ],
    )
    @pytest.mark.parametrize(("records", "total"), [(51, None), (51, 51), (70, 70), (900, 900)])
    async def test_listing_when_it_is_longer_than_the_caps(
        self, scheme: ByOffset, records: int, total: int | None
    ) -> None:
        source = offset_source(numbers(records), scheme=scheme, total=total)
        got: list[int] = []
        with pytest.raises(PagingLimit, match="50 records") as caught:
            async for item in source.listing():
                got.append(item)
        assert got == numbers(50)
        assert (caught.value.method, caught.value.offset) == ("numbers.list", 50)
        assert caught.value.total == total
        assert all(offset + size <= 50 for offset, size in source.offsets)

    async def test_listing_when_it_ends_at_the_caps(self) -> None:
        source = offset_source(numbers(50), scheme=CAPPED, total=50)
        assert await source.listing().all() == numbers(50)

    async def test_listing_when_it_shows_less_than_it_counts(self) -> None:
        source = offset_source(numbers(45), total=45, shows=30)
        got: list[int] = []
        with pytest.raises(PagingLimit, match="30 records") as caught:
            async for item in source.listing():
                got.append(item)
        assert got == numbers(30)
        assert (caught.value.offset, caught.value.total) == (30, 45)

    async def test_listing_when_the_total_at_the_caps_is_too_small(self) -> None:
        source = offset_source(numbers(900), scheme=CAPPED, total=5)
        got: list[int] = []
        with pytest.raises(PagingLimit, match="more follow") as caught:
            async for item in source.listing():
                got.append(item)
        assert got == numbers(50)
        assert (caught.value.offset, caught.value.total) == (50, None)

    async def test_listing_when_it_begins_beyond_the_caps(self) -> None:
        source = offset_source(numbers(900), scheme=CAPPED)
        with pytest.raises(PagingLimit, match="50 records"):
            await source.listing().using(cursor="700").all()
        assert not source.asked


class TestByToken:
    async def test_all_when_there_are_pages(self) -> None:
        source = token_source([[1, 2], [3], []])
        assert await source.listing().all() == [1, 2, 3]
        assert await source.listing().using(cursor="1").all() == [3]

    @given(
        sizes=st.lists(st.integers(1, 4), min_size=1, max_size=8),
        prefetch=st.none() | st.integers(1, 3),
        stop=st.integers(0, 8),
    )
    async def test_pages_when_resumed_from_a_cursor(
        self, sizes: list[int], prefetch: int | None, stop: int
    ) -> None:
        number = counting()
        made = [[next(number) for _ in range(size)] for size in sizes]
        listing = token_source(made).listing().using(prefetch=prefetch)
        pages = await pages_of(listing)
        assert [list(page.items) for page in pages] == made
        stop = min(stop, len(pages) - 1)
        rest = [*joined(*made[stop:])]
        assert await listing.using(cursor=pages[stop].cursor).all() == rest

    async def test_requests_when_one_page_is_enough(self) -> None:
        source = token_source([[n] for n in range(9)], latency=1.0)
        pages = source.listing().pages()
        await anext(pages)
        await asyncio.sleep(5)
        assert source.tokens == [None]
        await pages.aclose()
        assert len(asyncio.all_tasks()) == 1

    async def test_requests_when_reading_continues(self) -> None:
        source = token_source([[n] for n in range(5)], latency=1.0)
        asked = []
        async for _ in source.listing().pages():
            await asyncio.sleep(5)
            asked.append(len(source.asked))
        # The first alone, the second when needed, and then one page ahead.
        assert asked == [1, 3, 4, 5, 5]
        assert source.max_in_flight == 1

    async def test_requests_when_prefetching_from_the_start(self) -> None:
        source = token_source([[n] for n in range(5)], latency=1.0)
        asked = []
        async for _ in source.listing().using(prefetch=3).pages():
            await asyncio.sleep(5)
            asked.append(len(source.asked))
        assert asked == [2, 3, 4, 5, 5]
        assert source.max_in_flight == 1

    async def test_time_when_the_consumer_takes_as_long_as_a_page(self) -> None:
        source = token_source([[n] for n in range(10)], latency=1.0)
        begin = clock()
        async for _ in source.listing().using(prefetch=1).pages():
            await asyncio.sleep(1)
        assert clock() - begin == pytest.approx(11, abs=0.1)

    async def test_listing_when_left_early(self) -> None:
        source = token_source([[n] for n in range(9)], latency=1.0)
        async for item in source.listing():
            if item == 3:
                await asyncio.sleep(0.5)  # the next page is being requested
                assert source.in_flight == 1
                break
        await asyncio.sleep(0.01)
        assert source.in_flight == 0
        assert len(asyncio.all_tasks()) == 1

    async def test_listing_when_a_prefetched_page_fails(self) -> None:
        source = token_source([[n] for n in range(9)])
        source.fail_at("3", RuntimeError("boom"))
        got: list[int] = []
        async for item in source.listing():
            await asyncio.sleep(1)
            got.append(item)
            if item == 2:  # its failure is no longer reported
                break
        assert "3" in source.tokens
        with pytest.raises(RuntimeError, match="boom"):
            async for item in source.listing().using(cursor="1"):
                got.append(item)
        assert got == [0, 1, 2, 1, 2]
        assert len(asyncio.all_tasks()) == 1

    async def test_listing_when_cancelled(self) -> None:
        source = token_source([[n] for n in range(9)], latency=1.0)
        task = asyncio.create_task(source.listing().all())
        await asyncio.sleep(3.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert source.in_flight == 0
        assert len(asyncio.all_tasks()) == 1


def circling(cursor: str | None, _: int | None) -> Chunk[int]:
    """The pages refer to each other: A, B, A, B."""
    return Chunk([0], 1, "a") if cursor in {None, "b"} else Chunk([1], 1, "b")


def standing(_: str | None, __: int | None) -> Chunk[int]:
    """The page refers to itself."""
    return Chunk([1], 1, "a")


def repeating(cursor: str | None, _: int | None) -> Chunk[int]:
    """Always the same page, with another token."""
    return Chunk([1, 2], 2, str(int(cursor or 0) + 1))


def alternating(cursor: str | None, _: int | None) -> Chunk[int]:
    """Two pages in turn, with another token each time."""
    place = int(cursor or 0)
    return Chunk([place % 2], 1, str(place + 1))


def emptying(cursor: str | None, _: int | None) -> Chunk[int]:
    """A record, and then endless empty pages, with another token each time."""
    place = int(cursor or 0)
    items = [] if place else [7]
    return Chunk(items, len(items), str(place + 1))


def unreadable(cursor: str | None, _: int | None) -> Chunk[int]:
    """Pages of undecodable records count as pages."""
    place = int(cursor or 0)
    bad = tuple(undecodable(b"[%d]" % (3 * place + n)) for n in range(3))
    return Chunk([], 3, str(place + 1) if place < 19 else None, undecodable=bad)


def nulls(cursor: str | None, _: int | None) -> Chunk[int]:
    """Always the same undecodable record, with another token each time."""
    return Chunk([], 1, str(int(cursor or 0) + 1), undecodable=(undecodable(b"null"),))


def undecodable(data: bytes) -> UndecodableRecord:
    return UndecodableRecord.of("shop", "one", "numbers.list", "[0]", "no number", data)


class TestCursorStuck:
    @pytest.mark.parametrize("prefetch", [None, 1])
    @pytest.mark.parametrize(
        ("page", "delivered", "requests"),
        [
            (standing, 2, 2),
            (circling, 3, 3),
            (repeating, 2 * 5, 6),
            (alternating, 2 + 4, 7),
            (emptying, 1, 6),
            (nulls, 0, 6),
        ],
    )
    async def test_listing_when_pages_have_no_new_records(
        self,
        page: Callable[[str | None, int | None], Chunk[int]],
        delivered: int,
        requests: int,
        prefetch: int | None,
    ) -> None:
        source = MemorySource(page)
        got: list[int] = []
        with pytest.raises(CursorStuck) as caught:
            async for item in source.listing().using(prefetch=prefetch):
                got.append(item)
        assert caught.value.method == "numbers.list"
        assert len(got) == delivered
        assert len(source.asked) <= requests
        assert len(asyncio.all_tasks()) == 1

    async def test_listing_when_its_first_cursor_does_not_move(self) -> None:
        source = MemorySource(standing)
        with pytest.raises(CursorStuck, match="'a'"):
            await source.listing().using(cursor="a").all()
        assert source.tokens == ["a"]

    async def test_listing_when_four_pages_are_empty(self) -> None:
        made: list[list[int]] = [[1], [], [], [], [], [2], [], [], [], [], [3]]
        assert await token_source(made).listing().all() == [1, 2, 3]

    async def test_listing_when_no_record_can_be_decoded(self) -> None:
        source = MemorySource(unreadable)
        assert await source.listing().all() == []
        assert len(source.asked) == 20

    @pytest.mark.parametrize("size", [1, 2, 3])
    async def test_offsets_when_as_many_records_arrive_as_a_page_has(self, size: int) -> None:
        shown = numbers(6)  # the newest first

        def page(cursor: str | None, size: int | None) -> Chunk[int]:
            offset, size = int(cursor or 0), size or 0
            found = shown[offset : offset + size]
            if offset <= 2 * size:
                shown[:0] = [-offset - n for n in range(size)]
            return Chunk(found, len(found))

        source = MemorySource(page, scheme=OFFSETS)
        found = await source.listing().using(size=size, prefetch=1).all()
        assert set(found) == set(numbers(6))

    async def test_listing_when_undecodable_records_are_equal(self) -> None:
        def page(cursor: str | None, _: int | None) -> Chunk[int]:
            place = int(cursor or 0)
            if place < 2:
                return Chunk([], 1, str(place + 1), undecodable=(undecodable(b"null"),))
            return Chunk([7], 1)

        assert await MemorySource(page).listing().all() == [7]

    async def test_listing_when_pages_differ_in_a_later_undecodable_record(self) -> None:
        def page(cursor: str | None, _: int | None) -> Chunk[int]:
            place = int(cursor or 0)
            both = (undecodable(b"null"), undecodable(b"%d" % place))
            return Chunk([1], 3, str(place + 1) if place < 19 else None, undecodable=both)

        assert await MemorySource(page).listing().all() == [1] * 20

    @pytest.mark.parametrize("total", [None, 1_000_000])
    @pytest.mark.parametrize("prefetch", [None, 1, 6])
    async def test_offsets_when_the_page_is_always_the_same(
        self, total: int | None, prefetch: int | None
    ) -> None:
        source = MemorySource(
            lambda _, size: Chunk(numbers(size or 0), size or 0, total=total), scheme=OFFSETS
        )
        got: list[int] = []
        with pytest.raises(CursorStuck):
            async for item in source.listing().using(prefetch=prefetch):
                got.append(item)
        assert got == 5 * numbers(10)
        assert len(source.asked) <= 6 + (prefetch or 3)
        assert len(asyncio.all_tasks()) == 1


class TestUsing:
    async def test_size_when_less_than_the_max(self) -> None:
        source = offset_source(numbers(7))
        assert await source.listing().using(size=3).all() == numbers(7)
        assert source.offsets[:3] == [(0, 3), (3, 3), (6, 3)]

    @pytest.mark.parametrize(
        ("source", "size"),
        [
            (offset_source([1]), 10),
            (token_source([[1]], scheme=SIZED), 50),
            (token_source([[1]]), None),
        ],
    )
    async def test_size_by_default(self, source: MemorySource[int], size: int | None) -> None:
        await source.listing().all()
        assert [asked for _, asked in source.asked] == [size]

    @pytest.mark.parametrize("size", [1, 50])
    async def test_size_when_it_is_at_its_bound(self, size: int) -> None:
        source = token_source([[1], [2]], scheme=SIZED)
        await source.listing().using(size=size).all()
        assert [asked for _, asked in source.asked] == [size, size]

    @pytest.mark.parametrize(
        ("source", "size", "rule"),
        [
            (offset_source([1]), 11, "must be from 1 to 10"),
            (token_source([[1]], scheme=SIZED), 51, "must be from 1 to 50"),
            (token_source([[1]]), 1, "is not supported by this list"),
        ],
    )
    async def test_size_when_the_list_does_not_take_it(
        self, source: MemorySource[int], size: int, rule: str
    ) -> None:
        with pytest.raises(InvalidInput, match=rule) as caught:
            await source.listing().using(size=size).all()
        assert (caught.value.method, caught.value.argument) == ("numbers.list", "size")
        assert not source.asked

    @pytest.mark.parametrize(
        ("name", "rule"),
        [
            ("size", "must be an integer, at least 1"),
            ("prefetch", "must be an integer, from 1 to 64"),
        ],
    )
    @pytest.mark.parametrize("value", [0, -1, True, 1.0, "3"])
    def test_number_when_invalid(self, name: str, rule: str, value: object) -> None:
        wrong: dict[str, object] = {name: value}
        with pytest.raises(InvalidInput, match=rule) as caught:
            offset_source([1]).listing().using(**wrong)  # type: ignore[arg-type]
        assert (caught.value.argument, caught.value.value) == (name, value)

    async def test_prefetch_when_it_is_at_its_bound(self) -> None:
        source = offset_source([1, 2])
        assert await source.listing().using(prefetch=64).all() == [1, 2]
        with pytest.raises(InvalidInput, match="from 1 to 64"):
            source.listing().using(prefetch=65)

    def test_cursor_when_not_a_string(self) -> None:
        with pytest.raises(InvalidInput, match="must be a page's cursor"):
            offset_source([1]).listing().using(cursor=5)  # type: ignore[arg-type]

    def test_cursor_when_it_has_a_lone_surrogate(self) -> None:
        with pytest.raises(InvalidInput, match="must be a page's cursor"):
            token_source([[1]]).listing().using(cursor="\ud800")

    @pytest.mark.parametrize("value", [2**70, 1, True, "bulk"])
    def test_priority_when_invalid(self, value: object) -> None:
        with pytest.raises(InvalidInput, match="must be one of Priority"):
            offset_source([1]).listing().using(priority=value)  # type: ignore[arg-type]

    async def test_priority_when_stated(self) -> None:
        for source in (offset_source(numbers(25)), token_source([[1], [2]])):
            await source.listing().using(priority=Priority.BULK).all()
            assert set(source.priorities) == {Priority.BULK}
            await source.listing().all()
            assert source.priorities[-1] is None

    @pytest.mark.parametrize("priority", list(Priority))
    async def test_priority_when_stated_twice(self, priority: Priority) -> None:
        source = offset_source([1])
        other = source.listing().using(priority=Priority.BULK).using(priority=priority)
        await other.all()
        assert source.priorities == [priority]

    async def test_listing_when_used_twice(self) -> None:
        source = offset_source(numbers(30))
        listing = source.listing().using(size=5, priority=Priority.BULK).using(cursor="20")
        assert await listing.all() == numbers(30)[20:]
        assert source.offsets[0] == (20, 5)
        assert set(source.priorities) == {Priority.BULK}
        await listing.using(size=6).page()
        assert source.offsets[-1] == (20, 6)

    async def test_listing_when_another_was_derived_from_it(self) -> None:
        source = offset_source(numbers(30))
        listing = source.listing()
        listing.using(cursor="20", size=3)
        assert await listing.all() == numbers(30)

    @pytest.mark.parametrize(
        "source",
        [token_source([[1], [2], [3]]), offset_source(numbers(25)), offset_source(numbers(5))],
    )
    async def test_cursor_that_returns_to_the_first_page(self, source: MemorySource[int]) -> None:
        listing = source.listing()
        first = await listing.page()
        again = await listing.using(cursor="2").using(cursor=first.cursor).page()
        assert again == first
        assert await listing.using(cursor="2").using(cursor="").all() == await listing.all()
        assert "" not in source.tokens

    async def test_using_when_records_are_mapped(self) -> None:
        source = offset_source(numbers(30))
        texts = source.listing().map(str).filter(lambda text: text != "21")
        wanted = [str(number) for number in range(20, 30) if number != 21]
        assert await texts.using(cursor="20", size=5).all() == wanted
        assert source.offsets[0] == (20, 5)
        again = source.listing().using(cursor="25").map(str)
        assert await again.all() == ["25", "26", "27", "28", "29"]


class TestPage:
    async def test_page_when_there_are_several(self) -> None:
        source = offset_source(numbers(35), total=35, latency=1.0)
        listing = source.listing().using(prefetch=5)
        page = await listing.page()
        assert (page.items, page.cursor, page.next_cursor) == (numbers(10), "0", "10")
        assert page.total == 35
        assert listing.cursor == "0"
        assert source.offsets == [(0, 10)]
        assert len(asyncio.all_tasks()) == 1
        last = await listing.using(cursor="30").page()
        assert (last.items, last.next_cursor) == ([30, 31, 32, 33, 34], None)
        assert source.offsets == [(0, 10), (30, 10)]

    async def test_page_when_it_has_a_next_cursor(self) -> None:
        source = token_source([[1], [2], [3]])
        page = await source.listing().using(prefetch=1).page()
        assert (page.items, page.cursor, page.next_cursor) == ([1], "", "1")
        page = await source.listing().using(cursor="1").page()
        assert (page.items, page.cursor, page.next_cursor) == ([2], "1", "2")
        assert source.tokens == [None, "1"]

    async def test_page_when_the_list_is_empty(self) -> None:
        page = await offset_source(numbers(0)).listing().page()
        assert (list(page.items), page.next_cursor) == ([], None)

    async def test_page_when_the_list_shows_less_than_it_counts(self) -> None:
        listing = offset_source(numbers(45), total=45, shows=30).listing()
        got: list[int] = []
        cursor: str | None = ""
        with pytest.raises(PagingLimit, match="30 records") as caught:
            while cursor is not None:
                page = await listing.using(cursor=cursor).page()
                got += page.items
                cursor = page.next_cursor
        assert got == numbers(30)
        assert (caught.value.offset, caught.value.total) == (30, 45)

    @pytest.mark.parametrize(("total", "cursor"), [(0, "10"), (10, "10"), (None, "10"), (45, "")])
    async def test_page_when_no_records_are_left(self, total: int | None, cursor: str) -> None:
        source: MemorySource[int] = offset_source([], total=total)
        listing = source.listing()
        page = await listing.using(cursor=cursor).page()
        assert (page.items, page.next_cursor) == ([], None)

    async def test_page_when_beyond_the_caps(self) -> None:
        source = offset_source(numbers(900), scheme=CAPPED)
        with pytest.raises(PagingLimit, match="50 records"):
            await source.listing().using(cursor="700").page()
        assert not source.asked

    async def test_page_keeps_the_sent_record(self) -> None:
        sent = object()
        source = MemorySource(lambda *_: Chunk([1, 2], 2, sent=sent))
        assert (await source.listing().page()).sent is sent
        assert (await source.listing().map(str).page()).sent is sent

    async def test_page_when_records_are_mapped(self) -> None:
        source = offset_source(numbers(35), total=35)
        page = await source.listing().filter(lambda n: n % 2 == 1).page()
        assert (page.items, page.total, page.next_cursor) == ([1, 3, 5, 7, 9], 35, "10")
        assert source.offsets == [(0, 10)]


class TestMap:
    def make(self, *pages: Sequence[int]) -> MemorySource[int]:
        def page(cursor: str | None, _: int | None) -> Chunk[int]:
            place = int(cursor or 0)
            items = pages[place]
            following = str(place + 1) if place + 1 < len(pages) else None
            origin = BytesOrigin(*(b"%d" % item for item in items))
            return Chunk(items, len(items), following, origin=origin)

        return MemorySource(page)

    async def test_items_when_all_are_mapped(self) -> None:
        calls: list[int] = []

        def change(item: int) -> str:
            calls.append(item)
            return str(item)

        assert await self.make([1, 2], [3]).listing().map(change).all() == ["1", "2", "3"]
        assert calls == [1, 2, 3]  # a page is mapped in one pass

    async def test_items_when_one_cannot_be_mapped(self) -> None:
        calls: list[int] = []

        def change(item: int) -> float:
            calls.append(item)
            return 10 / item

        pages = [p async for p in self.make([1, 0, 2], [5, 10]).listing().map(change).pages()]
        assert [list(page.items) for page in pages] == [[10.0, 5.0], [2.0, 1.0]]
        (undecodable,) = pages[0].undecodable
        assert (undecodable.where, undecodable.data, undecodable.reason) == (
            "[1]",
            b"0",
            "division by zero",
        )
        assert pages[1].undecodable == ()
        assert calls == [1, 0, 1, 0, 2, 5, 10]

    @given(
        sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4), bad=st.sets(st.integers(0, 19))
    )
    async def test_items_when_any_cannot_be_mapped(self, sizes: list[int], bad: set[int]) -> None:
        def change(item: int) -> str:
            if item in bad:
                raise ValueError(item)
            return str(item)

        number = counting()
        made = [[next(number) for _ in range(size)] for size in sizes]
        found: list[str] = []
        undecodable: list[bytes] = []
        async for page in self.make(*made).listing().map(change).pages():
            found += page.items
            undecodable += [one.data for one in page.undecodable]
        assert found == [str(item) for item in range(sum(sizes)) if item not in bad]
        assert undecodable == [b"%d" % item for item in range(sum(sizes)) if item in bad]

    async def test_items_when_the_mapping_is_cancelled(self) -> None:
        def change(item: int) -> str:
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await self.make([1]).listing().map(change).all()

    async def test_items_when_their_bytes_are_unknown(self) -> None:
        with pytest.raises(ZeroDivisionError):
            await token_source([[1, 0]]).listing().map(lambda item: 1 / item).all()

    async def test_items_when_one_cannot_be_mapped_after_others_were_filtered(self) -> None:
        listing = self.make([1, 3, 4, 0, 2]).listing()

        def odd_out(item: int) -> bool:
            return item % 2 == 0

        def unlike_four(item: int) -> int:
            if item == 4:
                raise ValueError("four")
            return item

        changed: Listing[float]
        for changed in (
            listing.filter(odd_out).map(unlike_four).map(lambda item: 10 / item),
            listing.map(unlike_four).filter(odd_out).map(lambda item: 10 / item),
            listing.map(lambda item: item).filter(odd_out).map(unlike_four).map(lambda i: 10 / i),
        ):
            page = await changed.page()
            assert page.items == [5.0]
            assert [(one.where, one.data, one.reason) for one in page.undecodable] == [
                ("[2]", b"4", "four"),
                ("[3]", b"0", "division by zero"),
            ]

    async def test_records_when_they_are_read_one_by_one(self) -> None:
        calls: list[int] = []

        def change(item: int) -> str:
            calls.append(item)
            return str(item)

        count = 2 * PART_SIZE + 1
        listing = self.make(range(count), [count]).listing().map(change)
        ahead = []
        async with aclosing(listing.records()) as records:
            async for record in records:
                ahead.append(len(calls) - int(record))
        assert max(ahead) == PART_SIZE
        assert calls == numbers(count + 1)
        assert listing.cursor == "1"

    @given(
        bad=st.sets(st.integers(0, 2 * PART_SIZE + 9), max_size=5),
        left_out=st.sets(st.integers(0, 2 * PART_SIZE + 9), max_size=5),
    )
    async def test_records_when_any_cannot_be_mapped(
        self, bad: set[int], left_out: set[int]
    ) -> None:
        def change(item: int) -> int:
            if item in bad:
                raise ValueError(item)
            return item

        count = 2 * PART_SIZE + 10
        origin = BytesOrigin(*(b"%d" % item for item in range(count)))
        source = MemorySource(lambda *_: Chunk(range(count), count, origin=origin))
        listing = source.listing().filter(lambda item: item not in left_out)
        found = [item async for item in listing.map(change)]
        assert found == [n for n in range(count) if n not in bad | left_out]
        assert [one.data for one in origin.reported] == [b"%d" % n for n in sorted(bad - left_out)]

    async def test_records_when_a_page_is_empty(self) -> None:
        listing = self.make([1], []).listing()
        assert [item async for item in listing] == [1]
        assert listing.cursor == "1"

    async def test_pages_when_mapped_as_a_whole(self) -> None:
        count = PART_SIZE + 1
        listing = self.make(range(count)).listing().map_pages(lambda items: [len(items)])
        assert [item async for item in listing.map(str)] == [str(count)]

    async def test_items_when_filtered(self) -> None:
        even = offset_source(numbers(25)).listing().filter(lambda item: item % 2 == 0)
        assert await even.all() == numbers(25)[::2]
        assert even.cursor == "20"

    async def test_pages_when_mapped(self) -> None:
        listing = offset_source(numbers(12)).listing().map_pages(lambda items: [len(items)])
        assert await listing.all() == [10, 2]


class TestChain:
    def make(self) -> tuple[Listing[int], list[MemorySource[int]]]:
        sources = [
            token_source([[1, 2], [3, 4]], scheme=SIZED),
            token_source([[4, 5], [1, 6]], scheme=SIZED),
        ]
        new, old = sources
        return chain([("new", new.listing()), ("old", old.listing())], key=str), sources

    async def test_records_when_they_are_read_one_by_one(self) -> None:
        calls: list[int] = []

        def change(item: int) -> int:
            calls.append(item)
            return item

        count = 2 * PART_SIZE
        parts = [token_source([range(count)]), token_source([range(count - 1, count + 2)])]
        mapped = [
            (name, part.listing().map(change)) for name, part in zip("ab", parts, strict=True)
        ]
        listing = chain(mapped, key=str)
        ahead = [len(calls) - item async for item in listing]
        assert len(ahead) == count + 2
        assert max(ahead) == PART_SIZE
        assert listing.cursor == "b:"

    async def test_all_when_a_record_is_in_both(self) -> None:
        assert await self.make()[0].all() == [1, 2, 3, 4, 5, 6]

    async def test_pages_when_resumed(self) -> None:
        listing, _ = self.make()
        pages = await pages_of(listing)
        assert [page.cursor for page in pages] == ["new:", "new:1", "old:", "old:1"]
        assert [page.next_cursor for page in pages] == ["new:1", "old:", "old:1", None]
        assert await listing.using(cursor="new:1").all() == [3, 4, 5, 1, 6]
        assert await listing.using(cursor="old:").all() == [4, 5, 1, 6]
        assert await listing.using(cursor="old:1").all() == [1, 6]

    async def test_requests_when_resumed(self) -> None:
        listing, (new, old) = self.make()
        await listing.using(cursor="old:1").all()
        assert (new.tokens, old.tokens) == ([], ["1"])

    async def test_parts_when_other_options_are_given(self) -> None:
        listing, sources = self.make()
        await listing.using(size=7, priority=Priority.BULK, prefetch=1).all()
        for source in sources:
            assert source.asked == [(None, 7), ("1", 7)]
            assert set(source.priorities) == {Priority.BULK}

    @pytest.mark.parametrize("cursor", ["other:1", "1", ":", "new;1"])
    async def test_all_when_the_cursor_is_of_another_list(self, cursor: str) -> None:
        listing, sources = self.make()
        with pytest.raises(InvalidInput, match="must be a cursor of this list"):
            await listing.using(cursor=cursor).all()
        assert not any(source.asked for source in sources)
