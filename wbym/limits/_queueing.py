"""The queue of a bucket.

A bucket knows how long a call must wait (`Bucket.wait_for`) and how to count it
(`Bucket.count`); this module decides which caller is next. Callers wait in a heap ordered by
priority, then by arrival. Only the head is considered, so lighter calls of the same priority do not
overtake a heavy one, and a bucket with a thousand waiting callers needs one timer, for the head.

When the head may proceed, it is removed from the heap and woken (handed the turn); it counts its
call when it resumes, and then passes the turn on. In between no other caller is served. So a caller
that is cancelled after it was handed the turn, but before it resumed, has counted nothing and only
passes the turn on. There is no task, and an idle bucket has no timer.
"""

import asyncio
import heapq
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

from wbym.limits._ledger import Entry
from wbym.limits._quota import BucketKey, LimitSignal, ParallelCap, Priority, Quota, Window

__all__ = ["Bucket", "Kind", "MakeError", "TurnQueue", "Waiter"]

MakeError = Callable[[], Exception]
"""Creates the error for a caller that gives up."""
Kind = Literal["rate", "window", "parallel"]

_MIN_SLEEP = 1e-5
"""The shortest sleep in seconds: a wait that rounds to 0 must still let the clock advance."""


class Waiter:
    """One caller in a queue."""

    __slots__ = ("deadline", "make_error", "priority", "queued", "size", "timer", "turn")

    def __init__(
        self,
        turn: asyncio.Future[Exception | None],
        priority: int,
        size: float,
        deadline: float,
        make_error: MakeError,
    ) -> None:
        self.turn = turn
        """Done when the caller has its turn (None), or will not get one (the error)."""
        self.priority = priority
        self.size = size
        """The room that it adds to the estimates of the callers behind it."""
        self.deadline = deadline
        """Loop time after which the caller gives up; infinite if it never does."""
        self.make_error = make_error
        self.timer: asyncio.TimerHandle | None = None
        self.queued = True


