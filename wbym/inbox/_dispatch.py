"""One run of handlers: events in order within a lane, lanes concurrently, failures repeated."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import anyio

from wbym.domain import Message
from wbym.errors import CallError, ChatNotReady, WbymError
from wbym.feed import Event, Events
from wbym.feed._patience import Patience
from wbym.observe import LogFacts

__all__ = ["Dispatcher"]

logger: logging.Logger = logging.getLogger("wbym.handlers")

_MIN_PAUSE: Final = 1.0
_MAX_PAUSE: Final = 60.0
"""Min and max seconds before a failed event is tried again, doubled each time."""
_SLOW_AFTER: Final = 60.0
"""Seconds after which a handler that is still running is reported."""
_MAX_HELD: Final = 1000
"""Events that are read ahead, such as later ones of a chat whose event fails."""
_MAX_ERROR: Final = 1000
"""Characters of an error that a dead letter keeps."""


class Dispatcher:
    """Reads events and calls a handler with each, until it is stopped.

    A lane is the events of one chat, question, feedback or return: one after the other.

    Args:
        events: Events that are confirmed one by one.
        handle: Handles an event.
        concurrency: Max number of calls at a time.
        attempts: Max number of calls per event.
        on_error: Called with each error of ``handle``.
    """

    def __init__(
        self,
        events: Events,
        handle: Callable[[Event], Awaitable[None]],
        *,
        concurrency: int,
        attempts: int,
        on_error: Callable[[Event, Exception], object] | None,
    ) -> None:
        self._events = events
        self._handle = handle
        self._attempts = attempts
        self._on_error = on_error
        self._concurrency = concurrency
        self._slots = asyncio.Semaphore(concurrency)
        self._room = asyncio.Semaphore(_MAX_HELD)
        self._patience = Patience()
        self._lanes: dict[str, deque[tuple[Event, int]]] = {}
        """Events with the terms of the iterator in which they came."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: set[asyncio.Task[None]] = set()
        """Tasks within a handler, or storing its result."""
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def stop(self) -> None:
        """Begin no further handler, and let :meth:`run` return."""
        if not self._ended.done():
            self._ended.set_result(None)

    async def run(self) -> None:
        """Handle events until :meth:`stop`; raises what ends it otherwise."""
        self._spawn(self._read())
        await self._ended

    async def finish(self, grace: float) -> None:
        """Wait for running handlers, for that many seconds at most."""
        for task in self._tasks - self._busy:
            task.cancel()
        if self._busy:
            await asyncio.wait(self._busy, timeout=grace)
        if self._busy:
            logger.warning(
                "%d handlers did not finish within %g s and are cancelled; their events come again",
                len(self._busy),
                grace,
            )

    async def aclose(self) -> None:
        """Cancel running handlers, and stop following the accounts."""
        self.stop()
        with anyio.CancelScope(shield=True):
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._events.aclose()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._ended.done():
            self._ended.set_exception(error)

    async def _read(self) -> None:
        async for event in self._events:
            term = self._events.term
            await self._room.acquire()
            name = _lane_of(event)
            lane = self._lanes.get(name)
            if lane is None:
                self._lanes[name] = lane = deque([(event, term)])
                self._spawn(self._follow(name, lane))
            else:
                lane.append((event, term))

    async def _follow(self, name: str, lane: deque[tuple[Event, int]]) -> None:
        """Handle the events of a lane until it is empty."""
        while lane and not self._ended.done():
            await self._settle(*lane[0])
            lane.popleft()
            self._room.release()
        del self._lanes[name]

    async def _settle(self, event: Event, term: int) -> None:
        """Handle an event until it is confirmed or laid aside, or the run has ended.

        It is left to another process that has taken over meanwhile.
        """
        pause, attempts = _MIN_PAUSE, 0
        while not self._ended.done():
            async with self._slots:
                if not await self._events.holds(term):
                    return
                attempts += 1
                wait = await self._shielded(event, attempts)
            if wait is None or self._ended.done():
                return
            await anyio.sleep(max(pause, wait))
            pause = min(_MAX_PAUSE, 2 * pause)

    async def _shielded(self, event: Event, attempts: int) -> float | None:
        """Attempt an event; a stop waits for the end. See :meth:`_attempt`."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine of asyncio has one
        self._busy.add(task)
        try:
            return await self._attempt(event, attempts)
        finally:
            self._busy.discard(task)

    async def _attempt(self, event: Event, attempts: int) -> float | None:
        """Call the handler once; min seconds before the next attempt, None if there is none."""
        error = await self._call(event)
        if error is None:
            await self._patience.run(event.ack)
            return None
        last = attempts >= self._attempts or (isinstance(error, WbymError) and not error.retryable)
        self._report(event, error, attempts, last=last)
        if last:
            text = f"{type(error).__name__}: {error}"[:_MAX_ERROR]
            await self._patience.run(lambda: event.lay_aside(text, attempts=attempts))
            return None
        told = error.retry_after if isinstance(error, CallError | ChatNotReady) else None
        return told or 0.0

    async def _call(self, event: Event) -> Exception | None:
        task = asyncio.current_task()
        slow = asyncio.get_running_loop().call_later(_SLOW_AFTER, self._warn, event)
        try:
            await self._handle(event)
        except asyncio.CancelledError as cancelled:
            if task is None or task.cancelling():
                raise
            error = RuntimeError("the handler awaited something that was cancelled")
            error.__cause__ = cancelled
            return error
        except Exception as error:  # noqa: BLE001 - a handler must not stop the others
            return error
        finally:
            slow.cancel()
        return None

    def _warn(self, event: Event) -> None:
        logger.warning(
            "%s: a handler of %s has been running for %g s; %d of %d handlers are busy",
            event.account,
            event.id,
            _SLOW_AFTER,
            len(self._busy),
            self._concurrency,
            extra=LogFacts(account=event.account),
        )

    def _report(self, event: Event, error: Exception, attempts: int, *, last: bool) -> None:
        logger.log(
            logging.ERROR if last else logging.WARNING,
            "%s: handling %s failed, attempt %d: %s; %s",
            event.account,
            event.id,
            attempts,
            f"{type(error).__name__}: {error}" if isinstance(error, WbymError) else repr(error),
            "it is a dead letter now" if last else "it will be tried again",
            exc_info=None if isinstance(error, WbymError) else error,
            extra=LogFacts(account=event.account),
        )
        if self._on_error is None:
            return
        try:
            self._on_error(event, error)
        except Exception:
            logger.exception("on_error of the handlers raised")


def _lane_of(event: Event) -> str:
    """What the event is about: a chat, or its record."""
    record = event.record
    return str(record.chat if isinstance(record, Message) else record.ref)
