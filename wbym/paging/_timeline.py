"""Reading a list by its records' times, so that nothing is missed while the list changes.

A list that is paged by offset shifts under its reader: after a record leaves, the next page begins
one record too late. So pages are requested from a time on, oldest first, with a small overlap. A
page is a snapshot of the list, complete between the times of its first and its last record; if the
next page begins before the previous one ended, nothing can be missing between them, whatever has
changed. If it does not, the rest is requested again from the last record's second on. This also
reads a list beyond the marketplace's maximum offset.
"""

from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from itertools import takewhile
from math import ceil
from typing import Generic, Protocol, TypeVar

import msgspec

from wbym.errors import CursorStuck, InvalidInput, PagingLimit
from wbym.limits import Priority
from wbym.paging._cursors import Cursor
from wbym.paging._listing import Listing, Page, without_impossible_times
from wbym.paging._parts import TICK, Span, stamp, unstamp
from wbym.paging._prefetch import PREFETCH, read_ahead
from wbym.paging._schemes import ByOffset
from wbym.paging._source import Chunk, Reading

__all__ = ["InOrder", "by_time", "pages_for", "second_of"]

T = TypeVar("T")

OVERLAP = 20
"""Records that two consecutive pages have in common if nothing changes."""

PAGES_PER_RUN = 20
"""Pages read by offset before the reader continues from a time again: a marketplace has to count
all records up to an offset."""

_PAGES_KEPT = 2
"""Recent pages whose ids are kept to recognize delivered records."""

MAX_STALLS = 5
"""How many runs may make no progress before the reading is given up."""

SECOND = timedelta(seconds=1)
"""The precision of a period's ends at the marketplaces."""


class InOrder(Protocol[T]):
    """Creates a list of a period, sorted by time by the marketplace."""

    def __call__(self, span: Span, newest_first: bool, /) -> Listing[T]:
        """The listing, paged by offset; it may include records just outside of the period."""
        ...


class _Position(msgspec.Struct, frozen=True):
    """The position of the reader in a list."""

    at: int
    """Unix microseconds: all records before this second were delivered."""
    ids: tuple[str, ...] = ()
    """Ids of delivered records of this second and later."""


def second_of(moment: datetime) -> datetime:
    """The time without fractions of a second."""
    return moment.replace(microsecond=0)


def pages_for(records: int, page_size: int) -> int:
    """The number of requests for reading n records by time.

    Args:
        records: The number of records.
        page_size: Records per request.
    """
    return max(1, ceil((records - OVERLAP) / (page_size - OVERLAP)))


def by_time(
    listed: InOrder[T],
    *,
    span: Span,
    time: Callable[[T], datetime],
    key: Callable[[T], str],
    expected: int | None = None,
    depth: int | None = None,
) -> Listing[T]:
    """The records of a period, oldest first, each once, complete while the list changes.

    Complete means: each record that is listed during the whole reading is delivered. A short page
    ends the list only if ``expected`` records were delivered or the next request also returns a
    short page. After resuming from a cursor, no record comes twice.

    Args:
        listed: Creates the marketplace's list of a period.
        span: The period.
        time: The time of a record that the marketplace sorts by.
        key: The id of a record.
        expected: The number of records by the marketplace's count, if it was requested.
        depth: The offset from which the marketplace returns nothing, if it is less than documented.
            It is also detected by an empty page, at the cost of a request.

    Raises:
        InvalidInput: While reading: the cursor is not from this list, or the page size is too small
            for the overlap.
        PagingLimit: While reading: one second has more records than can be reached from both its
            ends.
        CursorStuck: While reading: the marketplace's pages allow no progress, for example if a
            second has many records, in a different order on each page.
    """

    def read(reading: Reading) -> AsyncGenerator[Page[T], None]:
        timeline = _Timeline(listed, span, time, key, expected, depth, reading)
        return timeline.read()

    return Listing(read)


