"""Keys, an independent token bucket of a marketplace, and a fast virtual loop."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import TypeVar

from wbym.limits import (
    BucketKey,
    BucketState,
    Charge,
    LimitSignal,
    ParallelCap,
    Priority,
    Quota,
    Scheduler,
    Window,
)

T = TypeVar("T")

THREE_A_SECOND = Quota(limit=3, period=1, burst=6)


def key(bucket: str = "feedbacks-and-questions", owner: str = "seller") -> BucketKey:
    return BucketKey("wildberries", owner, "personal", bucket)


def charge(
    quota: Quota | Window | ParallelCap = THREE_A_SECOND,
    bucket: str = "feedbacks-and-questions",
    owner: str = "seller",
) -> list[Charge]:
    return [Charge(key(bucket, owner), quota)]


async def call(
    scheduler: Scheduler,
    charges: list[Charge],
    *,
    priority: Priority = Priority.NORMAL,
    max_wait: float | None = None,
    latency: float = 0.0,
    known_cost: int = 1,
    cost: int | None = None,
    signal: LimitSignal | None = None,
) -> float:
    """Make one call; returns the loop time at which it was sent."""
    loop = asyncio.get_running_loop()
    async with scheduler.lease(
        charges, priority=priority, max_wait=max_wait, cost=known_cost
    ) as lease:
        left = loop.time()
        await asyncio.sleep(latency)
        lease.settle(known_cost if cost is None else cost, signal, latency)
    return left


def state(scheduler: Scheduler, bucket: str = "feedbacks-and-questions") -> BucketState:
    return next(state for state in scheduler.buckets() if state.key.bucket == bucket)


async def settled() -> None:
    """Let everything that can run without time passing run."""
    for _ in range(20):
        await asyncio.sleep(0)


class TokenBucket:
    """The marketplace's bucket, implemented independently: tokens, refilled by the clock."""

    def __init__(self, limit: float, period: float, burst: int) -> None:
        self.rate = limit / period
        self.burst = burst
        self.tokens = float(burst)
        self.seen = 0.0
        self.rejected = 0

    def _refill(self, now: float) -> None:
        self.tokens = min(self.burst, self.tokens + (now - self.seen) * self.rate)
        self.seen = now

    def admits(self, now: float, cost: int = 1) -> bool:
        self._refill(now)
        if self.tokens < cost - 1e-6:
            self.rejected += 1
            return False
        self.tokens -= cost
        return True

    def signal(self, now: float, admitted: bool) -> LimitSignal:
        self._refill(now)
        if admitted:
            return LimitSignal(remaining=int(max(0.0, self.tokens) + 1e-6))
        return LimitSignal(retry_after=(1 - self.tokens) / self.rate, limit=self.burst)


class _NoWaiting(selectors.SelectSelector):
    """Moves the clock instead of waiting."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "deadlock: all tasks wait"
        if timeout > 0:
            self.now += max(timeout, 1e-9)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop without a real clock or real I/O, quick enough for thousands of calls."""

    def __init__(self) -> None:
        self.clock = _NoWaiting()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


def run_virtually(main: Callable[[], Coroutine[None, None, T]]) -> T:
    loop = VirtualLoop()
    try:
        result = loop.run_until_complete(main())
        assert not asyncio.all_tasks(loop)
        return result
    finally:
        loop.close()
