"""Listings: lists of any length as async iterators.

A :class:`Listing` makes no request before it is iterated, so its errors surface while iterating.
Independent pages are prefetched and delivered in order; their bodies stay in the network until
there is room for them, so memory stays flat at any latency. If each page names the next, one page
is prefetched.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from itertools import compress, starmap
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from wbym.domain import UndecodableRecord
from wbym.errors import CursorStuck, InvalidInput, PagingLimit
from wbym.limits import Priority
from wbym.paging._iteration import Iteration, Stop
from wbym.paging._prefetch import MAX_PREFETCH, read_ahead, size_at
from wbym.paging._schemes import ByOffset
from wbym.paging._source import Chunk, Origin, Reading, Source

__all__ = ["Listing", "Page", "chain", "lazy", "listing_of", "map_page"]

T = TypeVar("T")
U = TypeVar("U")

MAX_STALE_PAGES = 5
"""Consecutive pages without new records after which reading is given up.

A page may legitimately repeat another one, if a page's worth of records has arrived in between.
"""

PART_SIZE = 100
"""Records of a page that are mapped and filtered at once when reading record by record.

Processed records make room for the next ones. A page of thousands does not fit into the processor's
caches, and mapping it at once takes a third longer.
"""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a listing."""

    items: Sequence[T]
    cursor: str
    """Reading from this cursor begins with this page."""
    next_cursor: str | None
    """Reading from this cursor begins after this page; None after the last page."""
    total: int | None = None
    """The maximum number of records of the list, if the marketplace states it."""
    undecodable: tuple[UndecodableRecord, ...] = ()
    """Records of this page that could not be decoded or mapped."""
    sent: object = None
    """The marketplace's page, decoded; None if the page is composed of several."""
    origin: Origin | None = None
    """The origin of the items, as long as each is one of the marketplace's records."""


P = TypeVar("P", Page[Any], Chunk[Any])


def without_impossible_times(page: P, time: Callable[[Any], datetime]) -> P:
    """A page without the items whose ``time`` raises ValueError; they are undecodable."""
    bad: dict[int, ValueError] = {}
    for index, item in enumerate(page.items):
        try:
            time(item)
        except ValueError as error:
            bad[index] = error
    origin = page.origin
    if not bad or origin is None:
        return page
    return msgspec.structs.replace(
        page,
        items=[item for index, item in enumerate(page.items) if index not in bad],
        undecodable=page.undecodable + tuple(starmap(origin.undecodable, bad.items())),
        origin=None,
    )


Pages: TypeAlias = AsyncGenerator[Page[T], None]


