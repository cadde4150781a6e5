"""Reading a list by its records' times, so that nothing is missed while the list changes.

A list that is paged by offset shifts under its reader: where a record leaves, the next page begins
one record too late. So pages are asked for from a moment on, oldest first, a little over one
another. A page is one look at the list, complete between the times of its first and its last
record; where the next page begins before the last one ended, nothing can be missing between them,
whatever has changed. Where it does not, the rest is asked for anew from the last record's second
on. That also carries a list past the deepest offset that its marketplace allows.
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
from wbym.paging._listing import Listing, Page
from wbym.paging._parts import TICK, Span, stamp, unstamp
from wbym.paging._prefetch import PREFETCH, read_ahead
from wbym.paging._schemes import ByOffset
from wbym.paging._source import Chunk, Reading

__all__ = ["InOrder", "by_time", "pages_for", "second_of"]

T = TypeVar("T")

OVERLAP = 20
"""Records that two pages have in common while nothing changes."""

PAGES_PER_RUN = 20
"""Pages that are asked for by offset before the reader goes on from a moment again: the marketplace
has to count its way to an offset."""

_PAGES_KEPT = 2
"""Pages whose ids are kept to tell which records came already."""

MAX_STALLS = 5
"""How often a run may bring nothing to go on from before the reading is given up."""

SECOND = timedelta(seconds=1)
"""What marketplaces take the ends of a period in."""


class InOrder(Protocol[T]):
    """A list of a period that the marketplace sorts by time."""

    def __call__(self, span: Span, newest_first: bool, /) -> Listing[T]:
        """The listing, by offset; records just outside of the period may be in it."""
        ...


class _Position(msgspec.Struct, frozen=True):
    """How far a list is read."""

    at: int
    """Microseconds: all before this second was delivered."""
    ids: tuple[str, ...] = ()
    """What was delivered of this second and later."""


def second_of(moment: datetime) -> datetime:
    """The beginning of its second."""
    return moment.replace(microsecond=0)


def pages_for(records: int, page_size: int) -> int:
    """How many requests reading so many records by time takes."""
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

    Complete means: each record that is listed from the beginning to the end of the reading is
    delivered. A short page ends the list only where ``expected`` records were seen or the next look
    brings a short page too. Read from a cursor on, nothing comes twice.

    Args:
        listed: The marketplace's list of a period.
        span: The period.
        time: When a record was made; what the marketplace sorts by.
        key: A record's id.
        expected: How many records the marketplace counts, where that was asked.
        depth: The offset from which on the marketplace shows nothing, where it is less than
            documented. It is also found out by an empty page, at the cost of a request.

    Raises:
        InvalidInput: While reading: it is not a cursor of this list, or pages of the size that is
            asked for do not overlap enough.
        PagingLimit: While reading: one second has more records than can be reached from both its
            ends.
        CursorStuck: While reading: the marketplace's pages do not let the reader go on, such as a
            second with many records whose order is another in each page.
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
            raise TypeError("a list is read by time only where it is paged by offset")
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
        """The pages."""
        position = _Position(stamp(second_of(self._span.since)))
        if self._cursor:
            position = _POSITIONS.read(self._method, self._cursor)
        delivered = 0
        was_short = False
        stalls = 0
        empty_from: int | None = None
        while True:
            run = self._run(position, delivered, empty_from)
            last: datetime | None = None  # the time of the last page's last record
            seen = _SeenRecords(position.ids, self._time, self._key)
            begun = position.at
            used_up = True  # the run: no page could be asked for any more
            async with aclosing(run):
                async for at, asked, chunk in run:
                    items = chunk.items
                    if at and not chunk.count:
                        # The end of the list, or as deep as it can be paged: the next run tells.
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
        """Pages by offset from a position on."""
        left = None if self._expected is None else self._expected - delivered + len(position.ids)
        return self._pages(
            Span(unstamp(position.at), self._span.until),
            self._reaching(PAGES_PER_RUN, empty_from),
            prefetch=self._prefetch or (None if left is None or left <= self._size else PREFETCH),
            expected=left,
        )

    def _pages(
        self,
        span: Span,
        scheme: ByOffset,
        *,
        newest_first: bool = False,
        prefetch: int | None,
        expected: int | None = None,
    ) -> AsyncGenerator[tuple[int, int, Chunk[T]], None]:
        source = self._listed(span, newest_first).source
        assert source is not None  # noqa: S101 - it is the same list
        return read_ahead(
            source,
            scheme,
            size=self._size,
            overlap=OVERLAP,
            prefetch=prefetch,
            expected=expected,
            priority=self._priority,
        )

    def _reaching(self, pages: int, empty_from: int | None = None) -> ByOffset:
        """The scheme, ending after so many pages, or sooner where nothing more is shown."""
        ends = [pages * (self._size - OVERLAP) - 1]
        ends += [depth - 1 for depth in (self._depth, empty_from) if depth is not None]
        if self._scheme.max_offset is not None:
            ends.append(self._scheme.max_offset)
        return msgspec.structs.replace(self._scheme, max_offset=max(0, min(ends)))

    def _continues(self, items: Sequence[T], last: datetime, seen: "_SeenRecords[T]") -> bool:
        """Whether a page begins before the one before it ended, so that nothing lies between."""
        if self._time(items[0]) < last:
            return True
        return any(self._key(item) in seen.last_page for item in items[:OVERLAP])

    def _of_span(self, items: list[T]) -> list[T]:
        """What is of the period, to the fraction of a second."""
        time, span = self._time, self._span
        if items and not (time(items[0]) in span and time(items[-1]) in span):
            return [item for item in items if time(item) in span]
        return items

    def _advance(self, position: _Position, items: Sequence[T], last: datetime | None) -> _Position:
        if last is None:  # nothing of the page could be read
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
        """The rest of a second that has more records than can be paged: from its other end."""
        since = unstamp(position.at)
        scheme = self._reaching(2**31)
        run = self._pages(Span(since, since + SECOND), scheme, newest_first=True, prefetch=1)
        came: set[str] = set()
        async with aclosing(run):
            async for _, asked, chunk in run:
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
        raise PagingLimit(self._method, (scheme.max_offset or 0) + 1)


class _SeenRecords(Generic[T]):
    """Which records of a run came already: by the ids of its last pages, and by time before them.

    Between pages a record only moves as far as others come and go, so what is older than two pages
    was covered when it was there to be read.
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
        """The ids of the page before."""
        return self._pages[-1][1] if self._pages else set()

    def fresh(self, items: Sequence[T]) -> list[T]:
        """Those that did not come yet."""
        key, ids = self._key, self._ids
        found = [item for item in items if key(item) not in ids]
        before = self._before
        if before is not None and found and self._time(found[0]) <= before:
            return [item for item in found if self._time(item) > before]
        return found

    def add(self, items: Sequence[T]) -> None:
        """Note a page, and forget the oldest where its time is long over."""
        if not items:
            return
        ids = {self._key(item) for item in items}
        self._ids |= ids
        self._pages.append((self._time(items[0]), ids))
        # Within one second there is nothing but the ids to tell records apart.
        if len(self._pages) > _PAGES_KEPT and self._pages[1][0] < self._pages[-1][0]:
            self._pages.popleft()
            self._before = self._pages[0][0]
            self._ids = set(self._begun_with).union(*(ids for _, ids in self._pages))


_POSITIONS = Cursor(_Position)
