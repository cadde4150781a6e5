"""Prices and discounts of the cards of one cabinet, and the tasks that change them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

import msgspec

from wbym.testing import JsonObject
from wbym_wildberries.simulator import card_ids
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.dates import utc_time
from wbym_wildberries.simulator.state_cards import Cards, Size

PROCESSING = 1
DONE = 3
CANCELED = 4
PARTLY = 5
FAILED = 6
"""Statuses of a task; 2 does not exist."""

GOOD = 2
WRONG = 3
"""Statuses of an item of a processed task."""

NO_ITEM = "Invalid item No."
NO_SIZE = "Invalid size"
NOT_BY_SIZE = "Size prices are not available for this item"
ON_SALE = "You can't change the item price. Item was added to the Sale due to high inventory"
QUARANTINED = (
    "The new price is several times lower than the current price. "
    "Item has been moved to Price Quarantine"
)
_BY_SIZE = frozenset({105, 219})
"""Subjects whose sizes may have prices of their own."""
_FIRST_TASK = 395_643_565


class Terms(NamedTuple):
    """Price and discounts of an item."""

    price: int
    discount: int
    club: int

    @property
    def discounted(self) -> float:
        """The price after the seller's discount."""
        return self.price * (100 - self.discount) / 100


class Level(msgspec.Struct, rename="camel"):
    """One wholesale discount, as requests and responses have it."""

    level: int
    min_quantity: int
    wholesale_discount: int | float


@dataclass(frozen=True, slots=True)
class Change:
    """New prices and discounts of one item or size; None for unchanged ones."""

    nm: int
    price: int | None = None
    discount: int | None = None
    club: int | None = None
    size: int | None = None


@dataclass(slots=True)
class Task:
    """One list of changes."""

    id: int
    changes: tuple[Change, ...]
    created: int
    """Unix time."""
    status: int = PROCESSING
    started: int = 0
    errors: dict[int, str] = field(default_factory=dict)
    """By the index of the change."""


