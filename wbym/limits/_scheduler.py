"""The scheduler: the one place where calls wait for the limits.

A `Scheduler` keeps one bucket per key. A call acquires a `Lease` on all buckets that it counts in,
is made, and settles the lease with the answer's cost and headers. So two clients of one seller in
one event loop, whose keys are equal, share the bucket that the marketplace counts as one; the calls
of other processes are learned from the headers.
"""

# ruff: noqa: SLF001 - a lease is the scheduler's other half

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from types import TracebackType
from typing import Self, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from wbym.errors import AccountNotOpen, QuotaExhausted
from wbym.limits._bans import BanStore, MemoryBans, SharedBanStore
from wbym.limits._buckets import ParallelBucket, RateBucket, WindowBucket
from wbym.limits._lease import (
    DEADLINE_GRACE,
    BucketState,
    Lease,
    closed,
    exhausted,
    log,
    publish_ban,
)
from wbym.limits._ledger import Ledger, ParallelEntry, RateEntry, WindowEntry, drop_unused
from wbym.limits._queueing import Bucket
from wbym.limits._quota import (
    BucketKey,
    Charge,
    LimitSignal,
    ParallelCap,
    Priority,
    Quota,
    Window,
)
from wbym.limits._quota_store import QuotaStore
from wbym.limits._shared import SharedLimits
from wbym.observe import LogFacts

T = TypeVar("T")

__all__ = ["Scheduler", "shared_scheduler"]

_MAX_RECOUNTS = 4
"""How often stale counts are renewed before a call is made regardless."""
_BANS_EVERY = 0.5
"""Seconds between two readings of other processes' bans."""
_BANS_RETRY = 10.0
"""Seconds to the next reading if one failed."""
_STORE_WAIT = 1.0
"""Max seconds that a call waits for the store of bans: a ban is in memory anyway."""
_SAME_BAN = 0.1
"""Seconds by which two readings of one ban may differ."""
_MAX_BAN = 30 * 86400.0
"""Seconds; a longer ban in a header is really milliseconds or a date."""


