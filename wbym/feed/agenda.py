"""When something is to be done about a delivery that is open."""

import asyncio
from typing import Final

__all__ = ["Open", "now"]

_LOOKS: Final = (0.01, 0.1, 1.0)
"""When a delivery is looked for, as shares of ``settle_after``."""
_RETRIES: Final = (2.0, 600.0)
"""Seconds before what was surely not sent is sent again, doubled each time: the first, the most."""


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


class Open:
    """A delivery of which something is to be done. Times are the loop's.

    Args:
        account: The account's name.
    """

    def __init__(self, account: str) -> None:
        self.account: Final = account
        self.since = self.due = now()
        """Since when it is looked for, and when something is to be done next."""
        self.idle = asyncio.Event()
        self.idle.set()
        self._looks = 0
        self._tries = 0

    def lookup(self, settle_after: float) -> None:
        """Begin to look for it."""
        self.since, self._looks = now(), 0
        self.look_later(settle_after)

    def look_later(self, settle_after: float) -> None:
        """Look for it again.

        The last time when it would have to be there, so that what is not there then is nowhere.
        """
        self.due = self.since + settle_after * _LOOKS[min(self._looks, len(_LOOKS) - 1)]
        self._looks += 1

    def is_late(self, settle_after: float) -> bool:
        """Whether it would have to be there."""
        return now() >= self.since + settle_after

    def retry(self, wait: float | None) -> None:
        """Try it again, after so many seconds where they are known."""
        first, most = _RETRIES
        self.due = now() + (min(most, first * 2.0**self._tries) if wait is None else wait)
        self._tries += 1
