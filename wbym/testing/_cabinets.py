"""One seller's cabinet: the base of its data, and the context that all parts of it share."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from wbym.testing._pages import ReceivedMessage
from wbym.testing._stats import Stats

OptionsT = TypeVar("OptionsT")
IdT = TypeVar("IdT")


@dataclass(frozen=True, slots=True)
class Effect(Generic[IdT]):
    """A change by the seller."""

    kind: str
    """As in `stats.effects`: `answer`, `decision` and so on."""
    id: IdT
    """Of the record that was changed."""
    text: str
    at: float
    """Unix time."""


class CabinetContext(Generic[OptionsT, IdT]):
    """The options, clock, schedule and effects of one cabinet.

    Attributes:
        options: The options of the simulator.
        now: Unix time of the marketplace.
        effects: Counts of the seller's changes, as in `stats.effects`.
        ignored: Counts of requests that succeeded without an effect.
        written: Texts and decisions of the seller, in order.
    """

    def __init__(self, options: OptionsT, *, stats: Stats, now: Callable[[], float]) -> None:
        self.options = options
        self.now = now
        self.effects: Counter[str] = stats.effects
        self.ignored: Counter[str] = stats.ignored
        self.written: list[Effect[IdT]] = []
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._scheduled = 0

    def write(self, kind: str, identifier: IdT, text: str = "") -> None:
        """Counts and keeps an effect.

        Args:
            kind: As in `stats.effects`.
            identifier: Of the record that was changed.
            text: The seller's text.
        """
        self.effects[kind] += 1
        self.written.append(Effect(kind, identifier, text, self.now()))

    def at(self, moment: float, action: Callable[[], None]) -> None:
        """Schedules an action for a Unix time.

        Args:
            moment: Unix time.
            action: Called once.
        """
        self._scheduled += 1
        heapq.heappush(self._due, (moment, self._scheduled, action))

    def after(self, delay: float, action: Callable[[], None]) -> None:
        """Schedules an action in `delay` seconds; without a delay, runs it at once.

        Args:
            delay: Seconds.
            action: Called once.
        """
        if delay > 0:
            self.at(self.now() + delay, action)
        else:
            action()

    def tick(self) -> None:
        """Runs the actions that are due, in the order of their times."""
        now = self.now()
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()


class SimulatedCabinet(Generic[OptionsT, IdT]):
    """The base of a marketplace's cabinet: one seller's data.

    Attributes:
        context: Shared by all parts of the cabinet.
        options: The options of the simulator.
    """

    def __init__(self, context: CabinetContext[OptionsT, IdT]) -> None:
        self.context = context
        self.options = context.options

    def now(self) -> float:
        """Unix time of the marketplace."""
        return self.context.now()

    def tick(self) -> None:
        """Runs the actions that are due."""
        self.context.tick()

    @property
    def written(self) -> list[Effect[IdT]]:
        """Texts and decisions of the seller that had an effect, in order."""
        return self.context.written

    def records(self) -> Mapping[str, int]:
        """Counts of records by kind."""
        raise NotImplementedError

    def received(self) -> Sequence[ReceivedMessage]:
        """The seller's messages that buyers received, in order."""
        raise NotImplementedError
