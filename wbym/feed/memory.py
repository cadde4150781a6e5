"""A store that keeps everything as long as it lives: for tests, and for who needs no more."""

import os
import uuid
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

import anyio

from wbym.account import Hint
from wbym.errors import FeedBusy
from wbym.feed.delivery import FINAL, Delivery, DeliveryState, open_to
from wbym.feed.store import Checkpoint, Memo, Step, StoredEvent

__all__ = ["MemoryStore"]


class MemoryStore:
    """See :class:`wbym.feed.Store`. It is gone with its process, and no other process sees it."""

    def __init__(self) -> None:
        self.owner = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._open = True
        self._reading: dict[str, anyio.Semaphore] = {}
        self._checkpoints: dict[tuple[str, str], Checkpoint] = {}
        self._memos: dict[tuple[str, str], dict[str, Memo]] = {}
        self._events: dict[int, StoredEvent] = {}
        self._seq = 0
        self._deliveries: dict[str, Delivery] = {}
        self._work: dict[str, bytes] = {}
        self._hints: dict[Hint, int] = {}
        self._hinted = 0

    async def alive(self, owner: str) -> bool:
        """See ``Store.alive``."""
        return self._open and owner == self.owner

    def reading(self, account: str, *, wait: bool) -> AbstractAsyncContextManager[None]:
        """See ``Store.reading``."""
        free = self._reading.setdefault(account, anyio.Semaphore(1))
        return self._read(free, account, wait)

    @asynccontextmanager
    async def _read(self, free: anyio.Semaphore, account: str, wait: bool) -> AsyncIterator[None]:
        if wait:
            await free.acquire()
        else:
            try:
                free.acquire_nowait()
            except anyio.WouldBlock:
                raise FeedBusy(account, "this process") from None
        try:
            yield
        finally:
            free.release()

    async def checkpoint(self, account: str, stream: str) -> Checkpoint | None:
        """See ``Store.checkpoint``."""
        return self._checkpoints.get((account, stream))

    async def memos(self, account: str, stream: str, keys: Collection[str]) -> dict[str, Memo]:
        """See ``Store.memos``."""
        memos = self._memos.get((account, stream), {})
        return {key: memos[key] for key in keys if key in memos}

    async def write(self, step: Step) -> None:
        """See ``Store.write``."""
        place = (step.checkpoint.account, step.checkpoint.stream)
        self._checkpoints[place] = step.checkpoint
        memos = self._memos.setdefault(place, {})
        memos.update(step.memos)
        if step.forget is not None:
            old = [key for key, memo in memos.items() if memo.at and memo.at < step.forget]
            for key in old:
                del memos[key]
        for event in step.events:
            self._seq += 1
            self._events[self._seq] = StoredEvent(
                event.id,
                event.account,
                event.kind,
                event.at,
                event.record,
                event.chat,
                event.sent_as,
                self._seq,
            )
        for delivery in step.deliveries:
            standing = self._deliveries.get(delivery.key)
            if standing is not None and standing.state in open_to(delivery.state):
                self._put(delivery)

    async def events(
        self, accounts: Collection[str], *, after: int, limit: int
    ) -> list[StoredEvent]:
        """See ``Store.events``."""
        found: list[StoredEvent] = []
        for seq, event in self._events.items():
            if seq > after and event.account in accounts:
                found.append(event)
                if len(found) == limit:
                    break
        return found

    async def confirm(self, seqs: Collection[int]) -> None:
        """See ``Store.confirm``."""
        for seq in seqs:
            self._events.pop(seq, None)

    async def backlog(self) -> dict[str, int]:
        """See ``Store.backlog``."""
        counts: dict[str, int] = {}
        for event in self._events.values():
            counts[event.account] = counts.get(event.account, 0) + 1
        return counts

    async def enter(self, delivery: Delivery, work: bytes) -> Delivery | None:
        """See ``Store.enter``."""
        standing = self._deliveries.get(delivery.key)
        if standing is None:
            self._deliveries[delivery.key] = delivery
            self._work[delivery.key] = work
        return standing

    async def move(
        self, delivery: Delivery, *, was: Collection[DeliveryState], held_by: str | None = None
    ) -> bool:
        """See ``Store.move``."""
        standing = self._deliveries.get(delivery.key)
        if standing is None or standing.state not in was:
            return False
        if held_by is not None and standing.owner != held_by:
            return False
        self._put(delivery)
        return True

    def _put(self, delivery: Delivery) -> None:
        self._deliveries[delivery.key] = delivery
        if delivery.state in FINAL:
            self._work[delivery.key] = b""

    async def drop(self, key: str) -> None:
        """See ``Store.drop``."""
        self._deliveries.pop(key, None)
        self._work.pop(key, None)

    async def delivery(self, key: str) -> Delivery | None:
        """See ``Store.delivery``."""
        return self._deliveries.get(key)

    async def work(self, key: str) -> bytes:
        """See ``Store.work``."""
        return self._work.get(key, b"")

    async def deliveries(
        self,
        states: Collection[DeliveryState] | None = None,
        accounts: Collection[str] | None = None,
    ) -> list[Delivery]:
        """See ``Store.deliveries``."""
        return [
            delivery
            for delivery in self._deliveries.values()
            if (states is None or delivery.state in states)
            and (accounts is None or delivery.target.account in accounts)
        ]

    async def delivered_to(self, account: str, target: str) -> list[Delivery]:
        """See ``Store.delivered_to``."""
        all_ = await self.deliveries(accounts=[account])
        return [delivery for delivery in all_ if delivery.target.id == target]

    async def forget_deliveries(self, before: datetime) -> None:
        """See ``Store.forget_deliveries``."""
        for delivery in await self.deliveries(FINAL):
            if delivery.updated_at < before:
                await self.drop(delivery.key)

    async def hint(self, hints: Sequence[Hint]) -> None:
        """See ``Store.hint``."""
        for hint in hints:
            self._hinted += 1
            self._hints.pop(hint, None)
            self._hints[hint] = self._hinted

    async def hints(self, accounts: Collection[str]) -> list[tuple[int, Hint]]:
        """See ``Store.hints``."""
        return [(n, hint) for hint, n in self._hints.items() if hint.account in accounts]

    async def drop_hints(self, numbers: Collection[int]) -> None:
        """See ``Store.drop_hints``."""
        kept: Mapping[Hint, int] = {h: n for h, n in self._hints.items() if n not in numbers}
        self._hints = dict(kept)

    async def aclose(self) -> None:
        """See ``Store.aclose``."""
        self._open = False
