"""The seller's labels (tags): words with a color that cards are found by in the cabinet."""

from __future__ import annotations

from dataclasses import dataclass

from wbym_wildberries.simulator.desk import Desk
from wbym_wildberries.simulator.shelf import Json
from wbym_wildberries.simulator.state_cards import Cards

COLORS = frozenset({"D1CFD7", "FEE0E0", "ECDAFF", "E4EAFF", "DEF1DD", "FFECC7"})
MOST = 15
"""Labels of a seller, and labels of a card."""
LONGEST = 15
_FIRST_ID = 592_569


@dataclass(slots=True)
class Label:
    """One label."""

    id: int
    name: str
    color: str


class Labels:
    """The labels of one cabinet."""

    def __init__(self, cards: Cards, desk: Desk) -> None:
        self._cards = cards
        self._desk = desk
        self._next_id = _FIRST_ID + 2
        self.all = {
            _FIRST_ID: Label(_FIRST_ID, "Популярный", "D1CFD7"),
            _FIRST_ID + 1: Label(_FIRST_ID + 1, "Распродажа", "FEE0E0"),
        }
        self._cards_with: dict[int, set[int]] = {}

    def is_taken(self, name: str) -> bool:
        """Whether a label has this name."""
        return any(label.name == name for label in self.all.values())

    def create(self, name: str, color: str) -> Label:
        """Makes a label."""
        label = self.all[self._next_id] = Label(self._next_id, name, color)
        self._next_id += 1
        self._desk.effects["label"] += 1
        return label

    def update(self, label: Label, name: str, color: str) -> None:
        """Changes a label, on its cards too."""
        label.name, label.color = name, color
        for number in sorted(self._cards_with.get(label.id, ())):
            self._write(number, self._cards.traits(number).tags)
        self._desk.effects["label"] += 1

    def delete(self, label: Label) -> None:
        """Takes a label away, from its cards too."""
        del self.all[label.id]
        for number in sorted(self._cards_with.pop(label.id, ())):
            self._write(number, self._cards.traits(number).tags - {label.id})
        self._desk.effects["label"] += 1

    def link(self, number: int, identifiers: list[int]) -> None:
        """Gives a card exactly these labels."""
        for cards in self._cards_with.values():
            cards.discard(number)
        for identifier in identifiers:
            self._cards_with.setdefault(identifier, set()).add(number)
        self._write(number, frozenset(identifiers))
        self._desk.effects["label_link"] += 1

    def _write(self, number: int, identifiers: frozenset[int]) -> None:
        if number not in self._cards.live:
            return
        tags: list[Json] = [
            {"id": label.id, "name": label.name, "color": label.color}
            for label in self.all.values()
            if label.id in identifiers
        ]
        self._cards.save(number, {**self._cards.load(number), "tags": tags})
