"""The context that all parts of a business's cabinet share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from wbym.testing import CabinetContext, JsonObject, Stats
from wbym_yandex_market.simulator.options import Options
from wbym_yandex_market.simulator.texts import has_contacts

PUBLISHED = "PUBLISHED"
UNMODERATED = "UNMODERATED"
BANNED = "BANNED"
DELETED = "DELETED"


class Context(CabinetContext[Options, int]):
    """The context of a business, which also numbers, moderates and notifies."""

    def __init__(
        self,
        options: Options,
        *,
        business: int,
        name: str,
        stats: Stats,
        now: Callable[[], float],
    ) -> None:
        super().__init__(options, stats=stats, now=now)
        self.business = business
        self.name = name
        self.start = int(now())
        """Unix time before which all data is generated."""
        self.seed = f"{business} {options.seed}"
        self.listeners: list[Callable[[JsonObject], object]] = []
        """Called with each notification."""

    def numbers(self, kind: int) -> Iterator[int]:
        """Ids of a kind, unique over all kinds and businesses."""
        return count(self.business * 10_000_000 + kind * 1_000_000 + 1)

    def notify(self, kind: str, **fields: object) -> None:
        """Calls the listeners.

        Args:
            kind: `notificationType`.
            fields: The other fields of the notification.
        """
        for listener in self.listeners:
            listener({"notificationType": kind, **fields})

    def moderate(self, text: str, publish: Callable[[str], None]) -> str:
        """Moderates a text: the status now; `publish` is called with a later final one."""
        verdict = BANNED if has_contacts(text) else PUBLISHED
        wait = self.options.moderation
        if wait <= 0:
            return verdict
        self.at(self.now() + wait, lambda: publish(verdict))
        return UNMODERATED
