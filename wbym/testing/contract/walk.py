"""Every value in a neutral record, however deep."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum

import msgspec

from wbym.domain import Money, Ref

__all__ = ["flaws", "unknown_words", "values"]


def values(value: object, where: str = "") -> Iterator[tuple[str, object]]:
    """The value and all values inside, with where they stand."""
    yield where, value
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from values(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, tuple | list):
        for index, inner in enumerate(value):
            yield from values(inner, f"{where}[{index}]")


def flaws(record: msgspec.Struct, *, marketplace: str, account: str) -> list[str]:
    """Where a record breaks the conventions of ``wbym.domain.common``, in words."""
    found = []
    for where, value in values(record, type(record).__name__):
        match value:
            case datetime() if value.tzinfo is not UTC and value.utcoffset() != timedelta():
                found.append(f"{where}: {value!r} is not aware UTC")
            case Money() if type(value.amount) is not Decimal:
                found.append(f"{where}: {value.amount!r} is no Decimal")
            case Money() if not _is_currency(value.currency):
                found.append(f"{where}: {value.currency!r} is no ISO 4217 code")
            case Ref() if (value.marketplace, value.account) != (marketplace, account):
                found.append(f"{where}: {value} is not of {marketplace}/{account}")
            case Ref() if not value.id:
                found.append(f"{where}: the id is empty")
    return found


def unknown_words(record: msgspec.Struct) -> list[str]:
    """Where a record has a status that the marketplace's word gave no meaning for."""
    return [
        where
        for where, value in values(record, type(record).__name__)
        if isinstance(value, Enum) and value.value == "unknown"
    ]


def _is_currency(code: str) -> bool:
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()
