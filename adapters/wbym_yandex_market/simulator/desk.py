"""The desk of a business: what its nouns share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count

from wbym.testing import _desk as desk
from wbym_yandex_market.simulator.options import Options
from wbym_yandex_market.simulator.rows import Json
from wbym_yandex_market.simulator.texts import has_contacts

PUBLISHED = "PUBLISHED"
UNMODERATED = "UNMODERATED"
BANNED = "BANNED"
DELETED = "DELETED"


class Desk(desk.Desk[Options, int]):
    """The desk of a business, which also gives identifiers, moderates and notifies."""

    def __init__(
        self,
        *,
        business: int,
        name: str,
        options: Options,
        effects: Counter[str],
        ignored: Counter[str],
        now: Callable[[], float],
    ) -> None:
        super().__init__(options, effects=effects, ignored=ignored, now=now)
        self.business = business
        self.name = name
        self.listeners: list[Callable[[Json], object]] = []
        """Told of what happens, as Market notifies of it."""

    def numbers(self, kind: int) -> Iterator[int]:
        """Identifiers of a kind; no two kinds or businesses share one."""
        return count(self.business * 10_000_000 + kind * 1_000_000 + 1)

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
        self.at(self.now() + wait, lambda: settle(verdict))
        return UNMODERATED
