"""The ids of cards: computed from the number of a card, and convertible back to it.

So a hundred thousand cards need no table. Feedbacks, pins and claims are about the same cards.
"""

from __future__ import annotations

from wbym_wildberries.simulator import texts

MAX_SIZES = 64
"""Max number of sizes of a card here; the specification names none."""
_NM_BASE = 987_654_321
_IMT_BASE = 123_456_789
_CHRT_BASE = 316_399_000
_KINDS = len(texts.PRODUCTS)
_FAMILY = 3
"""Number of cards of one subject that are initially merged."""
_LETTERS = "DP"
_SKU = "20"
_SKU_DIGITS = 11


def nm_id(number: int) -> int:
    """The item of a card."""
    return _NM_BASE + number


def number_of(nm: int) -> int:
    """The card's number; out of range if the card does not exist."""
    return nm - _NM_BASE


def imt_id(number: int) -> int:
    """The initial group of a card; each group has one subject."""
    return _IMT_BASE + number // (_KINDS * _FAMILY) * _KINDS + number % _KINDS


def first_family(imt: int) -> range:
    """Numbers of the cards that are initially in a group."""
    block, kind = divmod(imt - _IMT_BASE, _KINDS)
    first = block * _KINDS * _FAMILY + kind
    return range(first, first + _KINDS * _FAMILY, _KINDS)


def chrt_id(number: int, place: int) -> int:
    """One size of a card, by its index."""
    return _CHRT_BASE + number * MAX_SIZES + place


def size_of(chrt: int) -> tuple[int, int]:
    """Number of the card and index of the size."""
    return divmod(chrt - _CHRT_BASE, MAX_SIZES)


def sku(chrt: int) -> str:
    """The initial barcode of a size."""
    return f"{_SKU}{chrt:0{_SKU_DIGITS}d}"


def chrt_of_sku(text: str) -> int | None:
    """The size of a generated barcode; None if it was not created by `sku`."""
    digits = text.removeprefix(_SKU)
    if len(text) != len(_SKU) + _SKU_DIGITS or not text.startswith(_SKU):
        return None
    return int(digits) if digits.isascii() and digits.isdigit() else None


def vendor_code(number: int) -> str:
    """The seller's own article of a generated card."""
    return f"{_LETTERS}{number:02d}"


def number_of_vendor_code(text: str) -> int | None:
    """The number of a generated card; None if the article was not created by `vendor_code`."""
    digits = text.removeprefix(_LETTERS)
    if digits == text or not (digits.isascii() and digits.isdigit()):
        return None
    number = int(digits)
    return number if vendor_code(number) == text else None


def product(number: int) -> tuple[str, str, int]:
    """Name, subject and number of the subject of a generated card."""
    return texts.PRODUCTS[number % _KINDS]


def brand(number: int) -> str:
    """Brand of a generated card."""
    return texts.BRANDS[number % len(texts.BRANDS)]
