"""Overlap polling: lists read over and over, each round from before the newest known record.

Where a round begins depends on the marketplace's times alone; our clock says when a wide round is
due, and keeps the look back short in shops without new records. So records that are listed late,
vanish and return, or change are seen without a notification, and a clock that jumps makes a wide
round earlier or later, and nothing else.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Generic, TypeVar

import msgspec

from wbym.account import Batch, Observation, Observed, Poll
from wbym.calls import DecodedOrigin, Report
from wbym.domain import UndecodableRecord
from wbym.errors import InvalidInput, NotFound, WbymError
from wbym.limits import Priority, Window
from wbym.observe import LogFacts
from wbym.paging import Listing, Page, map_page

__all__ = [
    "USUAL_SHARE",
    "WIDE_SHARE",
    "Due",
    "Failures",
    "Overlap",
    "OverlapStream",
    "Polled",
    "StreamId",
    "in_order",
    "newest_of",
    "pace",
    "utc_now",
]

USUAL_SHARE: Final = 0.5
"""The most of a budget that usual rounds take."""
WIDE_SHARE: Final = 0.25
"""The most of it that wide rounds take; the rest is the user's."""

K = TypeVar("K")
T = TypeVar("T")


def utc_now() -> datetime:
    """Our clock."""
    return datetime.now(UTC)


class StreamId(msgspec.Struct, frozen=True):
    """A stream of an account, as logs and undecodable records name it."""

    marketplace: str
    account: str
    name: str

    def log(self, level: int, message: str, *args: object) -> None:
        """Log to the marketplace's logger, with the account before the message."""
        extra = LogFacts(marketplace=self.marketplace, account=self.account, stream=self.name)
        logger = logging.getLogger(f"wbym.{self.marketplace}")
        logger.log(level, f"%s: {message}", self.account, *args, extra=extra)

    def undecodable(self, records: Iterable[UndecodableRecord], at: datetime) -> list[Observation]:
        """Observations of undecodable records, which have no time of their own."""
        return [Observation(one, at) for one in records]


class Due(msgspec.Struct, frozen=True, array_like=True):
    """When something was done last, and the pause before it is due again; by our clock."""

    done: float
    """Unix seconds."""
    pause: float
    """Seconds."""

    def is_over(self, now: datetime) -> bool:
        """Whether it is due; also if the clock was put back, which hides how long it was."""
        return not self.done <= now.timestamp() < self.done + self.pause


class Failures:
    """What failed in a round that went on: each error is logged, the first one raised at its end.

    Args:
        stream: Whose round it is.
    """

    def __init__(self, stream: StreamId) -> None:
        self._stream = stream
        self._first: WbymError | None = None

    def __bool__(self) -> bool:
        return self._first is not None

    def add(self, id_: str, error: WbymError) -> None:
        """Note that the object with this id could not be read."""
        message = "%s %s could not be read: %s"
        self._stream.log(logging.WARNING, message, self._stream.name, id_, error)
        self._first = self._first or error

    async def read(self, by_id: Callable[[str], Awaitable[T]], id_: str) -> T | None:
        """The object that a hint names; None if it does not exist, or its error was noted."""
        try:
            return await by_id(id_)
        except (InvalidInput, NotFound) as error:
            self._stream.log(logging.INFO, "ignored a hint: %s", error)
        except WbymError as error:
            self.add(id_, error)
        return None

    def raise_first(self) -> None:
        """Raise the first error, if there is one."""
        if self._first is not None:
            raise self._first


def newest_of(known: datetime, times: Iterable[datetime | None], now: datetime) -> datetime:
    """The newest of these times; one in the future, which would hide all that follows, is now."""
    return max([known, *(min(one, now) for one in times if one is not None)])


def pace(budget: Window, requests: int, share: float) -> float:
    """Seconds in which n requests take this share of a budget."""
    return requests * budget.period / (budget.limit * share)


async def in_order(
    calls: Sequence[Callable[[], Awaitable[T | None]]], at_once: int
) -> AsyncGenerator[T, None]:
    """Results of calls in their order, without None; at most ``at_once`` calls run at a time."""
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


class Polled(msgspec.Struct, frozen=True, gc=False):
    """A record as a round read it."""

    record: Observed
    created_at: datetime | None
    version: str | None
    """What changes with the record; None where the list does not tell it."""
    changed_at: datetime | None = None