class Listing(Generic[T]):
    """A list of a marketplace, read page by page while it is iterated.

    ``async for item in listing`` yields records; ``async for page in listing.pages()`` yields pages
    with their cursors; ``await listing.all(limit=...)`` collects records; ``await listing.page()``
    makes one request. Each of these reads from the beginning, or from ``using(cursor=...)``.
    Leaving the iteration early stops the requests.

    An iteration that was cancelled, as by ``asyncio.wait_for(anext(...), 5)``, or that failed does
    not go on, and never ends as if the list were complete: its next item raises ``Interrupted``.
    Iterate again with ``using(cursor=listing.cursor)``.

    Args:
        read: Reads the pages with the given options.
        newest_first: Whether the records are known to come newest first.
        reading: The options for reading.
        source: The source of the pages, if it is a single list of the marketplace.
        parts: Reads the same pages in parts, for reading record by record; by default the pages of
            ``read`` are split.
    """

    def __init__(
        self,
        read: Callable[[Reading], Pages[T]],
        *,
        newest_first: bool = False,
        reading: Reading | None = None,
        source: Source[T] | None = None,
        parts: Callable[[Reading], Pages[T]] | None = None,
    ) -> None:
        self._read = read
        self._parts = parts or _divided(read)
        self._reading = reading or Reading()
        self.newest_first: Final = newest_first
        """Whether the records are known to come newest first."""
        self.source: Final = source
        """The source of the pages, if it is a single list of the marketplace."""
        self._cursor: str | None = None

    def using(
        self,
        *,
        cursor: str | None = None,
        size: int | None = None,
        prefetch: int | None = None,
        priority: Priority | None = None,
    ) -> "Listing[T]":
        """The same list with other options for reading; None leaves an option unchanged.

        Args:
            cursor: A page's ``cursor`` or ``next_cursor`` to begin at; "" is the beginning.
            size: Records per page, from 1 to the marketplace's maximum, which is the default.
            prefetch: Pages requested at once from the start, from 1 to 64. By default the first is
                requested alone, since most lists are short, and then three ahead; a list whose
                pages name the next one is read at most one page ahead.
            priority: The priority at the limits; by default reading goes after replies and
                before bulk reading.

        Raises:
            InvalidInput: ``size`` or ``prefetch`` is less than 1, ``prefetch`` is more than 64,
                ``priority`` is not a ``Priority``, or ``cursor`` is not valid text.
                While reading: ``size`` is more than the marketplace allows, or ``cursor`` is not a
                cursor of this list.
        """
        if size is not None and (type(size) is not int or size < 1):
            raise InvalidInput("using", "size", "must be an integer, at least 1", size)
        if prefetch is not None and (
            type(prefetch) is not int or not 1 <= prefetch <= MAX_PREFETCH
        ):
            rule = f"must be an integer, from 1 to {MAX_PREFETCH}"
            raise InvalidInput("using", "prefetch", rule, prefetch)
        if cursor is not None and not _is_whole_text(cursor):
            raise InvalidInput("using", "cursor", "must be a page's cursor", cursor)
        given: object = priority
        if given is not None and not isinstance(given, Priority):
            raise InvalidInput("using", "priority", "must be one of Priority", priority)
        return Listing(
            self._read,
            newest_first=self.newest_first,
            reading=_over(self._reading, Reading(cursor, size, prefetch, priority)),
            source=self.source,
            parts=self._parts,
        )

    @property
    def cursor(self) -> str | None:
        """The cursor of the current page, to resume later with ``using(cursor=...)``.

        None before the first page. Resuming begins with the current page again, so nothing is
        missed and its records may come twice.
        """
        return self._cursor

    def read(self, reading: Reading | None = None) -> Pages[T]:
        """The pages, without updating :attr:`cursor`; for listings composed of others.

        Args:
            reading: Options for reading; None in it means this listing's option.
        """
        return self._read(self._reading if reading is None else _over(self._reading, reading))

    def read_parts(self, reading: Reading | None = None) -> Pages[T]:
        """The pages, long ones split into parts of at most ``PART_SIZE`` records; see :meth:`read`.

        Each part has its page's cursors. Records are mapped and filtered part by part.
        """
        return self._parts(self._reading if reading is None else _over(self._reading, reading))

    async def page(self) -> Page[T]:
        """Read one page, at the cursor or the beginning; one request.

        Raises:
            PagingLimit: More records follow than the marketplace lets a list reach.
            WbymError: The call failed.
        """
        if self.source is not None:
            found = await _first(self.source, self._reading)
        else:
            found = Page((), self._reading.cursor or "", None)
            alone = msgspec.structs.replace(self._reading, prefetch=None)
            async with aclosing(self._read(alone)) as pages:
                async for page in pages:
                    found = _with_items(page, page.items)  # as in pages()
                    break
        self._cursor = found.cursor
        return found

    def pages(self) -> AsyncGenerator[Page[T], None]:
        """Iterate page by page.

        Raises:
            CursorStuck: The marketplace's pages repeat in a circle, or bring nothing new.
            PagingLimit: More records follow than the marketplace lets a list reach.
            Interrupted: The iteration was cancelled or failed before.
        """
        return Iteration("the list", self._iterate_pages, lambda: self._cursor)

    async def _iterate_pages(self, stop: Stop) -> Pages[T]:
        try:
            async with aclosing(self.read()) as pages:
                async for page in pages:
                    self._cursor = page.cursor
                    # Without the origin, which a consumer that keeps the page need not keep.
                    shown = _with_items(page, page.items)
                    del page
                    yield shown
                    del shown  # or it would stay in memory while the next one comes
        except BaseException as error:
            stop(error)
            raise

    def __aiter__(self) -> AsyncIterator[T]:
        return self.records()

    def records(self) -> AsyncGenerator[T, None]:
        """Iterate over the records, with a generator that can be closed early.

        Records are mapped and filtered as they are read, ``PART_SIZE`` at once.

        Raises:
            Interrupted: The iteration was cancelled or failed before.
        """
        return Iteration("the list", self._iterate_records, lambda: self._cursor)

    async def _iterate_records(self, stop: Stop) -> AsyncGenerator[T, None]:
        try:
            async with aclosing(self.read_parts()) as parts:
                async for part in parts:
                    self._cursor = part.cursor
                    items = part.items
                    del part
                    for item in items:
                        yield item
                    del items  # or they would stay in memory while the next ones come
        except BaseException as error:
            stop(error)
            raise

    async def all(self, *, limit: int | None = None) -> list[T]:
        """Collect the records in a list, up to ``limit`` if given.

        Raises:
            InvalidInput: ``limit`` is not an integer, or less than 0.
        """
        if limit is not None and (type(limit) is not int or limit < 0):
            raise InvalidInput("all", "limit", "must be an integer, at least 0", limit)
        found: list[T] = []
        if limit == 0:
            return found
        async with aclosing(self.read()) as pages:
            async for page in pages:
                self._cursor = page.cursor
                found.extend(page.items)
                if limit is not None and len(found) >= limit:
                    break
        return found[:limit]

    def map(self, change: Callable[[T], U]) -> "Listing[U]":
        """Map each record.

        If ``change`` fails for a record of the marketplace's list, the record is reported as
        undecodable and the others are delivered. This also holds after other maps and filters, but
        not after :meth:`map_pages` and :meth:`map_async`, where the error is raised.
        """
        return self._change(lambda page: _map_page(page, change, page.origin))

    def known_newest_first(self) -> "Listing[T]":
        """The same list, declared to have its newest records first."""
        return Listing(
            self._read,
            newest_first=True,
            reading=self._reading,
            source=self.source,
            parts=self._parts,
        )

    def filter(self, wanted: Callable[[T], bool]) -> "Listing[T]":
        """Keep only the records that ``wanted`` accepts."""
        return self._change(lambda page: _filter_page(page, wanted))

    def map_pages(self, change: Callable[[Sequence[T]], Sequence[U]]) -> "Listing[U]":
        """Map the items of each page at once."""
        read = _changed(self._read, lambda page: _with_items(page, change(page.items)))
        return Listing(read, newest_first=self.newest_first, reading=self._reading)

    def _change(self, change: Callable[[Page[T]], Page[U]]) -> "Listing[U]":
        """Map each page by a change that treats records independently."""
        return Listing(
            _changed(self._read, change),
            newest_first=self.newest_first,
            reading=self._reading,
            parts=_changed(self._parts, change),
        )

    def map_async(self, change: Callable[[Sequence[T]], Awaitable[Sequence[U]]]) -> "Listing[U]":
        """Map the items of each page at once, asynchronously."""

        async def read(reading: Reading) -> Pages[U]:
            async with aclosing(self._read(reading)) as pages:
                async for page in pages:
                    changed = _with_items(page, await change(page.items))
                    del page
                    yield changed
                    del changed

        return Listing(read, newest_first=self.newest_first, reading=self._reading)


