"""The directories: parents, subjects, characteristics and their values."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from wbym.testing import JsonObject

STRINGS = 1
"""The characteristic's value is a list of strings."""
NUMBER = 4
"""The characteristic's value is a number."""
COLOR = 14_177_449
COUNTRY = 14_177_451
COMPOSITION = 14_177_450


class Parent(NamedTuple):
    """A category of subjects."""

    id: int
    name: str
    english: str


class Subject(NamedTuple):
    """A kind of product: sneakers, a mug."""

    id: int
    parent: int
    name: str
    english: str


class Characteristic(NamedTuple):
    """A field of the cards of some subjects."""

    id: int
    name: str
    english: str
    kind: int
    max_count: int = 0
    """Max number of strings; 0 for any."""
    unit: str = ""
    popular: bool = False
    required: bool = False
    subjects: frozenset[int] = frozenset()
    """The ids of its subjects; empty for all."""


PARENTS = (
    Parent(479, "Электроника", "Electronics"),
    Parent(306, "Одежда", "Clothing"),
    Parent(760, "Обувь", "Footwear"),
    Parent(657, "Дом", "Home"),
    Parent(858, "Оргтехника", "Office equipment"),
    Parent(1163, "Канцтовары", "Stationery"),
    Parent(6240, "Товары для животных", "Pet supplies"),
    Parent(592, "Аксессуары", "Accessories"),
)

SUBJECTS = tuple(
    Subject(*row)
    for row in (
        (2560, 479, "3D очки", "3D glasses"),
        (1152, 858, "3D-принтеры", "3D printers"),
        (673, 1163, "Альбомы", "Sketchbooks"),
        (1436, 657, "Ведра хозяйственные", "Household buckets"),
        (812, 657, "Кружки", "Mugs"),
        (3797, 479, "Кабели", "Cables"),
        (1425, 1163, "Карандаши", "Pencils"),
        (396, 657, "Комплекты белья", "Bed linen sets"),
        (1317, 6240, "Корм", "Pet food"),
        (105, 760, "Кроссовки", "Sneakers"),
        (1044, 657, "Пледы", "Throws"),
        (111, 592, "Рюкзаки", "Backpacks"),
        (2078, 657, "Светильники", "Lamps"),
        (2290, 657, "Термосы", "Thermoses"),
        (219, 306, "Футболки-поло", "Polo shirts"),
        (3091, 592, "Чехлы", "Cases"),
        (192, 306, "Футболки", "T-shirts"),
        (69, 306, "Платья", "Dresses"),
        (180, 306, "Рубашки", "Shirts"),
        (11, 306, "Брюки", "Trousers"),
        (12, 306, "Джинсы", "Jeans"),
        (38, 306, "Юбки", "Skirts"),
        (217, 306, "Свитеры", "Sweaters"),
        (159, 306, "Шорты", "Shorts"),
        (177, 306, "Носки", "Socks"),
        (96, 760, "Ботинки", "Boots"),
        (98, 760, "Туфли", "Shoes"),
        (106, 760, "Сандалии", "Sandals"),
        (232, 760, "Тапочки", "Slippers"),
        (515, 479, "Смартфоны", "Smartphones"),
        (593, 479, "Наушники", "Headphones"),
        (788, 479, "Колонки", "Speakers"),
        (1051, 858, "Сканеры", "Scanners"),
        (14251, 1163, "Ручки", "Pens"),
        (14252, 1163, "Тетради", "Notebooks"),
        (1318, 6240, "Лежанки", "Pet beds"),
        (1319, 6240, "Ошейники", "Collars"),
        (49, 592, "Сумки", "Bags"),
        (55, 592, "Ремни", "Belts"),
        (41, 592, "Шарфы", "Scarves"),
    )
)

