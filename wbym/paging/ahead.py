"""Asking for pages ahead of the reader, where they are independent of one another."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, Protocol, TypeAlias, TypeVar

import msgspec

from wbym.errors import SetAside
from wbym.paging.schemes import ByOffset

__all__ = ["Chunk", "FetchAt", "Turn", "read_ahead"]

T = TypeVar("T")

AHEAD = 3
"""Pages asked for ahead of the consumer."""

HELD = 2
"""Pages whose bodies may be in memory, the consumer's own included."""

Turn: TypeAlias = Callable[[], Awaitable[None]]
"""Awaited before a body is read; see ``Pipeline.call``."""


class Chunk(msgspec.Struct, Generic[T], frozen=True):
    """What one request brought, before it is given its place."""

    items: Sequence[T]
    count: int
    """How many records the marketplace sent, with those that were set aside or filtered out."""
    token: str | None = None
    """What the next page is to be asked with, where pages are read by token."""
    total: int | None = None
    set_aside: tuple[SetAside, ...] = ()


class FetchAt(Protocol[T]):
    """Asks for one page by its offset."""

    async def __call__(self, offset: int, size: int, turn: Turn, /) -> Chunk[T]:
        """The chunk with ``size`` records from ``offset`` on."""
        ...


async def read_ahead(
    fetch: FetchAt[T],
    scheme: ByOffset,
    *,
    size: int,
    start: int = 0,
    overlap: int = 0,
    ahead: int | None = None,
    expected: int | None = None,
) -> AsyncGenerator[tuple[int, int, Chunk[T]], None]:
    """Pages in order: each with its offset and how many records were asked for.

    It ends after a page with fewer records than asked for, or where the scheme reaches no further.

    Args:
        fetch: Asks for one page.
        scheme: How the method pages.
        size: Records a page.
        start: The first offset.
        overlap: How many records of a page are asked for again with the next one.
        ahead: Pages asked for at once from the start. Where nothing is said, the first is asked for
            alone, since most lists are short, and the rest ``AHEAD`` at a time.
        expected: How many records there are about, where that is known. It only keeps requests from
            going out ahead for nothing: the list may have grown. Unless given, it is what the
            chunks tell.
    """
    tasks: deque[tuple[int, int, asyncio.Task[Chunk[T]]]] = deque()
    delivered = asyncio.Condition()
    taken = 0  # pages that the consumer has asked for
    asked = 0
    offset = start
    room = ahead or 1

    async def in_turn(place: int) -> None:
        async with delivered:
            await delivered.wait_for(lambda: place < taken + HELD)

    def ask() -> None:
        nonlocal asked, offset
        while not tasks or (len(tasks) < room and (expected is None or offset < expected)):
            count = scheme.size_at(offset, size)
            if count <= overlap:
                return
            task = asyncio.ensure_future(fetch(offset, count, partial(in_turn, asked)))
            tasks.append((offset, count, task))
            asked += 1
            offset += count - overlap

    guess = expected is None
    try:
        ask()
        while tasks:
            at, count, task = tasks[0]
            chunk = await task
            tasks.popleft()
            if guess:
                expected = chunk.total
            last = chunk.count < count
            if not last:
                room = ahead or AHEAD
                ask()
            yield at, count, chunk
            if last:
                return
            # The page is used up only now, so the next but one may come into memory.
            del chunk, task
            async with delivered:
                taken += 1
                delivered.notify_all()
    finally:
        for _, _, task in tasks:
            task.cancel()
        await asyncio.gather(*(task for _, _, task in tasks), return_exceptions=True)
