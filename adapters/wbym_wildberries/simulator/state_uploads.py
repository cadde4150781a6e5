"""Accepted lists of cards: applied later, or put in the list of errors."""

from __future__ import annotations

import copy
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from wbym.testing import JsonObject
from wbym_wildberries.simulator import card_ids, card_rules
from wbym_wildberries.simulator import data_directories as directories
from wbym_wildberries.simulator.card_rules import Edit, Variant
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.data_cards import MICROS
from wbym_wildberries.simulator.state_cards import MAX_GROUP, Cards
from wbym_wildberries.simulator.state_permits import Permits
from wbym_wildberries.simulator.unknown_fields import overwrite_unknown_fields

SetPrice = Callable[[int, int, int], None]
"""Sets the price of a card's size: number, size, price."""
PAID_LIMIT = 10
_BARCODE = "29"
_KEPT = ("nmID", "imtID", "nmUUID", "photos", "video", "tags", "createdAt")
"""Fields that an update leaves unchanged."""


@dataclass(slots=True)
class Batch:
    """The failed cards of one `variants` array, or of one request to merge or edit."""

    id: str
    updated: int
    """Unix microseconds."""
    errors: dict[str, list[str]] = field(default_factory=dict)
    """By the seller's article."""
    brands: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, int] = field(default_factory=dict)