CHARACTERISTICS = (
    Characteristic(COLOR, "Цвет", "Color", STRINGS, popular=True),
    Characteristic(COMPOSITION, "Состав", "Composition", STRINGS),
    Characteristic(COUNTRY, "Страна производства", "Country of origin", STRINGS, 1),
    Characteristic(12, "Рисунок", "Pattern", STRINGS, 3),
    Characteristic(50, "Особенности модели", "Model features", STRINGS, 3),
    Characteristic(25471, "Вес товара без упаковки", "Net weight", NUMBER, unit="г"),
    Characteristic(15_001_405, "Ставка НДС", "VAT rate", STRINGS, 1),
    Characteristic(15_000_001, "ТНВЭД", "HS code", STRINGS, 1),
    Characteristic(
        54_337, "Размер", "Size", NUMBER, unit="см", subjects=frozenset({105, 96, 98, 106})
    ),
    Characteristic(
        204_557, "Пол", "Gender", STRINGS, 1, popular=True, subjects=frozenset({105, 219, 192})
    ),
    Characteristic(
        50_001, "Сезон", "Season", STRINGS, 1, subjects=frozenset({105, 219, 96, 111, 1044})
    ),
    Characteristic(
        90_702,
        "Срок годности",
        "RecordStore life",
        STRINGS,
        1,
        popular=True,
        required=True,
        subjects=frozenset({1317}),
    ),
)

NAMED = frozenset({54_337})
"""Characteristics that a card has in a separate field: a size is one of ``sizes``."""
VARIABLE = frozenset({COLOR, 54_337})
"""Characteristics by which the variants of a product differ."""

COLORS = (
    ("белый", "белый"),
    ("чёрный", "чёрный"),
    ("тёмно-синий", "синий"),
    ("бежевый", "бежевый"),
    ("хаки", "зелёный"),
    ("бесцветный", "бесцветный"),
    ("персиковый мелок", "оранжевый"),
    ("красно-сиреневый", "красный"),
)
KINDS = ("Мужской", "Женский", "Детский", "Мальчики", "Девочки", "Унисекс")
COUNTRIES = (
    (15_000_170, "Китай", "Китайская Народная Республика"),
    (15_000_171, "Россия", "Российская Федерация"),
    (15_000_172, "Турция", "Турецкая Республика"),
    (15_000_173, "Беларусь", "Республика Беларусь"),
    (15_000_174, "Узбекистан", "Республика Узбекистан"),
)
SEASONS = ("демисезон", "зима", "лето", "круглогодичный")
VAT = ("0", "10", "20", "Без НДС", "13")
_CODES = {105: ("6404110000", "6403990000"), 219: ("6105100000", "6106903000")}
_OTHER_CODES = ("3926909709", "9405100000")
_MARKED = frozenset({105, 219, 192, 96, 98})
"""Subjects whose goods carry a marking code."""

_PERMITTED = frozenset({2078, 3797, 1152, 515, 593, 788})
"""Subjects whose goods need a permit to be sold."""

DIRECTORY_VALUES: dict[int, frozenset[str]] = {
    COUNTRY: frozenset(name for _, name, _ in COUNTRIES),
    204_557: frozenset(KINDS),
    50_001: frozenset(SEASONS),
    15_001_405: frozenset(VAT),
}
"""Characteristics whose values must come from a directory.

Colors are not among them: the published examples send colors that are in no directory.
"""

_BY_ID = {subject.id: subject for subject in SUBJECTS}


def subject(identifier: int) -> Subject | None:
    """A subject by its id."""
    return _BY_ID.get(identifier)


@cache
def characteristics(subject_id: int) -> dict[int, Characteristic]:
    """Characteristics of a subject, by id."""
    return {
        one.id: one for one in CHARACTERISTICS if not one.subjects or subject_id in one.subjects
    }


def codes(subject_id: int) -> list[JsonObject]:
    """HS codes of a subject."""
    marked = subject_id in _MARKED
    return [{"tnved": code, "isKiz": marked} for code in _CODES.get(subject_id, _OTHER_CODES)]


def is_marked(subject_id: int) -> bool:
    """Whether goods of a subject carry a marking code."""
    return subject_id in _MARKED


def needs_permit(subject_id: int) -> bool:
    """Whether goods of a subject need a permit to be sold."""
    return subject_id in _PERMITTED


def in_language(russian: str, english: str, locale: str) -> str:
    """A name in a language; English instead of Chinese, which is not simulated."""
    return russian if locale == "ru" else english
