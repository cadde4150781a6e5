"""When a call may go: the one place where calls wait for the limits.

A `Scheduler` keeps one bucket a key. A call takes a `Lease` on all the buckets that it is counted
in, is made, and says what its answer cost and what the headers told. So in one event loop two
clients of one seller, whose keys are equal, share what the marketplace counts as one; what other
processes spend is learned from the headers.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

import msgspec

from wbym.limits.bans import BanStore, MemoryBans
from wbym.limits.lease import Lease
from wbym.limits.queueing import Bucket, Kind
from wbym.limits.quota import BucketKey, Charge, ParallelCap, Priority, Quota, Window
from wbym.limits.registry import Registry

__all__ = ["BucketState", "Scheduler", "shared_scheduler"]


class BucketState(msgspec.Struct, frozen=True):
    """A bucket as it was when asked."""

    key: BucketKey
    kind: Kind
    quota: Quota | Window | ParallelCap
    """What is published of it."""
    calls: int
    """Calls counted in it, ever."""
    limit: float
    """The burst, the budget of a period, or the cap on parallel calls."""
    used: float
    """How much of it cannot be had now; for a rate a fraction, as it leaks."""
    left: float
    """Calls that could go at once, whoever waits. Never negative."""
    waiting: int
    """Callers in the queue."""
    in_flight: int
    """Calls under way."""
    next_free: float | None
    """Seconds until a new call of normal priority could go; None if only an answer can tell."""
    banned_until: datetime | None
    """Aware UTC; None if there is no ban."""
    refusals: int
    """How often the marketplace refused a call."""
    reserve: float
    """Seconds of arrival jitter that a rate allows for."""


class Scheduler:
    """Keeps the buckets of any number of sellers. Bound to the event loop that first uses it.

    Args:
        bans: Where bans are kept; by default in memory only.
        min_jitter: The least seconds of arrival jitter that are allowed for, before any is seen.
            The first answers may come when the burst is long spent; meanwhile connections are
            opened and a busy loop sends late. It costs so many seconds at most after each burst.
        max_jitter: The most seconds of arrival jitter that are allowed for. It bounds what a
            misreading of slow answers costs: so many seconds' worth of a burst.
        wall: The clock for deadlines that are stored, in Unix seconds. Pacing goes by the loop's
            clock, so that a wall clock that jumps changes nothing that has begun.
    """

    def __init__(
        self,
        *,
        bans: BanStore | None = None,
        min_jitter: float = 0.08,
        max_jitter: float = 0.4,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._registry = Registry(
            bans if bans is not None else MemoryBans(), min_jitter, max_jitter, wall
        )

        self.held_up_at = -math.inf
        """Loop time at which something (the decoding of a large page) last held the loop up."""

    @property
    def closed(self) -> bool:
        """Whether `aclose` was called."""
        return self._registry.closed

    def lease(
        self,
        charges: Sequence[Charge],
        *,
        priority: Priority = Priority.NORMAL,
        max_wait: float | None = 300.0,
        cost: int = 1,
    ) -> Lease:
        """The right to make one call, waited for on entering and given back on leaving.

        Buckets are taken one after the other, always in the same order: windows, then parallel
        caps, then quotas from the longest interval to the shortest, ties by key. (A window may be
        waited for by the hour, so nobody holds a parallel place meanwhile; a count taken from a
        window keeps.) If a later one fails or the caller is cancelled, places and windows' counts
        are given back; a quota's count stays, as if the call had been made.

        If a quota's count was taken more than ``max_jitter`` seconds before the last bucket's, or
        a window's in a period that is over, the call would arrive outside of what was counted, so
        it is counted there afresh, up to four times; then the call goes, as a refusal costs less
        than waiting for ever.

        Args:
            charges: The buckets that the call is counted in. Where two name one key, the limit of
                the one used first holds. Headers are taken to speak of the first charge that is
                not a parallel cap.
            priority: Who goes first where several wait.
            max_wait: Seconds to wait at most, in all; 0 for now or never, None for ever.
            cost: Calls that it is known to cost before it is made.

        Raises:
            QuotaExhausted: On entering: the wait is longer than ``max_wait``; at once where that
                can be told, or when a ban begins, else when the time is over.
            ValueError: On entering: one key with two kinds of limit.
            RuntimeError: On entering: the scheduler is closed, or belongs to another loop.
        """
        return Lease(self._registry, charges, priority, max_wait, cost)

    def buckets(self) -> list[BucketState]:
        """Every bucket that was used, in the order of the keys."""
        loop = self._registry.loop
        if loop is None:
            return []
        now, wall = loop.time(), self._registry.wall()
        return [_state(bucket, now, wall) for bucket in self._registry]

    async def aclose(self) -> None:
        """Refuse everybody who waits, and whoever comes later, with RuntimeError.

        Leases that are held may still be settled and left.
        """
        self._registry.close()


def _state(bucket: Bucket, now: float, wall: float) -> BucketState:
    left = bucket.left(now)
    free = bucket.estimate(1, Priority.NORMAL, now)
    ban = bucket.banned_until - now
    return BucketState(
        key=bucket.key,
        kind=bucket.kind,
        quota=bucket.quota,
        calls=bucket.calls,
        limit=bucket.limit,
        used=bucket.limit - left,
        left=left,
        waiting=bucket.waiting,
        in_flight=bucket.in_flight,
        next_free=None if free == math.inf else free,
        banned_until=datetime.fromtimestamp(wall + ban, UTC) if ban > 0 else None,
        refusals=bucket.refusals,
        reserve=bucket.reserve,
    )


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, Scheduler] = WeakKeyDictionary()


def shared_scheduler() -> Scheduler:
    """The running loop's own scheduler, so that all clients of a seller share its buckets.

    Raises:
        RuntimeError: No loop is running.
    """
    loop = asyncio.get_running_loop()
    scheduler = _shared.get(loop)
    if scheduler is None or scheduler.closed:
        for old in [old for old in _shared if old.is_closed()]:
            del _shared[old]  # its scheduler's buckets refer to it, so it would stay for ever
        scheduler = _shared[loop] = Scheduler()
    return scheduler
