import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym.errors import CursorStuck, InvalidInput, PagingLimit
from wbym.paging import ByOffset, Chunk, Listing, Page, Turn, by_offset, by_token, joined

pytestmark = pytest.mark.looptime

SCHEME = ByOffset(size="take", offset="skip", most=10)


class Source:
    """A list of numbers that is asked for by offset, and what was asked of it."""

    def __init__(self, count: int, *, latency: float = 0.0, total: bool = False) -> None:
        self.records = list(range(count))
        self.latency = latency
        self.total = total
        self.shows = count
        self.asked: list[tuple[int, int]] = []
        self.flying = 0
        self.most_flying = 0
        self.held = 0
        self.most_held = 0

    async def __call__(self, offset: int, size: int, turn: Turn) -> Chunk[int]:
        self.asked.append((offset, size))
        self.flying += 1
        self.most_flying = max(self.most_flying, self.flying)
        try:
            await asyncio.sleep(self.latency)
            await turn()
        finally:
            self.flying -= 1
        items = self.records[offset : offset + size] if offset < self.shows else []
        return Chunk(items, len(items), total=len(self.records) if self.total else None)

    def listing(
        self, *, cursor: str | None = None, ahead: int | None = None, scheme: ByOffset = SCHEME
    ) -> Listing[int]:
        return by_offset(self, scheme, method="numbers.list", cursor=cursor, ahead=ahead)


