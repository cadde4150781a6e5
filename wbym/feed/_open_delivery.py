"""When something is to be done about an open delivery."""

import asyncio
from typing import Final

__all__ = ["OpenDelivery", "now"]

_LOOKUPS: Final = (0.01, 0.1, 1.0)
"""When a delivery is looked up, as shares of ``settle_after``."""
_RETRIES: Final = (2.0, 600.0)
"""Min and max seconds before a delivery that was not sent is sent again, doubled each time."""


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


class OpenDelivery:
    """A delivery that is not over yet. Times are the loop's.

    Args:
        account: The account's name.
    """

    def __init__(self, account: str) -> None:
        self.account: Final = account
        self.due: float = now()
        """When something is to be done next."""
        self.since: float = self.due
        """Since when it is looked up."""
        self.idle: asyncio.Event = asyncio.Event()
        self.idle.set()
        self.is_invalid: bool = False
        """Whether the last attempt was refused before a request: another would be, too."""
        self._lookups = 0
        self._tries = 0

    def lookup(self, settle_after: float) -> None:
        """Begin to look it up."""
        self.since, self._lookups, self.is_invalid = now(), 0, False
        self.look_up_later(settle_after)

    def look_up_later(self, settle_after: float) -> None:
        """Look it up again, the last time after ``settle_after``: it must be there by then."""
        self.due = self.since + settle_after * _LOOKUPS[min(self._lookups, len(_LOOKUPS) - 1)]
        self._lookups += 1

    def is_late(self, settle_after: float) -> bool:
        """Whether it would have to be there by now."""
        return now() >= self.since + settle_after

    def retry(self, wait: float | None) -> None:
        """Send it again, after ``wait`` seconds where that is known."""
        first, most = _RETRIES
        self.due = now() + (min(most, first * 2.0**self._tries) if wait is None else wait)
        self._tries += 1
