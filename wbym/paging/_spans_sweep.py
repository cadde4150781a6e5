"""Sweeps of a list with page tokens, by parts of its period.

The parts end at the start of the sweep, so new records do not shift their pages. At the end the
last day is read again, for records that appeared late or since then.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Generic, Literal, TypeVar

import msgspec

from wbym.domain import UndecodableRecord
from wbym.paging._cursors import Cursor
from wbym.paging._listing import Listing, Page
from wbym.paging._parts import Span, cut, merge, stamp, unstamp
from wbym.paging._source import Reading
from wbym.paging._two_lists import LATE

__all__ = ["SpansSweep"]

T = TypeVar("T")

MIN_PARTS = 16
"""Minimum number of parts of a period, if they are at least a day long."""

MAX_SORTED_PART = timedelta(days=30)
"""Maximum length of a part that is sorted in memory."""


class _State(msgspec.Struct, frozen=True):
    """The state of a sweep, encoded in its cursors."""

    begun: int
    """Microseconds."""
    parts: str | None = None
    """The cursor of the parts."""
    recent: tuple[str, ...] = ()
    """Ids of delivered records of the last day before the sweep began, and later."""
    stage: Literal["parts", "closing"] = "parts"


class SpansSweep(Generic[T]):
    """One sweep of a period in parts, several at a time; each record comes once.

    Args:
        part: Creates the listing of a part.
        time: The creation time of a record.
        key: The id of a record.
        method: The sweep's name, for errors.
        span: The period.
        max_length: Maximum length of a part, by the marketplace.
        concurrency: How many parts are read at the same time; records then come as they arrive.
        in_order: Whether the records come in order of time: parts of at most a month are sorted in
            memory. Records that appeared late come at the end in any case.
        cursor: A page's ``cursor`` or ``next_cursor`` to resume from.

    Raises:
        InvalidInput: ``cursor`` is not a cursor of a sweep.
    """

    def __init__(
        self,
        part: Callable[[Span], Listing[T]],
        *,
        time: Callable[[T], datetime],
        key: Callable[[T], str],
        method: str,
        span: Span,
        max_length: timedelta,
        concurrency: int,
        in_order: bool,
        cursor: str | None,
    ) -> None:
        self._part = part
        self._time = time
        self._key = key
        self._method = method
        self._span = span
        self._at_once = 1 if in_order else concurrency
        self._in_order = in_order
        self._begin = _State(stamp(datetime.now(UTC)))
        if cursor:
            self._begin = _STATES.read(method, cursor)
        begun = unstamp(self._begin.begun)
        self._closed = Span(span.since, begun if span.until is None else min(span.until, begun))
        self._recent = Span(max(span.since, begun - LATE), span.until)
        self._longest = min(max_length, MAX_SORTED_PART) if in_order else max_length

    async def read(self) -> AsyncGenerator[Page[T], None]:
        """Read the pages; the last one is empty."""
        state = self._begin
        here = _STATES.text(state)
        recent = set(state.recent)
        if state.stage == "parts":
            async with aclosing(self._in_parts(state).pages()) as pages:
                async for page in pages:
                    new = self._recently(page)
                    recent.update(new)
                    state = msgspec.structs.replace(
                        state,
                        parts=page.next_cursor,
                        recent=(*state.recent, *new),
                        stage="parts" if page.next_cursor else "closing",
                    )
                    following = _STATES.text(state)
                    yield Page(page.items, here, following, None, page.undecodable)
                    here = following
                    del page
        if self._recent.until is None or self._recent.since < self._recent.until:
            async with aclosing(self._part(self._recent).pages()) as pages:
                async for page in pages:
                    fresh = [item for item in page.items if self._key(item) not in recent]
                    if self._in_order:
                        fresh.sort(key=self._time)
                    new = [self._key(item) for item in fresh]
                    recent.update(new)
                    state = msgspec.structs.replace(state, recent=(*state.recent, *new))
                    following = _STATES.text(state)
                    yield Page(fresh, here, following, None, page.undecodable)
                    here = following
        yield Page((), here, None)

    def _in_parts(self, state: _State) -> Listing[T]:
        spans = reversed(cut(self._closed, self._longest, MIN_PARTS))
        parts = [(span.name, self._once(span)) for span in spans]
        listing = merge(parts, method=self._method, concurrency=self._at_once)
        return listing.using(cursor=state.parts)

    def _once(self, span: Span) -> Listing[T]:
        """A part without duplicates, and in order if requested."""
        listing = self._part(span)

        async def read(reading: Reading) -> AsyncGenerator[Page[T], None]:
            if self._in_order:  # a part is then read as a whole
                reading = msgspec.structs.replace(reading, cursor=None)
            seen: set[str] = set()
            held: list[T] = []
            undecodable: tuple[UndecodableRecord, ...] = ()
            async with aclosing(listing.read(reading)) as pages:
                async for page in pages:
                    fresh = [item for item in page.items if self._key(item) not in seen]
                    seen.update(map(self._key, fresh))
                    held += fresh
                    undecodable += page.undecodable
                    if not self._in_order or page.next_cursor is None:
                        items = sorted(held, key=self._time) if self._in_order else held
                        yield Page(items, page.cursor, page.next_cursor, None, undecodable)
                        held, undecodable = [], ()
                    del page

        return Listing(read)

    def _recently(self, page: Page[T]) -> list[str]:
        since = self._recent.since
        return [self._key(item) for item in page.items if self._time(item) >= since]


_STATES = Cursor(_State)
