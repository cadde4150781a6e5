"""Delivery of stored events to one consumer."""

import asyncio
import logging
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeAlias

from wbym import observe
from wbym.errors import LeaseLost, StateError
from wbym.feed._dead_letters import decode_event
from wbym.feed._events import Event
from wbym.feed._patience import Patience
from wbym.feed._store import Store, StoredDeadLetter, StoredEvent
from wbym.observe import current

__all__ = ["Confirmations", "Events"]

logger: logging.Logger = logging.getLogger("wbym.feed")

_PAGE: Final = 1000
"""Events to read from the store at a time."""
_MAX_CONFIRM_DELAY: Final = 0.05
"""Seconds for which confirmations of a fast consumer are collected for one commit."""
_Note: TypeAlias = weakref.WeakMethod[Callable[[StoredEvent], None]]
"""Tells a loop what became of its event; the event does not keep the loop alive."""


class Confirmations:
    """Stores which events are confirmed, concurrent confirmations in one commit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[int] = []
        self._writing = asyncio.Lock()

    def note(self, seq: int) -> None:
        """Confirm an event with the next write."""
        self._waiting.append(seq)

    async def write(self) -> None:
        """Store all noted confirmations.

        Raises:
            StateError: They could not be stored, and stay noted.
        """
        async with self._writing:
            seqs, self._waiting = self._waiting, []
            if not seqs:
                return
            try:
                await self._store.confirm(seqs)
            except BaseException:
                # Also if the caller is cancelled: others may wait for the same commit.
                self._waiting += seqs
                raise

    async def confirm(self, seq: int) -> None:
        """Confirm one event; concurrent calls share a commit."""
        self.note(seq)
        await self.write()


class Events:
    """Iterator of ``Inbox.events()``, for ``async for``.

    An event is confirmed when the body of the loop ends and requests the next event. If the body
    raises or leaves the loop, the event is not confirmed and comes first in the next loop. The
    confirmation of a slow consumer is stored before it gets the next event; those of a fast
    consumer are collected for at most 50 ms.
    ``async with inbox.events() as events`` stops following at the end of the block; otherwise
    events are collected in the store until the inbox is closed or another loop begins.
    """

    def __init__(
        self,
        store: Store,
        confirmations: Confirmations,
        *,
        patience: Patience,
        start: Callable[["Events"], Awaitable[Collection[str]]],
        woken: asyncio.Event,
        check: Callable[[], None],
        stop: Callable[[], Awaitable[None]],
        auto_ack: bool,
    ) -> None:
        self._store = store
        self._patience = patience
        self._start = start
        self._woken = woken
        self._check = check
        self._stop = stop
        self._auto_ack = auto_ack
        self._accounts: Collection[str] | None = None
        self._ready: deque[StoredEvent] = deque()
        self._after = 0
        self._out: StoredEvent | None = None
        self._term = 0
        self._confirmations = confirmations
        self._written_at = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        if self._out is not None and self._auto_ack:
            # The loop was left while this event was being handled.
            self._ready.appendleft(self._out)
            self._out = None
        return self

    async def __anext__(self) -> Event:
        """Wait for the next event.

        Raises:
            FeedBusy: Another reader follows one of the accounts, perhaps because this one did not
                answer in time.
            StateError: The state cannot be read or written, and will not recover by itself.
                Unconfirmed events come again.
        """
        try:
            while True:
                try:
                    return await self._next()
                except LeaseLost as lost:
                    logger.warning("%s; following again", lost)
                    await self._leave()
        except Exception:
            with suppress(StateError):
                await self.aclose()
            raise

    async def _next(self) -> Event:
        clock = asyncio.get_running_loop().time
        if self._accounts is None:
            self._accounts = await self._start(self)
            self._written_at = clock()
        out, self._out = self._out, None
        if out is not None and self._auto_ack:
            self._confirmations.note(out.seq)
        if not self._ready or clock() - self._written_at >= _MAX_CONFIRM_DELAY:
            await self._patience.run(self._confirmations.write)
            self._written_at = clock()
        while True:
            self._check()
            await self._patience.run(self._store.hold)
            if self._ready:
                stored = self._ready.popleft()
                if stored.account in self._accounts:
                    return self._give(stored)
                continue
            self._woken.clear()
            page = await self._patience.run(self._read)
            if page:
                self._ready.extend(page)
                self._after = page[-1].seq
            else:
                await self._woken.wait()

    def _give(self, stored: StoredEvent) -> Event:
        acked: _Note = weakref.WeakMethod(self._acked)
        event = decode_event(
            stored,
            partial(_ack, self._confirmations, acked, stored),
            partial(_lay_aside, self._store, acked, stored),
        )
        self._out = stored
        if observe.watched:
            lag = (datetime.now(UTC) - stored.at).total_seconds()
            current().events_delivered(account=stored.account, kind=event.kind, lag_seconds=lag)
        return event

    async def _read(self) -> list[StoredEvent]:
        return await self._store.events(self._accounts or (), after=self._after, limit=_PAGE)

    def _acked(self, stored: StoredEvent) -> None:
        if self._out is stored:
            self._out = None

    async def aclose(self) -> None:
        """Stop following. The event that is being handled is not confirmed."""
        if self._forget():
            await self._stop()

    async def _leave(self) -> None:
        """Stop following, to begin anew; waits for the end of faults of the state."""
        self._forget()
        await self._patience.run(self._stop)

    def _forget(self) -> bool:
        """Forget what was read; return whether accounts are followed."""
        followed = self._accounts is not None
        self._accounts, self._out, self._after = None, None, 0
        self._term += 1
        self._ready.clear()
        return followed

    @property
    def term(self) -> int:
        """The number of times that following has ended: events of an earlier term come again."""
        return self._term

    async def holds(self, term: int) -> bool:
        """Whether events that were given in a term may still be handled.

        A process that stood still waits here until it is known whether another has taken over.
        """
        try:
            await self._patience.run(self._store.hold)
        except LeaseLost:
            return False
        return term == self._term


async def _ack(
    confirmations: Confirmations,
    acked: _Note,
    stored: StoredEvent,
) -> None:
    await confirmations.confirm(stored.seq)
    if (note := acked()) is not None:
        note(stored)


async def _lay_aside(
    store: Store,
    acked: _Note,
    stored: StoredEvent,
    error: str,
    attempts: int,
) -> None:
    await store.lay_aside(StoredDeadLetter(stored, datetime.now(UTC), attempts, error))
    if (note := acked()) is not None:
        note(stored)
