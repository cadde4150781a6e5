"""The simulators' own limits: a token bucket, a budget per period, a cap on parallel requests.

They deliberately share no code with the client's limiter, so that a misunderstanding of a limit
does not hide on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class BucketState:
    """A bucket after it counted a request; the seconds are whole and rounded up."""

    allowed: bool
    remaining: int
    """Number of requests allowed at once."""
    retry: int
    """Seconds until one request is allowed again; 0 when it is allowed."""
    reset: int
    """Seconds until the bucket is full."""


class TokenBucket:
    """Refills continuously, one token per `interval` seconds, up to `burst`.

    A rate limited request closes the bucket until the returned time: an earlier one
    is rate limited too and changes nothing. Tokens are still refilled meanwhile.
    """

    __slots__ = ("_ban", "_clock", "_closed_until", "_seen", "_tokens", "burst", "interval")

    def __init__(
        self, *, burst: int, interval: float, clock: Callable[[], float], ban: float = 0.0
    ) -> None:
        """Creates a full bucket.

        Args:
            burst: Max number of requests at once.
            interval: Seconds in which one token is refilled.
            clock: Monotonic seconds.
            ban: Min seconds for which the bucket closes.
        """
        self.burst: int = burst
        self.interval: float = interval
        self._clock = clock
        self._ban = ban
        self._tokens = float(burst)
        self._seen = clock()
        self._closed_until = self._seen

    def take(self) -> BucketState:
        """Counts one request."""
        now = self._refill()
        if now + _EPSILON < self._closed_until:
            return self._limited(self._closed_until - now)
        if self._tokens + _EPSILON >= 1.0:
            self._tokens -= 1.0
            return BucketState(True, self.remaining, 0, self._reset())
        wait = max((1.0 - self._tokens) * self.interval, self._ban)
        wait = max(1, math.ceil(wait - _EPSILON))
        self._closed_until = now + wait
        return self._limited(wait)

    def charge(self, requests: float) -> int:
        """Counts `requests` more for an expensive response; the bucket may fall below empty.

        Returns:
            Number of requests allowed at once.
        """
        self._refill()
        self._tokens -= requests
        return self.remaining

    def peek(self) -> int:
        """Number of requests allowed at once now; counts nothing."""
        now = self._refill()
        return 0 if now + _EPSILON < self._closed_until else self.remaining

    @property
    def remaining(self) -> int:
        """Whole tokens when last refilled."""
        return max(0, math.floor(self._tokens + _EPSILON))

    def _refill(self) -> float:
        now = self._clock()
        self._tokens = min(self.burst, self._tokens + (now - self._seen) / self.interval)
        self._seen = now
        return now

    def _reset(self) -> int:
        return math.ceil((self.burst - self._tokens) * self.interval - _EPSILON)

    def _limited(self, wait: float) -> BucketState:
        retry = math.ceil(wait - _EPSILON)
        return BucketState(False, 0, retry, max(retry, self._reset()))


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget after it counted a request."""

    allowed: bool
    remaining: int
    """Number of requests left in this period."""
    until: float
    """Seconds until the period ends and the whole budget is renewed."""


class PeriodBudget:
    """A number of requests per period; the period begins with its first request."""

    __slots__ = ("_clock", "_end", "_spent", "limit", "period")

    def __init__(self, *, limit: int, period: float, clock: Callable[[], float]) -> None:
        """Creates a full budget.

        Args:
            limit: Max number of requests in a period.
            period: Seconds of a period.
            clock: Monotonic seconds.
        """
        self.limit: int = limit
        self.period: float = period
        self._clock = clock
        self._end: float | None = None
        self._spent = 0

    def take(self) -> BudgetState:
        """Counts one request; one that is rate limited costs nothing."""
        now = self._clock()
        if self._end is None or now + _EPSILON >= self._end:
            self._end = now + self.period
            self._spent = 0
        allowed = self._spent < self.limit
        self._spent += allowed
        return BudgetState(allowed, self.limit - self._spent, self._end - now)

    def peek(self) -> BudgetState:
        """The state that the next request would find; counts nothing."""
        now = self._clock()
        if self._end is None or now + _EPSILON >= self._end:
            return BudgetState(self.limit > 0, self.limit, self.period)
        return BudgetState(self._spent < self.limit, self.limit - self._spent, self._end - now)


class ParallelCap:
    """A max number of requests at once.

    Args:
        limit: The number.
    """

    __slots__ = ("limit", "peak", "running")

    def __init__(self, limit: int) -> None:
        self.limit: int = limit
        self.running: int = 0
        self.peak: int = 0

    def enter(self) -> bool:
        """Takes a slot; False when all are taken."""
        if self.running >= self.limit:
            return False
        self.running += 1
        self.peak = max(self.peak, self.running)
        return True

    def leave(self) -> None:
        """Returns a slot."""
        self.running -= 1
