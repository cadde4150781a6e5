"""Waiting in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(
    condition: Callable[[], bool] | Callable[[], Awaitable[bool]], *, within: float = 30.0
) -> None:
    """Lets other tasks run until a condition is true.

    Args:
        condition: A function, plain or async; it is called again and again.
        within: Seconds.

    Raises:
        TimeoutError: It was not true after `within` seconds.
    """
    async with asyncio.timeout(within):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.001)
