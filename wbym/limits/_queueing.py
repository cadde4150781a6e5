"""Who goes next: the queue that every kind of bucket has.

A bucket knows how long a call must wait (`Bucket.wait_for`) and how to count it
(`Bucket.count`); this module decides whose turn it is. Callers wait in a heap ordered by priority,
then by arrival. Only its head is ever considered, so a heavy call is not overtaken by lighter
equals, and one timer, the head's, is all that a bucket with a thousand waiting callers runs.

When the head may go it is taken off the heap and woken (handed the turn); it counts itself when it
resumes, and then the turn passes on. Between the two nobody else is served. So a caller that is
cancelled after its turn came, but before it resumed, has counted nothing and only passes the turn
on. There is no task, and an idle bucket has no timer either.
"""

import asyncio
import heapq
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

from wbym.limits._quota import BucketKey, LimitSignal, ParallelCap, Priority, Quota, Window

__all__ = ["Bucket", "Kind", "MakeError"]

MakeError = Callable[["Bucket"], Exception]
"""Makes the error with which a caller gives up."""
Kind = Literal["rate", "window", "parallel"]

_MIN_SLEEP = 1e-5
"""The shortest sleep, seconds: a wait that rounds to nothing must still let the clock move."""


class _Waiter:
    """One caller in a bucket's queue."""

    __slots__ = ("cost", "deadline", "make_error", "priority", "queued", "size", "timer", "turn")

    def __init__(
        self,
        turn: asyncio.Future[Exception | None],
        priority: int,
        cost: int,
        size: float,
        deadline: float,
        make_error: MakeError,
    ) -> None:
        self.turn = turn
        """Done when the caller's turn came (None), or when it will not come (why)."""
        self.priority = priority
        self.cost = cost
        self.size = size
        """What it adds to the estimates of those behind it."""
        self.deadline = deadline
        """Loop time after which the caller no longer waits; infinite where it always does."""
        self.make_error = make_error
        self.timer: asyncio.TimerHandle | None = None
        self.queued = True


