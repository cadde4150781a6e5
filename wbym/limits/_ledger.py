"""What a process has counted in its buckets, shared by the schedulers of all its event loops.

An `Entry` is the truth about one bucket: a few numbers under a lock, with times of the monotonic
clock, which is that of every event loop. Each loop has its own queue in front of the entry
(`Bucket`). A queue that frees capacity wakes those of the other loops.
"""

import asyncio
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar
from weakref import WeakSet

from wbym.limits._quota import BucketKey

__all__ = ["Entry", "Ledger", "ParallelEntry", "RateEntry", "WindowEntry"]

E = TypeVar("E", bound="Entry")


class _Queue(Protocol):
    loop: asyncio.AbstractEventLoop

    @property
    def is_waited_for(self) -> bool: ...

    def pump(self) -> None: ...


class Entry:
    """The count of one bucket. Change it with the lock held."""

    __slots__ = ("_joined", "banned_until", "in_flight", "lock", "queues", "shared")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.banned_until = 0.0
        """No call is allowed before this time."""
        self.in_flight = 0
        self.shared = False
        """Whether several loops have used the bucket, one after the other or at once."""
        self._joined = False
        self.queues: WeakSet[_Queue] = WeakSet()

    def join(self, queue: _Queue) -> None:
        """Add the queue of one loop."""
        with self.lock:
            self.shared, self._joined = self._joined, True
            self.queues.add(queue)

    def wake(self, waker: _Queue) -> None:
        """Let the queues of the other loops check whether a call may proceed."""
        with self.lock:
            others = [queue for queue in self.queues if queue is not waker and queue.is_waited_for]
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


class WindowEntry(Entry):
    """A budget per period."""

    __slots__ = ("ends", "limit", "reserved", "started", "unsent", "used")

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.used = 0
        self.started = -math.inf
        self.ends = math.inf
        self.reserved: dict[object, int] = {}
        """The cost of each call that is counted and not sent yet."""
        self.unsent = 0
        """The total cost of the reservations."""


class ParallelEntry(Entry):
    """A cap on calls in flight."""

    __slots__ = ("limit",)

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit


class Ledger:
    """The entries of all buckets, by key. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[BucketKey, Entry] = {}

    def entry(self, key: BucketKey, kind: type[E], make: Callable[[], E]) -> E:
        """The entry of a bucket, created on first use.

        Raises:
            ValueError: The bucket has another kind of limit.
        """
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                self._entries[key] = entry = make()
            if not isinstance(entry, kind):
                raise ValueError(f"{key} is both a {type(entry).__name__} and a {kind.__name__}")
            return entry

    def clear(self) -> None:
        """Forget all counts and bans."""
        with self._lock:
            self._entries.clear()