class Uploads:
    """New and edited cards of one cabinet, and those that failed."""

    def __init__(
        self, cards: Cards, permits: Permits, set_price: SetPrice, context: Context
    ) -> None:
        """Starts empty; the price of a new size goes to `set_price`."""
        self._cards = cards
        self._permits = permits
        self._set_price = set_price
        self._delay = context.options.card_delay
        self._rng = random.Random(f"uploads {context.options.seed}")
        self._context = context
        self._next_barcode = 1
        self.free_limit = cards.generated + context.options.card_room
        self.batches: dict[str, Batch] = {}

    @property
    def room(self) -> int:
        """Number of cards that may still be listed; those in the trash count as listed."""
        listed = len(self._cards.live) + len(self._cards.bin)
        return self.free_limit + PAID_LIMIT - listed

    def barcode(self) -> str:
        """A new barcode."""
        self._next_barcode += 1
        return f"{_BARCODE}{self._next_barcode - 1:011d}"

    def _later(self, action: Callable[[], None]) -> None:
        """Runs an action after the delay, which may be 0."""
        self._context.after(self._delay, action)

    # Accepted cards.

    def create(self, groups: list[tuple[int, list[Variant]]]) -> None:
        """Lists new cards, each group of variants merged."""

        def apply() -> None:
            for subject_id, variants in groups:
                self._create(subject_id, variants, self._cards.new_imt())

        self._later(apply)

    def add(self, imt: int, variants: list[Variant]) -> None:
        """Lists new cards in an existing group."""

        def apply() -> None:
            members = self._cards.members(imt)
            if not members:
                self._fail(variants, 0, _all_wrong(variants, card_rules.NO_GROUP))
                return
            subject_id = self._cards.traits(members[0]).subject
            if len(members) + len(variants) > MAX_GROUP:
                self._fail(variants, subject_id, _all_wrong(variants, card_rules.GROUP_IS_FULL))
                return
            self._create(subject_id, variants, imt)

        self._later(apply)

    def edit(self, edits: list[tuple[Edit, JsonObject]]) -> None:
        """Overwrites cards, each with its update as received."""

        def apply() -> None:
            errors: dict[str, list[str]] = {}
            subjects: dict[str, int] = {}
            for edit, sent in edits:
                number = self._cards.find(edit.nm_id)
                if number is None:
                    errors[edit.vendor_code] = [card_rules.NO_CARD]
                    continue
                traits = self._cards.traits(number)
                wrong = card_rules.problems(edit, traits.subject, self._cards, number)
                wrong += self._permits.problems(edit.documents, number)
                if wrong:
                    errors[edit.vendor_code] = wrong
                    subjects[edit.vendor_code] = traits.subject
                    continue
                self._cards.save(number, self._edited(number, edit, sent))
                self._context.effects["card_edit"] += 1
                self._permits.check_later(number)
                self._settle(edit.vendor_code)
            if errors:
                failed = [edit for edit, _ in edits if edit.vendor_code in errors]
                self._fail(failed, 0, errors, subjects)

        self._later(apply)

    def _create(self, subject_id: int, variants: list[Variant], imt: int) -> None:
        errors: dict[str, list[str]] = {}
        for variant in variants:
            wrong = card_rules.problems(variant, subject_id, self._cards, None)
            wrong += self._permits.problems(variant.documents, None)
            if self.room <= 0:
                wrong.append(card_rules.NO_ROOM)
            if wrong:
                errors[variant.vendor_code] = wrong
                continue
            number = self._cards.total
            record = self._described(variant, subject_id)
            record.update(
                nmID=card_ids.nm_id(number),
                imtID=imt,
                nmUUID=str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
                photos=[],
                sizes=self._sizes(number, variant, []),
                tags=[],
            )
            if variant.documents is not None:
                record["documents"] = self._permits.overwritten(None, variant.documents)
            self._cards.add(record)
            self._context.effects["card"] += 1
            self._permits.check_later(number)
            self._settle(variant.vendor_code)
        if errors:
            self._fail([v for v in variants if v.vendor_code in errors], subject_id, errors)

    # One card.

    def _described(self, variant: Variant, subject_id: int) -> JsonObject:
        subject = directories.subject(subject_id)
        known = directories.characteristics(subject_id)
        size = variant.dimensions
        record: JsonObject = {
            "subjectID": subject_id,
            "subjectName": subject.name if subject else "",
            "vendorCode": variant.vendor_code,
            "brand": variant.brand,
            "title": variant.title,
            "description": variant.description,
            "needKiz": directories.is_marked(subject_id),
            "kizMarked": variant.kiz_marked,
            "dimensions": {
                "length": size.length,
                "width": size.width,
                "height": size.height,
                "weightBrutto": size.weight_brutto,
                "isValid": min(size.length, size.width, size.height, size.weight_brutto) > 0,
            },
            "characteristics": [
                {"id": one.id, "name": known[one.id].name, "value": one.value}
                for one in variant.characteristics
            ],
        }
        if variant.wholesale is not None:
            record["wholesale"] = {
                "enabled": variant.wholesale.enabled,
                "quantum": variant.wholesale.quantum,
            }
        if variant.gtin is not None:
            record["gtin"] = variant.gtin
        return record

    def _edited(self, number: int, edit: Edit, sent: JsonObject) -> JsonObject:
        """A card overwritten as a whole, except for the fields that an update leaves unchanged."""
        before = self._cards.load(number)
        record = {name: before[name] for name in _KEPT if name in before}
        record.update(self._described(edit, self._cards.traits(number).subject))
        sizes = copy.deepcopy(before["sizes"])
        record["sizes"] = self._sizes(number, edit, sizes if isinstance(sizes, list) else [])
        if edit.documents is not None:
            known = before.get("documents")
            record["documents"] = self._permits.overwritten(known, edit.documents)
        was, now = before["dimensions"], record["dimensions"]
        if isinstance(was, dict) and isinstance(now, dict) and was.items() >= _sides(now).items():
            # Unchanged dimensions remain as doubtful as before.
            now["isValid"] = was["isValid"]
        overwrite_unknown_fields(record, before, sent)
        return record

    def _sizes(self, number: int, variant: Variant, before: list[JsonObject]) -> list[JsonObject]:
        """Adds sizes and barcodes, and never removes any."""
        sizes = {size["techSize"]: size for size in before}
        by_chrt = {size["chrtID"]: size for size in before}
        for given in variant.sizes or [card_rules.Size()]:
            name = given.tech_size or card_rules.NO_SIZE
            size = by_chrt.get(given.chrt_id) or sizes.get(name)
            if size is None:
                chrt = card_ids.chrt_id(number, len(sizes))
                size = {"chrtID": chrt, "techSize": name, "wbSize": given.wb_size, "skus": []}
                sizes[name] = size
                self._set_price(number, chrt, given.price or 0)
            skus = size["skus"]
            if isinstance(skus, list):
                skus += [sku for sku in given.skus if sku not in skus]
                if not skus:
                    skus.append(self.barcode())
        return list(sizes.values())

    # Errors.

    def _settle(self, code: str) -> None:
        """A card that succeeded leaves the list of errors."""
        for batch in list(self.batches.values()):
            if batch.errors.pop(code, None) is not None and not batch.errors:
                del self.batches[batch.id]

    def _fail(
        self,
        variants: list[Variant] | list[Edit],
        subject_id: int,
        errors: dict[str, list[str]],
        subjects: dict[str, int] | None = None,
    ) -> None:
        identifier = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        batch = Batch(identifier, int(self._context.now() * MICROS))
        for variant in variants:
            code = variant.vendor_code
            batch.errors[code] = errors[code]
            batch.brands[code] = variant.brand
            batch.subjects[code] = (subjects or {}).get(code, subject_id)
        self.batches[batch.id] = batch
        self._context.effects["card_error"] += len(errors)

    def failed(self) -> list[Batch]:
        """Every batch with failed cards, oldest first."""
        return sorted(self.batches.values(), key=lambda batch: (batch.updated, batch.id))


def _sides(dimensions: JsonObject) -> JsonObject:
    return {name: value for name, value in dimensions.items() if name != "isValid"}


def _all_wrong(variants: list[Variant], text: str) -> dict[str, list[str]]:
    return {variant.vendor_code: [text] for variant in variants}
