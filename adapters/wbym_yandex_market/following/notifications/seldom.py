"""Saying the same thing once in a while, in bounded memory."""

from collections.abc import Hashable
from typing import Final

__all__ = ["Seldom"]


class Seldom:
    """Tells whether something is to be said again.

    Args:
        period: Seconds in which the same is said once at most.
        most: How many different things are said in a period at most.
    """

    def __init__(self, period: float, most: int) -> None:
        self._period: Final = period
        self._most: Final = most
        self._said: dict[Hashable, float] = {}

    def due(self, what: Hashable, now: float) -> bool:
        """Whether to say it now; if so, it counts as said.

        Args:
            what: Tells it from other things.
            now: Seconds of a clock that never goes back.
        """
        # The oldest come first, for nothing is said again before it is forgotten.
        while self._said and now - next(iter(self._said.values())) >= self._period:
            del self._said[next(iter(self._said))]
        if what in self._said or len(self._said) >= self._most:
            return False
        self._said[what] = now
        return True