def _changed(
    read: Callable[[Reading], Pages[T]], change: Callable[[Page[T]], Page[U]]
) -> Callable[[Reading], Pages[U]]:
    """A reader of the same pages, changed."""

    async def changed(reading: Reading) -> Pages[U]:
        async with aclosing(read(reading)) as pages:
            async for page in pages:
                made = change(page)
                del page
                yield made
                del made

    return changed


def _divided(read: Callable[[Reading], Pages[T]]) -> Callable[[Reading], Pages[T]]:
    """A reader of the same pages in parts of ``PART_SIZE`` records, with their page's cursors."""

    async def parts(reading: Reading) -> Pages[T]:
        async with aclosing(read(reading)) as pages:
            async for page in pages:
                count = len(page.items)
                if count <= PART_SIZE:
                    yield page
                else:
                    for begin in range(0, count, PART_SIZE):
                        yield _part(page, range(begin, min(begin + PART_SIZE, count)))
                del page  # or it would stay in memory while the next one comes

    return parts


def _part(page: Page[T], places: range) -> Page[T]:
    origin = None if page.origin is None else _Chosen(page.origin, places)
    return _with_items(page, page.items[places.start : places.stop], origin=origin)


def _is_whole_text(value: object) -> bool:
    """Whether a value is a plain str without lone surrogates, so that it can be sent."""
    return type(value) is str and value.encode(errors="ignore").decode() == value