class _LocalLease(Lease):
    """A call that is counted by this process alone."""

    __slots__ = (
        "_banned",
        "_charges",
        "_cost",
        "_loop",
        "_max_wait",
        "_priority",
        "_scheduler",
        "_taken",
    )

    def __init__(
        self,
        scheduler: "Scheduler",
        charges: Sequence[Charge],
        priority: Priority,
        max_wait: float | None,
        cost: int,
    ) -> None:
        self._scheduler = scheduler
        self._charges = charges
        self._priority = priority
        self._max_wait = max_wait
        self._cost = cost
        self._taken: dict[Bucket, float] = {}
        self._banned: Bucket | None = None
        self.waited = 0.0

    async def __aenter__(self) -> Self:
        scheduler = self._scheduler
        self._loop = loop = scheduler._enter()
        start = loop.time()
        buckets = [
            scheduler._bucket(charge, start) or await scheduler._open(charge, loop)
            for charge in self._charges
        ]
        now = loop.time()
        if now >= scheduler._bans_due:
            await scheduler._read_bans()
            now = loop.time()
        if len(buckets) > 1:
            buckets = sorted(dict.fromkeys(buckets), key=_order)
        for bucket in buckets:
            if not bucket.free(self._cost, now):
                await self._wait(buckets, start)
                self.waited = loop.time() - start
                return self
        for bucket in buckets:
            if not await bucket.take(self._cost, now):  # another loop was first
                for counted in self._taken:
                    counted.reserve_for(self, self._cost)
                await self._wait(buckets, start)
                self.waited = loop.time() - start
                return self
            self._taken[bucket] = now
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        taken, self._taken = self._taken, {}
        for bucket in taken:
            bucket.release()
        if self._banned is not None:
            await self._scheduler._store_ban(self._banned)

    def settle(
        self, cost: int = 1, signal: LimitSignal | None = None, elapsed: float | None = None
    ) -> None:
        """See `Lease.settle`."""
        now = self._loop.time()
        extra = cost - self._cost
        self._cost = cost
        taken = self._taken
        last = taken[next(reversed(taken))] if taken else now
        described = self._bucket_of(cap=False) if signal is not None and taken else None
        for bucket, at in taken.items():
            if extra:
                bucket.charge(extra, at, now)
            if elapsed is not None:
                bucket.observe(elapsed + (last - at))
        if signal is not None and described is not None:
            bucket = described
            bucket.apply_headers(signal, taken[bucket], now, self._scheduler._wall())
            if signal.parallel is not None:
                bucket = self._bucket_of(cap=True)
                bucket.apply_headers(signal, taken[bucket], now, self._scheduler._wall())
            if signal.retry_after is not None:
                bucket.rate_limited += 1
                until = now + min(signal.retry_after, _MAX_BAN)
                if until > bucket.banned_until:
                    bucket.ban(until, now)
                    bucket.fail_waiting(before=bucket.banned_until)
                    bucket.wake()
                    self._banned = bucket
                    publish_ban(bucket.key, until - now, self._scheduler._wall)

    def _bucket_of(self, *, cap: bool) -> Bucket:
        """The bucket that the headers describe: a parallel cap, or the first of another kind."""
        if len(self._taken) > 1:
            for charge in self._charges:
                if (type(charge.quota) is ParallelCap) is cap:
                    return self._scheduler._buckets[charge.key]
        return next(iter(self._taken))

    async def _wait(self, buckets: list[Bucket], start: float) -> None:
        """Acquire the buckets one after the other; all of them or, on an error, none.

        A bucket is acquired again if its count became stale, or its reservation was revoked, while
        a later one was waited for; slots are then given back first.
        """
        priority, cost, taken = self._priority, self._cost, self._taken
        deadline = math.inf
        if self._max_wait is not None:
            deadline = start + self._max_wait + DEADLINE_GRACE
        scheduler = self._scheduler
        order = next(scheduler._arrivals)
        recounts = 0
        try:
            while True:
                missing = [bucket for bucket in buckets if bucket not in taken]
                self._require_time(missing, start)
                for bucket in missing:
                    scheduler._buckets[bucket.key] = bucket  # it may have been dropped meanwhile
                    at = await bucket.acquire(
                        cost, priority, order, deadline, partial(self._give_up, bucket)
                    )
                    taken[bucket] = at
                    bucket.reserve_for(self, cost)
                if self._loop.time() >= scheduler._bans_due:
                    await scheduler._read_bans()
                now = self._loop.time()
                again = [
                    bucket
                    for bucket, at in taken.items()
                    if bucket.revoked(self, now)
                    or (recounts < _MAX_RECOUNTS and len(buckets) > 1 and bucket.stale(at, now))
                ]
                if not again:
                    break
                recounts += 1
                slots = [bucket for bucket in taken if type(bucket) is ParallelBucket]
                for bucket in dict.fromkeys([*again, *slots]):
                    self._undo(bucket)
        except BaseException:
            for bucket in reversed(list(taken)):
                self._undo(bucket)
            raise
        for bucket in taken:
            bucket.sent(self)

    def _require_time(self, buckets: Sequence[Bucket], start: float) -> None:
        """Raise QuotaExhausted if the wait for one of the buckets is known to be too long."""
        if self._max_wait is None:
            return
        now = self._loop.time()
        left = max(0.0, self._max_wait - (now - start))
        for bucket in buckets:
            wait = bucket.estimate(self._cost, self._priority, now)
            if wait > left and (wait != math.inf or left <= 0):
                raise self._exhausted(bucket, wait)

    def _undo(self, bucket: Bucket) -> None:
        del self._taken[bucket]
        bucket.undo(self)

    def _give_up(self, bucket: Bucket) -> QuotaExhausted:
        return self._exhausted(
            bucket, bucket.estimate(self._cost, self._priority, self._loop.time())
        )

    def _exhausted(self, bucket: Bucket, wait: float) -> QuotaExhausted:
        return exhausted(bucket.name, wait, self._max_wait or 0.0, self._scheduler._wall())


