"""The rules of cards: broken ones are rejected at once, or fail when they are processed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from wbym.testing import JsonObject, Refusal
from wbym_wildberries.simulator import card_ids
from wbym_wildberries.simulator import data_directories as directories
from wbym_wildberries.simulator.requests import camel_with_ids
from wbym_wildberries.simulator.state_cards import Cards
from wbym_wildberries.simulator.state_permits import Documents

MAX_BODY = 10 * 1024 * 1024
MAX_EDITS = 3000
MAX_GROUPS = 100
MAX_ADDED = 29
MAX_TITLE = 60
MAX_DESCRIPTION = 5000
MAX_VENDOR_CODE = 72
NO_SIZE = "0"
"""The size of goods without sizes."""

NO_CARD = "Карточка товара не найдена"
NO_GROUP = "Объединённая карточка товара не найдена"
GROUP_IS_FULL = "В объединённой карточке не может быть больше 30 карточек товара"
NO_ROOM = "Достигнут лимит на создание карточек товаров"

NO_VENDOR_CODE = "A card cannot be created without a vendorCode"
VENDOR_CODE_IN_USE = (
    "bad request; Unexpected the specified card's vendor code is used in other cards"
)
NO_SUBJECT = "This category does not exist"
INCOMPLETE = "some items lacks required characteristics. please fill them and try again."


class Dimensions(msgspec.Struct, rename="camel"):
    """Of the packed goods, in centimeters and kilograms."""

    length: int = 0
    width: int = 0
    height: int = 0
    weight_brutto: float = 0.0


class Wholesale(msgspec.Struct):
    """Whether goods are sold wholesale, and the size of a lot."""

    enabled: bool = False
    quantum: int = 0


class Size(msgspec.Struct, rename=camel_with_ids):
    """A size of a new card."""

    chrt_id: int = 0
    tech_size: str = ""
    wb_size: str = ""
    price: int | None = None
    skus: list[str] = []


class Value(msgspec.Struct):
    """A characteristic of a card."""

    id: int
    value: object


class Variant(msgspec.Struct, rename="camel"):
    """A new card."""

    vendor_code: str = ""
    brand: str = ""
    title: str = ""
    description: str = ""
    kiz_marked: bool = False
    gtin: str | int | None = None
    documents: Documents | None = None
    wholesale: Wholesale | None = None
    dimensions: Dimensions = msgspec.field(default_factory=Dimensions)
    sizes: list[Size] = []
    characteristics: list[Value] = []


class Edit(Variant, kw_only=True, rename=camel_with_ids):
    """The new content of a card that is overwritten."""

    nm_id: int


class Group(msgspec.Struct, rename=camel_with_ids):
    """New cards of one group."""

    subject_id: int
    variants: list[Variant]


def check_new(groups: Sequence[tuple[int, Sequence[Variant]]], cards: Cards) -> None:
    """Checks new cards before they are accepted.

    Raises:
        Refusal: One of them is rejected.
    """
    seen: set[str] = set()
    for subject_id, variants in groups:
        if directories.subject(subject_id) is None:
            raise Refusal(400, NO_SUBJECT, more={"id": str(subject_id)})
        for variant in variants:
            code = variant.vendor_code
            if not code:
                raise Refusal(400, NO_VENDOR_CODE, more={})
            if code in seen or cards.by_vendor_code(code) is not None:
                raise Refusal(400, VENDOR_CODE_IN_USE, more={})
            seen.add(code)
    check_complete([(subject, one) for subject, variants in groups for one in variants])


def check_complete(variants: Sequence[tuple[int, Variant]]) -> None:
    """Checks whether cards have all characteristics that their subjects require.

    Raises:
        Refusal: One lacks some.
    """
    lacking: JsonObject = {}
    for subject_id, variant in variants:
        given = {one.id for one in variant.characteristics if one.value not in (None, "", [])}
        needed = directories.characteristics(subject_id).values()
        absent = [str(one.id) for one in needed if one.required and one.id not in given]
        if absent:
            text = "missing required characteristics with ids: " + ", ".join(absent)
            lacking[variant.vendor_code] = text
    if lacking:
        raise Refusal(400, INCOMPLETE, more=lacking)


def problems(variant: Variant, subject_id: int, cards: Cards, number: int | None) -> list[str]:
    """Errors of an accepted card.

    Args:
        variant: The card.
        subject_id: Its subject.
        cards: The cards of the cabinet.
        number: The card that is overwritten; None for a new one.
    """
    found: list[str] = []
    for text, limit, name in (
        (variant.title, MAX_TITLE, "Наименование"),
        (variant.description, MAX_DESCRIPTION, "Описание"),
        (variant.vendor_code, MAX_VENDOR_CODE, "Артикул продавца"),
    ):
        if len(text) > limit:
            found.append(f"{name}: не больше {limit} символов")
    other = cards.by_vendor_code(variant.vendor_code)
    if other is not None and other != number:
        found.append("Артикул продавца используется в другой карточке")
    size = variant.dimensions
    if min(size.length, size.width, size.height, size.weight_brutto) < 0:
        found.append("Габариты и вес не могут быть отрицательными")
    return found + _wrong_sizes(variant, cards, number) + _wrong_values(variant, subject_id)


def _wrong_sizes(variant: Variant, cards: Cards, number: int | None) -> list[str]:
    found: list[str] = []
    names = [size.tech_size or NO_SIZE for size in variant.sizes]
    if len(set(names)) < len(names):
        found.append("Размеры в карточке не должны повторяться")
    before = set() if number is None else {size.name for size in cards.traits(number).sizes}
    if len(before | set(names)) > card_ids.MAX_SIZES:
        found.append("В карточке слишком много размеров")
    skus = [sku for size in variant.sizes for sku in size.skus]
    for sku in skus:
        owner = cards.by_sku(sku)
        if skus.count(sku) > 1 or (owner is not None and owner != number):
            found.append(f"Баркод {sku} уже используется")
    return found


def _wrong_values(variant: Variant, subject_id: int) -> list[str]:
    found: list[str] = []
    known = directories.characteristics(subject_id)
    for given in variant.characteristics:
        one = known.get(given.id)
        if one is None:
            found.append(f"Характеристика {given.id} недоступна для предмета")
        elif one.kind == directories.NUMBER:
            if isinstance(given.value, bool) or not isinstance(given.value, (int, float)):
                found.append(f"{one.name}: значение должно быть числом")
        else:
            values = given.value if isinstance(given.value, list) else [given.value]
            allowed = directories.DIRECTORY_VALUES.get(one.id)
            if not all(isinstance(value, str) for value in values):
                found.append(f"{one.name}: значение должно быть списком строк")
            elif one.max_count and len(values) > one.max_count:
                found.append(f"{one.name}: не больше {one.max_count} значений")
            elif allowed is not None and not allowed.issuperset(values):
                found.append(f"{one.name}: значения нет в справочнике")
    return found