def _over(old: Reading, new: Reading) -> Reading:
    """The new options, falling back to the old ones."""
    return Reading(
        old.cursor if new.cursor is None else new.cursor,
        new.size or old.size,
        new.prefetch or old.prefetch,
        old.priority if new.priority is None else new.priority,
    )


class _Chosen:
    """The origin of the remaining items of a page, by their indexes in the original page."""

    def __init__(self, origin: Origin, places: Sequence[int]) -> None:
        self._origin = origin
        self._places = places

    def undecodable(self, index: int, error: Exception) -> UndecodableRecord:
        """Report the item at this index as undecodable."""
        return self._origin.undecodable(self._places[index], error)


def _with_items(
    page: Page[T],
    items: Sequence[U],
    undecodable: tuple[UndecodableRecord, ...] = (),
    origin: Origin | None = None,
) -> Page[U]:
    return Page(
        items,
        page.cursor,
        page.next_cursor,
        page.total,
        page.undecodable + undecodable,
        page.sent,
        origin,
    )


def _filter_page(page: Page[T], wanted: Callable[[T], bool]) -> Page[T]:
    verdicts = [wanted(item) for item in page.items]
    if all(verdicts):
        return page
    items = list(compress(page.items, verdicts))
    if page.origin is None:
        return _with_items(page, items)
    places = list(compress(range(len(verdicts)), verdicts))
    return _with_items(page, items, origin=_Chosen(page.origin, places))


def map_page(page: Page[T], change: Callable[[T], U], origin: Origin | None = None) -> Page[U]:
    """Map each record of a page, in one pass if none fails.

    If one fails, they are mapped one by one, and the page's origin (or ``origin``) reports those
    that fail as undecodable; without an origin the error is raised. The new page has no origin.

    Args:
        page: The page.
        change: Called with each record.
        origin: Reports records for a page without an origin of its own.
    """
    made = _map_page(page, change, origin or page.origin)
    return _with_items(made, made.items)


def _map_page(page: Page[T], change: Callable[[T], U], origin: Origin | None) -> Page[U]:
    """Map a page as :func:`map_page` does, keeping the origin of the remaining items."""
    try:
        return _with_items(page, [change(item) for item in page.items], origin=origin)
    except Exception:
        if origin is None:
            raise
    items: list[U] = []
    places: list[int] = []
    undecodable: list[UndecodableRecord] = []
    for place, item in enumerate(page.items):
        try:
            items.append(change(item))
            places.append(place)
        except Exception as error:  # noqa: BLE001 - no error may stop the other records
            undecodable.append(origin.undecodable(place, error))
    return _with_items(page, items, tuple(undecodable), _Chosen(origin, places))


