"""The three kinds of bucket: a rate, a budget per period, and a cap on parallel calls.

`RateBucket` counts with aiolimiter's ``AsyncLimiter(burst, burst * interval)``, through its public
interface only: ``acquire`` never suspends if ``has_capacity`` reports room, and ``max_rate`` may be
lowered without changing the rate. But the limiter never holds more than a burst, and it does not
know the calls of other clients. This excess is kept separately as one number, the loop time until
which the bucket is *as good as full*: an answer that cost ten calls, a count corrected by the
marketplace and a ban all become such a time. From then on calls are counted in both, until the
limiter is the stricter one again.
"""

import asyncio
import math
from typing import ClassVar

from aiolimiter import AsyncLimiter

from wbym.limits._ledger import ParallelEntry, RateEntry, WindowEntry
from wbym.limits._queueing import Bucket, Kind
from wbym.limits._quota import BucketKey, LimitSignal, ParallelCap, Quota, Window

__all__ = ["ParallelBucket", "RateBucket", "Spread", "WindowBucket"]

_HEADROOM = 1.25
"""The allowed jitter, as a multiple of the measured jitter."""
_UNMEASURED = 0.05
"""The allowed jitter before any is measured if the burst is 1, as a fraction of the interval."""
_EPSILON = 1e-9
"""Calls; rounds sums of floats towards room."""


_BLOCK = 64
"""Samples per block; between one and two blocks of samples are remembered."""


class Spread:
    """The arrival jitter of calls: the maximum minus the minimum of the last 64 to 128 samples.

    A call is sent on time but arrives later, with a varying delay. If delays are between ``d`` and
    ``d + J`` seconds, calls that arrive within ``t`` seconds were sent within ``t + J`` seconds; so
    a sender that leaves ``J / interval`` calls of the burst unused never exceeds the limit by
    the marketplace's count. A constant delay, however long, costs nothing.

    The one-way delay cannot be measured, but the time from sending to the first byte of the answer
    varies by at least as much.

    Two blocks are kept, the current one and the full one before it, each as its minimum and
    maximum: this takes little memory, and an extreme is forgotten after at most 128 samples.
    """

    __slots__ = ("_count", "_high", "_low", "_old_high", "_old_low")

    def __init__(self) -> None:
        self._count = 0
        self._low = self._old_low = float("inf")
        self._high = self._old_high = float("-inf")

    def add(self, sample: float) -> bool:
        """Add a sample; returns whether it may have changed `seen` or `likely`."""
        if self._count == _BLOCK:
            self._old_low, self._old_high = self._low, self._high
            self._low = self._high = sample
            self._count = 1
            return True
        self._count += 1
        if self._low <= sample <= self._high:
            return self._old_high < self._old_low  # in the first block the count matters too
        self._low = min(self._low, sample)
        self._high = max(self._high, sample)
        return True

    @property
    def seen(self) -> float:
        """The maximum minus the minimum, in the samples' unit; 0 before two samples."""
        if not self._count:
            return 0.0
        return max(self._high, self._old_high) - min(self._low, self._old_low)

    @property
    def likely(self) -> float:
        """The likely spread of more samples, since few samples underestimate it.

        The extremes of ``n`` evenly spread samples are ``(n - 1) / (n + 1)`` of the range apart.
        """
        if self._old_high >= self._old_low or self._count == _BLOCK:
            return self.seen
        if self._count < 2:
            return 0.0
        return self.seen * (self._count + 1) / (self._count - 1)


