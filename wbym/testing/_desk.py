"""What the parts of one simulated cabinet share: options, clock, schedule, and what was done."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Given = TypeVar("Given")
Id = TypeVar("Id", int, str)


@dataclass(frozen=True, slots=True)
class Written(Generic[Id]):
    """Something that the seller did, and it had its effect."""

    kind: str
    """As in `stats.effects`: `answer`, `decision` and so on."""
    id: Id
    """What it was done to."""
    text: str
    at: float
    """Unix time."""


class Desk(Generic[Given, Id]):
    """The options, the clock, the schedule and the effects of one cabinet.

    Attributes:
        options: How the cabinet behaves.
        now: Unix time of the marketplace.
        effects: Counts what was done, as `stats.effects`.
        ignored: Counts what was answered with success and had no effect.
        written: Everything that the seller wrote and decided, in order.
    """

    def __init__(
        self,
        options: Given,
        *,
        effects: Counter[str],
        ignored: Counter[str],
        now: Callable[[], float],
    ) -> None:
        self.options = options
        self.now = now
        self.effects = effects
        self.ignored = ignored
        self.written: list[Written[Id]] = []
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = 0

    def write(self, kind: str, identifier: Id, text: str = "") -> None:
        """Notes something that the seller did."""
        self.effects[kind] += 1
        self.written.append(Written(kind, identifier, text, self.now()))

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Plans an action for a Unix time."""
        self._planned += 1
        heapq.heappush(self._due, (moment, self._planned, action))

    def after(self, delay: float, action: Callable[[], None]) -> None:
        """Acts when so many seconds have passed: at once when there are none."""
        if delay > 0:
            self.at(self.now() + delay, action)
        else:
            action()

    def tick(self) -> None:
        """Lets happen what was due by now, in the order of its times."""
        now = self.now()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()
