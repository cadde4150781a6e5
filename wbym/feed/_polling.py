"""Overlap polling: each round reads the lists from some time before the newest known record.

Where a round begins depends only on the marketplace's times; our clock decides when a wide round is
due, and keeps the overlap short in shops without new records. So records that are listed late,
disappear and return, or change are seen without a notification, and a clock jump only makes a wide
round earlier or later.
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
from wbym.domain import Chat, UndecodableRecord
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
    "round_interval",
    "utc_now",
]

USUAL_SHARE: Final = 0.5
"""Max share of a budget for usual rounds."""
WIDE_SHARE: Final = 0.25
"""Max share of a budget for wide rounds; the rest is the user's."""

K = TypeVar("K")
T = TypeVar("T")


def utc_now() -> datetime:
    """The time by our clock."""
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

    def undecodable(
        self, records: Iterable[UndecodableRecord], at: datetime, chat: Chat | None = None
    ) -> list[Observation]:
        """Observations of undecodable records, which have no time of their own."""
        return [Observation(one, at, chat=chat) for one in records]


class Due(msgspec.Struct, frozen=True, array_like=True):
    """When something was last done, and the pause until it is due again, by our clock."""

    done: float
    """Unix seconds."""
    pause: float
    """Seconds."""

    def is_over(self, now: datetime) -> bool:
        """Whether it is due; True also if the clock was set back, as the pause is then unknown."""
        return not self.done <= now.timestamp() < self.done + self.pause


class Failures:
    """Errors of a round that continues: each is logged, and the first is raised at the end.

    Args:
        stream: The stream of the round.
    """

    def __init__(self, stream: StreamId) -> None:
        self._stream = stream
        self._first: WbymError | None = None

    def __bool__(self) -> bool:
        return self._first is not None

    def add(self, id_: str, error: WbymError) -> None:
        """Log and keep the error of an object that could not be read."""
        message = "%s %s could not be read: %s"
        self._stream.log(logging.WARNING, message, self._stream.name, id_, error)
        self._first = self._first or error

    async def read(self, by_id: Callable[[str], Awaitable[T]], id_: str) -> T | None:
        """Read the object that a hint names; None if it does not exist or failed."""
        try:
            return await by_id(id_)
        except (InvalidInput, NotFound) as error:
            self._stream.log(logging.INFO, "ignored a hint: %s", error)
        except WbymError as error:
            self.add(id_, error)
        return None

    def raise_first(self) -> None:
        """Raise the first error, if any."""
        if self._first is not None:
            raise self._first


def newest_of(known: datetime, times: Iterable[datetime | None], now: datetime) -> datetime:
    """The newest of these times; a future time, which would hide new records, counts as now."""
    return max([known, *(min(one, now) for one in times if one is not None)])


def round_interval(budget: Window, requests: int, share: float) -> float:
    """Seconds between rounds of n requests that use this share of a budget."""
    return requests * budget.period / (budget.limit * share)


async def in_order(
    calls: Sequence[Callable[[], Awaitable[T | None]]], at_once: int
) -> AsyncGenerator[T, None]:
    """Yield results of calls in order, without None; at most ``at_once`` calls run concurrently."""
    limiter = asyncio.Semaphore(at_once)

    async def run(call: Callable[[], Awaitable[T | None]]) -> T | None:
        async with limiter:
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
    """Differs when the record changes; None if the list does not show it."""
    changed_at: datetime | None = None


class Overlap(msgspec.Struct, frozen=True):
    """How far before the newest record the rounds of a stream begin."""

    late: timedelta
    """The overlap of a usual round: the max delay until a record is listed."""
    wide: timedelta
    """The overlap of a wide round."""
    retention: timedelta
    """How long before the newest record seen records are kept; longer than any overlap."""
    earliest: datetime
    """No round begins earlier."""
    wide_every: float = 3600.0
    """Min seconds between wide rounds."""
    quiet: timedelta | None = None
    """Max age of the newest record at the last round, for computing overlaps: a shop without new
    records is then not read from its last one each time. None for no max."""


class _State(msgspec.Struct, frozen=True, rename={"wide": "long"}):
    """The state of a stream; stored as JSON."""

    newest: datetime
    """When the newest known record was created or changed; not before the stream's start."""
    read: float = 0.0
    """When the last whole round began, in Unix seconds of our clock."""
    wide: Due = Due(0.0, 0.0)
    """The wide round; due at once if the stored state lacks it."""


_STATES: Final = msgspec.json.Decoder(_State)


