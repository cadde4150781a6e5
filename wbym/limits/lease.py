"""One call's way through its buckets: taken in order, settled by the answer, given back."""

import math
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from wbym.errors import QuotaExhausted
from wbym.limits.queueing import Bucket
from wbym.limits.quota import BucketKey, Charge, LimitSignal, ParallelCap, Priority, Quota
from wbym.limits.registry import Registry

__all__ = ["Lease"]

_ROUNDS = 4
"""How often stale counts are taken afresh before a call goes regardless."""
_GRACE = 0.05
"""Seconds over ``max_wait`` that a caller whose turn is due is kept."""
_LONGEST_BAN = 30 * 86400.0
"""Seconds; a header that says more means milliseconds or a date."""


class Lease:
    """The right to make one call: ``async with scheduler.lease(charges) as lease``.

    A lease that is left without `settle` counts as made, at the cost it was taken for: the call
    may have reached the marketplace.
    """

    __slots__ = (
        "_banned",
        "_charges",
        "_cost",
        "_loop",
        "_max_wait",
        "_priority",
        "_registry",
        "_taken",
        "waited",
    )

    def __init__(
        self,
        registry: Registry,
        charges: Sequence[Charge],
        priority: Priority,
        max_wait: float | None,
        cost: int,
    ) -> None:
        self._registry = registry
        self._charges = charges
        self._priority = priority
        self._max_wait = max_wait
        self._cost = cost
        self._taken: list[tuple[Bucket, float]] = []
        self._banned: Bucket | None = None
        self.waited = 0.0
        """Seconds that the limits were waited for."""

    async def __aenter__(self) -> Self:
        registry = self._registry
        self._loop = loop = registry.enter()
        start = loop.time()
        buckets = [await registry.bucket(charge, loop) for charge in self._charges]
        now = loop.time()
        if len(buckets) > 1:
            buckets = sorted(dict.fromkeys(buckets), key=_order)
        for bucket in buckets:
            if not bucket.free(self._cost, now):
                await self._wait(buckets, start)
                self.waited = loop.time() - start
                return self
        for bucket in buckets:
            await bucket.take(self._cost, now)
            self._taken.append((bucket, now))
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        taken, self._taken = self._taken, []
        for bucket, _ in taken:
            bucket.release()
        if self._banned is not None:
            await self._registry.keep_ban(self._banned)

    def settle(
        self, cost: int = 1, signal: LimitSignal | None = None, elapsed: float | None = None
    ) -> None:
        """Say what the answer cost and what its headers told. Once, before the lease is left.

        Args:
            cost: Calls that the answer counts as. Below what the lease was taken for, windows get
                the difference back and quotas do not.
            signal: What the headers say. A ban begins at once; it is stored when the lease is
                left.
            elapsed: Seconds from sending to the first byte of the answer; None if none came.
        """
        now = self._loop.time()
        extra = cost - self._cost
        self._cost = cost
        taken = self._taken
        last = taken[-1][1] if taken else now
        for bucket, at in taken:
            if extra:
                bucket.charge(extra, at, now)
            if elapsed is not None:
                bucket.observe(elapsed + (last - at))
        if signal is not None and taken:
            bucket, at = self._spoken_of()
            bucket.heed(signal, at, now, self._registry.wall())
            if signal.retry_after is not None:
                self._refused(bucket, signal.retry_after, now)

    def _refused(self, bucket: Bucket, retry_after: float, now: float) -> None:
        bucket.refusals += 1
        until = now + min(retry_after, _LONGEST_BAN)
        if until > bucket.banned_until:
            bucket.ban(until, now)
            bucket.refuse_waiting(before=bucket.banned_until)
            self._banned = bucket
            self._registry.tell_ban(bucket, until - now)

    def _spoken_of(self) -> tuple[Bucket, float]:
        keys = [charge.key for charge in self._charges if type(charge.quota) is not ParallelCap]
        for bucket, at in self._taken:
            if keys and bucket.key == keys[0]:
                return bucket, at
        return self._taken[0]

    async def _wait(self, buckets: list[Bucket], start: float) -> None:
        """Take the buckets one after the other; all or, raising, none."""
        priority, cost = self._priority, self._cost
        if self._max_wait is not None:
            now = self._loop.time()
            left = self._max_wait - (now - start)
            for bucket in buckets:
                wait = bucket.estimate(cost, priority, now)
                if wait > left and (wait != math.inf or left <= 0):
                    raise self._registry.exhausted(bucket, wait, self._max_wait)
            deadline = start + self._max_wait + _GRACE
        else:
            deadline = math.inf
        order = next(self._registry.arrivals)
        taken = self._taken
        try:
            for bucket in buckets:
                at = await bucket.acquire(cost, priority, order, deadline, self._refuse)
                taken.append((bucket, at))
            for _ in range(_ROUNDS if len(buckets) > 1 else 0):
                now = self._loop.time()
                stale = [old for old in taken if old[0].stale(old[1], now)]
                if not stale:
                    break
                for old in stale:
                    bucket = old[0]
                    self._undo(old)
                    at = await bucket.acquire(cost, priority, order, deadline, self._refuse)
                    taken.append((bucket, at))
        except BaseException:
            for old in taken[::-1]:
                self._undo(old)
            raise

    def _undo(self, taken: tuple[Bucket, float]) -> None:
        bucket, at = taken
        self._taken.remove(taken)
        bucket.uncount(self._cost, at)
        bucket.release()

    def _refuse(self, bucket: Bucket) -> QuotaExhausted:
        wait = bucket.estimate(self._cost, self._priority, self._loop.time())
        return self._registry.exhausted(bucket, wait, self._max_wait or 0.0)


def _order(bucket: Bucket) -> tuple[int, float, BucketKey]:
    quota = bucket.quota
    return bucket.rank, -quota.interval if isinstance(quota, Quota) else 0.0, bucket.key