class Prices:
    """The prices of one cabinet."""

    def __init__(self, cards: Cards, context: Context) -> None:
        """Every generated card has a price."""
        self._cards = cards
        self._delay = context.options.price_delay
        self._context = context
        self._terms: dict[int, Terms] = {}
        self._sizes: dict[int, int] = {}
        self._levels: dict[int, dict[int, Level]] = {}
        self._quarantine: dict[int, Terms] = {}
        self._next_task = _FIRST_TASK
        self.tasks: dict[int, Task] = {}
        self.on_sale: set[int] = set()
        """Items whose prices cannot be changed now: their tasks fail."""

    # Prices.

    def terms(self, number: int) -> Terms:
        """Price and discounts of an item; 0 for a new card."""
        changed = self._terms.get(number)
        if changed is not None:
            return changed
        if number >= self._cards.generated:
            return Terms(0, 0, 0)
        return Terms(300 + number * 7919 % 9500, number * 31 % 60, 5 if number % 7 == 0 else 0)

    def by_size(self, number: int) -> bool:
        """Whether the sizes of an item may have prices of their own."""
        return self._cards.traits(number).subject in _BY_SIZE

    def set_size(self, number: int, chrt: int, price: int) -> None:
        """Sets the price of one size."""
        self._sizes[chrt] = price

    def good(self, number: int) -> JsonObject:
        """An item with its prices."""
        traits = self._cards.traits(number)
        terms = self.terms(number)
        good: JsonObject = {
            "nmID": card_ids.nm_id(number),
            "vendorCode": traits.vendor_code,
            "sizes": [self._size(size, terms) for size in traits.sizes],
            "currencyIsoCode4217": "RUB",
            "discount": terms.discount,
            "clubDiscount": terms.club,
            "editableSizePrice": traits.subject in _BY_SIZE,
        }
        if number % 11 == 5:
            good["isBadTurnover"] = True
        levels = self._levels.get(number)
        if levels:
            good["wholesaleDiscountThreshold"] = msgspec.to_builtins([*levels.values()])
        return good

    def _size(self, size: Size, terms: Terms) -> JsonObject:
        price = self._sizes.get(size.chrt, terms.price)
        discounted = price * (100 - terms.discount) / 100
        return {
            "sizeID": size.chrt,
            "price": price,
            "discountedPrice": discounted,
            "clubDiscountedPrice": round(discounted * (100 - terms.club) / 100, 2),
            "techSizeName": size.name,
        }

    def goods(self, *, limit: int, offset: int) -> list[JsonObject]:
        """A page of all listed items."""
        return [self.good(number) for number in self._cards.catalog[offset : offset + limit]]

    def sizes(self, number: int) -> list[JsonObject]:
        """The sizes of an item with their prices; empty if all sizes always have the same price."""
        if not self.by_size(number):
            return []
        good = self.good(number)
        sizes = good.pop("sizes")
        return [{**good, **size} for size in sizes] if isinstance(sizes, list) else []

    # Tasks.

    def is_new(self, change: Change) -> bool:
        """Whether a change names an item (and size) that exists, and changes something."""
        number = self._cards.find(change.nm)
        if number is None:
            return False
        terms = self.terms(number)
        if change.size is not None:
            has_size = self._cards.find_size(change.size) == number
            return has_size and self._sizes.get(change.size, terms.price) != change.price
        priced = change.price is not None and {change.price} != {
            self._sizes.get(size.chrt, terms.price) for size in self._cards.traits(number).sizes
        }
        return (
            priced
            or change.discount not in (None, terms.discount)
            or change.club not in (None, terms.club)
        )

    def running(self, changes: tuple[Change, ...]) -> Task | None:
        """The same task, if it is in processing already."""
        for task in self.tasks.values():
            if task.status == PROCESSING and task.changes == changes:
                return task
        return None

    def start(self, changes: tuple[Change, ...]) -> Task:
        """Accepts a task, which is processed after the delay."""
        task = self.tasks[self._next_task] = Task(
            self._next_task, changes, int(self._context.now())
        )
        self._next_task += 1
        self._context.after(self._delay, lambda: self._process(task))
        return task

    def cancel(self, task_id: int) -> bool:
        """The seller cancels a task in the cabinet; False if it is too late."""
        task = self.tasks[task_id]
        if task.status != PROCESSING:
            return False
        task.status = CANCELED
        return True

    def _process(self, task: Task) -> None:
        if task.status != PROCESSING:
            return
        task.started = int(self._context.now())
        for place, change in enumerate(task.changes):
            wrong = self._apply(change)
            if wrong is not None:
                task.errors[place] = wrong
            else:
                self._context.effects["price"] += 1
        failed = len(task.errors)
        task.status = DONE if not failed else FAILED if failed == len(task.changes) else PARTLY

    def _apply(self, change: Change) -> str | None:
        number = self._cards.find(change.nm)
        if number is None:
            return NO_ITEM
        if change.nm in self.on_sale:
            return ON_SALE
        before = self.terms(number)
        if change.size is not None:
            if self._cards.find_size(change.size) != number:
                return NO_SIZE
            if not self.by_size(number):
                return NOT_BY_SIZE
            self._sizes[change.size] = change.price or 0
            return None
        after = Terms(
            before.price if change.price is None else change.price,
            before.discount if change.discount is None else change.discount,
            before.club if change.club is None else change.club,
        )
        # The price 0 of a new card was never in effect.
        if before.price and after.discounted * 3 <= before.discounted and not self.by_size(number):
            self._quarantine[number] = after
            self._context.effects["quarantine"] += 1
            return QUARANTINED
        self._set(number, after, with_sizes=change.price is not None)
        return None

    def _set(self, number: int, terms: Terms, *, with_sizes: bool) -> None:
        self._terms[number] = terms
        self._quarantine.pop(number, None)
        if with_sizes:
            for size in self._cards.traits(number).sizes:
                self._sizes.pop(size.chrt, None)

    def summary(self, task: Task) -> JsonObject:
        """The state of a task."""
        shown: JsonObject = {
            "uploadID": task.id,
            "status": task.status,
            "uploadDate": utc_time(task.created).decode(),
            "activationDate": utc_time(task.started or task.created).decode(),
            "overAllGoodsNumber": len(task.changes),
            "successGoodsNumber": 0,
        }
        if task.status in {DONE, PARTLY, FAILED}:
            shown["successGoodsNumber"] = len(task.changes) - len(task.errors)
        return shown

    def details(self, task: Task, *, limit: int, offset: int) -> list[JsonObject]:
        """A page of a task's items."""
        places = islice(enumerate(task.changes), offset, offset + limit)
        return [self._detail(task, place, change) for place, change in places]

    def _detail(self, task: Task, place: int, change: Change) -> JsonObject:
        number = self._cards.find(change.nm)
        terms = self.terms(number) if number is not None else Terms(0, 0, 0)
        traits = self._cards.traits(number) if number is not None else None
        error = task.errors.get(place)
        processing = task.status == PROCESSING
        row: JsonObject = {
            "nmID": change.nm,
            "vendorCode": traits.vendor_code if traits else "",
            "techSizeName": "",
            "price": terms.price if change.price is None else change.price,
            "currencyIsoCode4217": "RUB",
            "discount": terms.discount if change.discount is None else change.discount,
            "clubDiscount": terms.club if change.club is None else change.club,
            "status": PROCESSING if processing else WRONG if error else GOOD,
            "errorText": error,
        }
        if change.size is not None:
            names = {size.chrt: size.name for size in traits.sizes} if traits else {}
            row.update(sizeID=change.size, techSizeName=names.get(change.size, ""))
        elif not processing:
            row["sizeID"] = None
        return row

    # Quarantine and wholesale.

    @property
    def quarantined(self) -> list[int]:
        """Numbers of the listed items in quarantine."""
        return sorted(number for number in self._quarantine if number in self._cards.live)

    def quarantine(self, *, limit: int, offset: int) -> list[JsonObject]:
        """A page of the items in quarantine."""
        rows: list[JsonObject] = []
        for number in self.quarantined[offset : offset + limit]:
            new, old = self._quarantine[number], self.terms(number)
            rows.append(
                {
                    "nmID": card_ids.nm_id(number),
                    "sizeID": None,
                    "techSizeName": "",
                    "currencyIsoCode4217": "RUB",
                    "newPrice": new.price,
                    "oldPrice": old.price,
                    "newDiscount": new.discount,
                    "oldDiscount": old.discount,
                    "priceDiff": round(new.discounted - old.discounted, 2),
                }
            )
        return rows

    def release(self, nm: int) -> None:
        """The seller releases an item from quarantine in the cabinet.

        Raises:
            KeyError: It is not in quarantine.
        """
        number = card_ids.number_of(nm)
        self._set(number, self._quarantine[number], with_sizes=True)

    def set_levels(self, number: int, levels: list[Level]) -> None:
        """Sets wholesale discounts; a discount of 0 removes its level and all above it."""
        known = self._levels.setdefault(number, {})
        known.update((one.level, one) for one in levels)
        lowest = min((one.level for one in levels if not one.wholesale_discount), default=math.inf)
        self._levels[number] = {level: known[level] for level in sorted(known) if level < lowest}
        self._context.effects["wholesale"] += 1
