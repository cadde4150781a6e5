"""Logs the same message once per period, in bounded memory."""

from collections.abc import Hashable
from typing import Final

__all__ = ["LogThrottle"]


class LogThrottle:
    """Decides whether a message is logged again.

    Args:
        period: Seconds in which the same message is logged once.
        max_entries: Max different messages per period.
    """

    def __init__(self, period: float, max_entries: int) -> None:
        self._period: Final = period
        self._max_entries: Final = max_entries
        self._logged: dict[Hashable, float] = {}

    def is_due(self, what: Hashable, now: float) -> bool:
        """Whether to log it now; if so, it counts as logged.

        Args:
            what: Identifies the message.
            now: Seconds of a clock that never goes back.
        """
        # The oldest come first, since a message is not logged again before it is forgotten.
        while self._logged and now - next(iter(self._logged.values())) >= self._period:
            del self._logged[next(iter(self._logged))]
        if what in self._logged or len(self._logged) >= self._max_entries:
            return False
        self._logged[what] = now
        return True
