"""Which buckets there are: found by key, made when first used, each with the ban that it had."""

import asyncio
import logging
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count

from wbym.errors import QuotaExhausted
from wbym.limits.bans import BanStore
from wbym.limits.buckets import ParallelBucket, RateBucket, WindowBucket
from wbym.limits.queueing import Bucket
from wbym.limits.quota import BucketKey, Charge, ParallelCap, Quota, Window
from wbym.observe import LogFacts, current

__all__ = ["Registry"]

_log = logging.getLogger("wbym.limits")


class Registry:
    """The buckets of one scheduler and what they have in common.

    Args:
        bans: Where bans are kept.
        min_jitter: The least seconds of arrival jitter that are allowed for.
        max_jitter: The most.
        wall: The clock for deadlines that are stored, Unix seconds.
    """

    def __init__(
        self, bans: BanStore, min_jitter: float, max_jitter: float, wall: Callable[[], float]
    ) -> None:
        self.wall = wall
        self.loop: asyncio.AbstractEventLoop | None = None
        self.closed = False
        self.arrivals = count()
        self._bans = bans
        self._min_jitter = min_jitter
        self._max_jitter = max_jitter
        self._buckets: dict[BucketKey, Bucket] = {}
        self._opening: dict[BucketKey, asyncio.Lock] = {}

    def __iter__(self) -> Iterator[Bucket]:
        """Every bucket, in the order of the keys."""
        return iter([self._buckets[key] for key in sorted(self._buckets)])

    def enter(self) -> asyncio.AbstractEventLoop:
        """The running loop; raises RuntimeError if it is another one, or this is closed."""
        loop = asyncio.get_running_loop()
        if loop is not self.loop:
            if self.loop is not None:
                raise RuntimeError("this scheduler belongs to another event loop")
            self.loop = loop
        if self.closed:
            raise _closed()
        return loop

    async def bucket(self, charge: Charge, loop: asyncio.AbstractEventLoop) -> Bucket:
        """The bucket of a charge; raises ValueError if its key has another kind of limit."""
        bucket = self._buckets.get(charge.key)
        if bucket is None:
            bucket = await self._open(charge, loop)
        if type(bucket.quota) is not type(charge.quota):
            raise ValueError(f"{charge.key} is both {bucket.quota} and {charge.quota}")
        return bucket

    async def _open(self, charge: Charge, loop: asyncio.AbstractEventLoop) -> Bucket:
        key = charge.key
        lock = self._opening.setdefault(key, asyncio.Lock())
        async with lock:
            bucket = self._buckets.get(key)
            if bucket is not None:
                return bucket
            bucket = _make(charge, loop, self._min_jitter, self._max_jitter)
            try:
                until = await self._bans.load(str(key))
            except Exception:  # noqa: BLE001 - a store may raise anything; no call may fail for it
                _log.exception("the ban of %s could not be loaded", key, extra=_facts(key))
                until = None
            if until is not None:
                now = loop.time()
                bucket.ban(now + until - self.wall(), now)
            if self.closed:
                raise _closed()
            self._buckets[key] = bucket
            self._opening.pop(key, None)
            return bucket

    def tell_ban(self, bucket: Bucket, seconds: float) -> None:
        """Say that a bucket is banned for so long from now on."""
        key = bucket.key
        _log.info("%s is banned for %.1f s", key, seconds, extra=_facts(key))
        until = datetime.fromtimestamp(self.wall() + seconds, UTC)
        current().banned(marketplace=key.marketplace, bucket=str(key), until=until)

    async def keep_ban(self, bucket: Bucket) -> None:
        """Store the end of a bucket's ban; a store that fails is logged, not raised."""
        until = self.wall() + bucket.banned_until - bucket.loop.time()
        try:
            await self._bans.save(str(bucket.key), until)
        except Exception:  # noqa: BLE001 - as above
            _log.exception(
                "the ban of %s until %.0f could not be saved",
                bucket.key,
                until,
                extra=_facts(bucket.key),
            )

    def exhausted(self, bucket: Bucket, wait: float, max_wait: float) -> QuotaExhausted:
        """The error for a wait of so many seconds (infinite: nobody can tell)."""
        wait = 0.0 if wait == math.inf else wait
        return QuotaExhausted(
            str(bucket.key),
            retry_at=datetime.fromtimestamp(self.wall() + wait, UTC),
            wait=wait,
            max_wait=max_wait,
        )

    def close(self) -> None:
        """Refuse everybody who waits and whoever comes."""
        self.closed = True
        for bucket in self._buckets.values():
            bucket.refuse_waiting(_closed)


def _make(
    charge: Charge, loop: asyncio.AbstractEventLoop, min_jitter: float, max_jitter: float
) -> Bucket:
    match charge.quota:
        case Quota():
            return RateBucket(charge.key, charge.quota, loop, min_jitter, max_jitter)
        case Window():
            return WindowBucket(charge.key, charge.quota, loop, max_jitter)
        case ParallelCap():
            return ParallelBucket(charge.key, charge.quota, loop)


def _closed(bucket: Bucket | None = None) -> RuntimeError:
    return RuntimeError("the scheduler is closed")


def _facts(key: BucketKey) -> LogFacts:
    return LogFacts(marketplace=key.marketplace, bucket=str(key))