def listing_of(source: Source[T], *, newest_first: bool = False) -> Listing[T]:
    """The listing of a source's pages.

    Args:
        source: Where the pages come from.
        newest_first: Whether the records are known to come newest first.
    """

    def read(reading: Reading) -> Pages[T]:
        if isinstance(source.scheme, ByOffset):
            return _by_offset(source, source.scheme, reading)
        return _by_token(source, reading)

    return Listing(read, newest_first=newest_first, source=source)


async def _by_offset(source: Source[T], scheme: ByOffset, reading: Reading) -> Pages[T]:
    method = source.method
    size = _size(source, reading) or scheme.max_size
    start = _offset(source, reading.cursor)
    offset, total = start, None
    progress = _Progress(method)
    chunks = read_ahead(
        source,
        scheme,
        size=size,
        start=start,
        prefetch=reading.prefetch,
        priority=reading.priority,
    )
    async with aclosing(chunks):
        async for at, count, chunk in chunks:
            offset, total = at + count, chunk.total
            last = chunk.count < count or total == offset
            following = None if last else str(offset)
            if following is not None:
                progress.check(chunk, following)
            yield _page(chunk, str(at), following)
            if last:
                if _shows_less(at, chunk):
                    raise PagingLimit(method, at, total)
                return
            del chunk  # or it would stay in memory while the next one comes
    if total is not None and total < offset:
        total = None  # the pages have exceeded it, so it is wrong
    if total is None or offset < total:
        raise PagingLimit(method, min(offset, scheme.reach or offset), total)


async def _first(source: Source[T], reading: Reading) -> Page[T]:
    """Read one page of a source."""
    scheme, cursor = source.scheme, reading.cursor
    size = _size(source, reading)
    following: str | None
    if isinstance(scheme, ByOffset):
        offset = _offset(source, cursor)
        count = size_at(scheme, offset, size or scheme.max_size)
        if not count:
            raise PagingLimit(source.method, min(offset, scheme.reach or offset))
        chunk = await source.fetch(str(offset), count, priority=reading.priority)
        if _shows_less(offset, chunk):
            raise PagingLimit(source.method, offset, chunk.total)
        end = offset + count
        following = None if chunk.count < count or chunk.total == end else str(end)
        return _page(chunk, str(offset), following)
    chunk = await source.fetch(cursor or None, size, priority=reading.priority)
    return _page(chunk, cursor or "", chunk.following)


def _shows_less(offset: int, chunk: Chunk[T]) -> bool:
    """Whether a page after the first is empty although its total states more records."""
    return bool(offset and not chunk.count and chunk.total is not None and offset < chunk.total)


def _offset(source: Source[T], cursor: str | None) -> int:
    """The offset of a cursor.

    Raises:
        InvalidInput: The cursor is not from this list.
    """
    if cursor and re.fullmatch(r"[0-9]{1,18}", cursor) is None:
        raise InvalidInput(source.method, "cursor", "must be a cursor of this list", cursor)
    return int(cursor or 0)


async def _by_token(source: Source[T], reading: Reading) -> Pages[T]:
    size = _size(source, reading)
    cursor = reading.cursor or None
    progress = _Progress(source.method, cursor)
    ahead: asyncio.Task[Chunk[T]] | None = None
    wanted = 0
    try:
        while True:
            if ahead is None:
                chunk = await source.fetch(cursor, size, priority=reading.priority)
            else:
                chunk = await ahead
                ahead = None
            wanted += 1
            following = chunk.following
            leads_on = False
            if following is not None:
                progress.check(chunk, following)
                leads_on = progress.leads_on(following)
                # Most readers need one page only, so the second is not prefetched by default.
                if leads_on and (wanted > 1 or reading.prefetch is not None):
                    ahead = asyncio.ensure_future(
                        source.fetch(following, size, priority=reading.priority)
                    )
            yield _page(chunk, cursor or "", following)
            del chunk  # or it would stay in memory while the next one comes
            if following is None:
                return
            if not leads_on:
                raise CursorStuck(source.method, following)
            cursor = following
    finally:
        if ahead is not None:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)