class RateBucket(Bucket):
    """A token bucket: in ``t`` seconds at most ``burst + t / interval`` calls arrive.

    The *reserve* is the allowed jitter in seconds: 1.25 times the recently measured spread, at
    least ``min_jitter`` and at most ``max_jitter``. ``reserve / interval`` calls of the burst stay
    unused. If the burst is too small for that (a burst of 1 has none to spare), calls are spaced
    further apart instead: ``interval + reserve`` seconds.
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

    entry: RateEntry

    def __init__(
        self,
        key: BucketKey,
        quota: Quota,
        loop: asyncio.AbstractEventLoop,
        min_jitter: float,
        max_jitter: float,
        entry: RateEntry,
    ) -> None:
        super().__init__(key, quota, loop, entry)
        self._interval = quota.interval
        self._burst = self._max_burst = float(quota.burst)
        self._limiter = AsyncLimiter(quota.burst, quota.burst * quota.interval)
        self._min_jitter = min(min_jitter, max_jitter)
        self._max_jitter = max_jitter
        self._spread = Spread()
        self._full_until = -math.inf
        self._reserve = 0.0
        self._apart = 0.0
        """Extra calls counted per call if the burst is too small for the reserve."""
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
        """Calls that could be made at once, including a fraction."""
        return max(0.0, self._room(now))

    def wait_for(self, size: float, now: float) -> float:
        """Seconds until there is room for ``size`` calls."""
        if self.entry.shared:
            self._adopt()
        if self._full_until == -math.inf and self._limiter.has_capacity(size):
            return 0.0
        return max(0.0, (size - self._room(now)) * self._interval)

    async def count(self, cost: int, now: float) -> None:
        """Count what fits in the limiter there, and the rest separately."""
        size = self.size(cost)
        if self._full_until != -math.inf:
            allowed = max((now - self._full_until) / self._interval, size) + _EPSILON
            if self._limiter.has_capacity(allowed):
                # Both count from here on; they leak at the same rate, so the stricter one stays
                # stricter until the limiter is empty.
                self._full_until = now - (allowed - size) * self._interval
            else:
                self._full_until = -math.inf
        await self._limiter.acquire(size)
        self.entry.empty_at = max(self.entry.empty_at, now) + size * self._interval
        if cost > size or self._apart:
            self._lower(self._room(now) - (cost - size) - self._apart * cost, now)

    def charge(self, extra: int, at: float, now: float) -> None:
        """Count extra calls; a call that cost less than counted is not refunded."""
        if extra > 0:
            self._lower(self._room(now) - extra, now)

    def observe(self, elapsed: float) -> None:
        """Update the reserve by the time of an answer."""
        if self._spread.add(elapsed):
            self._set_reserve(self._spread.likely)

    def apply_headers(self, signal: LimitSignal, at: float, now: float, wall: float) -> None:
        """Adopt the stated burst; reduce the room if the marketplace reports less."""
        if signal.limit is not None and signal.limit >= 1 and signal.limit != self._burst:
            self._burst = float(signal.limit)
            self._max_burst = max(self._max_burst, self._burst)
            self._set_reserve(self._spread.likely)
        if signal.remaining is not None:
            # The marketplace rounds down, and its bucket has leaked since it counted the call,
            # which was no earlier than our count. Ours includes calls that it has not received
            # yet, so ours has more room only if another client uses the bucket.
            theirs = signal.remaining + 1 + (now - at) / self._interval
            room = theirs - (self._burst - self._limiter.max_rate)
            if self._limiter.has_capacity(room):
                self._lower(room, now)

    def stale(self, at: float, now: float) -> bool:
        """Whether the call would be sent more than ``max_jitter`` seconds after its count."""
        return now - at > self._max_jitter

    def ban(self, until: float, now: float) -> None:
        """Allow no call until then; then one call, and further ones at the rate."""
        super().ban(until, now)
        self._lower(1.0, self.banned_until)

    @property
    def _is_strict(self) -> bool:
        return self._burst < self._max_burst

    def _set_reserve(self, spread: float) -> None:
        reserve = max(_HEADROOM * spread, self._min_jitter)
        if self._burst == 1:
            reserve = max(reserve, _UNMEASURED * self._interval)
        self._reserve = min(reserve, self._max_jitter)
        self._apart = max(0.0, (1 + self._reserve / self._interval) / self._burst - 1)
        gained = max(1.0, self._burst - self._reserve / self._interval) - self._limiter.max_rate
        self._limiter.max_rate += gained
        self.capacity = self._limiter.max_rate
        self._full_until -= gained * self._interval
        if gained > 0:
            self.pump()

    def _room(self, now: float) -> float:
        """Calls that could be counted now; negative if the bucket is overfull."""
        if self.entry.shared:
            self._adopt()
        allowed = (now - self._full_until) / self._interval
        if allowed <= 0 or self._limiter.has_capacity(allowed):
            return allowed
        return self._limiter_room()

    def _limiter_room(self) -> float:
        """The limiter's room, by bisection: accurate to a billionth of a burst."""
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
        """Reduce the room to at most ``room``."""
        self._full_until = max(self._full_until, now - room * self._interval)
        with self.entry.lock:
            empty_at = self._full_until + self._limiter.max_rate * self._interval
            self.entry.empty_at = max(self.entry.empty_at, empty_at)

    def _adopt(self) -> None:
        """Count what other loops have counted."""
        full_until = self.entry.empty_at - self._limiter.max_rate * self._interval
        self._full_until = max(self._full_until, full_until)