class Scheduler:
    """Keeps the buckets of any number of sellers. Bound to the event loop that first uses it.

    Args:
        bans: The store of bans; by default in memory.
        min_jitter: The minimum allowance for arrival jitter in seconds, before any is measured. The
            first answers may arrive long after the burst is spent; meanwhile connections are opened
            and a busy loop sends late. It delays calls after each burst by at most as much.
        max_jitter: The maximum allowance for arrival jitter in seconds. It bounds the cost of
            mistaking slow answers for jitter to that many seconds of calls per burst.
        wall: The clock for stored deadlines, in Unix seconds. Waiting uses the loop's clock, so a
            jump of the wall clock does not affect waits in progress.
        quotas: A store that counts for all processes and machines, and keeps their bans; it is not
            closed. By default this process counts alone.

    Raises:
        ValueError: Both ``bans`` and ``quotas`` are given.
    """

    def __init__(
        self,
        *,
        bans: BanStore | None = None,
        min_jitter: float = 0.08,
        max_jitter: float = 0.4,
        wall: Callable[[], float] = time.time,
        quotas: QuotaStore | None = None,
    ) -> None:
        if bans is not None and quotas is not None:
            raise ValueError("a store of quotas keeps the bans too: give bans= or quotas=")
        self._shared: SharedLimits | None = None
        if quotas is not None:
            self._shared = SharedLimits(
                quotas, min_jitter=min_jitter, max_jitter=max_jitter, wall=wall
            )
        self._bans = bans if bans is not None else MemoryBans()
        self._min_jitter = min_jitter
        self._max_jitter = max_jitter
        self._wall = wall
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._ledger = Ledger()
        self._bans_due = -math.inf if isinstance(self._bans, SharedBanStore) else math.inf
        """Loop time at which the bans of other processes are read next."""
        self._arrivals = count()
        self._buckets: OrderedDict[BucketKey, Bucket] = OrderedDict()
        self._alive: WeakValueDictionary[BucketKey, Bucket] = WeakValueDictionary()
        """All buckets, also dropped ones that a call refers to, which waits for another bucket."""
        self._opening: WeakValueDictionary[BucketKey, asyncio.Lock] = WeakValueDictionary()
        self.blocked_at: float = -math.inf
        """Loop time at which the loop was last blocked (by decoding a large page)."""

    @property
    def closed(self) -> bool:
        """Whether `aclose` was called."""
        return self._closed

    def lease(
        self,
        charges: Sequence[Charge],
        *,
        priority: Priority = Priority.NORMAL,
        max_wait: float | None = 300.0,
        cost: int = 1,
    ) -> Lease:
        """The right to make one call, acquired on entering and released on leaving.

        Buckets are acquired one after the other, always in the same order: windows, then parallel
        caps, then quotas from the longest interval to the shortest, ties by key. (A wait for a
        window may take an hour, and must not hold a parallel slot; a window's count stays valid.)
        If a later bucket fails or the caller is cancelled, slots and windows' counts are refunded;
        a quota's count stays, as if the call had been made.

        If a bucket is banned, or a window's budget is spent or its period over, when the last
        bucket is acquired, the call gives its slot back and waits again, in the same order. So it
        does if a quota was counted more than ``max_jitter`` seconds before, as the call would
        arrive outside of its count; but after four times it is made regardless, since being rate
        limited costs less than waiting forever.

        Args:
            charges: The buckets that the call is counted in. If a key is used with different
                limits, the first one applies. Headers describe the first charge that is not a
                parallel cap.
            priority: The order among waiting callers.
            max_wait: Maximum seconds to wait in total; 0 for no wait, None for no maximum.
            cost: The cost of the call, as far as it is known beforehand.

        Raises:
            QuotaExhausted: On entering: the wait is longer than ``max_wait``; raised at once if the
                wait is known or a ban begins, else after ``max_wait``.
            ValueError: On entering: one key has two kinds of limit.
            AccountNotOpen: On entering: the scheduler is closed, or belongs to another loop.
            LimitsUnavailable: On entering: the store of quotas was away for ``max_wait``, or for 30
                seconds.
        """
        if self._shared is not None:
            return self._shared.lease(self._enter, charges, priority, max_wait, cost)
        return _LocalLease(self, charges, priority, max_wait, cost)

    def buckets(self) -> list[BucketState]:
        """The state of every used bucket, ordered by key; long unused ones are dropped."""
        if self._loop is None:
            return []
        now, wall = self._loop.time(), self._wall()
        if self._shared is not None:
            return self._shared.buckets(now)
        return [_state(self._buckets[key], now, wall) for key in sorted(self._buckets)]

    async def aclose(self) -> None:
        """Fail all waiting and later callers with AccountNotOpen.

        Leases already acquired may still be settled and ended.
        """
        self._closed = True
        if self._shared is not None:
            await self._shared.aclose()
        for bucket in self._buckets.values():
            bucket.fail_waiting(closed)

    def _enter(self) -> asyncio.AbstractEventLoop:
        """The running loop; raises AccountNotOpen if it is a different one, and after `aclose`."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            if self._loop is not None:
                raise AccountNotOpen(
                    "made in another event loop: make the account, or the scheduler, in the loop"
                    " that uses it"
                )
            self._loop = loop
        if self._closed:
            raise closed()
        return loop

    def _bucket(self, charge: Charge, now: float) -> Bucket | None:
        """The bucket of a charge, which is not dropped soon; None before its first use.

        Raises:
            ValueError: The key already has another kind of limit.
        """
        bucket = self._buckets.get(charge.key)
        if bucket is None:
            bucket = self._alive.get(charge.key)
            if bucket is None:
                return None
            self._buckets[charge.key] = bucket
        if type(bucket.quota) is not type(charge.quota):
            raise ValueError(f"{charge.key} is both {bucket.quota} and {charge.quota}")
        bucket.entry.used_at = now
        return bucket

    async def _open(self, charge: Charge, loop: asyncio.AbstractEventLoop) -> Bucket:
        key = charge.key
        lock = self._opening.setdefault(key, asyncio.Lock())
        async with lock:
            bucket = self._bucket(charge, loop.time())
            if bucket is not None:
                return bucket
            bucket = self._make(charge, loop)
            try:
                until = await _soon(self._bans.load(bucket.name))
            except Exception:  # noqa: BLE001 - a store may raise anything; no call may fail for it
                log.exception("the ban of %s could not be loaded", key, extra=_facts(bucket))
                until = None
            if until is not None:
                now = loop.time()
                bucket.ban(now + until - self._wall(), now)
            if self._closed:
                raise closed()
            now = loop.time()
            drop_unused(self._buckets, lambda _, old: old.is_unused(now))
            self._buckets[key] = self._alive[key] = bucket
            return bucket

    def _make(self, charge: Charge, loop: asyncio.AbstractEventLoop) -> Bucket:
        key, quota, entry = charge.key, charge.quota, self._ledger.entry
        jitter, now = self._max_jitter, loop.time()
        match quota:
            case Quota():
                rate = entry(key, RateEntry, RateEntry, now)
                return RateBucket(key, quota, loop, self._min_jitter, jitter, rate)
            case Window():
                window = entry(key, WindowEntry, lambda: WindowEntry(quota.limit), now)
                return WindowBucket(key, quota, loop, jitter, window)
            case ParallelCap():
                cap = entry(key, ParallelEntry, lambda: ParallelEntry(quota.limit), now)
                return ParallelBucket(key, quota, loop, cap)

    async def _read_bans(self) -> None:
        """Adopt the bans that other processes have stored; an error of the store is only logged."""
        loop, bans = asyncio.get_running_loop(), self._bans
        if not isinstance(bans, SharedBanStore):
            return
        self._bans_due = loop.time() + _BANS_EVERY
        try:
            stored = await _soon(bans.current())
        except Exception:  # noqa: BLE001 - as above
            log.exception("the bans of other processes could not be read")
            self._bans_due = loop.time() + _BANS_RETRY
            return
        now, wall = loop.time(), self._wall()
        for bucket in self._buckets.values() if stored else ():
            until = now + min(stored.get(bucket.name, -math.inf) - wall, _MAX_BAN)
            if until > bucket.banned_until + _SAME_BAN:
                bucket.ban(until, now)
                bucket.fail_waiting(before=until)

    async def _store_ban(self, bucket: Bucket) -> None:
        """Store the end of a bucket's ban; an error of the store is logged and not raised."""
        until = self._wall() + bucket.banned_until - bucket.loop.time()
        try:
            await _soon(self._bans.save(bucket.name, until))
        except Exception:  # noqa: BLE001 - as above
            log.exception(
                "the ban of %s until %.0f could not be saved",
                bucket.name,
                until,
                extra=_facts(bucket),
            )


