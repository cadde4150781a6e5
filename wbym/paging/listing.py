"""Reading a list of any length as an async iterator.

A :class:`Listing` makes no request before it is iterated, so its errors surface while iterating.
Where pages are independent it asks for several ahead, and delivers them in order; their bodies are
left in the network until there is room for them, so memory stays flat at any latency.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

import msgspec

from wbym.errors import CursorStuck, InvalidInput, PagingLimit, SetAside
from wbym.paging.ahead import Chunk, FetchAt, read_ahead
from wbym.paging.schemes import ByOffset

__all__ = ["Listing", "Page", "by_offset", "by_token", "joined"]

T = TypeVar("T")
U = TypeVar("U")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page, and where it stands."""

    items: Sequence[T]
    cursor: str
    """Reading from here again begins with this page."""
    next_cursor: str | None
    """Reading from here goes on after this page; None where it is the last."""
    total: int | None = None
    """How many records the list has at most, where the marketplace tells."""
    set_aside: tuple[SetAside, ...] = ()
    """Records of this page that could not be decoded."""


Pages: TypeAlias = AsyncGenerator[Page[T], None]


class Listing(Generic[T]):
    """A list at the marketplace, read page by page while it is iterated.

    ``async for item in listing`` yields records; ``async for page in listing.pages()`` yields pages
    with their cursors; ``await listing.all(limit=...)`` collects records. Each of these reads from
    the beginning. A listing that is left early stops its requests.
    """

    def __init__(self, read: Callable[[], Pages[T]], *, newest_first: bool = False) -> None:
        self._read = read
        self.newest_first: Final = newest_first
        """Whether the records are known to come newest first."""
        self._cursor: str | None = None

    @property
    def cursor(self) -> str | None:
        """The cursor of the page in hand, to go on later with ``cursor=...``.

        None before the first page. Going on begins with that page again, so nothing is missed and
        its records may come twice.
        """
        return self._cursor

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Page by page.

        Raises:
            CursorStuck: The marketplace named the same cursor twice.
            PagingLimit: More records follow than the marketplace lets a list reach.
        """
        async with aclosing(self._read()) as pages:
            async for page in pages:
                self._cursor = page.cursor
                yield page

    def __aiter__(self) -> AsyncIterator[T]:
        return self.records()

    async def records(self) -> AsyncGenerator[T, None]:
        """The records, as a generator that can be closed before its end."""
        async with aclosing(self._read()) as pages:
            async for page in pages:
                self._cursor = page.cursor
                for item in page.items:
                    yield item
                del page  # or it would stay in memory while the next one comes

    async def all(self, *, limit: int | None = None) -> list[T]:
        """The records in memory, the first ``limit`` of them where one is given."""
        found: list[T] = []
        async with aclosing(self._read()) as pages:
            async for page in pages:
                self._cursor = page.cursor
                found.extend(page.items)
                if limit is not None and len(found) >= limit:
                    break
        return found[:limit]

    def map(self, change: Callable[[Sequence[T]], Sequence[U]]) -> "Listing[U]":
        """The same pages with other items: filtered, or made into something else."""

        async def read() -> Pages[U]:
            async with aclosing(self._read()) as pages:
                async for page in pages:
                    items = change(page.items)
                    yield Page(items, page.cursor, page.next_cursor, page.total, page.set_aside)
                    del page, items

        return Listing(read, newest_first=self.newest_first)


def by_offset(
    fetch: FetchAt[T],
    scheme: ByOffset,
    *,
    method: str,
    size: int | None = None,
    cursor: str | None = None,
    ahead: int | None = None,
    newest_first: bool = False,
) -> Listing[T]:
    """A listing of independent pages.

    Args:
        fetch: Asks for one page.
        scheme: How the method pages.
        method: The endpoint's name, for errors.
        size: Records a page; the most that the marketplace allows, where nothing is said.
        cursor: Where to begin: a page's ``cursor`` or ``next_cursor``.
        ahead: Pages asked for at once from the start. Where nothing is said, the first is asked for
            alone, since most lists are short, and the rest three ahead.
        newest_first: Whether the marketplace sends the newest records first.
    """
    page_size = size or scheme.most
    if cursor and not cursor.isdigit():
        raise InvalidInput(method, "cursor", "must be a cursor of this list", cursor)
    start = int(cursor or 0)

    async def read() -> Pages[T]:
        offset, total = start, None
        chunks = read_ahead(fetch, scheme, size=page_size, start=start, ahead=ahead)
        async with aclosing(chunks):
            async for at, count, chunk in chunks:
                offset, total = at + count, chunk.total
                last = chunk.count < count
                following = None if last else str(offset)
                yield Page(chunk.items, str(at), following, total, chunk.set_aside)
                if last:
                    if not at or chunk.count or total is None or at >= total:
                        return
                    offset = at  # it shows no more, and says itself that there is more
                    break
                del chunk  # or it would stay in memory while the next one comes
        if total is None or offset < total:
            raise PagingLimit(method, offset)

    return Listing(read, newest_first=newest_first)


class FetchNext(Protocol[T]):
    """Asks for one page by its token."""

    async def __call__(self, token: str | None, /) -> Chunk[T]:
        """The chunk that the token stands for; None stands for the first."""
        ...


def by_token(
    fetch: FetchNext[T], *, method: str, cursor: str | None = None, newest_first: bool = False
) -> Listing[T]:
    """A listing of pages that name the next one.

    It ends where a chunk has no token.

    Args:
        fetch: Asks for one page.
        method: The endpoint's name, for errors.
        cursor: Where to begin: a page's ``cursor`` or ``next_cursor``.
        newest_first: Whether the marketplace sends the newest records first.
    """

    async def read() -> Pages[T]:
        token = cursor or None
        while True:
            chunk = await fetch(token)
            following = chunk.token
            if following is not None and following == token and chunk.count:
                raise CursorStuck(method, token)
            yield Page(chunk.items, token or "", following, chunk.total, chunk.set_aside)
            if following is None:
                return
            token = following

    return Listing(read, newest_first=newest_first)


def joined(
    parts: Sequence[tuple[str, Callable[[str | None], Listing[T]]]],
    *,
    cursor: str | None = None,
    key: Callable[[T], str],
) -> Listing[T]:
    """Several listings one after the other, with cursors of their own.

    A record that moves from one list to a later one while they are read comes once.

    Args:
        parts: A name, and what makes the listing from a cursor.
        cursor: Where to begin.
        key: What makes a record the same in two parts.
    """

    async def read() -> Pages[T]:
        name, _, inner = (cursor or "").partition(":")
        names = [part for part, _ in parts]
        if cursor and name not in names:
            rule = f"must be a cursor of this list, which begins with one of {names}"
            raise InvalidInput("list", "cursor", rule, cursor)
        skipped = names.index(name) if cursor else 0
        seen: set[str] = set()
        for index, (part, listing) in enumerate(parts[skipped:], skipped):
            begin = inner if cursor and index == skipped else None
            last_part = index == len(parts) - 1
            async with aclosing(listing(begin or None)._read()) as pages:  # noqa: SLF001
                async for page in pages:
                    fresh = [item for item in page.items if key(item) not in seen]
                    if not last_part:
                        seen.update(key(item) for item in fresh)
                    if page.next_cursor is not None:
                        following: str | None = f"{part}:{page.next_cursor}"
                    else:
                        following = None if last_part else f"{names[index + 1]}:"
                    yield Page(fresh, f"{part}:{page.cursor}", following, None, page.set_aside)
                    del page, fresh

    return Listing(read)
