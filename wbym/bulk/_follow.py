"""Polling of asynchronous tasks of a marketplace."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from wbym.errors import TaskPending, WbymError

__all__ = ["POLL", "TIMEOUT", "follow"]

T = TypeVar("T")

TIMEOUT: Final = 600.0
"""Default maximum seconds to wait for a task."""
POLL: Final = 5.0
"""Default seconds between two polls."""

_FIRST = 1.0
"""Seconds before the first poll, if ``poll`` is not shorter."""


async def follow(
    ask: Callable[[], Awaitable[T | None]],
    *,
    method: str,
    task: object,
    timeout: float | None = TIMEOUT,
    poll: float = POLL,
) -> T:
    """Poll a task until it is done. No other requests are made.

    A poll that fails with a retryable error is repeated at the next interval. The first intervals
    are shorter than ``poll``, since most tasks are short.

    Args:
        ask: Returns the result of the task, or None while it is pending.
        method: The waiting method, for errors.
        task: The task to wait for again, for errors.
        timeout: Maximum seconds to wait; None for no maximum.
        poll: Seconds between two polls.

    Raises:
        TaskPending: The time is over, or a poll failed; the task may be waited for again.
    """
    pause = min(poll, _FIRST)
    last: WbymError | None = None
    try:
        async with asyncio.timeout(timeout):
            while True:
                await asyncio.sleep(pause)
                pause = min(poll, 2 * pause)
                try:
                    found = await ask()
                except WbymError as error:
                    if not error.retryable:
                        raise
                    last = error
                else:
                    if found is not None:
                        return found
                    last = None
    except TimeoutError:
        raise TaskPending(method, task, f"is not done after {timeout:g} s") from last
    except WbymError as error:
        raise TaskPending(method, task, f"a status request failed: {error}") from error