class Overlap(msgspec.Struct, frozen=True):
    """How far back the rounds of a stream begin."""

    late: timedelta
    """How far before the newest record a usual round begins: the most a record is listed late."""
    wide: timedelta
    """How far before it a wide round begins."""
    retention: timedelta
    """How long before it records are remembered; longer than a round can show them."""
    earliest: datetime
    """No round begins before that."""
    wide_every: float = 3600.0
    """Seconds between wide rounds, at least."""
    quiet: timedelta | None = None
    """How long before the last round the newest record is taken to be, at most, so that a shop
    without new records is not read from its last one on each time. None: as old as it is."""


class _State(msgspec.Struct, frozen=True, rename={"wide": "long"}):
    """Where a stream goes on; stored as JSON."""

    newest: datetime
    """When the newest known record was made or changed; no earlier than the stream's beginning."""
    read: float = 0.0
    """When the last whole round began, in Unix seconds of our clock."""
    wide: Due = Due(0.0, 0.0)
    """The wide round; due at once in a state that was stored without it."""


_STATES: Final = msgspec.json.Decoder(_State)


class OverlapStream(Generic[K]):
    """A ``Stream`` of questions, feedbacks or returns by overlapping reads of their lists.

    A page is a batch, the oldest record first. A round that fails half-way moves nothing, since
    where to go on comes with its last batch. The first round is a wide one; wide rounds have the
    priority of bulk reading.

    Args:
        id: Whose stream it is.
        overlap: How far back rounds begin.
        listings: The lists that a round reads, from when it begins and whether it is wide.
        polled: What a listed record comes to; a record that it fails on is undecodable.
        report: Gets each record that ``polled`` fails on.
        every: Seconds between the beginnings of rounds, at least.
        by_id: Reads the record that a hint names; raises NotFound.
        changed: Where there is no ``by_id``: the list of what changed since a moment, read for
            hints. With neither, hints make a usual round.
        first_version: The version of an unknown record whose version the list does not tell.
        complete: Adds what the list does not tell to records that are new or changed, in the order
            in which it gets them; what makes no event is not completed.
        budget: The list's budget, where rounds of many pages are to be further apart.
        requests: Requests per page.
        at_once: How many hints are read at a time.
        now: Our clock.
    """

    def __init__(
        self,
        id: StreamId,  # noqa: A002 - the field's word
        overlap: Overlap,
        *,
        listings: Callable[[datetime, bool], Sequence[Listing[K]]],
        polled: Callable[[K], Polled],
        report: Report,
        every: float,
        by_id: Callable[[str], Awaitable[K]] | None = None,
        changed: Callable[[datetime], Listing[K]] | None = None,
        first_version: str | None = None,
        complete: Callable[[Sequence[Observed]], Awaitable[Sequence[Observed]]] | None = None,
        budget: Callable[[], Window] | None = None,
        requests: int = 1,
        at_once: int = 1,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.name: Final = id.name
        self._id = id
        self._overlap = overlap
        self._listings: Callable[[datetime, bool], Sequence[Listing[K]]] = listings
        self._polled: Callable[[K], Polled] = polled
        self._report = report
        self._every = every
        self._by_id: Callable[[str], Awaitable[K]] | None = by_id
        self._changed: Callable[[datetime], Listing[K]] | None = changed
        self._first_version = first_version
        self._complete = complete
        self._budget = budget
        self._requests = requests
        self._at_once = at_once
        self._now = now
        self._pages = 1

    @property
    def every(self) -> float:
        """Seconds between the beginnings of rounds: more where the last usual one was long."""
        return max(self._every, self._pace(self._pages, USUAL_SHARE))

    async def poll(self, asked: Poll) -> AsyncGenerator[Batch, None]:
        """One round, after the records that hints name; see ``Stream.poll``.

        Raises:
            WbymError: A call failed. A hint that cannot be read does not stop the round.
        """
        now = self._now()
        failures = Failures(self._id)
        state = None if asked.state is None else _STATES.decode(asked.state)
        named = sorted(asked.hints - {""})
        begin = self._begin(state, asked, now, self._overlap.late)
        if (hinted := self._hinted(named, begin, failures) if named else None) is not None:
            async with aclosing(hinted) as pages:
                async for page in pages:
                    yield await self._batch(self._observed(page), asked)
        if asked.due or "" in asked.hints or (named and hinted is None):
            async with aclosing(self._round(state, asked, now)) as batches:
                async for batch in batches:
                    yield batch
        failures.raise_first()

    def _hinted(
        self, ids: Sequence[str], begin: datetime, failures: Failures
    ) -> AsyncGenerator[Page[K], None] | None:
        if self._by_id is not None:
            return self._read(ids, self._by_id, failures)
        return None if self._changed is None else self._changed(begin).read()

    async def _read(
        self, ids: Sequence[str], by_id: Callable[[str], Awaitable[K]], failures: Failures
    ) -> AsyncGenerator[Page[K], None]:
        calls = [partial(failures.read, by_id, one) for one in ids]
        async with aclosing(in_order(calls, self._at_once)) as found:
            async for item in found:
                yield Page([item], "", None)

    async def _round(
        self, state: _State | None, asked: Poll, now: datetime
    ) -> AsyncGenerator[Batch, None]:
        is_wide = state is None or (asked.due and state.wide.is_over(now))
        reach = self._overlap.wide if is_wide else self._overlap.late
        newest = self._newest(state, asked, now)
        pages = 0
        for listing in self._listings(self._begin(state, asked, now, reach), is_wide):
            read = listing.using(priority=Priority.BULK if is_wide else None).read()
            async with aclosing(read) as listed:
                async for page in listed:
                    pages += 1
                    observed = self._observed(page)
                    times = [t for one in observed.items for t in (one.created_at, one.changed_at)]
                    newest = newest_of(newest, times, now)
                    if observed.items or observed.undecodable:
                        yield await self._batch(observed, asked)
        if state is None:  # how much it read says nothing of the rounds to come
            wide = Due(now.timestamp(), self._overlap.wide_every)
        elif is_wide:
            pause = max(self._overlap.wide_every, self._pace(pages, WIDE_SHARE))
            wide = Due(now.timestamp(), pause)
        else:
            wide, self._pages = state.wide, pages
        following = _State(newest, now.timestamp(), wide)
        yield Batch((), msgspec.json.encode(following), newest - self._overlap.retention)

    def _newest(self, state: _State | None, asked: Poll, now: datetime) -> datetime:
        begun = min(asked.since, now) if state is None else state.newest
        return max(self._overlap.earliest, begun)

    def _begin(
        self, state: _State | None, asked: Poll, now: datetime, reach: timedelta
    ) -> datetime:
        newest = self._newest(state, asked, now)
        if state is not None and self._overlap.quiet is not None:
            # If the clock was put back, the last round did not begin in the future.
            read = datetime.fromtimestamp(min(state.read, now.timestamp()), UTC)
            newest = max(newest, read - self._overlap.quiet)
        return max(self._overlap.earliest, newest - reach)

    def _observed(self, page: Page[K]) -> Page[Polled]:
        kept = page.origin or DecodedOrigin(self.name, page.items, self._report)
        return map_page(page, self._polled, kept)

    async def _batch(self, page: Page[Polled], asked: Poll) -> Batch:
        asks = self._complete is not None
        unclear = [one.record.ref.id for one in page.items if asks or one.version is None]
        noun = self.name.removesuffix("s")
        known = await asked.known(noun, unclear) if unclear else {}
        found: list[Observation] = []
        for one in page.items:
            version = one.version
            if version is None and one.record.ref.id not in known:
                version = self._first_version
            at = one.created_at or one.changed_at or asked.since
            found.append(Observation(one.record, at, version))
        if self._complete is not None:
            found = await self._completed(found, known, asked, self._complete)
        found.sort(key=lambda observation: observation.at)
        return Batch([*self._id.undecodable(page.undecodable, self._now()), *found])

    async def _completed(
        self,
        found: Sequence[Observation],
        known: Mapping[str, str],
        asked: Poll,
        complete: Callable[[Sequence[Observed]], Awaitable[Sequence[Observed]]],
    ) -> list[Observation]:
        def makes_event(one: Observation) -> bool:
            before = known.get(one.record.ref.id)
            if before is None:
                return asked.state is not None or one.at >= asked.since
            return one.version is not None and one.version != before

        records = [one.record for one in found if makes_event(one)]
        whole = {one.ref: one for one in await complete(records)} if records else {}
        return [
            msgspec.structs.replace(one, record=whole.get(one.record.ref, one.record))
            for one in found
        ]

    def _pace(self, pages: int, share: float) -> float:
        budget = None if self._budget is None else self._budget()
        return 0.0 if budget is None else pace(budget, pages * self._requests, share)
