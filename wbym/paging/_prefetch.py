"""Asking for pages ahead of the reader, where they are independent of one another."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from functools import partial
from typing import TypeVar

from wbym.limits import Priority
from wbym.paging._schemes import ByOffset
from wbym.paging._source import Chunk, Source

__all__ = ["MAX_PREFETCH", "read_ahead", "size_at"]

T = TypeVar("T")

PREFETCH = 3
"""Pages asked for ahead of the consumer."""

MAX_PREFETCH = 64
"""The most pages that may be asked for at once: each is a task that waits for its turn."""

MAX_BUFFERED_PAGES = 2
"""Pages whose bodies may be in memory, the consumer's own included."""


def size_at(scheme: ByOffset, offset: int, size: int) -> int:
    """How many records to ask for at this offset; 0 where the marketplace pages no further."""
    if scheme.max_offset is not None and offset > scheme.max_offset:
        return 0
    if scheme.max_reach is not None:
        size = min(size, scheme.max_reach - offset)
    return max(0, size)


async def read_ahead(
    source: Source[T],
    scheme: ByOffset,
    *,
    size: int,
    start: int = 0,
    overlap: int = 0,
    prefetch: int | None = None,
    expected: int | None = None,
    priority: Priority | None = None,
) -> AsyncGenerator[tuple[int, int, Chunk[T]], None]:
    """Pages in order: each with its offset and how many records were asked for.

    It ends after a page with fewer records than asked for, or where the scheme reaches no further.

    Args:
        source: Brings the pages.
        scheme: How far they are read: the source's, or less.
        size: Records per page.
        start: The first offset.
        overlap: How many records of a page are asked for again with the next one.
        prefetch: Pages asked for at once from the start. By default the first is asked for alone,
            since most lists are short, and the rest ``PREFETCH`` at a time.
        expected: How many records there are about, where that is known. It only keeps requests from
            going out ahead for nothing: the list may have grown. Unless given, it is what the
            chunks tell.
        priority: Who goes first at the limits.
    """
    tasks: deque[tuple[int, int, asyncio.Task[Chunk[T]]]] = deque()
    delivered = asyncio.Condition()
    taken = 0  # pages that the consumer has asked for
    asked = 0
    offset = start
    room = prefetch or 1

    async def in_turn(place: int) -> None:
        async with delivered:
            await delivered.wait_for(lambda: place < taken + MAX_BUFFERED_PAGES)

    def ask() -> None:
        nonlocal asked, offset
        while not tasks or (len(tasks) < room and (expected is None or offset < expected)):
            count = size_at(scheme, offset, size)
            if count <= overlap:
                return
            gate = partial(in_turn, asked)
            task = asyncio.ensure_future(
                source.fetch(str(offset), count, priority=priority, gate=gate)
            )
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
            # A total that the pages have reached ends the list; one that they exceed is wrong.
            over = chunk.count < count or (guess and chunk.total == at + count)
            if not over:
                room = prefetch or PREFETCH
                ask()
            yield at, count, chunk
            if over:
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
