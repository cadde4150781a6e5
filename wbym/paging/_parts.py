"""Merging of disjoint listings: parts of a period, or shops of a seller.

A list with page tokens can only be read page after page, but its parts can be read at the same
time.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from math import ceil
from typing import Protocol, TypeAlias, TypeVar
from urllib.parse import quote, unquote

import msgspec

from wbym.errors import InvalidInput
from wbym.paging._listing import Listing, Page
from wbym.paging._source import Reading

__all__ = ["Span", "by_span", "cut", "merge"]

T = TypeVar("T")

PARTS_PER_READER = 4
"""Parts of a period per concurrent reader, so that all readers finish at about the same time."""

MIN_PART = timedelta(days=1)
"""Minimum length of a part that is cut only to be read concurrently."""

Part: TypeAlias = tuple[str, Listing[T]]
"""A name (without ``:``, ``,`` and ``;``), and the listing."""


TICK = timedelta(microseconds=1)
"""The step between two moments: ends of periods are inclusive."""
EPOCH = datetime.fromtimestamp(0, UTC)


def stamp(moment: datetime) -> int:
    """A time in Unix microseconds, for cursors."""
    return (moment - EPOCH) // TICK


def unstamp(microseconds: int) -> datetime:
    """The time of a stamp."""
    return EPOCH + microseconds * TICK


class Span(msgspec.Struct, frozen=True):
    """A half-open time interval: ``since`` is included, ``until`` is not."""

    since: datetime
    until: datetime | None
    """None for an open end."""

    def __contains__(self, moment: datetime) -> bool:
        return self.since <= moment and (self.until is None or moment < self.until)

    @property
    def name(self) -> str:
        """The span in Unix microseconds, for cursors."""
        return f"{stamp(self.since)}-{'' if self.until is None else stamp(self.until)}"

    @classmethod
    def named(cls, name: str) -> "Span":
        """The span with that name.

        Raises:
            ValueError: The name is invalid.
        """
        since, _, until = name.partition("-")
        return cls(unstamp(int(since)), unstamp(int(until)) if until else None)


def cut(span: Span, max_length: timedelta, parts: int = 1) -> list[Span]:
    """Cut a span into parts of equal length, the newest first.

    Args:
        span: The span; if it is open, so is the newest part.
        max_length: Maximum length of a part.
        parts: Minimum number of parts, unless they would be shorter than a day.
    """
    since = span.since
    end = span.until or datetime.now(UTC)
    count = max(1, ceil((end - since) / max_length), min(parts, (end - since) // MIN_PART))
    step = max(TICK, -((since - end) // count))  # rounded up, so that no tick is left over
    newest = Span(max(since, end - step) if count > 1 else since, span.until)
    return [newest, *_below(newest.since, since, step)]


def merge(
    parts: Sequence[Part[T]], *, method: str, concurrency: int = 1, newest_first: bool = False
) -> Listing[T]:
    """Merge disjoint listings, reading up to ``concurrency`` of them at the same time.

    Read one at a time, they come in their order; from the second page on, the next page is always
    requested while one is being processed. Read several at a time, pages come as they arrive, and
    at most ``2 * concurrency + 1`` of them are in memory. A cursor records how far each part was
    read, independent of ``concurrency``.

    Args:
        parts: The listings, in order.
        method: The operation's name, for errors.
        concurrency: How many are read at the same time.
        newest_first: Whether the newest records come first when one is read at a time.
    """
    read = partial(_merged, parts, method, concurrency)
    return Listing(read, newest_first=newest_first and concurrency == 1)


async def _merged(
    parts: Sequence[Part[T]], method: str, concurrency: int, reading: Reading
) -> AsyncGenerator[Page[T], None]:
    names = [name for name, _ in parts]
    untouched, where = _places(method, reading.cursor, names)
    todo = deque([*where.items(), *((index, "") for index in range(untouched, len(parts)))])

    def opened(place: tuple[int, str], *, ahead: bool) -> AsyncGenerator[Page[T], None]:
        index, begin = place
        prefetch = reading.prefetch or (1 if ahead else None)
        inside = msgspec.structs.replace(reading, cursor=begin or None, prefetch=prefetch)
        return parts[index][1].read(inside)

    found = _together(opened, todo, concurrency) if concurrency > 1 else _in_turn(opened, todo)
    async with aclosing(found) as pages:
        async for index, page in pages:
            where |= dict.fromkeys(range(untouched, index + 1), "")
            untouched = max(untouched, index + 1)
            where[index] = page.cursor
            here = _cursor(where, untouched, names)
            if page.next_cursor is None:
                del where[index]
            else:
                where[index] = page.next_cursor
            more = where or untouched < len(names)
            following = _cursor(where, untouched, names) if more else None
            yield Page(page.items, here, following, None, page.undecodable)
            del page  # or it would stay in memory while the next one comes


def by_span(
    part: Callable[[Span], Listing[T]],
    *,
    method: str,
    since: datetime,
    until: datetime | None,
    max_length: timedelta,
    concurrency: int = 1,
    finely: bool = True,
    newest_first: bool = False,
) -> Listing[T]:
    """Read a period in parts short enough for the marketplace, the newest part first.

    Args:
        part: Makes the listing of one part.
        method: The operation's name, for errors.
        since: Inclusive start; aware.
        until: Inclusive end; None for now and for records that arrive during the reading.
        max_length: Maximum length of a part. A cursor keeps the parts that it was created with.
        concurrency: How many parts are read at the same time; if several, records come as they
            arrive.
        finely: Whether to cut the period into more parts than ``max_length`` requires if several
            are read at the same time, so that all readers finish together. With few records it only
            costs requests.
        newest_first: Whether a part's newest records come first.
    """

    async def read(reading: Reading) -> AsyncGenerator[Page[T], None]:
        spans = (
            _resumed(method, reading.cursor, since)
            if reading.cursor
            else cut(
                Span(since, None if until is None else until + TICK),
                max_length,
                PARTS_PER_READER * concurrency if finely and concurrency > 1 else 1,
            )
        )
        parts = [(span.name, part(span)) for span in spans]
        async with aclosing(_merged(parts, method, concurrency, reading)) as pages:
            async for page in pages:
                yield page

    return Listing(read, newest_first=newest_first and concurrency == 1)


class Opened(Protocol[T]):
    """Starts reading a part from its own cursor."""

    def __call__(self, place: tuple[int, str], /, *, ahead: bool) -> AsyncGenerator[Page[T], None]:
        """The part's pages; with ``ahead``, its second page is prefetched."""
        ...


