"""Waiting for what a marketplace accepted and works on later."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from wbym.errors import TaskPending, WbymError

__all__ = ["POLL", "TIMEOUT", "follow"]

T = TypeVar("T")

TIMEOUT: Final = 600.0
"""Seconds that a task is waited for, where nothing else is said."""
POLL: Final = 5.0
"""Seconds between two questions, where nothing else is said."""

_FIRST = 1.0
"""Seconds before the first question, where ``poll`` is not shorter."""


async def follow(
    ask: Callable[[], Awaitable[T | None]],
    *,
    method: str,
    task: object,
    timeout: float | None = TIMEOUT,
    poll: float = POLL,
) -> T:
    """Ask until there is an answer. Nothing is sent but the questions.

    A question that fails in passing is asked again in its time. The first ones come sooner than
    ``poll``, since most tasks are short.

    Args:
        ask: Gives what became of the task, or None where it is still worked on.
        method: What waits, for errors.
        task: What to go on waiting with, for errors.
        timeout: Seconds to wait at most; None: as long as it takes.
        poll: Seconds between two questions.

    Raises:
        TaskPending: The time is over, or the question is refused; the task may be waited for again.
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
        raise TaskPending(method, task, f"asking for it failed: {error}") from error