class OverlapStream(Generic[K]):
    """A ``Stream`` of questions, feedbacks or returns by overlapping reads of their lists.

    A page is a batch, oldest record first. A round that fails half-way does not move the
    checkpoint, since the state comes with its last batch. The first round is a wide one; wide
    rounds have the priority of bulk reading.

    Args:
        id: The name of the stream.
        overlap: How far back rounds begin.
        listings: Returns the lists that a round reads, given its start and whether it is wide.
        polled: Converts a listed record; a record on which it fails is undecodable.
        report: Called with each record on which ``polled`` fails.
        every: Min seconds between the starts of rounds.
        by_id: Reads the record that a hint names; raises NotFound.
        changed: Without ``by_id``: returns the list of records changed since a time, read for
            hints. With neither, hints cause a usual round.
        first_version: The version of an unknown record whose version the list does not show.
        complete: Adds fields that the list lacks to new or changed records, and keeps their order;
            records that make no event are not completed.
        budget: Returns the list's budget, to space out rounds of many pages.
        requests: Requests per page.
        at_once: Max hints to read concurrently.
        now: Our clock.
    """

    def __init__(
        self,
        id: StreamId,  # noqa: A002 - the usual name
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
        """Seconds between the starts of rounds; more if the last usual one had many pages."""
        return max(self._every, self._min_interval(self._pages, USUAL_SHARE))

    async def poll(self, request: Poll) -> AsyncGenerator[Batch, None]:
        """Read the records that hints name, then one round; see ``Stream.poll``.

        Raises:
            WbymError: A call failed. A hint that cannot be read does not stop the round.
        """
        now = self._now()
        failures = Failures(self._id)
        state = None if request.state is None else _STATES.decode(request.state)
        named = sorted(request.hints - {""})
        begin = self._begin(state, request, now, self._overlap.late)
        if (hinted := self._hinted(named, begin, failures) if named else None) is not None:
            async with aclosing(hinted) as pages:
                async for page in pages:
                    yield await self._batch(self._observed(page), request)
        if request.due or "" in request.hints or (named and hinted is None):
            async with aclosing(self._round(state, request, now)) as batches:
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
        self, state: _State | None, request: Poll, now: datetime
    ) -> AsyncGenerator[Batch, None]:
        is_wide = state is None or (request.due and state.wide.is_over(now))
        reach = self._overlap.wide if is_wide else self._overlap.late
        newest = self._newest(state, request, now)
        pages = 0
        for listing in self._listings(self._begin(state, request, now, reach), is_wide):
            read = listing.using(priority=Priority.BULK if is_wide else None).read()
            async with aclosing(read) as listed:
                async for page in listed:
                    pages += 1
                    observed = self._observed(page)
                    times = [t for one in observed.items for t in (one.created_at, one.changed_at)]
                    newest = newest_of(newest, times, now)
                    if observed.items or observed.undecodable:
                        yield await self._batch(observed, request)
        if state is None:  # its number of pages does not predict later rounds
            wide = Due(now.timestamp(), self._overlap.wide_every)
        elif is_wide:
            pause = max(self._overlap.wide_every, self._min_interval(pages, WIDE_SHARE))
            wide = Due(now.timestamp(), pause)
        else:
            wide, self._pages = state.wide, pages
        following = _State(newest, now.timestamp(), wide)
        yield Batch((), msgspec.json.encode(following), newest - self._overlap.retention)

    def _newest(self, state: _State | None, request: Poll, now: datetime) -> datetime:
        begun = min(request.since, now) if state is None else state.newest
        return max(self._overlap.earliest, begun)

    def _begin(
        self, state: _State | None, request: Poll, now: datetime, reach: timedelta
    ) -> datetime:
        newest = self._newest(state, request, now)
        if state is not None and self._overlap.quiet is not None:
            # If the clock was set back, the last round seems to begin in the future.
            read = datetime.fromtimestamp(min(state.read, now.timestamp()), UTC)
            newest = max(newest, read - self._overlap.quiet)
        return max(self._overlap.earliest, newest - reach)

    def _observed(self, page: Page[K]) -> Page[Polled]:
        kept = page.origin or DecodedOrigin(self.name, page.items, self._report)
        return map_page(page, self._polled, kept)

    async def _batch(self, page: Page[Polled], request: Poll) -> Batch:
        asks = self._complete is not None
        unclear = [one.record.ref.id for one in page.items if asks or one.version is None]
        noun = self.name.removesuffix("s")
        known = await request.known(noun, unclear) if unclear else {}
        found: list[Observation] = []
        for one in page.items:
            version = one.version
            if version is None and one.record.ref.id not in known:
                version = self._first_version
            at = one.created_at or one.changed_at or request.since
            found.append(Observation(one.record, at, version))
        if self._complete is not None:
            found = await self._completed(found, known, request, self._complete)
        found.sort(key=lambda observation: observation.at)
        return Batch([*self._id.undecodable(page.undecodable, self._now()), *found])

    async def _completed(
        self,
        found: Sequence[Observation],
        known: Mapping[str, str],
        request: Poll,
        complete: Callable[[Sequence[Observed]], Awaitable[Sequence[Observed]]],
    ) -> list[Observation]:
        def makes_event(one: Observation) -> bool:
            before = known.get(one.record.ref.id)
            if before is None:
                return request.state is not None or one.at >= request.since
            return one.version is not None and one.version != before

        records = [one.record for one in found if makes_event(one)]
        whole = {one.ref: one for one in await complete(records)} if records else {}
        return [
            msgspec.structs.replace(one, record=whole.get(one.record.ref, one.record))
            for one in found
        ]

    def _min_interval(self, pages: int, share: float) -> float:
        budget = None if self._budget is None else self._budget()
        return 0.0 if budget is None else round_interval(budget, pages * self._requests, share)
