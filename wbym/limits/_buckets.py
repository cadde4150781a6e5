"""The three kinds of bucket: a rate, a budget a period, a number at once.

`RateBucket` counts with aiolimiter's ``AsyncLimiter(burst, burst * interval)``, through its public
face only: ``acquire`` never suspends where ``has_capacity`` says there is room, and ``max_rate``
may be lowered without changing the rate. The limiter never holds more than a burst, though, and it
cannot know what others spend. What it cannot hold is kept beside it as one number, the loop time
until which the bucket is *as good as full*: an answer that cost ten calls, a count that the
marketplace corrected and the time after a ban are all such a time. From then on calls are counted
in both, until the limiter has become the stricter one again.
"""

import asyncio
import math
from typing import ClassVar

from aiolimiter import AsyncLimiter

from wbym.limits._queueing import Bucket, Kind
from wbym.limits._quota import BucketKey, LimitSignal, ParallelCap, Quota, Window

__all__ = ["ParallelBucket", "RateBucket", "Spread", "WindowBucket"]

_HEADROOM = 1.25
"""How much more jitter is allowed for than was seen."""
_UNSEEN = 0.05
"""Jitter allowed for before any was seen where the burst is 1, as a part of the interval."""
_EPSILON = 1e-9
"""Calls; keeps the sums of floats on the side where there is room."""


_BLOCK = 64
"""How many samples stay together; so many to twice as many are remembered."""


class Spread:
    """How unevenly calls arrive: the greatest less the least of the last 64 to 128 samples.

    A call leaves in time but arrives later, and not always by the same delay. Where delays lie
    between ``d`` and ``d + J`` seconds, the calls that arrive within some ``t`` seconds have left
    within ``t + J`` seconds; so a sender that keeps ``J / interval`` calls of the burst unused
    never exceeds the limit as the marketplace counts it. A constant delay, however long, costs
    nothing.

    The delay one way cannot be seen, but the time from sending to the first byte of the answer
    varies by at least as much.

    Two blocks are kept, the one being filled and the full one before it, each as its two extremes:
    little memory, and an extreme is forgotten after 128 samples at the latest.
    """

    __slots__ = ("_count", "_high", "_low", "_old_high", "_old_low")

    def __init__(self) -> None:
        self._count = 0
        self._low = self._old_low = float("inf")
        self._high = self._old_high = float("-inf")

    def add(self, sample: float) -> bool:
        """Remember one sample, and say whether it may have changed what is seen or likely."""
        if self._count == _BLOCK:
            self._old_low, self._old_high = self._low, self._high
            self._low = self._high = sample
            self._count = 1
            return True
        self._count += 1
        if self._low <= sample <= self._high:
            return self._old_high < self._old_low  # in the first block its count matters too
        self._low = min(self._low, sample)
        self._high = max(self._high, sample)
        return True

    @property
    def seen(self) -> float:
        """The greatest less the least, in the samples' unit; 0 before two samples."""
        if not self._count:
            return 0.0
        return max(self._high, self._old_high) - min(self._low, self._old_low)

    @property
    def likely(self) -> float:
        """What more samples will likely show: few show too little of a spread.

        Of ``n`` evenly spread samples the extremes are ``(n - 1) / (n + 1)`` of the whole apart.
        """
        if self._old_high >= self._old_low or self._count == _BLOCK:
            return self.seen
        if self._count < 2:
            return 0.0
        return self.seen * (self._count + 1) / (self._count - 1)


