"""Calls that a shared store counts.

Callers of this process queue as always; only the head of a queue asks the store. There is one queue
for each set of buckets that calls are counted in together.
"""

import asyncio
import math
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import Final, Self, TypeVar

import anyio
import msgspec

from wbym.errors import AccountNotOpen, LimitsUnavailable, QuotaExhausted
from wbym.limits._lease import (
    DEADLINE_GRACE,
    BucketState,
    Lease,
    closed,
    exhausted,
    log,
    publish_ban,
)
from wbym.limits._ledger import KEPT, drop_unused
from wbym.limits._queueing import Kind, MakeError, TurnQueue, Waiter
from wbym.limits._quota import (
    BucketKey,
    Charge,
    LimitSignal,
    ParallelCap,
    Priority,
    Quota,
    Window,
)
from wbym.limits._quota_store import (
    BucketSignal,
    Granted,
    QuotaStore,
    Reply,
    Reservation,
    RetryIn,
    new_grant_id,
    owner_of,
)
from wbym.observe import LogFacts

__all__ = ["SharedLimits"]

T = TypeVar("T")

_PATIENCE: Final = 30.0
"""Max seconds that a call waits for a store that is away."""
_MIN_PAUSE: Final = 0.05
_MAX_PAUSE: Final = 1.0
"""Seconds between two attempts to reach the store."""
_KEPT: Final = 600.0
"""Seconds for which an answer is reported again to a store that is away: it forgets the grant."""
_ANSWERED_WITHIN: Final = 0.1
"""Seconds after which a store that has not answered is why a call could not be made."""
_MIN_ANSWER: Final = 0.5
"""Seconds that the store has to answer, however short the call's patience."""
_CONFIRMED: Final = 0.05
"""Seconds; a grant further ahead is confirmed before the call is sent."""
_MAX_RECOUNTS: Final = 4
"""How often a call that comes late is counted again before it is sent regardless."""
_SHARE: Final = 0.05
"""Max seconds by which processes spread their attempts."""
_LOSSES: Final = 8
"""Lost attempts after which a process asks first."""
_RENEW_EVERY: Final = 1.0
"""Seconds between renewals of a parallel slot, which the store keeps for 4 s."""
_CLOSING: Final = 2.0
"""Max seconds that closing waits for answers to be reported."""
_MAX_BAN: Final = 30 * 86400.0
"""Seconds; a longer ban in a header is really milliseconds or a date."""


class _Turns(TurnQueue):
    """The callers of this process that wait for the same buckets; its head asks the store."""

    __slots__ = ("_ask_at", "asking_since", "blocked_by")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._ask_at = [-math.inf] * len(Priority)
        self.blocked_by: BucketKey | None = None
        """The bucket that had no room for the head."""
        self.asking_since: float | None = None
        """Loop time since which the head waits for the store's answer."""

    @property
    def idle(self) -> bool:
        """Whether nobody has the turn or waits for it."""
        return self._handed is None and self._head() is None

    def ahead(self, priority: int) -> float:
        """Calls that wait before a new one of this priority."""
        return sum(self._ahead[: priority + 1])

    async def begin(
        self, size: float, priority: int, order: int, deadline: float, make_error: MakeError
    ) -> None:
        """Wait for the turn; end it with `end`."""
        await self._turn(size, priority, order, deadline, make_error)

    def end(self) -> None:
        """Pass the turn on."""
        self._handed = None
        self.pump()

    def ask_at(self, priority: int, when: float, key: BucketKey) -> None:
        """Let callers of this priority ask at this loop time, since the bucket has no room."""
        self._ask_at[priority] = when
        self.blocked_by = key

    def ask_now(self) -> None:
        """Let the head ask now, since there may be room."""
        self._ask_at = [-math.inf] * len(Priority)
        self.blocked_by = None
        self.pump()

    def _wait_of(self, head: Waiter, now: float) -> float:
        return self._ask_at[head.priority] - now