async def _in_turn(
    opened: Opened[T], todo: deque[tuple[int, str]]
) -> AsyncGenerator[tuple[int, Page[T]], None]:
    ahead: asyncio.Future[Page[T] | None] | None = None
    is_wanted = False  # most readers need one page only
    pages: AsyncGenerator[Page[T], None] | None = None
    index = 0
    try:
        while todo or pages is not None:
            if pages is None:
                index = todo[0][0]
                pages = opened(todo.popleft(), ahead=is_wanted)
            page = await (ahead or anext(pages, None))
            ahead = None
            number = index
            if page is None or page.next_cursor is None:
                await pages.aclose()
                pages = None
                if page is not None and is_wanted and todo:
                    index = todo[0][0]
                    pages = opened(todo.popleft(), ahead=True)
                    ahead = asyncio.ensure_future(anext(pages, None))
            if page is not None:
                is_wanted = True
                yield number, page
                del page
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)
        if pages is not None:
            await pages.aclose()


async def _together(
    opened: Opened[T], todo: deque[tuple[int, str]], concurrency: int
) -> AsyncGenerator[tuple[int, Page[T]], None]:
    # After its pages, a reader puts None at its end, or the exception that it failed with.
    # Each reader holds a page and requests another, so the queue can be short.
    arrived: asyncio.Queue[tuple[int, Page[T]] | Exception | None] = asyncio.Queue(1)

    async def reader() -> None:
        try:
            while todo:
                place = todo.popleft()
                async with aclosing(opened(place, ahead=True)) as pages:
                    async for page in pages:
                        await arrived.put((place[0], page))
                        del page
        except Exception as error:  # noqa: BLE001 - raised again by the consumer
            await arrived.put(error)
        else:
            await arrived.put(None)

    readers = [asyncio.ensure_future(reader()) for _ in range(min(concurrency, len(todo)))]
    try:
        reading = len(readers)
        while reading:
            found = await arrived.get()
            if found is None:
                reading -= 1
            elif isinstance(found, Exception):
                raise found
            else:
                yield found
            del found
    finally:
        for task in readers:
            task.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


def _cursor(where: dict[int, str], untouched: int, names: Sequence[str]) -> str:
    """Such as ``b:5,c:1;d``: b and c are partly read, d and the following parts are not begun."""
    places = [f"{names[index]}:{quote(where[index], safe='')}" for index in sorted(where)]
    return f"{','.join(places)};{names[untouched] if untouched < len(names) else ''}"


def _split(method: str, cursor: str) -> tuple[dict[str, str], str]:
    """Split a cursor into the begun parts with their cursors, and the first part not begun."""
    begun, separator, following = cursor.partition(";")
    places = dict(place.partition(":")[::2] for place in begun.split(",")) if begun else {}
    if not separator:
        raise InvalidInput(method, "cursor", "must be a cursor of this list", cursor)
    return {name: unquote(token) for name, token in places.items()}, following


def _places(method: str, cursor: str | None, names: Sequence[str]) -> tuple[int, dict[int, str]]:
    """The index of the first part not begun, and the cursors of the unfinished parts before it."""
    if not cursor:
        return 0, {}
    places, following = _split(method, cursor)
    index = {name: number for number, name in enumerate(names)} | {"": len(names)}
    if not index.keys() >= places.keys() | {following}:
        raise InvalidInput(method, "cursor", "must be a cursor of this list", cursor)
    return index[following], {index[name]: token for name, token in places.items()}


def _below(until: datetime, since: datetime, step: timedelta) -> list[Span]:
    spans = []
    while until > since:
        spans.append(Span(max(since, until - step), until))
        until = spans[-1].since
    return spans


def _resumed(method: str, cursor: str, since: datetime) -> list[Span]:
    """The parts of a cursor and the older ones, cut as when the cursor was created."""
    places, following = _split(method, cursor)
    try:
        spans = [Span.named(name) for name in places]
        if following:
            after = Span.named(following)
            spans.append(after)
            if after.until is not None:
                spans += _below(after.since, since, after.until - after.since)
    except (ValueError, OverflowError):
        rule = "must be a cursor of this list"
        raise InvalidInput(method, "cursor", rule, cursor) from None
    return spans