class RateBucket(Bucket):
    """A token bucket: in ``t`` seconds at most ``burst + t / interval`` calls arrive.

    The *reserve* is the jitter allowed for, in seconds: 1.25 times the spread seen of late, never
    below ``min_jitter`` nor above ``max_jitter``. So much of the burst is kept unused. Where that
    is more than there is (a burst of 1 has none to spare), calls go further apart instead: two of
    them ``interval + reserve`` seconds.
    """

    __slots__ = (
        "_apart",
        "_burst",
        "_full_until",
        "_interval",
        "_limiter",
        "_max_burst",
        "_max_jitter",
        "_min_jitter",
        "_reserve",
        "_spread",
    )

    kind: ClassVar[Kind] = "rate"
    rank: ClassVar[int] = 2

    def __init__(
        self,
        key: BucketKey,
        quota: Quota,
        loop: asyncio.AbstractEventLoop,
        min_jitter: float,
        max_jitter: float,
    ) -> None:
        super().__init__(key, quota, loop)
        self._interval = quota.interval
        self._burst = self._max_burst = float(quota.burst)
        self._limiter = AsyncLimiter(quota.burst, quota.burst * quota.interval)
        self._min_jitter = min(min_jitter, max_jitter)
        self._max_jitter = max_jitter
        self._spread = Spread()
        self._full_until = -math.inf
        self._reserve = 0.0
        self._apart = 0.0
        """Calls that one takes up beyond itself where the burst has none to keep back."""
        self._set_reserve(0.0)

    @property
    def limit(self) -> float:
        """The burst."""
        return self._burst

    @property
    def reserve(self) -> float:
        """Seconds of arrival jitter that are allowed for."""
        return self._reserve

    def left(self, now: float) -> float:
        """Calls that could go at once, a fraction included."""
        return max(0.0, self._room(now))

    def wait_for(self, size: float, now: float) -> float:
        """Seconds until there is room for so many calls."""
        if self._full_until == -math.inf and self._limiter.has_capacity(size):
            return 0.0
        return max(0.0, (size - self._room(now)) * self._interval)

    async def count(self, cost: int, now: float) -> None:
        """Count in the limiter what fits there, and the rest beside it."""
        size = self.size(cost)
        if self._full_until != -math.inf:
            allowed = max((now - self._full_until) / self._interval, size) + _EPSILON
            if self._limiter.has_capacity(allowed):
                # Both count from here on; they leak alike, so the stricter one stays it until
                # the limiter is empty.
                self._full_until = now - (allowed - size) * self._interval
            else:
                self._full_until = -math.inf
        await self._limiter.acquire(size)
        if cost > size or self._apart:
            self._lower(self._room(now) - (cost - size) - self._apart * cost, now)

    def charge(self, extra: int, at: float, now: float) -> None:
        """Count further calls; a call that cost less than counted gives nothing back."""
        if extra > 0:
            self._lower(self._room(now) - extra, now)

    def observe(self, elapsed: float) -> None:
        """Allow for the spread of the answers' times."""
        if self._spread.add(elapsed):
            self._set_reserve(self._spread.likely)

    def apply_headers(self, signal: LimitSignal, at: float, now: float, wall: float) -> None:
        """Take over the burst that is stated; lower the count where less is left than thought."""
        if signal.limit is not None and signal.limit >= 1 and signal.limit != self._burst:
            self._burst = float(signal.limit)
            self._max_burst = max(self._max_burst, self._burst)
            self._set_reserve(self._spread.likely)
        if signal.remaining is not None:
            # The marketplace rounds down, and its bucket has gone on leaking since it counted
            # the call, which was not before we did. Ours counts calls that it has not seen yet,
            # so that ours has more room only if somebody else is spending.
            theirs = signal.remaining + 1 + (now - at) / self._interval
            room = theirs - (self._burst - self._limiter.max_rate)
            if self._limiter.has_capacity(room):
                self._lower(room, now)

    def stale(self, at: float, now: float) -> bool:
        """A call may leave ``max_jitter`` seconds late at most."""
        return now - at > self._max_jitter

    def ban(self, until: float, now: float) -> None:
        """Let nobody go until then; then one call, and the next ones at the rate."""
        super().ban(until, now)
        self._full_until = max(self._full_until, self.banned_until - self._interval)

    def _set_reserve(self, spread: float) -> None:
        reserve = max(_HEADROOM * spread, self._min_jitter)
        if self._burst == 1:
            reserve = max(reserve, _UNSEEN * self._interval)
        self._reserve = min(reserve, self._max_jitter)
        self._apart = max(0.0, (1 + self._reserve / self._interval) / self._burst - 1)
        gained = max(1.0, self._burst - self._reserve / self._interval) - self._limiter.max_rate
        self._limiter.max_rate += gained
        self.capacity = self._limiter.max_rate
        self._full_until -= gained * self._interval
        if gained > 0:
            self.pump()

    def _room(self, now: float) -> float:
        """Calls that could be counted now; below zero if the bucket is more than full."""
        allowed = (now - self._full_until) / self._interval
        if allowed <= 0 or self._limiter.has_capacity(allowed):
            return allowed
        return self._limiter_room()

    def _limiter_room(self) -> float:
        """The limiter's room, found by asking: accurate to a billionth of a burst."""
        limiter = self._limiter
        top = limiter.max_rate
        if limiter.has_capacity(top):
            return top
        low, high = top - self._max_burst, top
        for _ in range(30):
            middle = (low + high) / 2
            if limiter.has_capacity(middle):
                low = middle
            else:
                high = middle
        return low

    def _lower(self, room: float, now: float) -> None:
        """See to it that there is no more room than this."""
        self._full_until = max(self._full_until, now - room * self._interval)


