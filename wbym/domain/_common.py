"""What every neutral object is made of: where it is from, who, what, how much, when.

Conventions, for all of the domain: times are aware and in UTC; money is `Decimal` with an ISO 4217
currency; ids are strings, as the marketplace writes them; an empty text is ``""`` and what a
marketplace does not tell is ``None``; statuses are closed, with ``UNKNOWN`` for words that this
version does not know.
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
    "shift_time",
    "to_utc",
]


class _HasRaw:
    """Room for the wire object beside a Struct's fields.

    A slot of a base class that is no Struct is no field, so msgspec leaves it out of ``==``,
    ``hash``, ``repr`` and JSON, which is what is promised for ``raw``.
    """

    __slots__ = ("_raw",)

    _raw: object


class Record(_HasRaw, msgspec.Struct, frozen=True, gc=False):
    """The base of the neutral objects that a marketplace sent as one record."""

    @property
    def raw(self) -> object:
        """The marketplace's own record, or None where this object was not read from one.

        Its type and fields are the adapter's (``wbym_wildberries.api...``) and are not neutral. It
        takes no part in ``==``, ``hash``, ``repr``, JSON and copies.
        """
        try:
            return self._raw
        except AttributeError:
            return None


attach_raw: Final[Callable[[Record, object], None]] = _HasRaw.__dict__["_raw"].__set__
"""``attach_raw(record, wire)``, for adapters: keep the wire object with the neutral one."""


def to_utc(moment: datetime) -> datetime:
    """An aware time in UTC, for adapters; its own digits where UTC would leave the calendar.

    A marketplace that has no date may write the first or the last day that there is, in its zone.
    """
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return moment.replace(tzinfo=UTC)


def shift_time(moment: datetime | None, delay: timedelta) -> datetime | None:
    """A moment after another, for adapters; None where there is none, or the calendar ends."""
    try:
        return None if moment is None else moment + delay
    except OverflowError:
        return None


class Money(msgspec.Struct, frozen=True, gc=False):
    """An amount with its currency."""

    amount: Decimal
    currency: str
    """ISO 4217, such as ``"RUB"``."""

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class Product(msgspec.Struct, frozen=True, gc=False):
    """What was bought or asked about, as far as the record tells."""

    id: str | None = None
    """The marketplace's article (WB: ``nmId``; YM: market SKU)."""
    seller_sku: str | None = None
    """The seller's own article (WB: ``supplierArticle``; YM: ``offerId``)."""
    name: str | None = None
    brand: str | None = None
    size: str | None = None
    color: str | None = None
    group_id: str | None = None
    """The id of the card that joins variants (WB: ``imtId``)."""


class Buyer(msgspec.Struct, frozen=True, gc=False):
    """Who bought, wrote or asked; marketplaces tell little."""

    name: str | None = None
    id: str | None = None


class Order(msgspec.Struct, frozen=True, gc=False):
    """The order that a record belongs to."""

    id: str | None = None
    """YM: the order's number. WB: ``srid`` (in chats: ``rid``), equal in chats and claims."""
    ordered_at: datetime | None = None


class WaitingCounts(msgspec.Struct, frozen=True, gc=False):
    """How much of each kind waits for the seller."""

    chats: int = 0
    questions: int = 0
    feedbacks: int = 0
    returns: int = 0

    @property
    def total(self) -> int:
        """Of all kinds together."""
        return self.chats + self.questions + self.feedbacks + self.returns


class Author(StrEnum):
    """Whose words they are."""

    BUYER = "buyer"
    SELLER = "seller"
    MARKETPLACE = "marketplace"
    """The marketplace's people or its automatic lines; no reply of the seller."""
    UNKNOWN = "unknown"


class MediaKind(StrEnum):
    """What a media file is."""

    PHOTO = "photo"
    VIDEO = "video"


class Media(msgspec.Struct, frozen=True, gc=False):
    """A photo or video that a buyer added; read over plain HTTPS, without the account."""

    kind: MediaKind
    url: str
    """With its scheme."""
    preview_url: str | None = None
    duration: float | None = None
    """Seconds, of a video."""