class _Timeline(Generic[T]):
    """One reading of a list by time."""

    def __init__(
        self,
        listed: InOrder[T],
        span: Span,
        time: Callable[[T], datetime],
        key: Callable[[T], str],
        expected: int | None,
        depth: int | None,
        reading: Reading,
    ) -> None:
        source = listed(span, False).source
        if source is None or not isinstance(source.scheme, ByOffset):
            raise TypeError("only a list that is paged by offset can be read by time")
        self._listed = listed
        self._scheme = source.scheme
        self._method = source.method
        self._span = span
        self._time = time
        self._key = key
        self._expected = expected
        self._size = reading.size or self._scheme.max_size
        if not OVERLAP < self._size <= self._scheme.max_size:
            rule = f"must be from {OVERLAP + 1} to {self._scheme.max_size}"
            raise InvalidInput(source.method, "size", rule, reading.size)
        self._prefetch = reading.prefetch
        self._priority: Priority | None = reading.priority
        self._depth = depth
        self._cursor = reading.cursor

    async def read(self) -> AsyncGenerator[Page[T], None]:
        """Read the pages."""
        position = _Position(stamp(second_of(self._span.since)))
        if self._cursor:
            position = _POSITIONS.read(self._method, self._cursor)
        delivered = 0
        was_short = False
        stalls = 0
        empty_from: int | None = None
        while True:
            run = self._run(position, delivered, empty_from)
            last: datetime | None = None  # time of the last page's last record
            seen = _SeenRecords(position.ids, self._time, self._key)
            begun = position.at
            used_up = True  # the run has requested all its pages
            async with aclosing(run):
                async for at, asked, chunk in run:
                    items = chunk.items
                    if at and not chunk.count:
                        # The end of the list, or its maximum depth: the next run decides.
                        empty_from, was_short, used_up = at, True, False
                        break
                    if last and items and not self._continues(items, last, seen):
                        used_up = False
                        break
                    fresh = self._of_span(seen.fresh(items))
                    seen.add(items)
                    delivered += len(fresh)
                    before = position
                    last = self._time(items[-1]) if items else None
                    position = self._advance(position, items, last)
                    if empty_from is not None and fresh:
                        self._depth, empty_from = empty_from, None
                    short = chunk.count < asked
                    over = short and (was_short or self._seen_all(delivered))
                    following = None if over else _POSITIONS.text(position)
                    yield Page(fresh, _POSITIONS.text(before), following, None, chunk.undecodable)
                    if over:
                        return
                    was_short = short
                    used_up = not short
                    del items, fresh, chunk
            stalls = stalls + 1 if position.at == begun and not was_short else 0
            if stalls > MAX_STALLS or (stalls and last is None):
                raise CursorStuck(self._method, _POSITIONS.text(position))
            if used_up and stalls:
                async with aclosing(self._crowded(position, seen)) as pages:
                    async for page in pages:
                        delivered += len(page.items)
                        yield page
                position = _Position(position.at + SECOND // TICK)
                stalls = 0

    def _run(
        self, position: _Position, delivered: int, empty_from: int | None
    ) -> AsyncGenerator[tuple[int, int, Chunk[T]], None]:
        """A run of pages by offset, from a position on."""
        left = None if self._expected is None else self._expected - delivered + len(position.ids)
        return self._pages(
            Span(unstamp(position.at), self._span.until),
            self._reaching(PAGES_PER_RUN, empty_from),
            prefetch=self._prefetch or (None if left is None or left <= self._size else PREFETCH),
            expected=left,
        )

    async def _pages(
        self,
        span: Span,
        scheme: ByOffset,
        *,
        newest_first: bool = False,
        prefetch: int | None,
        expected: int | None = None,
    ) -> AsyncGenerator[tuple[int, int, Chunk[T]], None]:
        source = self._listed(span, newest_first).source
        assert source is not None  # noqa: S101 - it is the same kind of list
        run = read_ahead(
            source,
            scheme,
            size=self._size,
            overlap=OVERLAP,
            prefetch=prefetch,
            expected=expected,
            priority=self._priority,
        )
        async with aclosing(run):
            async for at, asked, chunk in run:
                yield at, asked, without_impossible_times(chunk, self._time)

    def _reaching(self, pages: int, empty_from: int | None = None) -> ByOffset:
        """The scheme, limited to n pages and to the known depth."""
        ends = [pages * (self._size - OVERLAP) - 1]
        ends += [depth - 1 for depth in (self._depth, empty_from) if depth is not None]
        if self._scheme.max_offset is not None:
            ends.append(self._scheme.max_offset)
        return msgspec.structs.replace(self._scheme, max_offset=max(0, min(ends)))

    def _continues(self, items: Sequence[T], last: datetime, seen: "_SeenRecords[T]") -> bool:
        """Whether a page begins before the previous one ended, so that there is no gap."""
        if self._time(items[0]) < last:
            return True
        return any(self._key(item) in seen.last_page for item in items[:OVERLAP])

    def _of_span(self, items: list[T]) -> list[T]:
        """The items inside the period, to the fraction of a second."""
        time, span = self._time, self._span
        if items and not (time(items[0]) in span and time(items[-1]) in span):
            return [item for item in items if time(item) in span]
        return items

    def _advance(self, position: _Position, items: Sequence[T], last: datetime | None) -> _Position:
        if last is None:  # no record of the page could be decoded
            return position
        second = second_of(last)
        newest = takewhile(lambda item: self._time(item) >= second, reversed(items))
        at = max(stamp(second), position.at)
        known = position.ids if at == position.at else ()
        return _Position(at, tuple(dict.fromkeys((*known, *map(self._key, newest)))))

    def _seen_all(self, delivered: int) -> bool:
        return self._expected is not None and delivered >= self._expected

    async def _crowded(
        self, position: _Position, seen: "_SeenRecords[T]"
    ) -> AsyncGenerator[Page[T], None]:
        """The rest of a second with more records than can be paged, read from its other end."""
        since = unstamp(position.at)
        scheme = self._reaching(2**31)
        run = self._pages(Span(since, since + SECOND), scheme, newest_first=True, prefetch=1)
        came: set[str] = set()
        total: int | None = None
        async with aclosing(run):
            async for _, asked, chunk in run:
                total = chunk.total
                new = seen.fresh(chunk.items)
                met = len(new) < len(chunk.items)
                fresh = [item for item in self._of_span(new) if self._key(item) not in came]
                came.update(map(self._key, fresh))
                following = _Position(position.at, (*position.ids, *map(self._key, fresh)))
                if fresh:
                    yield Page(
                        fresh,
                        _POSITIONS.text(position),
                        _POSITIONS.text(following),
                        None,
                        chunk.undecodable,
                    )
                position = following
                if met or chunk.count < asked:
                    return
        raise PagingLimit(self._method, len(position.ids), total)


class _SeenRecords(Generic[T]):
    """The delivered records of a run: by the ids of its last pages, and by time before them.

    Between two pages a record moves only by the number of records that are added or removed, so
    records older than two pages were delivered while they were listed.
    """

    def __init__(
        self, ids: Sequence[str], time: Callable[[T], datetime], key: Callable[[T], str]
    ) -> None:
        self._time = time
        self._key = key
        self._begun_with = ids
        self._ids = set(ids)
        self._pages: deque[tuple[datetime, set[str]]] = deque()
        self._before: datetime | None = None

    @property
    def last_page(self) -> set[str]:
        """The ids of the previous page."""
        return self._pages[-1][1] if self._pages else set()

    def fresh(self, items: Sequence[T]) -> list[T]:
        """The records that were not delivered yet."""
        key, ids = self._key, self._ids
        found = [item for item in items if key(item) not in ids]
        before = self._before
        if before is not None and found and self._time(found[0]) <= before:
            return [item for item in found if self._time(item) > before]
        return found

    def add(self, items: Sequence[T]) -> None:
        """Add a page, and drop the oldest one if its time is covered."""
        if not items:
            return
        ids = {self._key(item) for item in items}
        self._ids |= ids
        self._pages.append((self._time(items[0]), ids))
        # Within one second only the ids distinguish records.
        if len(self._pages) > _PAGES_KEPT and self._pages[1][0] < self._pages[-1][0]:
            self._pages.popleft()
            self._before = self._pages[0][0]
            self._ids = set(self._begun_with).union(*(ids for _, ids in self._pages))


_POSITIONS = Cursor(_Position)
