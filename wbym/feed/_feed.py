"""The feed: all streams of all accounts as one stream of events, with an outbox."""

import asyncio
import logging
import math
import weakref
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeVar

import anyio

from wbym import observe
from wbym.account import Account, Capability, Hint, Stream, has
from wbym.calls import require
from wbym.errors import FeedBusy, InvalidInput
from wbym.feed._consumer import Confirmations, Events
from wbym.feed._dead_letters import DeadLetters
from wbym.feed._first_rounds import HEAD_START, FirstRounds
from wbym.feed._outbox import Outbox
from wbym.feed._patience import Patience
from wbym.feed._reader import Reader, ReaderContext, StreamStatus
from wbym.feed._store import Store
from wbym.observe import LogFacts, current

__all__ = ["Feed"]

logger: logging.Logger = logging.getLogger("wbym.feed")

_HINTS_EVERY: Final = 1.0
"""Seconds between checks for hints that another process may have stored."""
_HOLD_EVERY: Final = 1.0
"""Seconds between checks whether another process has taken over an account."""
_BACKLOG_EVERY: Final = 15.0
"""Seconds between reports of the backlog, and between checks for events that another process made
ready again."""
_AT_ONCE: Final = 100
"""Accounts that are taken or given back concurrently."""

T = TypeVar("T")


