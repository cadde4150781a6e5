"""What a limit says and what an answer costs: pure data and arithmetic, no clock and no loop."""

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
    """Who goes first when several wait for one bucket; equals go first come, first served."""

    INTERACTIVE = 0
    """A person waits for it, or a buyer: replies."""
    NORMAL = 1
    BULK = 2
    """Background reading that may take hours."""


class Quota(msgspec.Struct, frozen=True):
    """A token bucket, in the terms in which Wildberries publishes its limits.

    A full bucket lets ``burst`` calls go at once; one call's room comes back every ``interval``.
    So in any window of ``t`` seconds at most ``burst + t / interval`` calls go, and not ``limit``
    of them as the column "limit per period" might be read: 3 a second with a burst of 6 lets 9 go
    in the first second.
    """

    limit: float
    """Calls a period."""
    period: float
    """Seconds."""
    burst: int
    """Calls at once from a full bucket, at least 1."""

    def __post_init__(self) -> None:
        if not (self.limit > 0 and self.period > 0 and self.burst >= 1):
            raise ValueError(f"a quota needs a positive limit and period and a burst >= 1: {self}")

    @property
    def interval(self) -> float:
        """Seconds in which one call's room comes back."""
        return self.period / self.limit

    def min_duration(self, calls: int) -> float:
        """The least seconds between the first and the last of so many calls, bucket full."""
        return max(0.0, (calls - self.burst) * self.interval)


class Window(msgspec.Struct, frozen=True):
    """A budget a period, all of which may be spent at once, in the terms of Yandex Market.

    The period's end is the marketplace's to say (``LimitSignal.resets_at``); until it has, the
    period is taken to begin with the first call. Worst count in any window of ``period`` seconds:
    twice the limit, around a reset.
    """

    limit: int
    """Calls a period."""
    period: float
    """Seconds."""

    def __post_init__(self) -> None:
        if self.limit < 1 or self.period <= 0:
            raise ValueError(f"a window needs a limit >= 1 and a positive period: {self}")


class ParallelCap(msgspec.Struct, frozen=True):
    """How many calls may be under way at once."""

    limit: int

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"a parallel cap needs a limit >= 1: {self}")


class BucketKey(msgspec.Struct, frozen=True, order=True):
    """Whose calls share a bucket. Two clients of one seller have equal keys, so they share."""

    marketplace: str
    owner: str
    """The seller (WB: the token's ``sid``), or the business or campaign; where the servers are not
    the marketplace's own, also which servers."""
    tier: str
    """What the limit depends on besides the owner: the token's type, the subscription."""
    bucket: str
    """The group of methods that share it, such as ``"feedbacks-and-questions"``."""

    def __str__(self) -> str:
        return f"{self.marketplace}/{self.owner}/{self.tier}/{self.bucket}"


class Charge(msgspec.Struct, frozen=True):
    """One bucket that a call is counted in. A call may have several."""

    key: BucketKey
    quota: Quota | Window | ParallelCap


class Cost(msgspec.Struct, frozen=True):
    """How many calls an answer counts as: by its exact status, else by its class, else one.

    ``Cost(by_class={4: 10})`` says that every 4XX counts as ten calls.
    """

    by_class: dict[int, int] = {}
    by_status: dict[int, int] = {}

    def of(self, status: int | None) -> int:
        """The cost of an answer with this status; one where no answer came."""
        if status is None:
            return 1
        return self.by_status.get(status, self.by_class.get(status // 100, 1))


class LimitSignal(msgspec.Struct, frozen=True, gc=False):
    """What an answer's headers say of the limit, in neutral terms."""

    remaining: int | None = None
    """Calls left at once, as the marketplace counts."""
    limit: int | None = None
    """The burst or the budget that the marketplace states."""
    retry_after: float | None = None
    """Seconds for which calls will be refused: a ban."""
    resets_at: float | None = None
    """When a window's budget is whole again, Unix seconds."""
