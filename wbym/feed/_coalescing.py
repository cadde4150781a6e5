"""What a stream shows while the batch before is stored, stored together.

A commit costs the disk as much for one batch as for many. So the first goes at once, and whatever
comes until it is on the disk goes with the next.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from wbym.account import Batch

__all__ = ["coalesce"]

MAX_SIGHTINGS: Final = 1000
"""Observations after which the stream is left to wait; a batch itself may have more."""


async def coalesce(batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
    """The batches of a stream, read ahead of their consumer, those that wait as one.

    What the stream raises is raised when all that came before has been given.
    """
    held: list[Batch] = []
    some, room = asyncio.Event(), asyncio.Event()

    async def read() -> None:
        async with aclosing(batches):
            async for batch in batches:
                held.append(batch)
                some.set()
                while sum(len(one.observations) for one in held) >= MAX_SIGHTINGS:
                    room.clear()
                    await room.wait()

    reading = asyncio.ensure_future(read())
    reading.add_done_callback(lambda _: some.set())
    try:
        while held or not reading.done():
            if held:
                merged = _merged(held)
                held.clear()
                room.set()
                yield merged
            else:
                some.clear()
                await some.wait()
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
