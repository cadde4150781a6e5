"""Prefetching of independent pages."""

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
"""Pages requested ahead of the consumer."""

MAX_PREFETCH = 64
"""Maximum pages that may be requested at once: each is a waiting task."""

MAX_BUFFERED_PAGES = 2
"""Maximum pages whose bodies are in memory, including the consumer's."""


def size_at(scheme: ByOffset, offset: int, size: int) -> int:
    """The number of records to request at this offset; 0 beyond the marketplace's last offset."""
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
    """Read pages in order, each with its offset and the number of records requested.

    Ends after a page with fewer records than requested, or at the scheme's last offset.

    Args:
        source: Fetches the pages.
        scheme: The source's scheme, or one with a smaller last offset.
        size: Records per page.
        start: The first offset.
        overlap: How many records of a page are requested again with the next one.
        prefetch: Pages requested at once from the start. By default the first is requested alone,
            since most lists are short, and further ones ``PREFETCH`` at a time.
        expected: The approximate number of records, if known; by default the chunks' total. It only
            prevents useless prefetching: the list may have grown.
        priority: The priority at the limits.
    """
    tasks: deque[tuple[int, int, asyncio.Task[Chunk[T]]]] = deque()
    delivered = asyncio.Condition()
    taken = 0  # pages that the consumer has finished
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
            # The list ends if the pages have reached the total; a total that they exceed is wrong.
            over = chunk.count < count or (guess and chunk.total == at + count)
            if not over:
                room = prefetch or PREFETCH
                ask()
            yield at, count, chunk
            if over:
                return
            # Only now the consumer has finished the page, so the body after next may be read.
            del chunk, task
            async with delivered:
                taken += 1
                delivered.notify_all()
    finally:
        for _, _, task in tasks:
            task.cancel()
        await asyncio.gather(*(task for _, _, task in tasks), return_exceptions=True)
