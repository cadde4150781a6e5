"""Quotas, costs and priorities: pure data and arithmetic, without a clock or event loop."""

from enum import IntEnum

import msgspec

__all__ = [
    "BucketKey",
    "Charge",
    "Cost",
    "LimitSignal",
    "ParallelCap",
    "Priority",
    "Quota",
    "Window",
]


class Priority(IntEnum):
    """The order of calls that wait for a bucket; equal priorities are first come, first served."""

    INTERACTIVE = 0
    """Replies and other calls that a person or a buyer waits for."""
    NORMAL = 1
    BULK = 2
    """Background reading that may take hours."""


class Quota(msgspec.Struct, frozen=True):
    """A token bucket, in the terms in which Wildberries publishes its limits.

    A full bucket allows ``burst`` calls at once; every ``interval``, room for one call is restored.
    So any window of ``t`` seconds allows at most ``burst + t / interval`` calls, which may exceed
    ``limit`` per period: 3 per second with a burst of 6 allows 9 in the first second.
    """

    limit: float
    """Calls per period."""
    period: float
    """Seconds."""
    burst: int
    """Calls that a full bucket allows at once, at least 1."""

    def __post_init__(self) -> None:
        if not (self.limit > 0 and self.period > 0 and self.burst >= 1):
            raise ValueError(f"a quota needs a positive limit and period and a burst >= 1: {self}")

    @property
    def interval(self) -> float:
        """Seconds until room for one call is restored."""
        return self.period / self.limit

    def min_duration(self, calls: int) -> float:
        """The minimum seconds between the first and the last of n calls, from a full bucket."""
        return max(0.0, (calls - self.burst) * self.interval)


class Window(msgspec.Struct, frozen=True):
    """A budget per period, all of which may be spent at once, in the terms of Yandex Market.

    The marketplace states the end of the period (``LimitSignal.resets_at``); until then, the period
    is assumed to begin with the first call. The maximum count in any window of ``period`` seconds
    is twice the limit, around a reset.
    """

    limit: int
    """Calls per period."""
    period: float
    """Seconds."""

    def __post_init__(self) -> None:
        if self.limit < 1 or self.period <= 0:
            raise ValueError(f"a window needs a limit >= 1 and a positive period: {self}")


class ParallelCap(msgspec.Struct, frozen=True):
    """The maximum number of calls in flight."""

    limit: int

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"a parallel cap needs a limit >= 1: {self}")


class BucketKey(msgspec.Struct, frozen=True, order=True):
    """The identity of a bucket. Two clients of one seller have equal keys, so they share it."""

    marketplace: str
    owner: str
    """The seller (WB: the token's ``sid``), or the business or campaign; also the server's address,
    if it is not the marketplace's own."""
    tier: str
    """What else the limit depends on: the token type or the subscription."""
    bucket: str
    """The group of methods that share the bucket, such as ``"feedbacks-and-questions"``."""

    def __str__(self) -> str:
        return f"{self.marketplace}/{self.owner}/{self.tier}/{self.bucket}"


class Charge(msgspec.Struct, frozen=True):
    """A bucket that a call is counted in. A call may have several."""

    key: BucketKey
    quota: Quota | Window | ParallelCap


class Cost(msgspec.Struct, frozen=True):
    """How many calls an answer counts as: by its exact status, else by its class, else one.

    ``Cost(by_class={4: 10})`` means that every 4XX counts as ten calls.
    """

    by_class: dict[int, int] = {}
    by_status: dict[int, int] = {}

    def of(self, status: int | None) -> int:
        """The cost of an answer with this status; one if no answer arrived."""
        if status is None:
            return 1
        return self.by_status.get(status, self.by_class.get(status // 100, 1))


class LimitSignal(msgspec.Struct, frozen=True, gc=False):
    """The limit as stated in an answer's headers, in neutral terms."""

    remaining: int | None = None
    """Calls still allowed, by the marketplace's count."""
    limit: int | None = None
    """The burst or the budget that the marketplace states."""
    retry_after: float | None = None
    """Seconds for which the marketplace rejects calls: a ban."""
    resets_at: float | None = None
    """When a window's budget is restored, Unix seconds."""
    parallel: int | None = None
    """The cap on calls in flight that the call exceeded; ``retry_after`` is then the cap's."""
