"""What the streams of an account share: what they work with, when rounds are due, what failed."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

import msgspec

from wbym.account import Sighting, unreadable
from wbym.errors import SetAside, WbymError
from wbym.limits import Window
from wbym.observe import LogFacts
from wbym_yandex_market.api import Api
from wbym_yandex_market.cabinet import Cabinet
from wbym_yandex_market.mapping import MARKETPLACE

__all__ = ["HALF", "QUARTER", "Context", "Due", "Failures", "each", "pace"]

logger = logging.getLogger("wbym.yandex_market")

HALF: Final = 0.5
"""How much of a budget usual rounds take at most."""
QUARTER: Final = 0.25
"""How much of it the rounds over everything take at most; the rest is the user's."""

T = TypeVar("T")


class Context(msgspec.Struct, frozen=True):
    """What the streams of an account work with."""

    api: Api
    cabinet: Cabinet
    quota: Callable[[str], Window]
    """The budget of a bucket, by its name."""
    at_once: int
    """Calls under way at once."""
    wall: Callable[[], float] = time.time
    """Unix seconds, for what is kept over restarts."""
    clock: Callable[[], float] = time.monotonic
    """Seconds that no change of the wall clock moves."""

    def log(self, level: int, stream: str, message: str, *args: object) -> None:
        """Say something of a stream."""
        account = self.cabinet.account
        facts = LogFacts(marketplace=MARKETPLACE, account=account, stream=stream)
        logger.log(level, f"%s: {message}", account, *args, extra=facts)

    def aside(self, records: Sequence[SetAside]) -> list[Sighting]:
        """What could not be decoded, to be told like the rest."""
        now = datetime.fromtimestamp(self.wall(), UTC)
        return [unreadable(one, MARKETPLACE, self.cabinet.account, now) for one in records]


class Due(msgspec.Struct, frozen=True, array_like=True):
    """When something has to be done again, by the wall clock."""

    done: float
    pause: float
    """Seconds."""

    def over(self, now: float) -> bool:
        """Whether it is time; also where the clock was set back to before it was done last."""
        return not self.done <= now < self.done + self.pause


class Failures:
    """What of a round failed while the rest went on: each is logged, and the first one raised."""

    def __init__(self, context: Context, stream: str) -> None:
        self._context = context
        self._stream = stream
        self._first: WbymError | None = None

    def __bool__(self) -> bool:
        return self._first is not None

    def add(self, about: str, error: WbymError) -> None:
        """Note that something of this id could not be read."""
        self._context.log(
            logging.WARNING, self._stream, "%s %s was not read: %s", self._stream, about, error
        )
        self._first = self._first or error

    def raise_first(self) -> None:
        """Raise the first one, if there is any."""
        if self._first is not None:
            raise self._first


def pace(budget: Window, requests: int, share: float) -> float:
    """Seconds in which so many requests take this share of a budget."""
    return requests * budget.period / (budget.limit * share)


async def each(
    calls: Sequence[Callable[[], Awaitable[T | None]]], at_once: int
) -> AsyncGenerator[T, None]:
    """What the calls bring, in their order, without None; some of them run ahead of the reader."""
    room = asyncio.Semaphore(at_once)

    async def run(call: Callable[[], Awaitable[T | None]]) -> T | None:
        async with room:
            return await call()

    tasks = [asyncio.ensure_future(run(call)) for call in calls]
    try:
        for task in tasks:
            found = await task
            if found is not None:
                yield found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