class Bucket(ABC):
    """A limit, its queue and its ban. Belongs to one event loop.

    Args:
        key: Whose calls share it.
        quota: What is published of it.
        loop: Whose clock it goes by; loop time is in seconds.
    """

    __slots__ = (
        "_ahead",
        "_handed",
        "_heap",
        "_timer",
        "banned_until",
        "calls",
        "capacity",
        "in_flight",
        "key",
        "loop",
        "name",
        "quota",
        "rate_limited",
    )

    kind: ClassVar[Kind]
    rank: ClassVar[int]
    """The order in which a call with several buckets takes them."""

    def __init__(
        self, key: BucketKey, quota: Quota | Window | ParallelCap, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.key: BucketKey = key
        self.name: str = str(key)
        self.quota: Quota | Window | ParallelCap = quota
        self.loop: asyncio.AbstractEventLoop = loop
        self.capacity: float = 1
        """How much there is when all is free."""
        self.in_flight: int = 0
        """Calls counted here and not over yet."""
        self.calls: int = 0
        """Calls counted here, ever."""
        self.rate_limited: int = 0
        """How often the marketplace refused a call of this bucket."""
        self.banned_until: float = 0.0
        """Loop time before which nobody goes."""
        self._heap: list[tuple[int, int, _Waiter]] = []
        self._ahead = [0.0] * len(Priority)
        self._handed: _Waiter | None = None
        self._timer: asyncio.TimerHandle | None = None

    # What a kind of bucket is.

    def size(self, cost: int) -> float:
        """How much must be free at once before a call of this cost may go.

        A call that costs more than there ever is goes when all is free.
        """
        return min(cost, self.capacity)

    @abstractmethod
    def wait_for(self, size: float, now: float) -> float:
        """Seconds until so much is free, 0 if it is; infinite if only a release can tell."""

    @abstractmethod
    async def count(self, cost: int, now: float) -> None:
        """Count a call that goes now. Never suspends: there is room for `size` of it."""

    def uncount(self, cost: int, at: float) -> None:  # noqa: B027 - most kinds cannot
        """Give back what was counted at the time ``at`` for a call that was never sent."""

    @abstractmethod
    def charge(self, extra: int, at: float, now: float) -> None:
        """Count what a call of the time ``at`` cost beyond what was counted (or less, if < 0)."""

    def observe(self, elapsed: float) -> None:  # noqa: B027 - most kinds do not care
        """Learn from the seconds between counting a call and the first byte of its answer."""

    def apply_headers(self, signal: LimitSignal, at: float, now: float, wall: float) -> None:  # noqa: B027
        """Correct the count by what the answer to a call of the time ``at`` said (bans apart)."""

    def stale(self, at: float, now: float) -> bool:
        """Whether a call counted at the time ``at`` may not leave as late as now on that count."""
        return False

    def ban(self, until: float, now: float) -> None:
        """Let nobody go before the loop time ``until``; an earlier one than before is ignored."""
        self.banned_until = max(self.banned_until, until)

    @property
    @abstractmethod
    def limit(self) -> float:
        """The burst, budget or cap in force."""

    @abstractmethod
    def left(self, now: float) -> float:
        """Calls that could go at once, whoever waits."""

    @property
    def reserve(self) -> float:
        """Seconds of arrival jitter that are allowed for."""
        return 0.0

    # Whose turn it is.

    @property
    def waiting(self) -> int:
        """How many callers wait."""
        return sum(1 for _, _, waiter in self._heap if waiter.queued)

    def free(self, cost: int, now: float) -> bool:
        """Whether a call may go now: nobody waits, no ban, and there is room."""
        if self._heap or self._handed is not None or self.banned_until > now:
            return False
        return self.wait_for(self.size(cost), now) <= 0

    def estimate(self, cost: int, priority: int, now: float) -> float:
        """Seconds until a call that came now could go, after those before it in the queue."""
        ahead = sum(self._ahead[: priority + 1])
        if self._handed is not None:
            ahead += self._handed.size
        return max(self.banned_until - now, self.wait_for(ahead + self.size(cost), now), 0.0)

    async def acquire(
        self,
        cost: int,
        priority: int,
        order: int,
        deadline: float,
        make_error: MakeError,
    ) -> float:
        """Wait for one's turn and count the call.

        Args:
            cost: Calls to count.
            priority: Who goes first.
            order: Among equals the smaller goes first.
            deadline: Loop time after which to give up; infinite for never.
            make_error: Makes the error to give up with.

        Returns:
            The loop time at which the call was counted.
        """
        while True:
            now = self.loop.time()
            if self.free(cost, now):
                await self.take(cost, now)
                return now
            await self._turn(cost, priority, order, deadline, make_error)
            self._handed = None
            now = self.loop.time()
            if self._may_go(cost, now):
                try:
                    await self.take(cost, now)
                finally:
                    self.pump()
                return now
            # Since the turn was handed over an answer filled the bucket: back to the head.

    async def take(self, cost: int, now: float) -> None:
        """Count a call that is `free` to go. Never suspends."""
        await self.count(cost, now)
        self.in_flight += 1
        self.calls += 1

    def release(self) -> None:
        """A call is over."""
        self.in_flight -= 1

    def pump(self) -> None:
        """Hand the turn to the head of the queue if it may go, else set the timer for it.

        To be called whenever somebody might go earlier than the timer says; where the bucket only
        became fuller the timer finds out by itself.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._handed is not None:
            return
        head = self._head()
        if head is None:
            return
        now = self.loop.time()
        wait = max(self.banned_until - now, self.wait_for(min(head.size, self.capacity), now))
        if wait <= 0:
            heapq.heappop(self._heap)
            self._remove(head)
            self._handed = head
            head.turn.set_result(None)
        elif wait != math.inf:
            self._timer = self.loop.call_at(now + max(wait, _MIN_SLEEP), self.pump)

    def fail_waiting(self, why: MakeError | None = None, *, before: float = math.inf) -> None:
        """Fail those who wait, or of them those who give up ``before`` this loop time.

        Args:
            why: Makes the error; by default each caller's own.
            before: Loop time; infinite for everybody.
        """
        for _, _, waiter in self._heap:
            if waiter.turn.done() or not waiter.queued:
                continue
            if waiter.deadline < before or before == math.inf:
                self._fail(waiter, why or waiter.make_error)
        self.pump()

    async def _turn(
        self,
        cost: int,
        priority: int,
        order: int,
        deadline: float,
        make_error: MakeError,
    ) -> None:
        """Queue until it is one's turn; the one who returns must count and then pump."""
        if deadline < self.banned_until:
            raise make_error(self)
        waiter = _Waiter(
            self.loop.create_future(), priority, cost, self.size(cost), deadline, make_error
        )
        if deadline != math.inf:
            waiter.timer = self.loop.call_at(deadline, self._expire, waiter)
        heapq.heappush(self._heap, (priority, order, waiter))
        self._ahead[priority] += waiter.size
        if self._timer is None or self._head() is waiter:
            self.pump()
        try:
            why_not = await waiter.turn
        except BaseException:
            self._remove(waiter)
            if self._handed is waiter:
                self._handed = None
            self.pump()
            raise
        if why_not is not None:
            raise why_not

    def _may_go(self, cost: int, now: float) -> bool:
        return self.banned_until <= now and self.wait_for(self.size(cost), now) <= 0

    def _head(self) -> _Waiter | None:
        """The best of those who still wait."""
        heap = self._heap
        while heap:
            waiter = heap[0][2]
            if waiter.queued and not waiter.turn.done():
                return waiter
            self._remove(waiter)
            heapq.heappop(heap)
        return None

    def _remove(self, waiter: _Waiter) -> None:
        """Take a caller out of the reckoning; its place in the heap goes when it surfaces."""
        if not waiter.queued:
            return
        waiter.queued = False
        self._ahead[waiter.priority] -= waiter.size
        if waiter.timer is not None:
            waiter.timer.cancel()

    def _expire(self, waiter: _Waiter) -> None:
        if waiter.turn.done():
            return
        self._fail(waiter, waiter.make_error)
        self.pump()

    def _fail(self, waiter: _Waiter, why: MakeError) -> None:
        self._remove(waiter)
        waiter.turn.set_result(why(self))
