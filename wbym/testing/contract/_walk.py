"""Checks of all values in a neutral record, nested ones included."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum

import msgspec

from wbym.domain import Money, Ref

__all__ = ["flaws", "unknown_values", "values"]

_ISO_4217 = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED
VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW
"""
"""Current codes: RUR and BYR are obsolete."""


def values(value: object, where: str = "") -> Iterator[tuple[str, object]]:
    """The value and all nested values, with their paths."""
    yield where, value
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from values(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, tuple | list):
        for index, inner in enumerate(value):
            yield from values(inner, f"{where}[{index}]")


def flaws(record: msgspec.Struct, *, marketplace: str, account: str) -> list[str]:
    """Violations of the conventions of ``wbym.domain._common``, as texts."""
    found = []
    for where, value in values(record, type(record).__name__):
        match value:
            case datetime() if value.tzinfo is not UTC and value.utcoffset() != timedelta():
                found.append(f"{where}: {value!r} is not aware UTC")
            case Money() if type(value.amount) is not Decimal:
                found.append(f"{where}: {value.amount!r} is not a Decimal")
            case Money() if value.currency not in _ISO_4217.split():
                found.append(f"{where}: {value.currency!r} is not an ISO 4217 code")
            case Ref() if (value.marketplace, value.account) != (marketplace, account):
                found.append(f"{where}: {value} is not of {marketplace}/{account}")
            case Ref() if not value.id:
                found.append(f"{where}: the id is empty")
    return found


def unknown_values(record: msgspec.Struct) -> list[str]:
    """The paths of enumeration members that are UNKNOWN."""
    return [
        where
        for where, value in values(record, type(record).__name__)
        if isinstance(value, Enum) and value.value == "unknown"
    ]