class TurnQueue(ABC):
    """Callers of one event loop in the order of their turns.

    Args:
        loop: The event loop; its clock is in seconds.
    """

    __slots__ = ("__weakref__", "_ahead", "_handed", "_heap", "_timer", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._heap: list[tuple[int, int, Waiter]] = []
        self._ahead = [0.0] * len(Priority)
        """The sizes of the waiting callers, by priority."""
        self._handed: Waiter | None = None
        """The caller that has the turn, if it waited for it."""
        self._timer: asyncio.TimerHandle | None = None

    @abstractmethod
    def _wait_of(self, head: Waiter, now: float) -> float:
        """Seconds until the head may have its turn; infinite if only `pump` can tell."""

    @property
    def waiting(self) -> int:
        """The number of waiting callers."""
        return sum(1 for _, _, waiter in self._heap if waiter.queued)

    @property
    def is_waited_for(self) -> bool:
        """Whether a caller may be waiting; safe to ask from another thread."""
        return bool(self._heap)

    def pump(self) -> None:
        """Hand the turn to the head of the queue if it may proceed, else set the timer for it.

        Must be called whenever a caller might proceed earlier than the timer; if the wait only
        became longer, the timer itself checks again.
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
        wait = self._wait_of(head, now)
        if wait <= 0:
            heapq.heappop(self._heap)
            self._remove(head)
            self._handed = head
            head.turn.set_result(None)
        elif wait != math.inf:
            self._timer = self.loop.call_at(now + max(wait, _MIN_SLEEP), self.pump)

    def fail_waiting(self, why: MakeError | None = None, *, before: float = math.inf) -> None:
        """Fail the waiting callers whose deadline is ``before`` this loop time.

        Args:
            why: Creates the error; by default each caller's own.
            before: Loop time; infinite for all callers.
        """
        for _, _, waiter in self._heap:
            if waiter.turn.done() or not waiter.queued:
                continue
            if waiter.deadline < before or before == math.inf:
                self._fail(waiter, why or waiter.make_error)
        self.pump()

    async def _turn(
        self,
        size: float,
        priority: int,
        order: int,
        deadline: float,
        make_error: MakeError,
    ) -> None:
        """Queue until handed the turn; the caller must then end the turn and pump."""
        waiter = Waiter(self.loop.create_future(), priority, size, deadline, make_error)
        if deadline != math.inf:
            waiter.timer = self.loop.call_at(deadline, self._expire, waiter)
        heapq.heappush(self._heap, (priority, order, waiter))
        self._ahead[priority] += waiter.size
        if self._timer is None or self._head() is waiter:
            self.pump()
        try:
            error = await waiter.turn
        except BaseException:
            self._remove(waiter)
            if self._handed is waiter:
                self._handed = None
            self.pump()
            raise
        if error is not None:
            raise error

    def _head(self) -> Waiter | None:
        """The first caller that is still waiting."""
        heap = self._heap
        while heap:
            waiter = heap[0][2]
            if waiter.queued and not waiter.turn.done():
                return waiter
            self._remove(waiter)
            heapq.heappop(heap)
        return None

    def _remove(self, waiter: Waiter) -> None:
        """Remove a caller from the estimates; its heap entry is dropped when it reaches the top."""
        if not waiter.queued:
            return
        waiter.queued = False
        self._ahead[waiter.priority] -= waiter.size
        if waiter.timer is not None:
            waiter.timer.cancel()

    def _expire(self, waiter: Waiter) -> None:
        if waiter.turn.done():
            return
        self._fail(waiter, waiter.make_error)
        self.pump()

    def _fail(self, waiter: Waiter, why: MakeError) -> None:
        self._remove(waiter)
        waiter.turn.set_result(why())


class Bucket(TurnQueue):
    """A limit with its queue and its ban. The queue belongs to one event loop.

    Args:
        key: The bucket's identity.
        quota: The published limit.
        loop: The event loop; its clock is in seconds.
        entry: The count, which may be shared with other loops.
    """

    __slots__ = ("calls", "capacity", "entry", "key", "name", "quota", "rate_limited")

    kind: ClassVar[Kind]
    rank: ClassVar[int]
    """The order in which a call with several buckets acquires them."""

    def __init__(
        self,
        key: BucketKey,
        quota: Quota | Window | ParallelCap,
        loop: asyncio.AbstractEventLoop,
        entry: Entry,
    ) -> None:
        super().__init__(loop)
        self.key: BucketKey = key
        self.name: str = str(key)
        self.quota: Quota | Window | ParallelCap = quota
        self.capacity: float = 1
        """The room of an idle bucket."""
        self.entry = entry
        self.calls: int = 0
        """All calls counted here."""
        self.rate_limited: int = 0
        """Calls of this bucket that the marketplace rate limited."""
        entry.join(self)

    @property
    def in_flight(self) -> int:
        """Calls counted in the entry that have not ended."""
        return self.entry.in_flight

    @property
    def banned_until(self) -> float:
        """Loop time before which no call is allowed."""
        return self.entry.banned_until

    # What each kind of bucket defines.

    def size(self, cost: int) -> float:
        """The room that a call of this cost needs before it may proceed.

        A call that costs more than the capacity proceeds when the bucket is idle.
        """
        return min(cost, self.capacity)

    @abstractmethod
    def wait_for(self, size: float, now: float) -> float:
        """Seconds until there is room for ``size``; infinite if only a release can make room."""

    @abstractmethod
    async def count(self, cost: int, now: float) -> None:
        """Count a call that proceeds now. Never suspends: there is room for its `size`."""

    def reserve_for(self, call: object, cost: int) -> None:
        """Note that a counted call is not sent yet, since it waits for another bucket."""

    def sent(self, call: object) -> None:
        """Note that a call with a reservation is sent now."""

    def undo(self, call: object) -> None:
        """End a call with a reservation that was never sent; refund its count if possible."""
        self.release()

    @abstractmethod
    def charge(self, extra: int, at: float, now: float) -> None:
        """Correct the count of a call of the time ``at`` by ``extra``, which may be negative."""

    def observe(self, elapsed: float) -> None:
        """Take note of the seconds between counting a call and the first byte of its answer."""

    def apply_headers(self, signal: LimitSignal, at: float, now: float, wall: float) -> None:
        """Correct the count by the headers of a call of the time ``at``; bans are not included."""

    def stale(self, at: float, now: float) -> bool:
        """Whether the count of the time ``at`` is too old for a call that is sent now."""
        return False

    def revoked(self, call: object, now: float) -> bool:
        """Whether a call with a reservation must not be sent now, since it would be rejected."""
        return self.entry.banned_until > now

    def ban(self, until: float, now: float) -> None:
        """Allow no call before the loop time ``until``; never shortens a ban."""
        with self.entry.lock:
            self.entry.banned_until = max(self.entry.banned_until, until)

    @property
    @abstractmethod
    def limit(self) -> float:
        """The current burst, budget or cap."""

    @abstractmethod
    def left(self, now: float) -> float:
        """Calls that could be made at once, regardless of the queue."""

    @property
    def reserve(self) -> float:
        """The allowance for arrival jitter, in seconds."""
        return 0.0

    # The queue.

    def is_unused(self, now: float) -> bool:
        """Whether it may be forgotten: nobody waits, and nothing is counted."""
        if self._heap or self._handed is not None:
            return False
        return self.entry.is_unused(now, strict=self._is_strict)

    @property
    def _is_strict(self) -> bool:
        """Whether the marketplace stated a lower limit that the entry does not know."""
        return False

    def free(self, cost: int, now: float) -> bool:
        """Whether a call may proceed now: with an empty queue, no ban, and enough room."""
        if self._heap or self._handed is not None or self.entry.banned_until > now:
            return False
        return self.wait_for(self.size(cost), now) <= 0

    def estimate(self, cost: int, priority: int, now: float) -> float:
        """Seconds until a new call could proceed, after the callers before it in the queue."""
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
        """Wait for a turn and count the call.

        Args:
            cost: Calls to count.
            priority: The smaller goes first.
            order: Among equal priorities the smaller goes first.
            deadline: Loop time after which to give up; infinite for never.
            make_error: Creates the error for giving up.

        Returns:
            The loop time at which the call was counted.
        """
        while True:
            now = self.loop.time()
            if self.free(cost, now) and await self.take(cost, now):
                return now
            if deadline < self.banned_until:
                raise make_error()
            await self._turn(self.size(cost), priority, order, deadline, make_error)
            self._handed = None
            now = self.loop.time()
            if self._may_go(cost, now) and await self.take(cost, now):
                self.pump()
                return now
            # An answer or another loop has filled the bucket meanwhile: back to the head.

    async def take(self, cost: int, now: float) -> bool:
        """Count a call that is `free` to proceed. Never suspends.

        Returns:
            False if another loop was first.
        """
        with self.entry.lock:
            if self.entry.shared and not self._may_go(cost, now):
                return False
            await self.count(cost, now)
            self.entry.in_flight += 1
        self.calls += 1
        return True

    def release(self) -> None:
        """End a call."""
        with self.entry.lock:
            self.entry.in_flight -= 1

    def wake(self) -> None:
        """Serve the queues of all loops, after capacity was freed."""
        self.pump()
        if self.entry.shared:
            self.entry.wake(self)

    def _wait_of(self, head: Waiter, now: float) -> float:
        return max(self.entry.banned_until - now, self.wait_for(min(head.size, self.capacity), now))

    def _may_go(self, cost: int, now: float) -> bool:
        return self.entry.banned_until <= now and self.wait_for(self.size(cost), now) <= 0
