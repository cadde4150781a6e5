"""The stored events, one after the other, to one consumer."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Final, Self

import msgspec

from wbym import observe
from wbym.errors import StateError
from wbym.feed._events import Event
from wbym.feed._records import decode_chat, decode_record
from wbym.feed._store import Store, StoredEvent
from wbym.observe import current

__all__ = ["Confirmations", "Events"]

logger: logging.Logger = logging.getLogger("wbym.feed")

_PAGE: Final = 1000
"""Events that are read from the store at once."""
_GATHERED: Final = 0.05
"""Seconds for which confirmations of a fast consumer are gathered into one commit."""


class Confirmations:
    """Writes down which events are done with, many at a time where many come at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[int] = []
        self._writing = asyncio.Lock()

    def note(self, seq: int) -> None:
        """Have an event confirmed with the next that is written."""
        self._waiting.append(seq)

    async def write(self) -> None:
        """Returns when all that were noted before are written.

        Raises:
            StateError: They are not, and stay noted.
        """
        async with self._writing:
            seqs, self._waiting = self._waiting, []
            if not seqs:
                return
            try:
                await self._store.confirm(seqs)
            except BaseException:
                # Also where the caller is cancelled: others may wait for the same commit.
                self._waiting += seqs
                raise

    async def confirm(self, seq: int) -> None:
        """Confirm one event; those that come at the same time share a commit."""
        self.note(seq)
        await self.write()


class Events:
    """What ``Inbox.events()`` gives: iterate it with ``async for``.

    Where the body of the loop ends and the next event is asked for, the event is confirmed. One
    whose body raised, or left the loop, is not, and comes first in the next loop. A slow consumer's
    confirmation is stored before it gets the next event; those of a fast one are gathered for at
    most 50 ms.
    ``async with inbox.events() as events`` ends the reading at the end of the block; else it goes
    on, into the store, until the inbox is closed.
    """

    def __init__(
        self,
        store: Store,
        confirmations: Confirmations,
        *,
        start: Callable[[], Awaitable[Collection[str]]],
        woken: asyncio.Event,
        check: Callable[[], None],
        stop: Callable[[], Awaitable[None]],
        auto_ack: bool,
    ) -> None:
        self._store = store
        self._start = start
        self._woken = woken
        self._check = check
        self._stop = stop
        self._auto_ack = auto_ack
        self._accounts: Collection[str] | None = None
        self._ready: deque[StoredEvent] = deque()
        self._after = 0
        self._out: StoredEvent | None = None
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
            # A loop was left in the body of this event.
            self._ready.appendleft(self._out)
            self._out = None
        return self

    async def __anext__(self) -> Event:
        """The next event, waited for as long as it takes.

        Raises:
            FeedBusy: Somebody follows one of the accounts already.
            StateError: The state cannot be read or written. What was not confirmed comes again.
        """
        clock = asyncio.get_running_loop().time
        if self._accounts is None:
            self._accounts = await self._start()
            self._written_at = clock()
        out, self._out = self._out, None
        if out is not None and self._auto_ack:
            self._confirmations.note(out.seq)
        if not self._ready or clock() - self._written_at >= _GATHERED:
            await self._confirmations.write()
            self._written_at = clock()
        while True:
            self._check()
            if self._ready:
                stored = self._ready.popleft()
                if stored.account in self._accounts:
                    return self._give(stored)
                continue
            self._woken.clear()
            page = await self._store.events(self._accounts, after=self._after, limit=_PAGE)
            if page:
                self._ready.extend(page)
                self._after = page[-1].seq
            else:
                await self._woken.wait()

    def _give(self, stored: StoredEvent) -> Event:
        try:
            record, chat = decode_record(stored), decode_chat(stored)
        except msgspec.MsgspecError as error:
            reason = f"event {stored.id} was stored by another version and cannot be read: {error}"
            raise StateError("the state", reason) from error
        self._out = stored
        if observe.watched:
            lag = (datetime.now(UTC) - stored.at).total_seconds()
            current().events_delivered(account=stored.account, kind=stored.kind, lag_seconds=lag)
        return Event(
            stored.id,
            stored.kind,
            stored.account,
            stored.at,
            record,
            stored.sent_as,
            chat,
            partial(self._ack, stored),
        )

    async def _ack(self, stored: StoredEvent) -> None:
        await self._confirmations.confirm(stored.seq)
        if self._out is stored:
            self._out = None

    async def aclose(self) -> None:
        """End the reading. An event that is out is not confirmed by it."""
        await self._stop()