class Feed:
    """Follows accounts, and stores events until they are confirmed.

    Args:
        accounts: The accounts by name; the mapping may change at any time.
        store: Where the state is stored; the feed closes it.
        on_error: Called with the account's name and the error of a round of one of its streams; the
            round is retried.
        confirmation_timeout: Seconds; see :class:`Outbox`.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        store: Store,
        *,
        on_error: Callable[[str, Exception], None] | None = None,
        confirmation_timeout: float,
    ) -> None:
        self._accounts = accounts
        self._store = store
        self._on_error = on_error
        self._readers: dict[tuple[str, str], Reader] = {}
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._held: dict[str, AbstractAsyncContextManager[None]] = {}
        self._confirmations = Confirmations(store)
        self._woken = asyncio.Event()
        self._hinted = asyncio.Event()
        self._failure: BaseException | None = None
        self._consumer: weakref.ref[Events] | None = None
        self._patience = Patience(self._state_failed)
        self._followed: set[str] = set()
        self.dead_letters: Final = DeadLetters(store, on_retry=self._woken.set)
        self.outbox: Final = Outbox(
            accounts,
            store,
            poll_now=self.poll_now,
            patience=self._patience,
            confirmation_timeout=confirmation_timeout,
        )
        self._context = ReaderContext(
            store, self._patience, self._woken.set, self._stream_failed, self.outbox.seen
        )

    def events(
        self, *, since: datetime | None = None, auto_ack: bool = True, wait: bool = False
    ) -> Events:
        """Iterate events, from where the last consumer stopped; see ``Inbox.events``."""
        require("events", "since", since, datetime | None)
        require("events", "auto_ack", auto_ack, bool)
        require("events", "wait", wait, bool)
        return Events(
            self._store,
            self._confirmations,
            patience=self._patience,
            start=partial(self._start, since, wait),
            woken=self._woken,
            check=self._check,
            stop=self._stop,
            auto_ack=auto_ack,
        )

    @property
    def streams(self) -> list[StreamStatus]:
        """Status of each stream that is followed."""
        return [reader.status for reader in self._readers.values()]

    async def hint(self, hints: Sequence[Hint]) -> None:
        """Store hints about changed objects, and poll those as soon as the limits allow.

        Returns when the hints are stored. They may be for accounts that another process follows.
        """
        require("hint", "hints", hints, Sequence[Hint])
        await self._store.hint(hints)
        self._hinted.set()

    async def poll_now(self, account: str, stream: str, id_: str) -> bool:
        """Wait until the feed has read an object; False if this process does not follow it.

        Args:
            account: The account's name.
            stream: The stream's name.
            id_: The object's id.
        """
        reader = self._readers.get((account, stream))
        return reader is not None and await reader.poll_now(id_)

    async def _start(self, since: datetime | None, wait: bool, consumer: Events) -> Collection[str]:
        """Follow all accounts that have events; return the live set of followed names."""
        if self._consumer is not None and self._consumer() is not None:
            raise FeedBusy(
                ", ".join(self._accounts),
                "another events() of this inbox",
                "leaving its loop does not end it: read inside `async with inbox.events() as"
                " events`, or call its aclose() first",
            )
        # Marketplaces state times in whole seconds.
        begin = (since or datetime.now(UTC)).replace(microsecond=0)
        accounts = {
            name: account
            for name, account in self._accounts.items()
            if _has(account, Capability.EVENTS)
        }
        if not accounts:
            rule = "must include an account that can be followed"
            raise InvalidInput("events", "accounts", rule, list(self._accounts))
        left, self._consumer = self._consumer, weakref.ref(consumer)
        try:
            if left is not None:
                # Its loop was left, without the end of a block.
                await self._release()
            await self._hold(accounts, wait=wait)
            streams = [
                (name, stream) for name, account in accounts.items() for stream in account.streams()
            ]
            first_rounds = FirstRounds(len(streams))
            self._followed.update(accounts)
            for name, stream in streams:
                self._readers[name, stream.name] = self._reader(name, stream, begin, first_rounds)
        except BaseException:
            await self._stop()
            raise
        self._spawn("", self._begin(dict(self._readers), first_rounds))
        self._spawn("", self._watch_hints(list(accounts)))
        self._spawn("", self._watch_hold())
        self._spawn("", self._watch_backlog())
        return self._followed

    async def _hold(self, accounts: Collection[str], *, wait: bool) -> None:
        """Become the reader of all accounts; many at once share the commits of the store.

        While it waits for one, it holds only accounts with names before that one: so two processes
        never wait for each other.
        """
        rest = sorted(accounts)
        while rest:
            results = await _gather(
                [self._patience.run(partial(self._hold_one, name, False)) for name in rest]
            )
            busy = [one for one in results if isinstance(one, FeedBusy)]
            for failed in results:
                if isinstance(failed, BaseException) and not (wait and failed in busy):
                    raise failed
            if not busy:
                return
            first = min(one.account for one in busy)
            for one in busy:
                logger.info(
                    "%s: %s reads its events; waiting for the end of that",
                    one.account,
                    one.who,
                    extra=LogFacts(account=one.account),
                )
            await self._give_back([name for name in self._held if name > first])
            await self._patience.run(partial(self._hold_one, first, True))
            rest = [name for name in rest if name > first]

    async def _hold_one(self, account: str, wait: bool) -> None:
        held = self._store.reading(account, wait=wait)
        await held.__aenter__()
        self._held[account] = held

    async def _give_back(self, accounts: Collection[str]) -> None:
        held = [self._held.pop(name) for name in accounts]
        await _gather([one.__aexit__(None, None, None) for one in held])

    async def _begin(
        self, readers: Mapping[tuple[str, str], Reader], first_rounds: FirstRounds
    ) -> None:
        """Start the readers, the next ones as earlier ones end their first rounds."""
        release = asyncio.get_running_loop().call_later(HEAD_START, first_rounds.release)
        try:
            for key, reader in readers.items():
                await first_rounds.begin(key)
                if self._readers.get(key) is reader:
                    self._spawn(key[0], reader.run())
                else:
                    first_rounds.end(key)
            await first_rounds.wait()
        finally:
            release.cancel()
            first_rounds.release()

    def _reader(
        self, account: str, stream: Stream, since: datetime, first_rounds: FirstRounds
    ) -> Reader:
        return Reader(account, stream, self._context, since=since, first_rounds=first_rounds)

    def _spawn(self, account: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = account
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or error
            self._woken.set()

    def _check(self) -> None:
        """Raise the error that stopped the feed, if any."""
        if self._failure is not None:
            raise self._failure

    def _stream_failed(self, account: str, error: Exception) -> None:
        if self._on_error is not None:
            self._on_error(account, error)

    def _state_failed(self, error: Exception) -> None:
        if self._on_error is not None:
            try:
                self._on_error("", error)
            except Exception:
                # It runs within any call of the store, such as that of a reply.
                logger.exception("on_error failed")

    async def _watch_hints(self, accounts: Sequence[str]) -> None:
        """Pass hints to the readers: our own at once, those of other processes every second."""
        foreign = any(
            account.name in accounts and _has(account, Capability.NOTIFICATIONS)
            for account in self._accounts.values()
        )
        while True:
            self._hinted.clear()
            for number, hint in await self._patience.run(lambda: self._store.hints(accounts)):
                reader = self._readers.get((hint.account, hint.stream))
                if reader is None:
                    await self._patience.run(partial(self._store.drop_hints, [number]))
                else:
                    reader.hint(hint.id, number)
            with anyio.move_on_after(_HINTS_EVERY if foreign else None):
                await self._hinted.wait()

    async def _watch_hold(self) -> None:
        """Notice that another process has taken over, also while there is nothing to write.

        Raises:
            LeaseLost: It has.
        """
        while self._store.alive_until != math.inf:
            await self._patience.run(self._store.hold)
            await anyio.sleep(_HOLD_EVERY)

    async def _watch_backlog(self) -> None:
        while True:
            self._woken.set()
            if observe.watched:
                counts = await self._patience.run(self._store.backlog)
                for account in self._followed:
                    current().backlog(account=account, count=counts.get(account, 0))
            await anyio.sleep(_BACKLOG_EVERY)

    def _end_backlog(self, accounts: Collection[str]) -> None:
        """Report none for accounts that this process no longer follows."""
        if observe.watched:
            for account in accounts:
                current().backlog(account=account, count=0)

    async def drop(self, account: str) -> None:
        """Stop following an account."""
        if account in self._followed:
            self._followed.discard(account)
            self._end_backlog([account])
        for key in [key for key in self._readers if key[0] == account]:
            del self._readers[key]
        await _cancel([task for task, name in self._tasks.items() if name == account])

    async def _stop(self) -> None:
        """Stop following all accounts, and release them to other readers."""
        try:
            await self._release()
        finally:
            self._consumer = None

    async def _release(self) -> None:
        with anyio.CancelScope(shield=True):
            await _cancel(list(self._tasks))
            self._readers.clear()
            self._end_backlog(self._followed)
            self._followed.clear()
            try:
                await self._confirmations.write()
            finally:
                await self._give_back(list(self._held))
                self._failure = None

    async def aclose(self) -> None:
        """Stop following and sending, and close the store."""
        with anyio.CancelScope(shield=True):
            try:
                await self._stop()
            finally:
                await self.outbox.aclose()
                await self._store.aclose()


def _has(account: Account, capability: Capability) -> bool:
    return has(account.CAPABILITIES, capability)


async def _gather(calls: Sequence[Coroutine[Any, Any, object]]) -> list[object]:
    """Results and errors of concurrent calls, some at a time; if cancelled, they have ended."""
    results: list[object] = []
    for start in range(0, len(calls), _AT_ONCE):
        tasks = [asyncio.ensure_future(call) for call in calls[start : start + _AT_ONCE]]
        try:
            results += await asyncio.gather(*tasks, return_exceptions=True)
        except BaseException:
            await _cancel(tasks)
            for call in calls[start + _AT_ONCE :]:
                call.close()
            raise
    return results


async def _cancel(tasks: Collection[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
