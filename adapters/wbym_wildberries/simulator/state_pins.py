"""Pinned feedbacks of one cabinet."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

from wbym_wildberries.simulator import card_ids
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.record_store import RecordStore

Method = Literal["tariff", "subscription"]
Place = Literal["nm", "imt"]
TOTAL = 15
"""Max pins of one method."""
PER_UNIT = 2
"""Max pins on one card, or group of cards."""


@dataclass(slots=True)
class Pin:
    """One pinning operation."""

    id: int
    feedback_id: str
    method: Method
    place: Place
    nm_id: int
    imt_id: int
    changed_at: float
    cause: str | None = None
    """Reason of an automatic unpinning; None while it is pinned."""

    @property
    def state(self) -> str:
        """`pinned` or `unpinned`."""
        return "pinned" if self.cause is None else "unpinned"


class Pins:
    """The pins of one cabinet."""

    def __init__(self, store: RecordStore, context: Context) -> None:
        self._store = store
        self._context = context
        self._next_id = 1_857_762
        self.pins: dict[int, Pin] = {}
        rng = random.Random(f"pins {context.options.seed}")
        processed = store.lists[True]
        for _ in range(min(3, len(processed))):
            number = rng.choice(processed)
            pin = self._add(number, "subscription", "imt", context.now() - 86_400)
            if rng.random() < 0.4:
                pin.cause = "sysTariffUnpinned"

    def used(self, method: Method) -> int:
        """Number of feedbacks that are pinned by a method."""
        return sum(p.cause is None and p.method == method for p in self.pins.values())

    def pin(self, feedback_id: str, method: Method, place: Place) -> Pin | tuple[str, str, str]:
        """Pins a feedback; returns status, title and detail of an error if that fails."""
        number = self._store.find(feedback_id)
        if number is None:
            return (
                "feedbackNotFound",
                "feedback not found",
                "feedback not found or does not belong to seller",
            )
        nm_id = self._store.nm_id(number)
        pinned = [p for p in self.pins.values() if p.cause is None]
        if any(p.feedback_id == feedback_id and p.place == place for p in pinned):
            return ("alreadyPinned", "already pinned", "feedback is already pinned")
        if self.used(method) >= TOTAL:
            return ("globalLimitReached", "global limit reached", "total limit is reached")
        unit = [p for p in pinned if p.method == method and p.place == place]
        imt_id = _imt(nm_id)
        taken = sum((p.nm_id == nm_id) if place == "nm" else (p.imt_id == imt_id) for p in unit)
        if taken >= PER_UNIT:
            return ("unitLimitReached", "unit limit reached", "limit of the card is reached")
        pin = self._add(number, method, place, self._context.now())
        self._context.effects["pin"] += 1
        return pin

    def unpin(self, ids: list[int]) -> list[int]:
        """Unpins feedbacks; returns the ids that were pinned; unknown ones are ignored."""
        gone = [
            pin_id
            for pin_id in dict.fromkeys(ids)
            if pin_id in self.pins and self.pins[pin_id].cause is None
        ]
        for pin_id in gone:
            del self.pins[pin_id]
        self._context.effects["unpin"] += len(gone)
        return gone

    def _add(self, number: int, method: Method, place: Place, moment: float) -> Pin:
        nm_id = self._store.nm_id(number)
        feedback_id = self._store.ids.of(number).decode()
        pin = Pin(self._next_id, feedback_id, method, place, nm_id, _imt(nm_id), moment)
        self.pins[pin.id] = pin
        self._next_id += 1
        return pin


def _imt(nm_id: int) -> int:
    return card_ids.imt_id(card_ids.number_of(nm_id))
