"""Coalescing of batches that arrive while an earlier one is being stored.

A commit costs the same for one batch as for many. So the first batch is stored at once, and those
that arrive until it is on disk are stored together.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from wbym.account import Batch

__all__ = ["coalesce"]

MAX_OBSERVATIONS: Final = 1000
"""Observations after which the stream has to wait; a single batch may have more."""


async def coalesce(batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
    """Read a stream ahead of its consumer, and yield the batches that wait as one.

    An error of the stream is raised after all batches before it have been yielded.
    """
    held: list[Batch] = []
    arrived, room = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        async with aclosing(batches):
            async for batch in batches:
                held.append(batch)
                arrived.set()
                # Batches that are there already never suspend: let the others send their queries.
                await asyncio.sleep(0)
                while sum(len(one.observations) for one in held) >= MAX_OBSERVATIONS:
                    room.clear()
                    await room.wait()

    reading = asyncio.ensure_future(read())
    reading.add_done_callback(lambda _: arrived.set())
    try:
        while held or not reading.done():
            if held:
                merged = _merged(held)
                held.clear()
                room.set()
                yield merged
            else:
                arrived.clear()
                await arrived.wait()
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


def _merged(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    states = [batch.state for batch in batches if batch.state is not None]
    old = [batch.forget_before for batch in batches if batch.forget_before is not None]
    return Batch(
        [observation for batch in batches for observation in batch.observations],
        states[-1] if states else None,
        max(old, default=None),
    )
