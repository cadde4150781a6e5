import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sources import MemorySource, Traffic
from wbym.errors import InvalidInput
from wbym.limits import Priority
from wbym.paging import (
    ByToken,
    Chunk,
    Listing,
    Span,
    Sweep,
    SweepPlan,
    by_span,
    lazy,
    merge,
)

pytestmark = pytest.mark.looptime

NOW = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Parts:
    """Listings of numbers with given page sizes, and their requests."""

    def __init__(self, *sizes: int, page: int = 3, latency: float = 0.0) -> None:
        first = [sum(sizes[:place]) for place in range(len(sizes))]
        self.records = [list(range(a, a + size)) for a, size in zip(first, sizes, strict=True)]
        self.page = page
        self.latency = latency
        self.traffic = Traffic()
        self.priorities: set[Priority | None] = set()
        self.sizes: set[int | None] = set()
        self.broken: set[int] = set()

    @property
    def all(self) -> list[int]:
        return [number for part in self.records for number in part]

    def part(self, place: int) -> Listing[int]:
        def page(token: str | None, size: int | None) -> Chunk[int]:
            self.sizes.add(size)
            self.priorities.add(source.priorities[-1])
            if place in self.broken:
                raise OSError(f"part {place} is broken")
            # Tokens of a marketplace may be any text.
            start = int(token.removeprefix("; ,:%")) if token else 0
            items = self.records[place][start : start + self.page]
            more = start + self.page < len(self.records[place])
            return Chunk(items, len(items), f"; ,:%{start + self.page}" if more else None)

        scheme = ByToken("token", size="limit", max_size=100)
        source = MemorySource(page, scheme=scheme, latency=self.latency, traffic=self.traffic)
        return source.listing()

    def listing(self, *, concurrency: int = 1) -> Listing[int]:
        parts = [(f"p{place}", self.part(place)) for place in range(len(self.records))]
        return merge(parts, method="numbers.list", concurrency=concurrency)


sizes = st.lists(st.integers(0, 12), max_size=6)


