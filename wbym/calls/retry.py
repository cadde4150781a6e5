"""Whether a failed call is made again, and when: a small, pure decision."""

from enum import Enum

import msgspec

__all__ = ["Fate", "RetryPolicy"]


class Fate(Enum):
    """What is known of a call that brought no result."""

    NOT_SENT = "it surely did not reach the marketplace"
    REFUSED = "the marketplace said that it did nothing, because of a limit"
    UNKNOWN = "it may have taken effect: the answer is lost, unreadable, or a failure of theirs"
    FINAL = "the marketplace has answered, and asking again would bring the same"


class RetryPolicy(msgspec.Struct, frozen=True):
    """How often and how soon."""

    attempts: int = 4
    """Calls in all, the first one included, at least 1."""
    refusals: int = 8
    """Calls in all where the marketplace refuses for its limits; the waiting is the scheduler's."""
    base: float = 0.5
    """Seconds before the second attempt; doubled for each one after."""
    longest: float = 30.0
    """Seconds, at most, between two attempts."""

    def delay(
        self, fate: Fate, attempt: int, *, idempotent: bool, draw: float = 1.0
    ) -> float | None:
        """Seconds until the next attempt, or None for no more.

        Args:
            fate: What is known of the call.
            attempt: How many calls were made, from 1.
            idempotent: Whether the endpoint may be called twice.
            draw: From 0 to 1, a random share that keeps many clients from retrying as one.
        """
        if fate is Fate.FINAL or (fate is Fate.UNKNOWN and not idempotent):
            return None
        if fate is Fate.REFUSED:
            return 0.0 if attempt < self.refusals else None
        if attempt >= self.attempts:
            return None
        return min(self.longest, self.base * 2.0 ** (attempt - 1)) * (0.5 + 0.5 * draw)
