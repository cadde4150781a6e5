"""Batches that come fast, stored together: a commit costs the disk as much for one as for many."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from wbym.adapter import Batch

__all__ = ["gathered"]

HELD: Final = 0.05
"""Seconds that a batch is held at most."""
MOST: Final = 1000
"""Sightings that are held at most, but for those of one batch."""


async def gathered(batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
    """The batches of a stream, those that come within 50 ms as one.

    What the stream raises is raised when all that came before has been given.
    """
    clock = asyncio.get_running_loop().time
    held: list[Batch] = []
    size, deadline = 0, 0.0
    coming = asyncio.ensure_future(anext(batches, None))
    try:
        while True:
            if held:
                await asyncio.wait({coming}, timeout=max(0.0, deadline - clock()))
                if size >= MOST or not coming.done() or coming.exception() is not None:
                    yield _merged(held)
                    held, size = [], 0
                    continue
            batch = await coming
            if batch is None:
                break
            if not held:
                deadline = clock() + HELD
            held.append(batch)
            size += len(batch.sightings)
            coming = asyncio.ensure_future(anext(batches, None))
        if held:
            yield _merged(held)
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await batches.aclose()


def _merged(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    states = [batch.state for batch in batches if batch.state is not None]
    old = [batch.forget for batch in batches if batch.forget is not None]
    return Batch(
        [sighting for batch in batches for sighting in batch.sightings],
        states[-1] if states else None,
        max(old, default=None),
    )