class TestMerge:
    @given(sizes=sizes, concurrency=st.integers(1, 5))
    async def test_all_of_any_length(self, sizes: list[int], concurrency: int) -> None:
        parts = Parts(*sizes)
        found = await parts.listing(concurrency=concurrency).all()
        assert sorted(found) == parts.all
        if concurrency == 1:
            assert found == parts.all

    @given(
        sizes=sizes,
        concurrency=st.integers(1, 5),
        then=st.integers(1, 5),
        stop=st.integers(0, 20),
        behind=st.booleans(),
    )
    async def test_pages_when_resumed_from_a_cursor(
        self, sizes: list[int], concurrency: int, then: int, stop: int, behind: bool
    ) -> None:
        parts = Parts(*sizes, latency=0.01)
        pages = [page async for page in parts.listing(concurrency=concurrency).pages()]
        if not pages:
            return
        stop = min(stop, len(pages) - 1)
        cursor = pages[stop].next_cursor if behind else pages[stop].cursor
        before = [n for page in pages[: stop + behind] for n in page.items]
        if cursor is None:
            assert sorted(before) == parts.all
            return
        # Whatever the concurrency was before, and is now.
        rest = await parts.listing(concurrency=then).using(cursor=cursor).all()
        assert sorted([*before, *rest]) == parts.all

    async def test_requests_when_left_early(self) -> None:
        parts = Parts(9, 9)
        assert await parts.listing().all(limit=2) == [0, 1]
        assert parts.traffic.requests == 1
        await parts.listing(concurrency=2).all(limit=2)
        await asyncio.sleep(10)
        assert parts.traffic.in_flight == 0
        assert parts.traffic.requests < 8

    async def test_requests_when_reading_continues(self) -> None:
        parts = Parts(9, 9)
        pages = parts.listing().pages()
        asked = []
        async for _ in pages:
            await asyncio.sleep(1)
            asked.append(parts.traffic.requests)
        # The first alone, since most readers want only one; then one page ahead, and
        # at the end of a part two of the next.
        assert asked == [1, 3, 5, 5, 6, 6]
        assert parts.traffic.max_in_flight == 1

    async def test_requests_when_several_are_read_at_once(self) -> None:
        parts = Parts(*[30] * 8, latency=0.2)
        begin = asyncio.get_running_loop().time()
        await parts.listing(concurrency=4).all()
        # 80 pages, four at a time, without a gap.
        assert asyncio.get_running_loop().time() - begin == pytest.approx(80 / 4 * 0.2)
        assert parts.traffic.max_in_flight == 4

    async def test_pages_when_the_consumer_is_slow(self) -> None:
        parts = Parts(*[300] * 4, latency=0.01)
        async for _ in parts.listing(concurrency=4).pages():
            await asyncio.sleep(5)
            break
        assert parts.traffic.requests <= 2 + 4 + 4

    @pytest.mark.parametrize("concurrency", [1, 3])
    async def test_pages_when_a_part_fails(self, concurrency: int) -> None:
        parts = Parts(6, 6, 6, latency=0.01)
        parts.broken = {1}
        found: list[int] = []
        with pytest.raises(OSError, match="part 1 is broken"):
            async for number in parts.listing(concurrency=concurrency):
                found.append(number)
        assert parts.traffic.in_flight == 0
        assert set(found) <= set(parts.all)

    async def test_reading_when_cancelled(self) -> None:
        parts = Parts(*[300] * 4, latency=1)
        task = asyncio.ensure_future(parts.listing(concurrency=4).all())
        await asyncio.sleep(5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert parts.traffic.in_flight == 0

    @pytest.mark.parametrize("cursor", ["5", "p0:1", "p9:1;p1", "p0:1;p9", ";p9", "a;b;c"])
    async def test_cursor_when_of_another_list(self, cursor: str) -> None:
        parts = Parts(3, 3)
        for concurrency in (1, 3):
            with pytest.raises(InvalidInput, match="cursor of this list") as caught:
                await parts.listing(concurrency=concurrency).using(cursor=cursor).all()
            assert (caught.value.method, caught.value.argument) == ("numbers.list", "cursor")
        assert parts.traffic.requests == 0

    @pytest.mark.parametrize("concurrency", [1, 3])
    async def test_parts_when_other_options_are_given(self, concurrency: int) -> None:
        parts = Parts(6, 6, 6)
        listing = parts.listing(concurrency=concurrency).using(size=7, priority=Priority.BULK)
        assert sorted(await listing.all()) == parts.all
        assert (parts.sizes, parts.priorities) == ({7}, {Priority.BULK})

    async def test_page_when_one_is_enough(self) -> None:
        parts = Parts(6, 6)
        listing = parts.listing()
        page = await listing.page()
        assert (page.items, page.cursor) == ([0, 1, 2], "p0:;p1")
        assert parts.traffic.requests == 1
        assert page.next_cursor is not None
        assert (await listing.using(cursor=page.next_cursor).page()).items == [3, 4, 5]

    def test_order_when_it_is_known(self) -> None:
        parts = [("a", Parts(1).part(0))]
        for concurrency in (1, 2):
            listing = merge(parts, method="x", concurrency=concurrency, newest_first=True)
            assert listing.newest_first == (concurrency == 1)


class TestBySpan:
    def spans(
        self,
        since: datetime,
        until: datetime | None,
        *,
        max_length: timedelta = 30 * DAY,
        concurrency: int = 1,
        finely: bool = True,
    ) -> tuple[list[Span], Listing[int]]:
        seen: list[Span] = []

        def part(span: Span) -> Listing[int]:
            def page(_: str | None, __: int | None) -> Chunk[int]:
                seen.append(span)
                return Chunk([len(seen)], 1)

            return MemorySource(page).listing()

        listing = by_span(
            part,
            method="numbers.list",
            since=since,
            until=until,
            max_length=max_length,
            concurrency=concurrency,
            finely=finely,
        )
        return seen, listing

    @given(
        days=st.floats(0, 400),
        concurrency=st.integers(1, 4),
        open_ended=st.booleans(),
        finely=st.booleans(),
    )
    async def test_spans_when_they_cover_the_period(
        self, days: float, concurrency: int, open_ended: bool, finely: bool
    ) -> None:
        until = None if open_ended else NOW
        since = (datetime.now(UTC) if open_ended else NOW) - timedelta(days=days)
        seen, listing = self.spans(since, until, concurrency=concurrency, finely=finely)
        await listing.all()
        self._check(sorted(seen, key=lambda span: span.since), since, until)
        if concurrency == 1:
            assert seen == sorted(seen, key=lambda span: span.since, reverse=True)

    def _check(self, spans: Sequence[Span], since: datetime, until: datetime | None) -> None:
        assert spans[0].since == since
        for one, following in pairwise(spans):
            assert one.until == following.since
            assert following.since not in one
        assert spans[-1].until == (None if until is None else until + timedelta(microseconds=1))
        for span in spans:
            assert (span.until or datetime.now(UTC)) - span.since <= 30 * DAY + timedelta(seconds=9)
        for moment in (since, until or datetime.now(UTC)):
            assert sum(moment in span for span in spans) == 1

    @given(days=st.integers(31, 400), concurrency=st.integers(1, 4), stop=st.integers(0, 20))
    async def test_spans_when_resumed(self, days: int, concurrency: int, stop: int) -> None:
        since = NOW - timedelta(days=days)
        seen, listing = self.spans(since, NOW, concurrency=concurrency)
        pages = [page async for page in listing.pages()]
        cursor = pages[min(stop, len(pages) - 1)].next_cursor
        if cursor is None:
            return
        done = [seen[number - 1] for page in pages[: stop + 1] for number in page.items]
        again, rest = self.spans(since, NOW)
        await rest.using(cursor=cursor).all()
        assert len(again) == len(set(again))
        self._check(sorted({*done, *again}, key=lambda span: span.since), since, NOW)

    async def test_spans_when_read_at_once(self) -> None:
        seen, listing = self.spans(NOW - 180 * DAY, NOW, max_length=181 * DAY, concurrency=4)
        await listing.all()
        assert len(seen) == 16
        seen, listing = self.spans(NOW - 3 * DAY, NOW, max_length=181 * DAY, concurrency=4)
        await listing.all()
        assert len(seen) == 3
        seen, listing = self.spans(
            NOW - 180 * DAY, NOW, max_length=181 * DAY, concurrency=4, finely=False
        )
        await listing.all()
        assert len(seen) == 1

    @pytest.mark.parametrize("cursor", ["5", "x-y:;", ";x-", "1-9999999999999999999999:;"])
    async def test_cursor_when_of_another_list(self, cursor: str) -> None:
        seen, listing = self.spans(NOW - DAY, NOW)
        with pytest.raises(InvalidInput, match="cursor of this list"):
            await listing.using(cursor=cursor).all()
        assert not seen

    async def test_requests_when_reading_continues(self) -> None:
        seen, listing = self.spans(NOW - 90 * DAY, NOW)
        asked = []
        async for _ in listing.pages():
            await asyncio.sleep(1)
            asked.append(len(seen))
        # The first alone, since most readers want only one; then one page ahead.
        assert asked == [1, 3, 4, 4]


class TestMapAsync:
    async def test_pages_when_items_are_looked_up(self) -> None:
        async def double(items: Sequence[int]) -> list[str]:
            await asyncio.sleep(1)
            return [str(2 * item) for item in items if item != 4]

        listing = Parts(4, 2).listing().map_async(double)
        pages = [page async for page in listing.pages()]
        assert [list(page.items) for page in pages] == [["0", "2", "4"], ["6"], ["10"]]
        assert pages[-1].next_cursor is None
        assert await listing.using(cursor=pages[1].cursor).all() == ["6", "10"]


class TestLazy:
    async def test_listing_when_created_lazily(self) -> None:
        asked = 0
        parts = Parts(6)

        async def make() -> Listing[int]:
            nonlocal asked
            asked += 1
            return parts.listing()

        listing = lazy(make)
        assert asked == 0
        assert await listing.all() == list(range(6))
        pages = [page async for page in listing.pages()]
        assert [page.cursor for page in pages] == ["p0:;", "p0:%3B%20%2C%3A%253;"]
        assert asked == 2
        again = listing.using(cursor=pages[1].cursor, size=5, priority=Priority.BULK)
        assert await again.all() == [3, 4, 5]
        assert 5 in parts.sizes
        assert Priority.BULK in parts.priorities


class TestSweep:
    def make(self) -> tuple[Sweep[int], Parts]:
        parts = Parts(6, 6)

        async def plan() -> SweepPlan:
            return SweepPlan(12, 4)

        sweep = Sweep(
            parts.listing().pages,
            make_plan=plan,
            requests=lambda: parts.traffic.requests,
            limit=lambda: None,
        )
        return sweep, parts

    async def test_sweep_when_read(self) -> None:
        sweep, parts = self.make()
        assert await sweep.all() == parts.all
        progress = sweep.progress
        assert (progress.records, progress.expected, progress.requests) == (12, 12, 4)
        assert (await sweep.page()).items == [0, 1, 2]

    async def test_sweep_when_other_options_are_given(self) -> None:
        sweep, parts = self.make()
        for listing in (
            sweep.using(cursor="p0:;p1"),
            sweep.using(size=5),
            sweep.using(prefetch=2),
            sweep.using(priority=Priority.BULK),
        ):
            with pytest.raises(InvalidInput, match="is not supported by a sweep"):
                await listing.all()
        assert parts.traffic.requests == 0