class _Bucket:
    """What this process knows of a bucket."""

    __slots__ = (
        "banned_until",
        "calls",
        "in_flight",
        "left",
        "left_at",
        "limit",
        "quota",
        "rate_limited",
        "told",
        "used_at",
    )

    def __init__(self, quota: Quota | Window | ParallelCap) -> None:
        self.quota = quota
        self.limit: float = quota.burst if isinstance(quota, Quota) else quota.limit
        self.left: float = self.limit
        """Calls left when the store was last asked."""
        self.left_at = -math.inf
        """Loop time of that."""
        self.calls = self.in_flight = self.rate_limited = 0
        self.banned_until: float = -math.inf
        self.told = False
        """Whether it was logged that another service declares a stricter limit."""
        self.used_at = -math.inf
        """Loop time at which a call last asked for it, or ended."""

    @property
    def kind(self) -> Kind:
        """The kind of its limit."""
        match self.quota:
            case Quota():
                return "rate"
            case Window():
                return "window"
            case ParallelCap():
                return "parallel"

    def left_now(self, now: float) -> float:
        """Calls that could be made at once, as far as this process knows."""
        left = self.left
        if isinstance(self.quota, Quota):
            left += (now - self.left_at) / self.quota.interval
        return max(0.0, min(left, self.limit))


