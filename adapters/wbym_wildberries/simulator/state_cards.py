"""The cards of one cabinet, listed and in the trash, and searches for them.

An unchanged card uses no memory except its number in two lists; a changed one is kept as its JSON,
with the traits that filters and prices need.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from wbym.testing import JsonObject, SortedKeyList
from wbym_wildberries.simulator import card_ids
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.data_cards import MICROS, CardData, sizes_of
from wbym_wildberries.simulator.dates import DAY, exact_time
from wbym_wildberries.simulator.requests import camel_with_ids, digits

MAX_GROUP = 30
"""Cards merged into one group."""
_TRASH_DAYS = 30
_FIRST_IMT = 700_000_001


CardKey = tuple[int, int]
"""A time in Unix microseconds and a card's number: the position of a card in a list."""


class Size(NamedTuple):
    """One size of a card."""

    chrt: int
    name: str


class Traits(NamedTuple):
    """Fields of a card that filters and prices need."""

    subject: int
    brand: str
    imt: int
    photos: int
    vendor_code: str
    tags: frozenset[int]
    sizes: tuple[Size, ...]


class _Tag(msgspec.Struct):
    id: int


class _Size(msgspec.Struct, rename=camel_with_ids):
    chrt_id: int
    tech_size: str
    skus: list[str]


class _Card(msgspec.Struct, rename=camel_with_ids):
    subject_id: int
    brand: str
    imt_id: int
    vendor_code: str
    photos: list[msgspec.Raw]
    tags: list[_Tag]
    sizes: list[_Size]