def _page(chunk: Chunk[T], cursor: str, following: str | None) -> Page[T]:
    return Page(
        chunk.items, cursor, following, chunk.total, chunk.undecodable, chunk.sent, chunk.origin
    )


def _size(source: Source[T], reading: Reading) -> int | None:
    """The page size to request; None if the list has no page size.

    Raises:
        InvalidInput: The marketplace does not allow this size, or any size.
    """
    largest = source.scheme.max_size
    if reading.size is None:
        return largest
    if largest is None:
        raise InvalidInput(source.method, "size", "is not supported by this list", reading.size)
    if reading.size > largest:
        raise InvalidInput(source.method, "size", f"must be from 1 to {largest}", reading.size)
    return reading.size


class _Progress:
    """Detects pages without new records, by the first and last records of all pages before."""

    def __init__(self, method: str, cursor: str | None = None) -> None:
        self._method = method
        self._cursors = {hash(cursor or "")}
        self._pages: set[int] = set()
        self._stale = 0

    def leads_on(self, following: str) -> bool:
        """Whether a cursor is new."""
        found = hash(following)
        is_new = found not in self._cursors
        self._cursors.add(found)
        return is_new

    def check(self, chunk: Chunk[T], following: str) -> None:
        """Check that a page before the last one brings something new.

        Raises:
            CursorStuck: This page and several before it are empty, or repeat earlier pages.
        """
        bad = hash(tuple(one.data for one in chunk.undecodable))
        page = hash((chunk.count, repr([*chunk.items[:1], *chunk.items[-1:]]), bad))
        if chunk.count and page not in self._pages:
            self._pages.add(page)
            self._stale = 0
            return
        self._stale += 1
        if self._stale >= MAX_STALE_PAGES:
            raise CursorStuck(self._method, following)


def chain(parts: Sequence[tuple[str, Listing[T]]], *, key: Callable[[T], str]) -> Listing[T]:
    """Chain listings one after the other, with cursors over all of them.

    A record that moves from one list to a later one during the reading comes once.

    Args:
        parts: A name without ``:``, and the listing.
        key: The identity of a record across the parts.
    """
    return Listing(
        partial(_read_chain, parts, key, Listing.read),
        parts=partial(_read_chain, parts, key, Listing.read_parts),
    )


async def _read_chain(
    parts: Sequence[tuple[str, Listing[T]]],
    key: Callable[[T], str],
    read: Callable[[Listing[T], Reading], Pages[T]],
    reading: Reading,
) -> Pages[T]:
    names = [name for name, _ in parts]
    cursor = reading.cursor
    name, _, inner = (cursor or "").partition(":")
    if cursor and name not in names:
        rule = f"must be a cursor of this list, which begins with one of {names}"
        raise InvalidInput("list", "cursor", rule, cursor)
    skipped = names.index(name) if cursor else 0
    seen: set[str] = set()
    for index, (part, listing) in enumerate(parts[skipped:], skipped):
        begin = inner if cursor and index == skipped else None
        last_part = index == len(parts) - 1
        inside = msgspec.structs.replace(reading, cursor=begin or None)
        async with aclosing(read(listing, inside)) as pages:
            async for page in pages:
                fresh = [item for item in page.items if key(item) not in seen]
                if not last_part:
                    seen.update(key(item) for item in fresh)
                if page.next_cursor is not None:
                    following: str | None = f"{part}:{page.next_cursor}"
                else:
                    following = None if last_part else f"{names[index + 1]}:"
                yield Page(fresh, f"{part}:{page.cursor}", following, None, page.undecodable)
                del page, fresh


def lazy(make: Callable[[], Awaitable[Listing[T]]]) -> Listing[T]:
    """A listing that is created when it is first iterated, since that takes a request."""

    async def read(reading: Reading) -> Pages[T]:
        listing = await make()
        async with aclosing(listing.read(reading)) as pages:
            async for page in pages:
                yield page

    return Listing(read)
