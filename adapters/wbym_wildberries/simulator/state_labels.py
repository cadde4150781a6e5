"""The seller's labels (tags) of cards: names with a color."""

from __future__ import annotations

import msgspec

from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.state_cards import Cards

COLORS = frozenset({"D1CFD7", "FEE0E0", "ECDAFF", "E4EAFF", "DEF1DD", "FFECC7"})
MAX_LABELS = 15
"""Max number of labels of a seller, and of a card."""
MAX_NAME_LENGTH = 15
_FIRST_ID = 592_569


class Label(msgspec.Struct):
    """One label, as responses have it."""

    id: int
    name: str
    color: str


class Labels:
    """The labels of one cabinet."""

    def __init__(self, cards: Cards, context: Context) -> None:
        self._cards = cards
        self._context = context
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
        """Creates a label."""
        label = self.all[self._next_id] = Label(self._next_id, name, color)
        self._next_id += 1
        self._context.effects["label"] += 1
        return label

    def update(self, label: Label, name: str, color: str) -> None:
        """Changes a label, on its cards too."""
        label.name, label.color = name, color
        for number in sorted(self._cards_with.get(label.id, ())):
            self._write(number, self._cards.traits(number).tags)
        self._context.effects["label"] += 1

    def delete(self, label: Label) -> None:
        """Deletes a label, from its cards too."""
        del self.all[label.id]
        for number in sorted(self._cards_with.pop(label.id, ())):
            self._write(number, self._cards.traits(number).tags - {label.id})
        self._context.effects["label"] += 1

    def link(self, number: int, identifiers: list[int]) -> None:
        """Gives a card exactly these labels."""
        for cards in self._cards_with.values():
            cards.discard(number)
        for identifier in identifiers:
            self._cards_with.setdefault(identifier, set()).add(number)
        self._write(number, frozenset(identifiers))
        self._context.effects["label_link"] += 1

    def _write(self, number: int, identifiers: frozenset[int]) -> None:
        if number not in self._cards.live:
            return
        tags = [label for label in self.all.values() if label.id in identifiers]
        self._cards.save(number, {**self._cards.load(number), "tags": tags})