class SharedLimits:
    """Counts calls in a store. Bound to the event loop that first uses it.

    Args:
        store: Counts for all processes; it is not closed.
        min_jitter: See `Scheduler`.
        max_jitter: See `Scheduler`.
        wall: See `Scheduler`.
    """

    def __init__(
        self,
        store: QuotaStore,
        *,
        min_jitter: float,
        max_jitter: float,
        wall: Callable[[], float],
    ) -> None:
        self.store: Final = store
        self.wall: Final = wall
        self._min_jitter = min_jitter
        self._max_jitter = max_jitter
        self._arrivals = count()
        self._turns: dict[tuple[BucketKey, ...], _Turns] = {}
        self._buckets: OrderedDict[BucketKey, _Bucket] = OrderedDict()
        self._reserved_ahead: set[BucketKey] = set()
        """Buckets in which a call of this process is counted for a later moment."""
        self._away_since: float | None = None
        """Loop time since which the store cannot be reached."""
        self._away: LimitsUnavailable | None = None
        self._ask_again_at = -math.inf
        """Loop time from which a call without patience asks a store that was away."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def lease(
        self,
        enter: Callable[[], asyncio.AbstractEventLoop],
        charges: Sequence[Charge],
        priority: Priority,
        max_wait: float | None,
        cost: int,
    ) -> "SharedLease":
        """See `Scheduler.lease`; ``enter`` checks that the scheduler may be used."""
        return SharedLease(self, enter, charges, priority, max_wait, cost)

    def buckets(self, now: float) -> list[BucketState]:
        """The state of every used bucket, ordered by key; long unused ones are dropped."""
        return [self._state(key, now) for key in sorted(self._buckets)]

    async def aclose(self) -> None:
        """Fail all waiting callers, and report the answers that are not reported yet."""
        self._closed = True
        for turns in list(self._turns.values()):
            turns.fail_waiting(closed)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_CLOSING)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    # Acquiring.

    async def acquire(self, lease: "SharedLease", start: float) -> tuple[str, float]:
        """Wait until the store has counted a call and it may be sent.

        Returns:
            The grant, and the loop time for which it is counted.
        """
        loop = asyncio.get_running_loop()
        self._require_one_kind(lease.charges)
        keys = lease.keys
        turns = self._turns.get(keys)
        if turns is None:
            turns = self._turns[keys] = _Turns(loop)
        self._require_time(lease, turns)
        deadline = math.inf
        if lease.max_wait is not None:
            deadline = start + lease.max_wait + DEADLINE_GRACE
        order = next(self._arrivals)

        def give_up() -> Exception:
            if (away := self._unanswered(turns)) is not None:
                return away
            wait = max(0.0, turns._ask_at[lease.priority] - loop.time())  # noqa: SLF001 - its owner
            return self._exhausted(turns.blocked_by or keys[0], wait, lease)

        losses = recounts = 0
        try:
            while True:
                await turns.begin(lease.cost, lease.priority, order, deadline, give_up)
                try:
                    granted = await self._ask(lease, turns, start, losses)
                    if granted is not None:
                        due = await self._wait_until_due(*granted, lease, start, recounts)
                        if due is not None:
                            return granted[0].id, due
                        recounts += 1
                    losses += 1
                finally:
                    turns.end()
        finally:
            if turns.idle and self._turns.get(keys) is turns:
                del self._turns[keys]

    async def _ask(
        self, lease: "SharedLease", turns: _Turns, start: float, losses: int
    ) -> tuple[Granted, float] | None:
        """Ask the store once; the grant with the loop time of asking, or None to ask again."""
        if self._closed:
            raise closed()
        loop = asyncio.get_running_loop()
        key, ban = self._ban_of(lease.keys)
        if ban > 0:  # the store may not know it yet
            if lease.max_wait is not None and loop.time() + ban > start + lease.max_wait:
                raise self._exhausted(key, ban, lease)
            turns.ask_at(lease.priority, loop.time() + ban, key)
            return None
        turns.asking_since = loop.time()
        try:
            asked, reply = await self._reserve(lease, start)
        finally:
            turns.asking_since = None
        now = loop.time()
        if isinstance(reply, Granted):
            for charge, left in zip(lease.charges, reply.left, strict=False):
                bucket = self._buckets[charge.key]
                bucket.left, bucket.left_at = left, now
            for key in reply.stricter:
                self._tell_stricter(key)
            return reply, asked
        bucket = self._buckets[reply.key]
        bucket.left, bucket.left_at = 0.0, now
        if reply.banned:
            bucket.banned_until = now + reply.seconds
        if not isinstance(reply, RetryIn):
            raise self._exhausted(reply.key, reply.seconds, lease)
        share = 0.0
        if lease.priority is not Priority.INTERACTIVE:
            # Whoever lost more often asks earlier, so that all processes are served alike.
            rank = max(0.0, 1 - losses / _LOSSES)
            share = _SHARE * (0.9 * rank + 0.1 * random.random())  # noqa: S311 - no secret
        turns.ask_at(lease.priority, now + reply.seconds + share, reply.key)
        return None

    async def _reserve(self, lease: "SharedLease", start: float) -> tuple[float, Reply]:
        """The store's reply, with the loop time of asking."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        # The same in each attempt: one whose reply was lost is counted once.
        grant = new_grant_id(lease.keys[0])

        async def reserve() -> Reply:
            nonlocal asked
            asked = loop.time()
            left = math.inf if lease.max_wait is None else start + lease.max_wait - asked
            return await self.store.reserve(
                Reservation(
                    id=grant,
                    charges=lease.charges,
                    priority=lease.priority,
                    wait_up_to=max(0.0, left),
                    cost=lease.cost,
                    ahead=lease.priority is Priority.INTERACTIVE
                    and self._reserved_ahead.isdisjoint(lease.keys),
                    min_jitter=self._min_jitter,
                    max_jitter=self._max_jitter,
                )
            )

        try:
            reply = await self._patiently(reserve, start, lease.max_wait)
        except asyncio.CancelledError:
            self._give_back(grant)
            raise
        return asked, reply

    async def _wait_until_due(
        self, granted: Granted, asked: float, lease: "SharedLease", start: float, recounts: int
    ) -> float | None:
        """Wait for the moment granted; the loop time of it, or None if the grant is given back."""
        loop = asyncio.get_running_loop()
        due = loop.time() + granted.after
        may_go = True
        try:
            if granted.after > 0:
                self._reserved_ahead.update(lease.keys)
                try:
                    await asyncio.sleep(granted.after)
                finally:
                    self._reserved_ahead.difference_update(lease.keys)
            if granted.after > _CONFIRMED:
                may_go = await self._patiently(
                    lambda: self.store.renew(granted.id), start, lease.max_wait
                )
            late = loop.time() - asked - granted.after > self._max_jitter
            if (late and recounts < _MAX_RECOUNTS) or self._ban_of(lease.keys)[1] > 0:
                may_go = False
        except BaseException:
            self._give_back(granted.id)
            raise
        if may_go:
            return due
        self._give_back(granted.id)
        return None

    async def _patiently(
        self, ask: Callable[[], Awaitable[T]], start: float, max_wait: float | None
    ) -> T:
        """Ask the store; while it is away, again until the call's patience ends.

        Raises:
            LimitsUnavailable: It was away for too long.
        """
        loop = asyncio.get_running_loop()
        patience = _PATIENCE if max_wait is None else min(max_wait, _PATIENCE)
        pause = _MIN_PAUSE
        while True:
            left = patience if self._away is None else patience - self._away_for(start)
            if self._away is not None and left <= 0 and loop.time() < self._ask_again_at:
                raise _another(self._away)
            began = loop.time()
            try:
                with anyio.move_on_after(max(left, _MIN_ANSWER)) as scope:
                    answer = await ask()
                if scope.cancelled_caught:
                    raise LimitsUnavailable(str(self.store), "no answer in time")
            except LimitsUnavailable as error:
                if self._away_since is None:
                    self._away_since = began
                    log.warning("%s", error)
                self._away = error
                self._ask_again_at = loop.time() + pause
                left = patience - self._away_for(start)
                if left <= 0:
                    raise
                spread = 0.5 + 0.5 * random.random()  # noqa: S311 - no secret
                await asyncio.sleep(min(left, pause * spread))
                pause = min(_MAX_PAUSE, 2 * pause)
            else:
                if self._away is not None:
                    log.info("the shared limits at %s are counted again", self._away.store)
                    self._away = self._away_since = None
                return answer

    def _unanswered(self, turns: _Turns) -> LimitsUnavailable | None:
        """The error of a caller whose time ended while the store did not answer, if so."""
        if self._away is not None:
            return _another(self._away)
        since = turns.asking_since
        if since is None or asyncio.get_running_loop().time() - since < _ANSWERED_WITHIN:
            return None
        return LimitsUnavailable(str(self.store), "no answer yet")

    def _away_for(self, start: float) -> float:
        """Seconds that a call which began at ``start`` has waited for a store that is away."""
        since = start if self._away_since is None else max(start, self._away_since)
        return asyncio.get_running_loop().time() - since

    def _require_one_kind(self, charges: Sequence[Charge]) -> None:
        owner = owner_of(charges[0].key)
        now = asyncio.get_running_loop().time()
        for charge in charges:
            bucket = self._buckets.get(charge.key)
            if bucket is None:
                drop_unused(self._buckets, lambda key, old: self._is_unused(key, old, now))
                bucket = self._buckets[charge.key] = _Bucket(charge.quota)
            bucket.used_at = now
            if type(bucket.quota) is not type(charge.quota):
                raise ValueError(f"{charge.key} is both {bucket.quota} and {charge.quota}")
            if owner_of(charge.key) != owner:
                raise ValueError(f"{charge.key} is not of {owner}: one call, one owner")

    def _is_unused(self, key: BucketKey, bucket: _Bucket, now: float) -> bool:
        """Whether no call has used a bucket for long; the store remembers what counts."""
        return (
            now - max(bucket.used_at, bucket.banned_until) > KEPT
            and not bucket.in_flight
            and not any(key in keys for keys in self._turns)
        )

    def _require_time(self, lease: "SharedLease", turns: _Turns) -> None:
        """Raise QuotaExhausted if the callers ahead take too long for sure."""
        if lease.max_wait is None:
            return
        ahead = turns.ahead(lease.priority) + lease.cost
        for charge in lease.charges:
            if isinstance(charge.quota, Quota):
                wait = (ahead - self._buckets[charge.key].limit) * charge.quota.interval
                if wait > lease.max_wait:
                    raise self._exhausted(charge.key, wait, lease)

    def _ban_of(self, keys: Sequence[BucketKey]) -> tuple[BucketKey, float]:
        """The bucket whose ban, as this process knows it, ends last; the seconds until then."""
        key = max(keys, key=lambda one: self._buckets[one].banned_until)
        return key, self._buckets[key].banned_until - asyncio.get_running_loop().time()

    def _exhausted(self, key: BucketKey, wait: float, lease: "SharedLease") -> QuotaExhausted:
        return exhausted(str(key), wait, lease.max_wait or 0.0, self.wall())

    # After a call.

    def begin(self, lease: "SharedLease") -> None:
        """Note that a call is sent."""
        for key in lease.keys:
            bucket = self._buckets[key]
            bucket.calls += 1
            bucket.in_flight += 1

    def end(self, lease: "SharedLease") -> None:
        """Note that a call has ended."""
        now = asyncio.get_running_loop().time()
        for key in lease.keys:
            bucket = self._buckets[key]
            bucket.in_flight -= 1
            bucket.used_at = now

    def report(
        self,
        lease: "SharedLease",
        grant: str,
        cost: int,
        signals: Sequence[BucketSignal],
        elapsed: float | None,
    ) -> None:
        """Settle a grant in the background, and let waiting callers ask if it freed a slot."""
        loop = asyncio.get_running_loop()
        answered = loop.time()

        async def settle() -> None:
            await self._persistently(
                lambda: self.store.settle(
                    grant, cost, _aged(signals, loop.time() - answered), elapsed
                )
            )
            for turns in list(self._turns.values()):
                if turns.blocked_by in lease.keys and lease.holds_slot:
                    turns.ask_now()

        for signal in signals:
            if signal.limit is not None:
                self._buckets[signal.key].limit = signal.limit
        self._run(settle())

    def renew(self, grant: str) -> None:
        """Keep the slot of a call in flight, in the background. A failure harms no call."""

        async def renew() -> None:
            try:
                await self.store.renew(grant)
            except (LimitsUnavailable, AccountNotOpen) as error:
                log.debug("a parallel slot could not be renewed: %s", error)

        self._run(renew())

    def ban(self, key: BucketKey, seconds: float) -> None:
        """Begin a ban: tell the store, and fail callers that cannot wait for its end."""
        bucket = self._buckets[key]
        bucket.rate_limited += 1
        seconds = min(seconds, _MAX_BAN)
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if until > bucket.banned_until:
            bucket.banned_until = until
            publish_ban(key, seconds, self.wall)
            for keys, turns in list(self._turns.items()):
                if key in keys:
                    turns.fail_waiting(before=until)

        async def tell() -> None:
            left = until - loop.time()
            if left > 0:
                await self.store.ban(key, left)

        self._run(self._persistently(tell))

    def _give_back(self, grant: str) -> None:
        self._run(self._persistently(lambda: self.store.cancel(grant)))

    async def _persistently(self, tell: Callable[[], Awaitable[None]]) -> None:
        """Tell the store something, again while it is away; an error is logged and not raised."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _KEPT
        pause = _MIN_PAUSE
        while True:
            try:
                return await tell()
            except AccountNotOpen as error:  # the store was closed
                log.debug("a call was not reported to the shared limits: %s", error)
                return None
            except LimitsUnavailable as error:
                if loop.time() > end:
                    log.warning("a call was not reported to the shared limits: %s", error)
                    return None
                await asyncio.sleep(pause)
                pause = min(_MAX_PAUSE, 2 * pause)

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the shared limits failed", exc_info=error)

    def _tell_stricter(self, key: BucketKey) -> None:
        bucket = self._buckets[key]
        if not bucket.told:
            bucket.told = True
            log.warning(
                "%s: another service declares a stricter limit, which counts for all",
                key,
                extra=LogFacts(marketplace=key.marketplace, bucket=str(key)),
            )

    def _state(self, key: BucketKey, now: float) -> BucketState:
        bucket = self._buckets[key]
        left = bucket.left_now(now)
        ban = bucket.banned_until - now
        free: float | None = max(ban, 0.0)
        if left < 1 and ban <= 0:
            free = (1 - left) * bucket.quota.interval if isinstance(bucket.quota, Quota) else None
        return BucketState(
            key=key,
            kind=bucket.kind,
            quota=bucket.quota,
            calls=bucket.calls,
            limit=bucket.limit,
            used=bucket.limit - left,
            left=left,
            waiting=sum(turns.waiting for keys, turns in self._turns.items() if key in keys),
            in_flight=bucket.in_flight,
            next_free=free,
            banned_until=datetime.fromtimestamp(self.wall() + ban, UTC) if ban > 0 else None,
            rate_limited=bucket.rate_limited,
            reserve=0.0,
        )


def _aged(signals: Sequence[BucketSignal], late: float) -> Sequence[BucketSignal]:
    """What headers stated, if it is told this many seconds late."""
    return [
        one
        if one.resets_in is None
        else msgspec.structs.replace(one, resets_in=max(0.0, one.resets_in - late))
        for one in signals
    ]


def _another(error: LimitsUnavailable) -> LimitsUnavailable:
    """Every caller has its own error, or tracebacks would grow."""
    return LimitsUnavailable(error.store, error.reason)


class SharedLease(Lease):
    """A call that a store counts."""

    __slots__ = (
        "_due",
        "_elapsed",
        "_enter",
        "_entered",
        "_grant",
        "_is_reported",
        "_limits",
        "_renewal",
        "_signals",
        "charges",
        "cost",
        "holds_slot",
        "keys",
        "max_wait",
        "priority",
    )

    def __init__(
        self,
        limits: SharedLimits,
        enter: Callable[[], asyncio.AbstractEventLoop],
        charges: Sequence[Charge],
        priority: Priority,
        max_wait: float | None,
        cost: int,
    ) -> None:
        self._limits = limits
        self._enter = enter
        self.charges = charges
        self.keys = tuple(charge.key for charge in charges)
        self.holds_slot = any(isinstance(charge.quota, ParallelCap) for charge in charges)
        self.priority = priority
        self.max_wait = max_wait
        self.cost = cost
        self.waited = 0.0
        self._grant = ""
        self._due = self._entered = 0.0
        self._renewal: asyncio.TimerHandle | None = None
        self._signals: Sequence[BucketSignal] = ()
        self._elapsed: float | None = None
        self._is_reported = False

    async def __aenter__(self) -> Self:
        loop = self._enter()
        start = loop.time()
        self._grant, self._due = await self._limits.acquire(self, start)
        self._entered = loop.time()
        self.waited = self._entered - start
        self._limits.begin(self)
        if self.holds_slot:
            self._renewal = loop.call_later(_RENEW_EVERY, self._renew)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
        self._limits.end(self)
        self._report()

    def settle(
        self, cost: int = 1, signal: LimitSignal | None = None, elapsed: float | None = None
    ) -> None:
        """See `Lease.settle`.

        The answer is reported when the lease ends, which frees its slot; but headers at once if it
        has no slot.
        """
        if elapsed is not None:
            self._elapsed = elapsed + self._entered - self._due
        signals: list[BucketSignal] = []
        if signal is not None:
            key = self._described(cap=False)
            resets_in = None
            if signal.resets_at is not None:
                resets_in = signal.resets_at - self._limits.wall()
            signals.append(BucketSignal(key, signal.remaining, signal.limit, resets_in))
            if signal.parallel is not None:
                key = self._described(cap=True)
                signals.append(BucketSignal(key, parallel=signal.parallel))
            if signal.retry_after is not None:
                self._limits.ban(key, signal.retry_after)
        self.cost, self._signals = cost, signals
        if signal is not None and signal.retry_after is None and not self.holds_slot:
            self._report()

    def _report(self) -> None:
        if not self._is_reported:
            self._is_reported = True
            self._limits.report(self, self._grant, self.cost, self._signals, self._elapsed)

    def _described(self, *, cap: bool) -> BucketKey:
        """The bucket that the headers describe: a parallel cap, or the first of another kind."""
        for charge in self.charges:
            if isinstance(charge.quota, ParallelCap) is cap:
                return charge.key
        return self.keys[0]

    def _renew(self) -> None:
        self._limits.renew(self._grant)
        self._renewal = asyncio.get_running_loop().call_later(_RENEW_EVERY, self._renew)
