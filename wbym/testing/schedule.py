"""What happens at a marketplace later: a moderation ends, a task is done, an edit is too late."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Schedule:
    """Actions by time; they run when a request comes, in the order of their times."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Plans an action for a Unix time."""
        self._count += 1
        heapq.heappush(self._heap, (moment, self._count, action))

    def run(self, now: float) -> None:
        """Runs every action whose time has come."""
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2]()