class WindowBucket(Bucket):
    """A budget per period, all of which may be spent at once.

    The period ends when the marketplace last stated; before it has, one period after the first
    call. Calls wait another ``max_jitter`` seconds after the end, so that no early call falls into
    the old period.

    A call that has yet to wait for another bucket has a *reservation*: it is counted here, but the
    marketplace cannot have counted it. If headers show that the budget does not cover the
    reservations too, or the period ends, all are revoked, and their calls queue again in the same
    order.
    """

    __slots__ = ("_margin", "_period")

    kind: ClassVar[Kind] = "window"
    rank: ClassVar[int] = 0

    entry: WindowEntry

    def __init__(
        self,
        key: BucketKey,
        quota: Window,
        loop: asyncio.AbstractEventLoop,
        max_jitter: float,
        entry: WindowEntry,
    ) -> None:
        super().__init__(key, quota, loop, entry)
        self.capacity = entry.limit
        self._period = quota.period
        self._margin = max_jitter

    @property
    def limit(self) -> float:
        """The budget of one period."""
        return self.entry.limit

    def left(self, now: float) -> float:
        """The remaining budget."""
        self._turn_over(now)
        return max(0, self.entry.limit - self.entry.used)

    def wait_for(self, size: float, now: float) -> float:
        """Seconds until the period that has room for ``size`` more calls."""
        self._turn_over(now)
        over = self.entry.used + size - self.entry.limit
        if over <= 0:
            return 0.0
        end = now + self._period if self.entry.ends == math.inf else self.entry.ends
        return end + self._margin - now + (math.ceil(over / self.entry.limit) - 1) * self._period

    async def count(self, cost: int, now: float) -> None:
        """Spend from the budget; the first call begins the period."""
        self._turn_over(now)
        if self.entry.ends == math.inf:
            self.entry.started = now
            self.entry.ends = now + self._period
        self.entry.used += cost

    def reserve_for(self, call: object, cost: int) -> None:
        """Note that a counted call is not sent yet."""
        with self.entry.lock:
            self.entry.in_flight -= 1
            self.entry.reserved[call] = cost
            self.entry.unsent += cost

    def sent(self, call: object) -> None:
        """Turn the reservation into a call in flight."""
        with self.entry.lock:
            self.entry.in_flight += 1
            self.entry.unsent -= self.entry.reserved.pop(call, 0)

    def undo(self, call: object) -> None:
        """Refund the reservation, unless it was revoked."""
        with self.entry.lock:
            cost = self.entry.reserved.pop(call, 0)
            self.entry.unsent -= cost
            self.entry.used -= cost
            self.wake()

    def revoked(self, call: object, now: float) -> bool:
        """Whether the reservation is revoked, or the window banned."""
        self._turn_over(now)
        return call not in self.entry.reserved or super().revoked(call, now)

    def _revoke(self) -> None:
        self.entry.reserved.clear()
        self.entry.unsent = 0

    def charge(self, extra: int, at: float, now: float) -> None:
        """Spend more (or less) from the budget of the period in which the call was counted."""
        with self.entry.lock:
            self._turn_over(now)
            if at >= self.entry.started:
                self.entry.used = max(0, self.entry.used + extra)
                if extra < 0:
                    self.wake()

    def apply_headers(self, signal: LimitSignal, at: float, now: float, wall: float) -> None:
        """Adopt the stated budget and end, and the remaining calls if they are fewer."""
        with self.entry.lock:
            self._turn_over(now)
            if signal.limit is not None and signal.limit >= 1:
                self.entry.limit = self.capacity = signal.limit
            if at >= self.entry.started:
                end = math.inf
                if signal.resets_at is not None:
                    # A period ends at most one period from now, even if clocks disagree.
                    end = now + min(signal.resets_at - wall, self._period)
                    if end <= now or end - self.entry.ends > self._period / 2:
                        # That period is over, or the marketplace has already begun a new one.
                        self.entry.started = at
                        self.entry.used = self.in_flight
                        self._revoke()
                    self.entry.ends = end if end > now else now + self._period
                # The remainder of a finished period does not apply to the next one.
                if signal.remaining is not None and end > now:
                    theirs = self.entry.limit - signal.remaining
                    self.entry.used = max(self.entry.used, theirs + self.entry.unsent)
            if self.entry.used > self.entry.limit:
                self.entry.used -= self.entry.unsent
                self._revoke()
            self.wake()

    def _turn_over(self, now: float) -> None:
        """Begin a new period if the last is over."""
        with self.entry.lock:
            if now >= self.entry.ends + self._margin:
                self.entry.started = now
                self.entry.ends = math.inf
                self.entry.used = 0
                self._revoke()


class ParallelBucket(Bucket):
    """A cap on calls in flight, whatever each costs.

    A marketplace that states a lower cap when it rejects a call is believed.
    """

    __slots__ = ("_max_limit",)

    kind: ClassVar[Kind] = "parallel"
    rank: ClassVar[int] = 1

    entry: ParallelEntry

    def __init__(
        self,
        key: BucketKey,
        quota: ParallelCap,
        loop: asyncio.AbstractEventLoop,
        entry: ParallelEntry,
    ) -> None:
        super().__init__(key, quota, loop, entry)
        self._max_limit = quota.limit

    @property
    def limit(self) -> float:
        """The cap."""
        return self.entry.limit

    def left(self, now: float) -> float:
        """Free slots."""
        return max(0, self.entry.limit - self.in_flight)

    def wait_for(self, size: float, now: float) -> float:
        """0 if there are free slots, else infinite: a release decides."""
        return 0.0 if self.in_flight + size <= self.entry.limit else math.inf

    async def count(self, cost: int, now: float) -> None:
        """Do nothing: ``in_flight`` is the count."""

    def charge(self, extra: int, at: float, now: float) -> None:
        """Do nothing: a call takes one slot, whatever the answer cost."""

    def apply_headers(self, signal: LimitSignal, at: float, now: float, wall: float) -> None:
        """Adopt the stated cap, unless it is above the published one."""
        if signal.parallel is not None and signal.parallel >= 1:
            self.entry.limit = min(signal.parallel, self._max_limit)
            self.wake()

    def release(self) -> None:
        """Free the slot for the next call."""
        super().release()
        self.wake()