class WindowBucket(Bucket):
    """A budget a period, all of which may go at once.

    Its end is what the marketplace said last; until it has, a period after the first call. At the
    end ``max_jitter`` seconds are waited, so that no early call falls into the old period.
    """

    __slots__ = ("_ends", "_limit", "_margin", "_period", "_started", "_used")

    kind: ClassVar[Kind] = "window"
    rank: ClassVar[int] = 0

    def __init__(
        self, key: BucketKey, quota: Window, loop: asyncio.AbstractEventLoop, max_jitter: float
    ) -> None:
        super().__init__(key, quota, loop)
        self._limit = self.capacity = quota.limit
        self._period = quota.period
        self._margin = max_jitter
        self._used = 0
        self._started = -math.inf
        self._ends = math.inf

    @property
    def limit(self) -> float:
        """The budget of one period."""
        return self._limit

    def left(self, now: float) -> float:
        """What is left of the budget."""
        self._turn_over(now)
        return max(0, self._limit - self._used)

    def wait_for(self, size: float, now: float) -> float:
        """Seconds until the period in which so many calls more fit."""
        self._turn_over(now)
        over = self._used + size - self._limit
        if over <= 0:
            return 0.0
        end = now + self._period if self._ends == math.inf else self._ends
        return end + self._margin - now + (math.ceil(over / self._limit) - 1) * self._period

    async def count(self, cost: int, now: float) -> None:
        """Take from the budget; the first call begins the period."""
        self._turn_over(now)
        if self._ends == math.inf:
            self._started = now
            self._ends = now + self._period
        self._used += cost

    def uncount(self, cost: int, at: float) -> None:
        """Give back to the period it was taken from, if that is not over."""
        self.charge(-cost, at, self.loop.time())

    def charge(self, extra: int, at: float, now: float) -> None:
        """Take more, or less, from the budget of the period in which the call was counted."""
        self._turn_over(now)
        if at >= self._started:
            self._used = max(0, self._used + extra)
            if extra < 0:
                self.pump()

    def apply_headers(self, signal: LimitSignal, at: float, now: float, wall: float) -> None:
        """Take over the budget and the end that are stated, and what is left if it is less."""
        self._turn_over(now)
        if signal.limit is not None and signal.limit >= 1:
            self._limit = self.capacity = signal.limit
        if at >= self._started:
            end = math.inf
            if signal.resets_at is not None:
                # No period ends later than one period from now, whatever a clock says.
                end = now + min(signal.resets_at - wall, self._period)
                if end <= now or end - self._ends > self._period / 2:
                    # That period is over, or the marketplace began a new one before we knew.
                    self._started = at
                    self._used = self.in_flight
                self._ends = end if end > now else math.inf
            # What is left of a period that is over says nothing of the next one.
            if signal.remaining is not None and end > now:
                self._used = max(self._used, self._limit - signal.remaining)
        self.pump()

    def stale(self, at: float, now: float) -> bool:
        """A call belongs to the period in which it leaves."""
        self._turn_over(now)
        return at < self._started

    def _turn_over(self, now: float) -> None:
        if now >= self._ends + self._margin:
            self._started = now
            self._ends = math.inf
            self._used = 0


class ParallelBucket(Bucket):
    """A number of calls under way at once, whatever each costs."""

    __slots__ = ()

    kind: ClassVar[Kind] = "parallel"
    rank: ClassVar[int] = 1

    quota: ParallelCap

    @property
    def limit(self) -> float:
        """The cap."""
        return self.quota.limit

    def left(self, now: float) -> float:
        """Free places."""
        return max(0, self.quota.limit - self.in_flight)

    def wait_for(self, size: float, now: float) -> float:
        """Nothing if there are places; else only a release can tell."""
        return 0.0 if self.in_flight + size <= self.quota.limit else math.inf

    async def count(self, cost: int, now: float) -> None:
        """The call under way is the count."""

    def charge(self, extra: int, at: float, now: float) -> None:
        """A place is a place, whatever the answer cost."""

    def release(self) -> None:
        """Free the place for the next one."""
        super().release()
        self.pump()
