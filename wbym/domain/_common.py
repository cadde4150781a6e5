"""Parts that neutral objects share: buyers, products, orders, money, media and times.

Conventions, for all of the domain: times are aware and in UTC; money is `Decimal` with an ISO 4217
currency; ids are strings, as the marketplace writes them; an empty text is ``""`` and a value that
a marketplace does not provide is ``None``; statuses are closed enums, with ``UNKNOWN`` for values
that this version does not know.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec

__all__ = [
    "Author",
    "Buyer",
    "Media",
    "MediaKind",
    "Money",
    "Order",
    "Product",
    "Record",
    "WaitingCounts",
    "attach_raw",
    "creation_time",
    "money",
    "possible_time",
    "shift_time",
]


class _HasRaw:
    """A slot for the wire object beside a Struct's fields.

    A slot of a base class that is not a Struct is not a field, so msgspec leaves it out of ``==``,
    ``hash``, ``repr`` and JSON, as documented for ``raw``.
    """

    __slots__ = ("_raw",)

    _raw: object


class Record(_HasRaw, msgspec.Struct, frozen=True, gc=False):
    """Base of the neutral objects that a marketplace sends as one record."""

    @property
    def raw(self) -> object:
        """The marketplace's own record, or None if this object was not read from one.

        Its type and fields are the adapter's (``wbym_wildberries.api...``) and are not neutral. It
        is left out of ``==``, ``hash``, ``repr``, JSON and copies.
        """
        try:
            return self._raw
        except AttributeError:
            return None


_FIRST_YEAR: Final = 1995
_LAST_YEAR: Final = 2100
_MAX_AMOUNT: Final = Decimal(10**15)

attach_raw: Final[Callable[[Record, object], None]] = _HasRaw.__dict__["_raw"].__set__
"""``attach_raw(record, wire)``, for adapters: set ``record.raw``."""


def creation_time(moment: datetime) -> datetime:
    """When a record was created, in UTC, for adapters; a time without a zone counts as UTC.

    Raises:
        ValueError: Nothing on a marketplace was created then; the record is not usable.
    """
    found = possible_time(moment)
    if found is None:
        raise ValueError(f"the creation time {moment.isoformat()} is impossible")
    return found


def possible_time(moment: datetime | None) -> datetime | None:
    """A time in UTC, for adapters; a time without a zone counts as UTC.

    None for a time that nothing on a marketplace can have: for a missing date it may send the first
    or the last day of the calendar.
    """
    if moment is None or not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def shift_time(moment: datetime | None, delta: timedelta) -> datetime | None:
    """Add a timedelta, for adapters; None if the time is None or the sum is out of range.

    Args:
        moment: An aware time.
        delta: What to add.
    """
    try:
        return None if moment is None else moment + delta
    except OverflowError:
        return None


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount with its currency."""

    amount: Decimal
    currency: str
    """ISO 4217, such as ``"RUB"``."""

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def money(amount: Decimal, currency: str) -> Money | None:
    """An amount of money, for adapters; None for a number that is not an amount.

    Args:
        amount: The number; its sign is kept.
        currency: ISO 4217, such as ``RUB``.
    """
    is_amount = amount.is_finite() and abs(amount) < _MAX_AMOUNT
    return Money(amount, currency) if is_amount else None


class Product(msgspec.Struct, frozen=True, gc=False):
    """The product of a record, as far as the record describes it."""

    id: str | None = None
    """The marketplace's article (WB: ``nmId``; YM: market SKU)."""
    seller_sku: str | None = None
    """The seller's own article (WB: ``supplierArticle``; YM: ``offerId``)."""
    name: str | None = None
    brand: str | None = None
    size: str | None = None
    color: str | None = None
    group_id: str | None = None
    """The id of the card that groups variants (WB: ``imtId``)."""


class Buyer(msgspec.Struct, frozen=True, gc=False):
    """The buyer; marketplaces disclose little."""

    name: str | None = None
    id: str | None = None


class Order(msgspec.Struct, frozen=True, gc=False):
    """The order that a record belongs to."""

    id: str | None = None
    """YM: the order's number. WB: ``srid`` (in chats: ``rid``), equal in chats and claims."""
    ordered_at: datetime | None = None


class WaitingCounts(msgspec.Struct, frozen=True, gc=False):
    """Number of items that wait for the seller, by kind."""

    chats: int = 0
    questions: int = 0
    feedbacks: int = 0
    returns: int = 0

    @property
    def total(self) -> int:
        """Number of items of all kinds."""
        return self.chats + self.questions + self.feedbacks + self.returns


class Author(StrEnum):
    """Who wrote a text."""

    BUYER = "buyer"
    SELLER = "seller"
    MARKETPLACE = "marketplace"
    """The marketplace's staff or its automatic messages; not a reply of the seller."""
    UNKNOWN = "unknown"


class MediaKind(StrEnum):
    """Kind of a media file."""

    PHOTO = "photo"
    VIDEO = "video"


class Media(msgspec.Struct, frozen=True, gc=False):
    """A photo or video that a buyer attached; downloaded over plain HTTPS, without the account."""

    kind: MediaKind
    url: str
    """With its scheme."""
    preview_url: str | None = None
    duration: float | None = None
    """Length of a video in seconds."""
