"""Schedule of an open delivery: its lookups and retries."""

import asyncio
from typing import Final

from wbym.domain import Delivery, DeliveryState

__all__ = ["OpenDelivery", "now"]

_LOOKUPS: Final = (0.01, 0.1, 1.0)
"""When a delivery is looked up, as fractions of ``confirmation_timeout``."""
_RETRIES: Final = (2.0, 600.0)
"""Min and max seconds before a delivery that was not sent is retried, doubled each time."""


def now() -> float:
    """The time by the loop's clock."""
    return asyncio.get_running_loop().time()


class OpenDelivery:
    """A delivery that is not final. Times are by the loop's clock.

    Args:
        account: The account's name.
    """

    def __init__(self, account: str) -> None:
        self.account: Final = account
        self.due: float = now()
        """When to work on it next."""
        self.lookups_since: float = self.due
        """When the lookups began."""
        self.idle: asyncio.Event = asyncio.Event()
        self.idle.set()
        self.is_invalid: bool = False
        """Whether the last attempt failed before a request was made; another would fail too."""
        self.unsaved: tuple[DeliveryState, Delivery, float] | None = None
        """The saved state, the delivery in its new state, which could not be saved, and when to
        work on it after that."""
        self._lookups = 0
        self._tries = 0

    def start_lookups(self, timeout: float) -> None:
        """Look it up now and then, for ``timeout`` seconds."""
        self.lookups_since, self._lookups, self.is_invalid = now(), 0, False
        self.schedule_lookup(timeout)

    def schedule_lookup(self, timeout: float) -> None:
        """Schedule the next lookup; the last one is ``timeout`` seconds after the first call."""
        self.due = self.lookups_since + timeout * _LOOKUPS[min(self._lookups, len(_LOOKUPS) - 1)]
        self._lookups += 1

    def is_timed_out(self, timeout: float) -> bool:
        """Whether the lookups have lasted ``timeout`` seconds."""
        return now() >= self.lookups_since + timeout

    def retry(self, wait: float | None) -> None:
        """Schedule another attempt, after ``wait`` seconds or with backoff if it is None."""
        shortest, longest = _RETRIES
        self.due = now() + (min(longest, shortest * 2.0**self._tries) if wait is None else wait)
        self._tries += 1