def micros_of(text: str) -> int:
    """Unix microseconds of a time, to the last digit.

    Raises:
        ValueError: It is not a date and time with a zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    passed = moment - datetime.fromtimestamp(0, UTC)
    return (passed.days * DAY + passed.seconds) * MICROS + passed.microseconds


class Cards:
    """The cards of one cabinet."""

    def __init__(self, data: CardData, context: Context) -> None:
        """Lists the generated cards; the last of them are in the trash."""
        self._data = data
        self._context = context
        self.generated = data.count + context.options.trashed
        self.total = self.generated
        self._raw: dict[int, bytes] = {}
        self._traits: dict[int, Traits] = {}
        self._updated: dict[int, int] = {}
        self._trashed: dict[int, int] = {}
        self._groups: dict[int, set[int]] = {}
        self._vendors: dict[str, int] = {}
        self._skus: dict[str, int] = {}
        self._next_imt = _FIRST_IMT
        self.live = SortedKeyList(self._updated_key, array("I", range(data.count)))
        self.catalog = array("I", range(data.count))
        """Listed cards by number, as prices list them."""
        moment = self._micros() - DAY * MICROS
        for number in range(data.count, self.generated):
            self._trashed[number] = moment + (number - data.count) // 2 * 10
        self.bin = SortedKeyList(self._trashed_key, array("I", range(data.count, self.generated)))

    def _updated_key(self, number: int) -> CardKey:
        return (self.updated(number), number)

    def _trashed_key(self, number: int) -> CardKey:
        return (self.trashed(number), number)

    def _micros(self) -> int:
        return int(self._context.now() * MICROS)

    # One card.

    def updated(self, number: int) -> int:
        """When a card was last changed, Unix microseconds."""
        changed = self._updated.get(number)
        return self._data.updated(number) if changed is None else changed

    def trashed(self, number: int) -> int:
        """When a card went to the trash, Unix microseconds; 0 if it is not there."""
        return self._trashed.get(number, 0)

    def raw(self, number: int) -> bytes:
        """JSON of a card."""
        changed = self._raw.get(number)
        return self._data.render(number) if changed is None else changed

    def load(self, number: int) -> JsonObject:
        """A copy of a card, to be changed and given to `save`."""
        return msgspec.json.decode(self.raw(number), type=JsonObject)

    def traits(self, number: int) -> Traits:
        """Fields of a card that filters and prices need."""
        changed = self._traits.get(number)
        if changed is not None:
            return changed
        subject = card_ids.product(number)[2]
        sizes = (
            Size(card_ids.chrt_id(number, place), name)
            for place, (name, _) in enumerate(sizes_of(subject))
        )
        return Traits(
            subject,
            card_ids.brand(number),
            card_ids.imt_id(number),
            self._data.photos(number),
            card_ids.vendor_code(number),
            frozenset(),
            tuple(sizes),
        )

    def find(self, nm: int) -> int | None:
        """The number of a listed card."""
        number = card_ids.number_of(nm)
        return number if 0 <= number < self.total and number in self.live else None

    def find_trashed(self, nm: int) -> int | None:
        """The number of a card in the trash."""
        number = card_ids.number_of(nm)
        return number if number in self._trashed else None

    def find_size(self, chrt: int) -> int | None:
        """The number of the listed card that has a size."""
        number, place = card_ids.size_of(chrt)
        if not 0 <= number < self.total or number not in self.live:
            return None
        return number if place < len(self.traits(number).sizes) else None

    def by_vendor_code(self, code: str) -> int | None:
        """The card with the seller's article, listed or in the trash."""
        number = self._vendors.get(code)
        if number is None:
            number = card_ids.number_of_vendor_code(code)
        if number is None or number >= self.total or self._is_gone(number):
            return None
        return number if self.traits(number).vendor_code == code else None

    def by_sku(self, sku: str) -> int | None:
        """The card that has a barcode, listed or in the trash."""
        number = self._skus.get(sku)
        if number is not None:
            return None if self._is_gone(number) else number
        chrt = card_ids.chrt_of_sku(sku)
        if chrt is None:
            return None
        number, place = card_ids.size_of(chrt)
        if not 0 <= number < self.generated or self._is_gone(number):
            return None
        return number if place < len(sizes_of(card_ids.product(number)[2])) else None

    def _is_gone(self, number: int) -> bool:
        return number not in self.live and number not in self._trashed

    # Changing.

    def save(self, number: int, record: JsonObject) -> None:
        """Keeps a changed card, which becomes the one changed last."""
        self.live.remove(number)
        self._updated[number] = self._micros()
        self._keep(number, record)
        self.live.add(number)

    def add(self, record: JsonObject) -> int:
        """Lists a new card and returns its number; its `nmID` must follow from `total`."""
        number = self.total
        self.total += 1
        self._updated[number] = self._micros()
        stamp = exact_time(self._updated[number]).decode()
        self._keep(number, {**record, "createdAt": stamp})
        self._list(number)
        return number

    def _list(self, number: int) -> None:
        self.live.add(number)
        self.catalog.insert(bisect_left(self.catalog, number), number)

    def _keep(self, number: int, record: JsonObject) -> None:
        before = self.traits(number).imt
        record["updatedAt"] = exact_time(self.updated(number)).decode()
        raw = self._raw[number] = msgspec.json.encode(record)
        card = msgspec.json.decode(raw, type=_Card)
        self._traits[number] = Traits(
            card.subject_id,
            card.brand,
            card.imt_id,
            len(card.photos),
            card.vendor_code,
            frozenset(tag.id for tag in card.tags),
            tuple(Size(size.chrt_id, size.tech_size) for size in card.sizes),
        )
        self._vendors[card.vendor_code] = number
        for size in card.sizes:
            self._skus.update(dict.fromkeys(size.skus, number))
        self._groups.get(before, set()).discard(number)
        self._groups.setdefault(card.imt_id, set()).add(number)

    # Groups.

    def new_imt(self) -> int:
        """The id of a new group."""
        self._next_imt += 1
        return self._next_imt - 1

    def members(self, imt: int) -> list[int]:
        """Listed cards of a group."""
        first = [
            number
            for number in card_ids.first_family(imt)
            if 0 <= number < self.generated and number not in self._traits and number in self.live
        ]
        return first + sorted(n for n in self._groups.get(imt, ()) if n in self.live)

    def move(self, numbers: Iterable[int], imt: int) -> None:
        """Puts cards into a group."""
        for number in numbers:
            self.save(number, {**self.load(number), "imtID": imt})

    # Trash.

    def trash(self, number: int) -> None:
        """Moves a listed card to the trash, out of its group."""
        self.live.remove(number)
        del self.catalog[bisect_left(self.catalog, number)]
        self._keep(number, {**self.load(number), "imtID": self.new_imt()})
        self._trashed[number] = moment = self._micros()
        self.bin.add(number)
        end = self._context.now() + _TRASH_DAYS * DAY
        self._context.at(end, lambda: self._forget(number, moment))
        self._context.effects["trash"] += 1

    def recover(self, number: int) -> None:
        """Lists a card of the trash again, in a new group."""
        self.bin.remove(number)
        del self._trashed[number]
        self._updated[number] = self._micros()
        self._keep(number, {**self.load(number), "imtID": self.new_imt()})
        self._list(number)
        self._context.effects["recover"] += 1

    def _forget(self, number: int, moment: int) -> None:
        if self._trashed.get(number) == moment:
            self.bin.remove(number)
            del self._trashed[number]

    def trashed_record(self, number: int) -> JsonObject:
        """The record of a card in the list of the trash."""
        record = self.load(number)
        for name in ("imtID", "nmUUID", "brand", "title", "description", "needKiz", "tags", "gtin"):
            record.pop(name, None)
        record.pop("documents", None)
        del record["updatedAt"]
        record["trashedAt"] = exact_time(self.trashed(number)).decode()
        return record

    # Lists.

    def search(self, text: str) -> Iterator[int]:
        """Cards, listed or in the trash, with this item number, article or barcode."""
        found = {self.by_vendor_code(text), self.by_sku(text)}
        nm = digits(text)
        if nm is not None:
            found |= {self.find(nm), self.find_trashed(nm)}
        return (number for number in found if number is not None)
