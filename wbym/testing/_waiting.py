"""Waiting in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable


async def eventually(
    condition: Callable[[], object] | Callable[[], Awaitable[object]], *, within: float = 30.0
) -> None:
    """Lets other tasks run until a condition is true.

    Args:
        condition: A function, plain or async; it is called again and again, until what it returns
            counts as true.
        within: Seconds.

    Raises:
        TimeoutError: It was not true after `within` seconds.
    """
    async with asyncio.timeout(within):
        while True:
            found = condition()
            if (await found) if isawaitable(found) else found:
                return
            await asyncio.sleep(0.001)
