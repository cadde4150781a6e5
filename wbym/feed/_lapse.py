"""Sending that stops when the store no longer counts as alive."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from wbym.feed._store import Store

__all__ = ["Lapsed", "while_alive"]

T = TypeVar("T")


class Lapsed(Exception):
    """The work was cancelled: another process may have taken over, and do the same."""


async def while_alive(store: Store, work: Callable[[], Awaitable[T]]) -> T:
    """Await ``work()``, and cancel it when ``store.alive_until`` has passed.

    Raises:
        Lapsed: It was cancelled, or not started.
    """
    if store.alive_until == math.inf:
        return await work()
    if asyncio.get_running_loop().time() >= store.alive_until:
        raise Lapsed
    task = asyncio.ensure_future(work())
    watch = _Watch(store, task)
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if watch.lapsed and current is not None and not current.cancelling():
            raise Lapsed from None
        raise
    finally:
        watch.end()


class _Watch:
    """Cancels a task directly from a timer of the loop.

    After a process has slept, timers run before the tasks that were due: none of them sends.
    """

    def __init__(self, store: Store, task: "asyncio.Future[T]") -> None:
        self.lapsed = False
        self._store = store
        self._task = task
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_at(store.alive_until, self._check)

    def _check(self) -> None:
        if self._loop.time() >= self._store.alive_until:
            self.lapsed = True
            self._task.cancel()
        else:
            self._timer = self._loop.call_at(self._store.alive_until, self._check)

    def end(self) -> None:
        self._timer.cancel()
