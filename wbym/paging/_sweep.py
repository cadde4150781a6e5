"""Sweeps: listings of whole archives, with a plan and progress."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from math import ceil
from typing import Generic, TypeVar

import msgspec

from wbym.domain import shift_time
from wbym.errors import CredentialError, InvalidInput
from wbym.limits import BucketState, Quota
from wbym.paging._listing import Listing, Page
from wbym.paging._parts import EPOCH, TICK, Span
from wbym.paging._source import Reading

__all__ = ["Progress", "Sweep", "SweepPlan", "whole_span"]

T = TypeVar("T")


class SweepPlan(msgspec.Struct, frozen=True):
    """The estimated cost of a sweep."""

    records: int | None
    """Records by the marketplace's count; None if it does not count."""
    requests: int | None
    """Requests from here on, if nothing changes: planning, reading and the final check."""


class Progress(msgspec.Struct, frozen=True):
    """A snapshot of a sweep's progress."""

    records: int
    """Records delivered since the sweep began or resumed."""
    expected: int | None
    """Records by the plan."""
    requests: int
    """Requests made; a retried request counts once."""
    planned: int | None
    """Requests by the plan."""
    rate_limited: int
    """Rate-limited calls in the sweep's bucket, by any client of the seller in this process."""
    elapsed: float
    """Seconds since the sweep began."""
    left: float | None
    """Estimated seconds to the end, by the plan, the limit, the rate so far and a ban, if any."""
    banned_until: datetime | None


def whole_span(
    method: str, since: datetime | None, until: datetime | None, earliest: datetime = EPOCH
) -> Span:
    """The period of a sweep.

    Args:
        method: The sweep's name, for errors.
        since: Inclusive start, aware; at least ``earliest``, which is also the default.
        until: Inclusive end, aware; by default the period is open.
        earliest: The marketplace has no records before this time.

    Raises:
        InvalidInput: ``since`` is in the future or after ``until``.
    """
    if since is not None and until is not None and since > until:
        raise InvalidInput(method, "since", "must not be after until", since)
    if since is not None and since > datetime.now(UTC):
        raise InvalidInput(method, "since", "must not be in the future", since)
    begin = earliest if since is None else max(since.astimezone(UTC), earliest)
    if until is None:
        return Span(begin, None)
    end = until.astimezone(UTC)
    return Span(min(begin, end), shift_time(end, TICK))


class Sweep(Listing[T], Generic[T]):
    """All records of a period, each once, in any number and despite concurrent changes.

    A sweep is a :class:`Listing`: it is iterated, paged and collected like one. To resume after a
    stop, store a page's ``next_cursor`` once its records are processed, or :attr:`cursor` to get
    the current page again, and pass it to the same method with the same period.

    Args:
        read: Reads the pages, after the plan is made.
        make_plan: Makes the plan by the marketplace's counts, if it has them.
        requests: Returns the number of requests made.
        limit: Returns the bucket that the requests count in; None before the first request.
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
        """Estimate the cost of the sweep; requested once, and reused when the sweep is read."""
        if self._plan is None:
            self._begin()
            self._plan = await self._make_plan()
        return self._plan

    @property
    def progress(self) -> Progress:
        """The progress so far."""
        now = asyncio.get_running_loop().time()
        try:
            state = self._limit()
        except CredentialError:  # the sweep itself raises it; how far it came is still known
            state = None
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
            rule = (
                "is not supported by a sweep: pass its options to the method that creates the sweep"
            )
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
            # The plan may be outdated: the remaining requests are at least proportional.
            share = (plan.records - self._records) / plan.records
            left = max(left, ceil(plan.requests * share))
        interval = 0.0
        ban = 0.0
        if state is not None:
            if isinstance(state.quota, Quota):
                interval = state.quota.interval
            if state.banned_until is not None:
                now = datetime.now(UTC)
                ban = max(0.0, (state.banned_until - now).total_seconds())
        if made > 10:  # the first requests are a burst and not representative
            interval = max(interval, elapsed / made)
        return ban + left * interval
