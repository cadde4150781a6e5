"""Sweeping one list whose pages name the next one, so that it is read in parts of its period.

The parts end where the sweep began, so what arrives meanwhile shifts nothing in them. At the end
the last day is read again, for what has appeared late or since then.
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
"""Parts that a period is cut into at least, if they are no shorter than a day."""

MAX_SORTED_PART = timedelta(days=30)
"""The max_length part that is held in memory to be put in order."""


class _State(msgspec.Struct, frozen=True):
    """How far a sweep is: what its cursors are made of."""

    begun: int
    """Microseconds."""
    parts: str | None = None
    """How far the parts are read."""
    recent: tuple[str, ...] = ()
    """What was delivered of the last day before the sweep began, and later."""
    stage: Literal["parts", "closing"] = "parts"


class SpansSweep(Generic[T]):
    """One reading of a period in parts, several at a time; each record comes once.

    Args:
        part: Reads a part.
        time: When a record was made.
        key: A record's id.
        method: The sweep's name, for errors.
        span: The period.
        max_length: The max_length part that the marketplace takes.
        concurrency: How many parts are read at the same time; then records come as they arrive.
        in_order: Whether the records come in order of time: a part of a month at most is held in
            memory and sorted. What appeared late comes at the end in any case.
        cursor: Where to go on: a page's ``cursor`` or ``next_cursor``.

    Raises:
        InvalidInput: It is no cursor of a sweep.
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
        """The pages; the last one is empty."""
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
        """A part, each of its records once, and in order where that is asked for."""
        listing = self._part(span)

        async def read(reading: Reading) -> AsyncGenerator[Page[T], None]:
            if self._in_order:  # then the part is read as a whole
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
