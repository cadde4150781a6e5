"""What a process has counted in its buckets, shared by the schedulers of all its event loops.

An `Entry` is the truth about one bucket: a few numbers under a lock, with times of the monotonic
clock, which is that of every event loop. Each loop has its own queue in front of the entry
(`Bucket`). A queue that frees capacity wakes those of the other loops.

Entries and queues that count nothing are dropped some time after their last use, so a process that
serves ever new sellers does not grow.
"""

import asyncio
import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, Protocol, TypeVar
from weakref import ReferenceType, ref

from wbym.limits._quota import BucketKey

__all__ = ["KEPT", "Entry", "Ledger", "ParallelEntry", "RateEntry", "WindowEntry", "drop_unused"]

E = TypeVar("E", bound="Entry")
T = TypeVar("T")

KEPT = 600.0
"""Seconds for which an unused count is kept, with the jitter that was measured."""
_STRICT_KEPT = 86400.0
"""The same if the marketplace stated a lower limit than the published one: forgetting it may cost
one rate limited call."""
_CHECKS = 4
"""Items checked per addition: more than one, so that unused ones go faster than new ones come."""


class _Queue(Protocol):
    loop: asyncio.AbstractEventLoop

    @property
    def is_waited_for(self) -> bool: ...

    def pump(self) -> None: ...


class Entry:
    """The count of one bucket. Change it with the lock held."""

    __slots__ = ("_joined", "_queues", "banned_until", "in_flight", "shared", "used_at")

    lock: ClassVar = threading.RLock()
    """That of all entries: there are many, and a lock is held for microseconds."""

    def __init__(self) -> None:
        self.banned_until = 0.0
        """No call is allowed before this time."""
        self.in_flight = 0
        self.shared = False
        """Whether several loops have used the bucket, one after the other or at once."""
        self.used_at = -math.inf
        """When a call last asked for the bucket."""
        self._joined = False
        self._queues: tuple[ReferenceType[_Queue], ...] = ()

    def join(self, queue: _Queue) -> None:
        """Add the queue of one loop."""
        with self.lock:
            self.shared, self._joined = self._joined, True
            self._queues = (*(one for one in self._queues if one() is not None), ref(queue))

    @property
    def is_joined(self) -> bool:
        """Whether a loop has a queue for it."""
        return any(queue() is not None for queue in self._queues)

    def is_unused(self, now: float, *, strict: bool = False) -> bool:
        """Whether it counts nothing, and has not for long.

        Args:
            now: Seconds of the loop's clock.
            strict: Whether a queue knows a lower limit than the published one.
        """
        kept = _STRICT_KEPT if strict or self._is_strict else KEPT
        return now - max(self.used_at, self.banned_until, self._counts_until) > kept

    @property
    def _counts_until(self) -> float:
        return math.inf if self.in_flight else -math.inf

    @property
    def _is_strict(self) -> bool:
        return False

    def wake(self, waker: _Queue) -> None:
        """Let the queues of the other loops check whether a call may proceed."""
        with self.lock:
            queues = [queue for one in self._queues if (queue := one()) is not None]
            others = [queue for queue in queues if queue is not waker and queue.is_waited_for]
        for queue in others:
            with suppress(RuntimeError):  # its loop is closed
                queue.loop.call_soon_threadsafe(queue.pump)


class RateEntry(Entry):
    """A token bucket as one number."""

    __slots__ = ("empty_at",)

    def __init__(self) -> None:
        super().__init__()
        self.empty_at = -math.inf
        """When all calls counted so far will have leaked."""

    @property
    def _counts_until(self) -> float:
        return max(super()._counts_until, self.empty_at)


class WindowEntry(Entry):
    """A budget per period."""

    __slots__ = ("_published", "ends", "limit", "reserved", "started", "unsent", "used")

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = self._published = limit
        self.used = 0
        self.started = -math.inf
        self.ends = math.inf
        self.reserved: dict[object, int] = {}
        """The cost of each call that is counted and not sent yet."""
        self.unsent = 0
        """The total cost of the reservations."""

    @property
    def _counts_until(self) -> float:
        return max(super()._counts_until, self.ends if self.used else -math.inf)

    @property
    def _is_strict(self) -> bool:
        return self.limit < self._published


class ParallelEntry(Entry):
    """A cap on calls in flight."""

    __slots__ = ("_published", "limit")

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = self._published = limit

    @property
    def _is_strict(self) -> bool:
        return self.limit < self._published


def drop_unused(
    items: OrderedDict[BucketKey, T], is_unused: Callable[[BucketKey, T], bool]
) -> None:
    """Drop the unused ones of the next few items. Call it for each item that is added."""
    for _ in range(min(_CHECKS, len(items))):
        key = next(iter(items))
        items.move_to_end(key)
        if is_unused(key, items[key]):
            del items[key]


class Ledger:
    """The entries of all buckets, by key. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[BucketKey, Entry] = OrderedDict()

    def entry(self, key: BucketKey, kind: type[E], make: Callable[[], E], now: float) -> E:
        """The entry of a bucket, created on first use; unused ones that no loop has are dropped.

        Raises:
            ValueError: The bucket has another kind of limit.
        """
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                drop_unused(self._entries, lambda _, old: not old.is_joined and old.is_unused(now))
                self._entries[key] = entry = make()
            if not isinstance(entry, kind):
                raise ValueError(f"{key} is both a {type(entry).__name__} and a {kind.__name__}")
            entry.used_at = max(entry.used_at, now)
            return entry

    def clear(self) -> None:
        """Forget all counts and bans."""
        with self._lock:
            self._entries.clear()
