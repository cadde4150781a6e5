"""Reading a whole archive: a listing that knows its plan and tells how far it is."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from math import ceil
from typing import Generic, TypeVar

import msgspec

from wbym.domain import later
from wbym.errors import InvalidInput
from wbym.limits import BucketState, Quota
from wbym.paging._listing import Listing, Page
from wbym.paging._parts import EPOCH, TICK, Span
from wbym.paging._source import Reading

__all__ = ["Progress", "Sweep", "SweepPlan", "whole_span"]

T = TypeVar("T")


class SweepPlan(msgspec.Struct, frozen=True):
    """What a sweep is going to cost, as far as the marketplace tells before."""

    records: int | None
    """How many it counts; None where it does not count."""
    requests: int | None
    """How many it takes from here, if nothing changes meanwhile: planning, reading, closing."""


class Progress(msgspec.Struct, frozen=True):
    """How far a sweep is, when asked."""

    records: int
    """Delivered since it began or went on."""
    expected: int | None
    """How many the plan counted."""
    requests: int
    """How many were made; what the pipeline retries counts once."""
    planned: int | None
    """How many requests the plan took it for."""
    rate_limited: int
    """How often the limit was met in spite of all, by whichever client of the seller."""
    elapsed: float
    """Seconds."""
    left: float | None
    """Seconds to the end, by the plan, the limit, the pace up to now, and a ban if there is one."""
    banned_until: datetime | None


def whole_span(
    method: str, since: datetime | None, until: datetime | None, earliest: datetime = EPOCH
) -> Span:
    """The period of a sweep; ``until`` is part of it.

    Args:
        method: The sweep's name, for errors.
        since: Where it begins, aware; at the earliest moment, where it is not given or before that.
        until: Where it ends, aware; open, where it is not given.
        earliest: There are no records before.

    Raises:
        InvalidInput: ``since`` is in the future, or it is after ``until``.
    """
    if since is not None and until is not None and since > until:
        raise InvalidInput(method, "since", "must not be after until", since)
    if since is not None and since > datetime.now(UTC):
        raise InvalidInput(method, "since", "must not be in the future", since)
    begin = earliest if since is None else max(since.astimezone(UTC), earliest)
    if until is None:
        return Span(begin, None)
    end = until.astimezone(UTC)
    return Span(min(begin, end), later(end, TICK))


class Sweep(Listing[T], Generic[T]):
    """All records of a period, each once, however many there are and whatever changes meanwhile.

    It is a :class:`Listing`, so it is iterated, paged and collected like one. To go on after a
    stop, keep a page's ``next_cursor`` once its records are dealt with, or :attr:`cursor` to have
    the page in hand again, and pass it to the same method with the same period.

    Args:
        read: Reads the pages, once the plan is made.
        make_plan: Asks the marketplace for its counts, where it has them.
        requests: How many it has made.
        limit: The bucket that the requests count in, once there is one.
    """

    def __init__(
        self,
        read: Callable[[], AsyncGenerator[Page[T], None]],
        *,
        make_plan: Callable[[], Awaitable[SweepPlan]],
        requests: Callable[[], int],
        limit: Callable[[], BucketState | None],
    ) -> None:
        super().__init__(self._run)
        self._pages_of = read
        self._make_plan = make_plan
        self._requests = requests
        self._plan: SweepPlan | None = None
        self._limit = limit
        self._records = 0
        self._begun_at: float | None = None
        self._rate_limited_before = 0

    async def plan(self) -> SweepPlan:
        """What the sweep is going to cost; asked once, and used when it is read."""
        if self._plan is None:
            self._begin()
            self._plan = await self._make_plan()
        return self._plan

    @property
    def progress(self) -> Progress:
        """How far it is."""
        now = asyncio.get_running_loop().time()
        state = self._limit()
        plan = self._plan
        elapsed = 0.0 if self._begun_at is None else now - self._begun_at
        return Progress(
            records=self._records,
            expected=None if plan is None else plan.records,
            requests=self._requests(),
            planned=None if plan is None else plan.requests,
            rate_limited=0 if state is None else state.rate_limited - self._rate_limited_before,
            elapsed=elapsed,
            left=self._left(plan, state, elapsed),
            banned_until=None if state is None else state.banned_until,
        )

    async def _run(self, reading: Reading) -> AsyncGenerator[Page[T], None]:
        if reading != Reading():
            rule = "is not taken by a sweep: pass it to the method that makes the sweep"
            raise InvalidInput("sweep", "using", rule, reading)
        self._records = 0
        await self.plan()
        async with aclosing(self._pages_of()) as pages:
            async for page in pages:
                self._records += len(page.items)
                yield page
                del page  # or it would stay in memory while the next one comes

    def _begin(self) -> None:
        state = self._limit()
        self._rate_limited_before = 0 if state is None else state.rate_limited
        self._begun_at = asyncio.get_running_loop().time()

    def _left(
        self, plan: SweepPlan | None, state: BucketState | None, elapsed: float
    ) -> float | None:
        if plan is None or plan.requests is None:
            return None
        made = self._requests()
        left = max(plan.requests - made, 0)
        if plan.records and plan.records > self._records:
            # The plan may have been overtaken: what is left is at least in proportion.
            share = (plan.records - self._records) / plan.records
            left = max(left, ceil(plan.requests * share))
        pace = 0.0
        ban = 0.0
        if state is not None:
            if isinstance(state.quota, Quota):
                pace = state.quota.interval
            if state.banned_until is not None:
                now = datetime.now(UTC)
                ban = max(0.0, (state.banned_until - now).total_seconds())
        if made > 10:  # the first ones are the burst's and tell little
            pace = max(pace, elapsed / made)
        return ban + left * pace
