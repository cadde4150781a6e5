"""One stream of one account, followed round after round at the pace of its limits."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

import anyio
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
from wbym.feed._store import Checkpoint, Step, Store
from wbym.observe import LogFacts, current

__all__ = ["Reader", "StreamStatus"]

logger: logging.Logger = logging.getLogger("wbym.feed")

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 300.0
"""Seconds before a failed round is tried again, doubled each time."""
_LONGEST_WAIT: Final = 60.0
"""Seconds before a round that met a used-up limit is tried again, at most."""
_APART: Final = 1.0
"""Seconds between the beginnings of rounds at least, however many hints there are."""
_LASTING = (CredentialError, Unauthorized, PaymentRequired, Forbidden)
"""Errors that only a person ends."""


class StreamStatus(msgspec.Struct, frozen=True):
    """How a stream is doing."""

    account: str
    stream: str
    every: float
    """Seconds between the beginnings of rounds, as the limits allow."""
    read_at: datetime | None
    """When the last whole round began; by our clock."""
    error: str | None
    """Why the last round failed; None if it did not."""


class Reader:
    """Polls a stream, and stores what it saw with where it goes on.

    Args:
        account: The account's name.
        stream: What to follow.
        store: Where it is kept.
        since: Since when, if the stream was never followed; aware.
        on_events: Told after new events were stored.
        on_error: Told of each round that failed.
        on_delivery: Told of each delivery of the outbox that was seen.
    """

    def __init__(
        self,
        account: str,
        stream: Stream,
        store: Store,
        *,
        since: datetime,
        on_events: Callable[[], None],
        on_error: Callable[[Exception], None],
        on_delivery: Callable[[Delivery], None],
    ) -> None:
        self.account: Final = account
        self.name: Final = stream.name
        self._stream = stream
        self._store = store
        self._since = since
        self._on_events = on_events
        self._on_error = on_error
        self._on_delivery = on_delivery
        self._checkpoint: Checkpoint | None = None
        self._read_at: datetime | None = None
        self._error: Exception | None = None
        self._failures = 0
        self._hints: dict[str, set[int]] = {}
        self._looks: list[asyncio.Future[bool]] = []
        self._woken = asyncio.Event()
        self._ended = False

    @property
    def status(self) -> StreamStatus:
        """How it is doing."""
        error = None if self._error is None else f"{type(self._error).__name__}: {self._error}"
        return StreamStatus(self.account, self.name, self._stream.every, self._read_at, error)

    def hint(self, id_: str, number: int | None = None) -> None:
        """Have an object looked at in a round that begins from now on.

        Args:
            id_: Of the object; empty for none in particular.
            number: Of the stored hint, which is dropped when it was followed up.
        """
        numbers = self._hints.setdefault(id_, set())
        if number is not None:
            numbers.add(number)
        self._woken.set()

    async def poll_now(self, id_: str) -> bool:
        """Wait until a round that began after this has read an object; whether one did."""
        if self._ended:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._looks.append(future)
        self.hint(id_)
        return await future

    async def run(self) -> None:
        """Follow the stream until cancelled.

        Raises:
            StateError: The store failed.
        """
        logger.info(
            "%s: %s are read every %.0f s",
            self.account,
            self.name,
            self._stream.every,
            extra=LogFacts(account=self.account, stream=self.name, every=self._stream.every),
        )
        clock = asyncio.get_running_loop().time
        due_at = clock()
        try:
            while True:
                began = clock()
                due = began >= due_at
                pause = await self._round(due=due)
                if pause is not None:
                    due_at = max(due_at, clock() + pause)
                    await anyio.sleep(pause)
                    continue
                if due:
                    due_at = began + self._stream.every
                with anyio.move_on_after(max(0.0, due_at - clock())):
                    await self._woken.wait()
                    await anyio.sleep(max(0.0, began + _APART - clock()))
        finally:
            self._ended = True
            _answer(self._looks, found=False)

    async def _round(self, *, due: bool) -> float | None:
        """One round; the seconds to wait before the next if it failed."""
        self._woken.clear()
        hints, self._hints = self._hints, {}
        looks, self._looks = self._looks, []
        began, wall = asyncio.get_running_loop().time(), datetime.now(UTC)
        events, error, whole = 0, None, False
        try:
            events = await self._poll(due=due, hints=frozenset(hints))
            whole = True
        except StateError:
            raise
        except Exception as failed:  # noqa: BLE001 - one stream must not stop the others
            error = failed
        finally:
            _answer(looks, found=whole)
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
            await self._store.drop_hints(followed)
        return None

    async def _poll(self, *, due: bool, hints: frozenset[str]) -> int:
        """Store what the stream sees; how many events that made."""
        point = self._checkpoint or await self._begin()
        request = Poll(point.state, point.since, self._known, due, hints)
        events = 0
        async with aclosing(coalesce(self._stream.poll(request))) as batches:
            async for batch in batches:
                step = await diff_batch(batch, point, self._store)
                if step.seen_records or step.checkpoint != point:
                    await self._store.write(step)
                    point = self._checkpoint = step.checkpoint
                if step.events:
                    events += len(step.events)
                    self._on_events()
                for delivery in step.deliveries:
                    self._on_delivery(delivery)
        if due and not point.begun:
            point = msgspec.structs.replace(point, begun=True)
            await self._store.write(Step(point))
            self._checkpoint = point
        return events

    async def _begin(self) -> Checkpoint:
        """Where the stream goes on.

        Written down at once: a first round that is cut short begins again from the same moment.
        """
        point = await self._store.checkpoint(self.account, self.name)
        if point is None:
            point = Checkpoint(self.account, self.name, self._since)
            await self._store.write(Step(point))
        self._checkpoint = point
        return point

    async def _known(self, noun: str, ids: Collection[str]) -> dict[str, str]:
        prefix = f"{noun}/"
        keys = [prefix + id_ for id_ in ids]
        known = await self._store.seen_records(self.account, self.name, keys)
        return {key.removeprefix(prefix): record.version for key, record in known.items()}

    def _failed(self, error: Exception) -> float:
        """Say so; how long to wait."""
        self._error = error
        self._failures += 1
        if isinstance(error, QuotaExhausted):
            # It costs nothing to ask again, and another of the stream's limits may have room.
            pause = min(error.wait, _LONGEST_WAIT)
        elif isinstance(error, _LASTING):
            pause = _LONGEST_PAUSE
        else:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(self._failures - 1, 20))
        logger.log(
            logging.INFO if isinstance(error, QuotaExhausted) else logging.WARNING,
            "%s: %s could not be read (%s: %s); the next try is in %.0f s",
            self.account,
            self.name,
            type(error).__name__,
            error,
            pause,
            extra=LogFacts(account=self.account, stream=self.name),
            exc_info=None if isinstance(error, WbymError) else error,
        )
        self._on_error(error)
        return pause


def _answer(looks: Sequence[asyncio.Future[bool]], *, found: bool) -> None:
    for future in looks:
        if not future.done():
            future.set_result(found)