class TestByOffset:
    @given(count=st.integers(0, 60), ahead=st.none() | st.integers(1, 12))
    async def test_all_when_of_any_length(self, count: int, ahead: int | None) -> None:
        source = Source(count)
        assert await source.listing(ahead=ahead).all() == source.records

    @given(count=st.integers(0, 60), stop=st.integers(0, 6))
    async def test_pages_when_resumed_from_a_cursor(self, count: int, stop: int) -> None:
        source = Source(count)
        pages = [page async for page in source.listing().pages()]
        page = pages[min(stop, len(pages) - 1)]
        again = await source.listing(cursor=page.cursor).all()
        assert again == source.records[int(page.cursor) :]
        if page.next_cursor is not None:
            rest = await source.listing(cursor=page.next_cursor).all()
            assert rest == source.records[int(page.next_cursor) :]

    async def test_requests_when_the_list_is_short(self) -> None:
        source = Source(7)
        assert await source.listing().all() == source.records
        assert source.asked == [(0, 10)]

    async def test_requests_when_the_total_is_told(self) -> None:
        source = Source(35, total=True)
        assert await source.listing().all() == source.records
        assert source.asked == [(0, 10), (10, 10), (20, 10), (30, 10)]

    async def test_all_when_the_total_is_too_small(self) -> None:
        source = Source(35)

        async def lying(offset: int, size: int, turn: Turn) -> Chunk[int]:
            chunk = await source(offset, size, turn)
            return Chunk(chunk.items, chunk.count, total=5)

        assert await by_offset(lying, SCHEME, method="x").all() == source.records

    async def test_time_when_pages_are_asked_for_ahead(self) -> None:
        source = Source(400, latency=1.0)
        begin = asyncio.get_running_loop().time()
        assert await source.listing(ahead=8).all() == source.records
        assert asyncio.get_running_loop().time() - begin == pytest.approx(41 / 8, abs=1.01)
        assert source.most_flying == 8

    async def test_bodies_when_the_consumer_is_slow(self) -> None:
        source = Source(200)
        read = 0

        async def counted(offset: int, size: int, turn: Turn) -> Chunk[int]:
            nonlocal read
            chunk = await source(offset, size, turn)
            read += 1
            return chunk

        taken = 0
        async for _ in by_offset(counted, SCHEME, method="x", ahead=8).pages():
            await asyncio.sleep(1)
            taken += 1
            assert read <= taken + 1
        assert taken == 21

    async def test_listing_when_left_early(self) -> None:
        source = Source(1000, latency=1.0)
        async for item in source.listing(ahead=8):
            if item == 5:
                break
        await asyncio.sleep(0.01)
        assert source.flying == 0
        assert len(asyncio.all_tasks()) == 1

    async def test_listing_when_cancelled(self) -> None:
        source = Source(1000, latency=1.0)
        task = asyncio.create_task(source.listing(ahead=8).all())
        await asyncio.sleep(2.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert source.flying == 0
        assert len(asyncio.all_tasks()) == 1

    async def test_listing_when_a_page_fails(self) -> None:
        source = Source(1000, latency=1.0)

        async def failing(offset: int, size: int, turn: Turn) -> Chunk[int]:
            if offset == 30:
                raise RuntimeError("boom")
            return await source(offset, size, turn)

        got: list[int] = []
        with pytest.raises(RuntimeError, match="boom"):
            async for item in by_offset(failing, SCHEME, method="x", ahead=8):
                got.append(item)
        assert got == source.records[:30]
        assert len(asyncio.all_tasks()) == 1

    @pytest.mark.parametrize(
        "scheme",
        [
            ByOffset(size="take", offset="skip", most=10, deepest=40),
            ByOffset(size="take", offset="skip", most=10, reach=50),
            ByOffset(size="take", offset="skip", most=20, reach=50),
        ],
    )
    async def test_listing_when_it_is_longer_than_the_caps(self, scheme: ByOffset) -> None:
        source = Source(51)
        got: list[int] = []
        with pytest.raises(PagingLimit, match="50 records"):
            async for item in source.listing(scheme=scheme):
                got.append(item)
        assert got == source.records[:50]
        assert all(offset + size <= 60 for offset, size in source.asked)

    async def test_listing_when_it_shows_less_than_it_counts(self) -> None:
        source = Source(45, total=True)
        source.shows = 30
        got: list[int] = []
        with pytest.raises(PagingLimit, match="30 records"):
            async for item in source.listing():
                got.append(item)
        assert got == source.records[:30]

    async def test_listing_when_it_ends_at_the_caps(self) -> None:
        scheme = ByOffset(size="take", offset="skip", most=10, deepest=40)
        source = Source(50, total=True)
        assert await source.listing(scheme=scheme).all() == source.records

    async def test_all_when_limited(self) -> None:
        source = Source(1000)
        assert await source.listing().all(limit=25) == source.records[:25]
        assert len(source.asked) <= 11

    async def test_cursor_when_a_page_is_in_hand(self) -> None:
        listing = Source(25).listing()
        assert listing.cursor is None
        async for item in listing:
            assert listing.cursor == str(item // 10 * 10)


class TestByToken:
    async def test_all_when_there_are_pages(self) -> None:
        pages: dict[str | None, Chunk[int]] = {
            None: Chunk([1, 2], 2, "a"),
            "a": Chunk([3], 1, "b"),
            "b": Chunk([], 0, None),
        }

        async def fetch(token: str | None) -> Chunk[int]:
            return pages[token]

        assert await by_token(fetch, method="x").all() == [1, 2, 3]
        assert await by_token(fetch, method="x", cursor="a").all() == [3]

    async def test_all_when_the_cursor_does_not_move(self) -> None:
        async def fetch(token: str | None) -> Chunk[int]:
            return Chunk([1], 1, "a")

        with pytest.raises(CursorStuck, match="'a'"):
            await by_token(fetch, method="x").all()


def _listing(pages: Sequence[Sequence[int]], cursor: str | None) -> Listing[int]:
    async def fetch(token: str | None) -> Chunk[int]:
        place = int(token or 0)
        following = str(place + 1) if place + 1 < len(pages) else None
        return Chunk(pages[place], len(pages[place]), following)

    return by_token(fetch, method="x", cursor=cursor)


class TestJoined:
    def make(self, cursor: str | None = None) -> Listing[int]:
        first, second = [[1, 2], [3, 4]], [[4, 5], [1, 6]]
        return joined(
            [("new", lambda c: _listing(first, c)), ("old", lambda c: _listing(second, c))],
            cursor=cursor,
            key=str,
        )

    async def test_all_when_a_record_is_in_both(self) -> None:
        assert await self.make().all() == [1, 2, 3, 4, 5, 6]

    async def test_pages_when_resumed(self) -> None:
        pages: list[Page[int]] = [page async for page in self.make().pages()]
        assert [page.cursor for page in pages] == ["new:", "new:1", "old:", "old:1"]
        assert [page.next_cursor for page in pages] == ["new:1", "old:", "old:1", None]
        assert await self.make("new:1").all() == [3, 4, 5, 1, 6]
        assert await self.make("old:1").all() == [1, 6]

    async def test_all_when_the_cursor_is_of_another_list(self) -> None:
        with pytest.raises(InvalidInput, match="must be a cursor of this list"):
            await self.make("other:1").all()


class TestMap:
    async def test_items_when_filtered(self) -> None:
        source = Source(25)
        even = source.listing().map(lambda items: [item for item in items if item % 2 == 0])
        assert await even.all() == source.records[::2]
        assert even.cursor == "20"