async def _soon(step: Awaitable[T]) -> T:
    """Await a step of the store of bans, but not for long."""
    try:
        async with asyncio.timeout(_STORE_WAIT):
            return await step
    except TimeoutError:
        raise TimeoutError(f"the store did not answer within {_STORE_WAIT:g} s") from None


def _order(bucket: Bucket) -> tuple[int, float, BucketKey]:
    quota = bucket.quota
    return bucket.rank, -quota.interval if isinstance(quota, Quota) else 0.0, bucket.key


def _facts(bucket: Bucket) -> LogFacts:
    return LogFacts(marketplace=bucket.key.marketplace, bucket=bucket.name)


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
        rate_limited=bucket.rate_limited,
        reserve=bucket.reserve,
    )


_process = Ledger()
"""The counts of all event loops."""
_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, Scheduler] = WeakKeyDictionary()


def shared_scheduler() -> Scheduler:
    """The running loop's scheduler, shared by all clients of a seller.

    The schedulers of all loops of the process share their counts and bans.

    Raises:
        AccountNotOpen: No loop is running.
    """
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError as error:
        raise AccountNotOpen("create it inside a coroutine, where an event loop runs") from error
    scheduler = _shared.get(loop)
    if scheduler is None or scheduler.closed:
        for old in [old for old in _shared if old.is_closed()]:
            del _shared[old]  # its scheduler's buckets refer to it, so it would never be freed
        scheduler = _shared[loop] = Scheduler()
        scheduler._loop = loop
        if abs(loop.time() - time.monotonic()) < 1:  # not a clock of its own, as in tests
            scheduler._ledger = _process
    return scheduler


def current_scheduler() -> Scheduler | None:
    """The running loop's shared scheduler, if one was made."""
    return _shared.get(asyncio.get_running_loop())


@contextmanager
def replace_scheduler(scheduler: Scheduler) -> Iterator[None]:
    """Within it, a scheduler is the running loop's shared one; for tests."""
    loop = asyncio.get_running_loop()
    before = _shared.get(loop)
    _shared[loop] = scheduler
    try:
        yield
    finally:
        del _shared[loop]
        if before is not None:
            _shared[loop] = before
