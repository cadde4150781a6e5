"""The seller's warehouses of one cabinet, their contacts and stocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec
from msgspec import structs

from wbym.testing import JsonObject
from wbym_wildberries.simulator import card_ids
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.dates import DAY
from wbym_wildberries.simulator.state_cards import Cards

BY_COURIER = 3
"""Delivery type of the warehouses that have contacts."""
_FIRST_WAREHOUSE = 100_201


class Office(msgspec.Struct, rename="camel"):
    """An office of Wildberries that a warehouse can be linked to, as responses have it."""

    id: int
    name: str
    city: str
    address: str
    federal_district: str | None
    latitude: float
    longitude: float
    cargo_type: int = 1
    delivery_type: int = 1
    selected: bool = False
    """Whether one of the seller's warehouses is linked to it."""


OFFICES = (
    Office(15, "Коледино", "Москва", "ул. Троицкая, Подольск", "Центральный", 55.386871, 37.588898),
    Office(16, "Электросталь", "Электросталь", "пр-д Рассветный, 3", "Центральный", 55.78, 38.44),
    Office(17, "Казань", "Казань", "ул. Технополис, 2", "Приволжский", 55.86, 49.16),
    Office(18, "Краснодар", "Краснодар", "ул. Тихорецкая, 40", "Южный", 45.08, 39.02),
    Office(19, "Новосибирск", "Новосибирск", "ул. Петухова, 71", "Сибирский", 54.93, 82.89),
    Office(20, "Астана", "Астана", "ш. Алаш, 10", None, 51.19, 71.52),
    Office(
        21, "Шушары КГТ+", "Санкт-Петербург", "ш. Московское, 177", "Северо-Западный", 59.8, 30.4, 3
    ),
    Office(22, "Курьеры Химки", "Химки", "ул. Рабочая, 2", "Центральный", 55.89, 37.44, 1, 3),
)
_BY_ID = {office.id: office for office in OFFICES}


@dataclass(slots=True)
class Warehouse:
    """One warehouse of the seller."""

    id: int
    name: str
    office: int
    moved: float = 0.0
    """When it was linked to another office, Unix time."""
    busy: bool = False
    """It is being updated."""
    leaving: bool = False
    """It is being deleted."""
    contacts: list[JsonObject] = field(default_factory=list)

    @property
    def delivery(self) -> int:
        """Delivery type of its office."""
        return _BY_ID[self.office].delivery_type


class Warehouses:
    """The warehouses of one cabinet."""

    def __init__(self, cards: Cards, context: Context) -> None:
        """Two warehouses; the first has stocks."""
        self._cards = cards
        self._delay = context.options.warehouse_delay
        self._context = context
        self._next_id = _FIRST_WAREHOUSE + 2
        self.blocked: Literal["", "banned", "processing"] = ""
        """The reason why stocks cannot be updated now."""
        self.all = {
            _FIRST_WAREHOUSE: Warehouse(_FIRST_WAREHOUSE, "Склад в Подольске", 15),
            _FIRST_WAREHOUSE + 1: Warehouse(_FIRST_WAREHOUSE + 1, "Курьерский склад", 22),
        }
        self._amounts: dict[tuple[int, int], int | None] = {}

    def find(self, identifier: int) -> Warehouse | None:
        """A warehouse."""
        return self.all.get(identifier)

    def offices(self) -> list[Office]:
        """Every office."""
        linked = {warehouse.office for warehouse in self.all.values()}
        return [structs.replace(office, selected=office.id in linked) for office in OFFICES]

    def rows(self) -> list[JsonObject]:
        """Every warehouse."""
        return [
            {
                "id": warehouse.id,
                "name": warehouse.name,
                "officeId": warehouse.office,
                "cargoType": _BY_ID[warehouse.office].cargo_type,
                "deliveryType": warehouse.delivery,
                "isDeleting": warehouse.leaving,
                "isProcessing": warehouse.busy,
            }
            for warehouse in self.all.values()
        ]

    def can_link(self, office: int, warehouse: Warehouse | None) -> Literal["", "unknown", "taken"]:
        """The reason why a warehouse cannot be linked to an office; "" if it can."""
        if office not in _BY_ID:
            return "unknown"
        others = (other for other in self.all.values() if other is not warehouse)
        if any(other.office == office for other in others):
            return "taken"
        moved = warehouse is not None and warehouse.office != office
        if moved and warehouse is not None and self._context.now() - warehouse.moved < DAY:
            return "taken"  # an office may be changed once a day
        return ""

    def create(self, name: str, office: int) -> int:
        """Creates a warehouse; returns its id."""
        new = self.all[self._next_id] = Warehouse(self._next_id, name, office)
        self._next_id += 1
        self._context.effects["warehouse"] += 1
        self._work(new)
        return new.id

    def update(self, warehouse: Warehouse, name: str, office: int) -> None:
        """Changes a warehouse."""
        if warehouse.office != office:
            warehouse.office, warehouse.moved = office, self._context.now()
        warehouse.name = name
        self._context.effects["warehouse"] += 1
        self._work(warehouse)

    def delete(self, warehouse: Warehouse) -> None:
        """Deletes a warehouse with its stocks."""
        warehouse.leaving = True
        self._context.effects["warehouse_delete"] += 1
        self._context.after(self._delay, lambda: self._gone(warehouse))

    def _gone(self, warehouse: Warehouse) -> None:
        self.all.pop(warehouse.id, None)
        for key in [key for key in self._amounts if key[0] == warehouse.id]:
            del self._amounts[key]

    def _work(self, warehouse: Warehouse) -> None:
        def done() -> None:
            warehouse.busy = False

        if self._delay > 0:
            warehouse.busy = True
            self._context.at(self._context.now() + self._delay, done)

    # Stocks.

    def amount(self, warehouse: int, chrt: int) -> int | None:
        """Pieces of a size in a warehouse; None if it has no stock there."""
        key = (warehouse, chrt)
        if key in self._amounts:
            return self._amounts[key]
        number, _ = card_ids.size_of(chrt)
        if warehouse != _FIRST_WAREHOUSE or number >= self._cards.generated:
            return None
        return chrt * 31 % 200 if self._cards.find_size(chrt) is not None else None

    def is_known(self, chrt: int) -> bool:
        """Whether a listed card has this size."""
        return self._cards.find_size(chrt) is not None

    def put(self, warehouse: int, chrt: int, amount: int) -> None:
        """Sets the pieces of a size."""
        self._amounts[warehouse, chrt] = amount
        self._context.effects["stock"] += 1

    def drop(self, warehouse: int, chrt: int) -> None:
        """Deletes the stock of a size, if any."""
        if self.amount(warehouse, chrt) is not None:
            self._amounts[warehouse, chrt] = None
            self._context.effects["stock_delete"] += 1
