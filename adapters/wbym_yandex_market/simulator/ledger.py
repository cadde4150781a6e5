"""What was done in a cabinet: counted by kind, every text kept, and told to who listens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from wbym.testing.schedule import Schedule
from wbym_yandex_market.simulator.options import Options
from wbym_yandex_market.simulator.rows import Json
from wbym_yandex_market.simulator.texts import has_contacts

PUBLISHED = "PUBLISHED"
UNMODERATED = "UNMODERATED"
BANNED = "BANNED"
DELETED = "DELETED"


@dataclass(frozen=True, slots=True)
class Written:
    """Something that the seller did, and it had its effect."""

    kind: str
    """As in `stats.effects`: `comment`, `comment_edit`, `answer`, `decision` and so on."""
    id: int
    """The feedback, comment, answer, chat or return."""
    text: str
    at: float
    """Unix time."""


class Desk:
    """What the nouns of one cabinet share: clock, schedule, effects, new identifiers."""

    def __init__(
        self,
        *,
        business: int,
        name: str,
        options: Options,
        effects: Counter[str],
        now: Callable[[], float],
    ) -> None:
        self.business = business
        self.name = name
        self.options = options
        self.effects = effects
        self.schedule = Schedule()
        self.written: list[Written] = []
        self.listeners: list[Callable[[Json], object]] = []
        """Told of what happens, as Market notifies of it."""
        self._now = now

    def now(self) -> float:
        """Unix time of the marketplace."""
        return self._now()

    def numbers(self, kind: int) -> Iterator[int]:
        """Identifiers of a kind; no two kinds or businesses share one."""
        return count(self.business * 10_000_000 + kind * 1_000_000 + 1)

    def write(self, kind: str, identifier: int, text: str = "") -> None:
        """Notes something done by the seller."""
        self.effects[kind] += 1
        self.written.append(Written(kind, identifier, text, self.now()))

    def tell(self, kind: str, **fields: object) -> None:
        """Tells the listeners what happened.

        Args:
            kind: `notificationType`.
            fields: The other fields of the notification.
        """
        for listener in self.listeners:
            listener({"notificationType": kind, **fields})

    def moderate(self, text: str, settle: Callable[[str], None]) -> str:
        """Moderates a text: the status now; `settle` gets the later one."""
        verdict = BANNED if has_contacts(text) else PUBLISHED
        wait = self.options.moderation
        if wait <= 0:
            return verdict
        self.schedule.at(self.now() + wait, lambda: settle(verdict))
        return UNMODERATED
