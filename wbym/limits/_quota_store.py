"""The protocol of a store that counts quotas for all processes and machines of a seller.

A scheduler with a store asks it for each call: `QuotaStore.reserve` counts the call in all of its
buckets at once, or says when to ask again; `QuotaStore.settle` corrects the count by the answer.
Only durations are exchanged, since clocks of machines differ: the store measures by its own clock,
and a process sleeps by its monotonic clock from the moment a reply arrives.
"""

from collections.abc import Sequence
from secrets import token_hex
from typing import Protocol, TypeAlias

import msgspec

from wbym.limits._quota import BucketKey, Charge, Priority

__all__ = [
    "BucketSignal",
    "Granted",
    "QuotaStore",
    "Refused",
    "Reply",
    "Reservation",
    "RetryIn",
    "new_grant_id",
    "owner_of",
    "owner_of_grant",
]


class Reservation(msgspec.Struct, frozen=True, gc=False):
    """A call that asks to be counted."""

    id: str
    """The grant's identity, chosen by the caller, so that a step whose reply was lost can be
    repeated or cancelled. See `new_grant_id`."""
    charges: Sequence[Charge]
    """The buckets, all of one owner."""
    priority: Priority
    wait_up_to: float
    """Max seconds that the call can wait; infinite for no maximum."""
    cost: int = 1
    """Calls that it counts as, as far as known beforehand."""
    ahead: bool = False
    """Whether a rate may be counted now for a later moment."""
    min_jitter: float = 0.08
    """The minimum allowance for arrival jitter, in seconds."""
    max_jitter: float = 0.4
    """The maximum allowance for arrival jitter, in seconds."""


class Granted(msgspec.Struct, frozen=True, gc=False):
    """The call is counted in all buckets, and may be sent ``after`` these seconds."""

    id: str
    """For the other verbs."""
    after: float
    """Seconds; 0 unless the reservation was ``ahead``."""
    left: tuple[float, ...] = ()
    """Calls that could still be made at once, by charge."""
    stricter: tuple[BucketKey, ...] = ()
    """Buckets for which another service has declared a stricter limit, which was counted."""


class RetryIn(msgspec.Struct, frozen=True, gc=False):
    """Nothing is counted; ask again later."""

    seconds: float
    """Seconds until there may be room."""
    key: BucketKey
    """The bucket that has no room."""
    banned: bool = False
    """Whether the bucket is banned until then."""


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Nothing is counted; the wait is longer than ``wait_up_to``."""

    seconds: float
    """Seconds until there may be room."""
    key: BucketKey
    """The bucket that has no room."""
    banned: bool = False
    """Whether the bucket is banned until then."""


Reply: TypeAlias = Granted | RetryIn | Refused


class BucketSignal(msgspec.Struct, frozen=True, gc=False):
    """The limit of one bucket as stated in an answer's headers, without a ban."""

    key: BucketKey
    remaining: int | None = None
    """Calls still allowed, by the marketplace's count."""
    limit: int | None = None
    """The burst or the budget that the marketplace states."""
    resets_in: float | None = None
    """Seconds until a window's budget is restored."""
    parallel: int | None = None
    """The cap on calls in flight."""


class QuotaStore(Protocol):
    """Counts calls for all processes that use it; each verb is one atomic step.

    Every method raises ``LimitsUnavailable`` if the store cannot be reached, and ``ConfigError`` if
    it can never work: rejected credentials, missing rights, a version that is too old.
    """

    async def reserve(self, reservation: Reservation) -> Reply:
        """Count a call in all of its buckets, or in none.

        A call of normal or bulk priority is counted only if it may be sent now. An interactive one
        may be counted for a later moment (``ahead``), unless that would hold a parallel slot. A
        waiting call holds back calls of less urgent priorities.

        A step is repeated with the same id if its reply was lost. It first gives back what was
        counted under that id, as `cancel` does, so that one call is counted.
        """

    async def settle(
        self,
        grant: str,
        cost: int,
        signals: Sequence[BucketSignal] = (),
        elapsed: float | None = None,
    ) -> None:
        """End a call: correct its count and free its parallel slot. A repetition does nothing.

        Args:
            grant: The grant's id.
            cost: Calls that the answer counts as.
            signals: The limits that the headers state.
            elapsed: Seconds from the moment granted to the first byte of the answer.
        """

    async def renew(self, grant: str) -> bool:
        """Keep the grant's parallel slot for another 4 seconds.

        Returns:
            Whether a call that was not sent yet may still be sent: False after a ban, the end of
            its window or the loss of its slot.
        """

    async def cancel(self, grant: str) -> None:
        """Give back a grant that was not sent: slots and windows, a rate only if it was the last.

        An unknown grant is ignored.
        """

    async def ban(self, key: BucketKey, seconds: float) -> None:
        """Let no call of the bucket be granted for this long. Never shortens a ban.

        Args:
            key: The bucket.
            seconds: From now on.
        """

    async def aclose(self) -> None:
        """Close the connections."""


def owner_of(key: BucketKey) -> str:
    """The seller whose buckets are counted together."""
    return f"{key.marketplace}/{key.owner}"


def new_grant_id(key: BucketKey) -> str:
    """A unique id for a grant of the key's owner."""
    return f"{token_hex(8)}@{owner_of(key)}"


def owner_of_grant(grant: str) -> str:
    """The owner in a grant's id."""
    return grant.partition("@")[2]
