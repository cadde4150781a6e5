"""Reader of one stream of one account, which polls it at the rate of its limits."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

import msgspec

from wbym.account import Poll, Stream
from wbym.domain import Delivery
from wbym.errors import (
    CredentialError,
    Forbidden,
    PaymentRequired,
    QuotaExhausted,
    StateError,
    Unauthorized,
    WbymError,
)
from wbym.feed._coalescing import coalesce
from wbym.feed._diff import diff_batch
from wbym.feed._first_rounds import FirstRounds
from wbym.feed._pace import interval
from wbym.feed._patience import Patience
from wbym.feed._store import Checkpoint, Step, Store
from wbym.observe import LogFacts, current

__all__ = ["Reader", "ReaderContext", "StreamStatus"]

logger: logging.Logger = logging.getLogger("wbym.feed")

_MIN_PAUSE: Final = 1.0
_MAX_PAUSE: Final = 300.0
"""Min and max seconds before a failed round is retried, doubled each time."""
_MAX_QUOTA_WAIT: Final = 60.0
"""Max seconds before a round that met an exhausted limit is retried."""
_MIN_INTERVAL: Final = 1.0
"""Min seconds between the starts of rounds, however many hints there are."""
_LASTING = (CredentialError, Unauthorized, PaymentRequired, Forbidden)
"""Errors that only a person can fix."""


class StreamStatus(msgspec.Struct, frozen=True):
    """Status of a stream."""

    account: str
    stream: str
    every: float
    """Seconds between the starts of rounds, as the limits allow."""
    read_at: datetime | None
    """When the last whole round began, by our clock."""
    error: str | None
    """Why the last round failed; None if it did not."""
    waiting_since: datetime | None = None
    """Since when the running round has waited for records, by our clock; None between rounds. A
    time that stays is a stall, of the limits or of the marketplace."""
    state_error: str | None = None
    """The fault of the state whose end the feed waits for, such as a full disk; None if it works.
    The same for all streams."""


@dataclass(frozen=True)
class ReaderContext:
    """What the readers of one feed share.

    Args:
        store: Where events and checkpoints are stored.
        patience: Waits for the end of faults of the store.
        on_events: Called after new events were stored.
        on_error: Called with the account and the error of each round that failed.
        on_delivery: Called with each delivery of the outbox that was seen.
    """

    store: Store
    patience: Patience
    on_events: Callable[[], None]
    on_error: Callable[[str, Exception], None]
    on_delivery: Callable[[Delivery], None]


class Reader:
    """Polls a stream, and stores its events together with its checkpoint.

    There may be ten thousand of them, so each has few objects of its own.

    Args:
        account: The account's name.
        stream: The stream to follow.
        context: What the readers share.
        since: When to start, if the stream was never followed; aware.
        first_rounds: Those of all streams of the feed, which go before repeated rounds.
    """

    def __init__(
        self,
        account: str,
        stream: Stream,
        context: ReaderContext,
        *,
        since: datetime,
        first_rounds: FirstRounds,
    ) -> None:
        self.account: Final = account
        self.name: Final = stream.name
        self._stream = stream
        self._context = context
        self._store = context.store
        self._patience = context.patience
        self._since = since
        self._first_rounds = first_rounds
        self._checkpoint: Checkpoint | None = None
        self._read_at: datetime | None = None
        self._error: Exception | None = None
        self._waiting_since: datetime | None = None
        self._failures = 0
        self._hints: dict[str, set[int]] = {}
        self._waiters: list[asyncio.Future[bool]] = []
        self._woken = asyncio.Event()
        self._ended = False

    @property
    def status(self) -> StreamStatus:
        """How it is doing."""
        return StreamStatus(
            self.account,
            self.name,
            interval(self._stream.every),
            self._read_at,
            _described(self._error),
            self._waiting_since,
            _described(self._patience.fault),
        )

    def hint(self, id_: str, number: int | None = None) -> None:
        """Poll an object in a round that begins from now on.

        Args:
            id_: The object's id; empty for no object in particular.
            number: The number of the stored hint, which is deleted after a successful round.
        """
        numbers = self._hints.setdefault(id_, set())
        if number is not None:
            numbers.add(number)
        self._woken.set()

    async def poll_now(self, id_: str) -> bool:
        """Wait for a round that begins after this call to read an object; whether it succeeded."""
        if self._ended:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters.append(future)
        self.hint(id_)
        return await future

    async def run(self) -> None:
        """Follow the stream until cancelled.

        Raises:
            StateError: The store failed, and will not recover by itself.
        """
        logger.info(
            "%s: polling %s every %.0f s",
            self.account,
            self.name,
            interval(self._stream.every),
            extra=LogFacts(
                account=self.account, stream=self.name, every=interval(self._stream.every)
            ),
        )
        loop = asyncio.get_running_loop()
        due, due_at = True, loop.time()
        try:
            while True:
                began = loop.time()
                pause = await self._round(due=due)
                if pause is not None:
                    due_at = max(due_at, loop.time() + pause)
                    await asyncio.sleep(pause)
                    due = loop.time() >= due_at
                    continue
                if due:
                    due_at = began + interval(self._stream.every)
                if await self._hinted_before(due_at):
                    next_at = min(due_at, began + _MIN_INTERVAL)
                    await asyncio.sleep(max(0.0, next_at - loop.time()))
                    due = loop.time() >= due_at
                else:
                    await self._first_rounds.hold(self._woken)
                    due = True  # a timer may fire a tick before its time
        finally:
            self._ended = True
            _answer(self._waiters, found=False)

    async def _hinted_before(self, due_at: float) -> bool:
        """Wait until a time of the loop's clock, or a hint; whether there is a hint."""
        # One event for both, since a cancel scope per stream is large.
        timer = asyncio.get_running_loop().call_at(due_at, self._woken.set)
        try:
            await self._woken.wait()
        finally:
            timer.cancel()
        if not self._hints:
            self._woken.clear()
        return bool(self._hints)

    async def _round(self, *, due: bool) -> float | None:
        """Run one round; return the seconds to wait before the next if it failed."""
        self._woken.clear()
        hints, self._hints = self._hints, {}
        waiters, self._waiters = self._waiters, []
        began, wall = asyncio.get_running_loop().time(), datetime.now(UTC)
        self._waiting_since = wall
        events, error, whole = 0, None, False
        try:
            events = await self._poll(due=due, hints=frozenset(hints))
            whole = True
        except StateError:
            raise
        except Exception as failed:  # noqa: BLE001 - one stream must not stop the others
            error = failed
        finally:
            self._waiting_since = None
            _answer(waiters, found=whole)
            self._first_rounds.end((self.account, self.name))
        seconds = asyncio.get_running_loop().time() - began
        current().poll_ended(
            account=self.account, stream=self.name, events=events, seconds=seconds, error=error
        )
        if error is not None:
            for id_, numbers in hints.items():
                self._hints.setdefault(id_, set()).update(numbers)
            return self._failed(error)
        self._failures, self._error = 0, None
        if due:
            self._read_at = wall
        if followed := [number for numbers in hints.values() for number in numbers]:
            await self._patience.run(lambda: self._store.drop_hints(followed))
        return None

    async def _poll(self, *, due: bool, hints: frozenset[str]) -> int:
        """Poll the stream and store the results; return the number of new events."""
        if self._checkpoint is None:
            self._checkpoint = await self._patience.run(self._begin)
        point = self._checkpoint
        request = Poll(point.state, point.since, self._known, due, hints)
        events = 0
        async with aclosing(coalesce(self._stream.poll(request))) as batches:
            async for batch in batches:
                step = await self._patience.run(partial(diff_batch, batch, point, self._store))
                if step.seen_records or step.checkpoint != point:
                    await self._patience.run(partial(self._store.write, step))
                    point = self._checkpoint = step.checkpoint
                if step.events:
                    events += len(step.events)
                    self._context.on_events()
                for delivery in step.deliveries:
                    self._context.on_delivery(delivery)
                self._waiting_since = datetime.now(UTC)
        if due and not point.begun:
            point = msgspec.structs.replace(point, begun=True)
            await self._patience.run(partial(self._store.write, Step(point)))
            self._checkpoint = point
        return events

    async def _begin(self) -> Checkpoint:
        """Load or create the stream's checkpoint.

        A new one is stored at once: a first round that is interrupted starts again from the same
        time.
        """
        point = await self._store.checkpoint(self.account, self.name)
        if point is None:
            point = Checkpoint(self.account, self.name, self._since)
            await self._store.write(Step(point))
        return point

    async def _known(self, noun: str, ids: Collection[str]) -> dict[str, str]:
        prefix = f"{noun}/"
        keys = [prefix + id_ for id_ in ids]
        known = await self._patience.run(
            lambda: self._store.seen_records(self.account, self.name, keys)
        )
        return {key.removeprefix(prefix): record.version for key, record in known.items()}

    def _failed(self, error: Exception) -> float:
        """Log and report the error; return the seconds to wait."""
        self._error = error
        self._failures += 1
        if isinstance(error, QuotaExhausted):
            # A retry is free, and another of the stream's limits may have room.
            pause = min(error.wait, _MAX_QUOTA_WAIT)
        elif isinstance(error, _LASTING):
            pause = _MAX_PAUSE
        else:
            pause = min(_MAX_PAUSE, _MIN_PAUSE * 2 ** min(self._failures - 1, 20))
        logger.log(
            logging.INFO if isinstance(error, QuotaExhausted) else logging.WARNING,
            "%s: polling %s failed (%s: %s); next attempt in %.0f s",
            self.account,
            self.name,
            type(error).__name__,
            error,
            pause,
            extra=LogFacts(account=self.account, stream=self.name),
            exc_info=None if isinstance(error, WbymError) else error,
        )
        self._context.on_error(self.account, error)
        return pause


def _described(error: Exception | None) -> str | None:
    return None if error is None else f"{type(error).__name__}: {error}"


def _answer(waiters: Sequence[asyncio.Future[bool]], *, found: bool) -> None:
    for future in waiters:
        if not future.done():
            future.set_result(found)
