"""What a scheduler gives its callers: leases, and snapshots of buckets."""

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import msgspec

from wbym import observe
from wbym.errors import AccountNotOpen, QuotaExhausted
from wbym.limits._queueing import Kind
from wbym.limits._quota import BucketKey, LimitSignal, ParallelCap, Quota, Window
from wbym.observe import LogFacts, current

__all__ = ["DEADLINE_GRACE", "BucketState", "Lease", "closed", "exhausted", "log", "publish_ban"]

DEADLINE_GRACE = 0.05
"""Seconds beyond ``max_wait`` that a caller whose turn is due still waits."""

log = logging.getLogger("wbym.limits")


class BucketState(msgspec.Struct, frozen=True):
    """A snapshot of a bucket."""

    key: BucketKey
    kind: Kind
    quota: Quota | Window | ParallelCap
    """The published limit."""
    calls: int
    """All calls counted in it; with a shared store, those of this process."""
    limit: float
    """The burst, the budget of a period, or the cap on parallel calls."""
    used: float
    """The unavailable part of ``limit``; for a rate a fraction, as it leaks."""
    left: float
    """Calls that could be made at once, regardless of the queue. Never negative."""
    waiting: int
    """Waiting callers."""
    in_flight: int
    """Calls in flight; with a shared store, those of this process."""
    next_free: float | None
    """Seconds until a new call of normal priority could be made; None if an answer decides."""
    banned_until: datetime | None
    """Aware UTC; None without a ban."""
    rate_limited: int
    """Calls that the marketplace rate limited."""
    reserve: float
    """A rate's allowance for arrival jitter, in seconds; 0 with a shared store."""


class Lease(ABC):
    """The right to make one call: ``async with scheduler.lease(charges) as lease``.

    A lease that ends without `settle` counts as a call at its initial cost: the call may have
    reached the marketplace.
    """

    __slots__ = ("waited",)

    waited: float
    """Seconds of waiting for the limits."""

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    def settle(
        self, cost: int = 1, signal: LimitSignal | None = None, elapsed: float | None = None
    ) -> None:
        """Apply the answer's cost and headers. Call before the lease ends; again if more is known.

        Args:
            cost: Calls that the answer counts as. If it is less than the initial cost, windows are
                refunded and quotas are not.
            signal: The limit stated in the headers. A ban begins at once; it is stored when the
                lease ends.
            elapsed: Seconds from sending to the first byte of the answer; None if it was not
                measured.
        """


def closed() -> AccountNotOpen:
    """The error of a closed scheduler."""
    return AccountNotOpen("its scheduler is closed")


def exhausted(name: str, wait: float, max_wait: float, wall: float) -> QuotaExhausted:
    """The error for a wait of this many seconds (infinite: unknown)."""
    wait = 0.0 if wait == math.inf else wait
    retry_at = datetime.fromtimestamp(wall + wait, UTC)
    return QuotaExhausted(name, retry_at=retry_at, wait=wait, max_wait=max_wait)


def publish_ban(key: BucketKey, seconds: float, wall: Callable[[], float]) -> None:
    """Log the ban of a bucket and notify the observer."""
    name = str(key)
    facts = LogFacts(marketplace=key.marketplace, bucket=name)
    log.info("%s is banned for %.1f s", name, seconds, extra=facts)
    if observe.watched:
        until = datetime.fromtimestamp(wall() + seconds, UTC)
        current().banned(marketplace=key.marketplace, bucket=name, until=until)
