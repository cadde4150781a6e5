"""What is sent to and comes from Prices and Discounts."""

from datetime import datetime
from typing import Annotated

import msgspec

from wbym.calls import Count, Range
from wbym_wildberries.api.base import Wire

__all__ = [
    "ClubDiscount",
    "Good",
    "GoodSize",
    "GoodsPage",
    "NewPrice",
    "PendingPage",
    "Percent",
    "PriceChange",
    "PriceUpload",
    "QuarantinePage",
    "Quarantined",
    "Size",
    "SizePrice",
    "SizesPage",
    "Threshold",
    "UploadState",
    "UploadedGood",
    "UploadedPage",
    "WholesaleDiscounts",
    "WholesaleError",
    "WholesaleResult",
    "WholesaleUpload",
]


def _name(field: str) -> str:
    """Prices and Discounts write ``nmID`` and ``sizeID`` where others write ``nmId``."""
    first, *rest = field.split("_")
    return first + "".join("ID" if word == "id" else word.capitalize() for word in rest)


class PriceWire(Wire, frozen=True, rename=_name):
    """The base of what this category sends."""


Amount = Annotated[int, Range(1)]
Percent = Annotated[int, Range(0, 99)]
"""WB publishes no bounds of discounts; beyond this nothing would be left to pay."""


class NewPrice(PriceWire, frozen=True, omit_defaults=True):
    """What to set for a good: a price, a discount, or both."""

    nm_id: int
    price: Amount | None = None
    """Before the discount, whole, in the seller's currency; at least 1."""
    discount: Percent | None = None
    """Per cent, 0 to 99."""


class SetsSomething(msgspec.Struct, frozen=True):
    """There is a price or a discount."""

    def broken(self, good: NewPrice, /) -> str | None:
        """See :class:`wbym.calls.marks.Rule`."""
        is_empty = good.price is None and good.discount is None
        return "must have a price or a discount" if is_empty else None


PriceChange = Annotated[NewPrice, SetsSomething()]


class SizePrice(PriceWire, frozen=True):
    """What to set for one size of a good."""

    nm_id: int
    size_id: int
    """``chrtID`` of the card's size."""
    price: Amount
    """At least 1."""


class ClubDiscount(PriceWire, frozen=True):
    """What to set for the buyers of WB Club."""

    nm_id: int
    club_discount: Percent
    """Per cent, 0 to 99."""


class Threshold(Wire, frozen=True):
    """A wholesale discount: from how many pieces on, how much."""

    level: int
    min_quantity: int
    wholesale_discount: int
    """Per cent. In a request 0 takes this level and all higher ones away."""


class WholesaleDiscounts(Wire, frozen=True):
    """What to set for buyers that are companies."""

    nm_id: int
    wholesale_discount_threshold: Annotated[list[Threshold], Count(1, 3)]
    """1 to 3 levels. Quantity and discount rise from level to level."""


class PriceUpload(Wire, frozen=True):
    """An upload that WB has taken and works on."""

    id: int
    already_exists: bool = False
    """Whether WB already had the very same upload: ``id`` is then that one's."""


class WholesaleError(Wire, frozen=True):
    """Why a good of a wholesale upload was refused."""

    detail: str | None = None
    status: int | None = None
    title: str | None = None


class WholesaleResult(Wire, frozen=True):
    """What became of one good of a wholesale upload."""

    nm_id: int
    success: bool
    error: WholesaleError | None = None


class WholesaleUpload(Wire, frozen=True):
    """What WB answers to a wholesale upload; where it had it already, without id and results."""

    id: int | None = None
    already_exists: bool = False
    results: list[WholesaleResult] | None = None
    status: int | None = None
    """208, where it had it already."""
    title: str | None = None
    detail: str | None = None
    request_id: str | None = None
    origin: str | None = None


class UploadState(PriceWire, frozen=True):
    """How far an upload is."""

    upload_id: int
    status: int
    """1 in processing; 3 done, 4 cancelled, 5 done with errors, 6 all goods have errors."""
    upload_date: datetime | None = None
    """When it was made."""
    activation_date: datetime | None = None
    """When its processing began, or is to begin."""
    over_all_goods_number: int | None = None
    success_goods_number: int | None = None
    """0 while it is in processing."""
    error_text: str | None = None
    """What WB says beside the state, such as that a price went to quarantine."""


class UploadedGood(PriceWire, frozen=True):
    """What became of one good, or one size, of an upload."""

    nm_id: int
    vendor_code: str | None = None
    size_id: int | None = None
    tech_size_name: str | None = None
    price: int | float | None = None
    currency_iso_code4217: str | None = None
    """ISO 4217 by letters."""
    discount: int | None = None
    club_discount: int | None = None
    status: int | None = None
    """1 in processing, 2 set, 3 refused."""
    error_text: str | None = None


class UploadedPage(PriceWire, frozen=True):
    """One page of the goods of an upload that is done."""

    upload_id: int | None = None
    history_goods: list[UploadedGood] | None = None


class PendingPage(PriceWire, frozen=True):
    """One page of the goods of an upload in processing."""

    upload_id: int | None = None
    buffer_goods: list[UploadedGood] | None = None


class GoodSize(PriceWire, frozen=True):
    """A size of a good, with its prices."""

    size_id: int
    price: int | float | None = None
    discounted_price: int | float | None = None
    club_discounted_price: int | float | None = None
    tech_size_name: str | None = None


class Good(PriceWire, frozen=True):
    """A good with its prices."""

    nm_id: int
    vendor_code: str | None = None
    sizes: list[GoodSize] | None = None
    currency_iso_code4217: str | None = None
    discount: int | None = None
    club_discount: int | None = None
    editable_size_price: bool | None = None
    """Whether its category lets sizes have prices of their own."""
    is_bad_turnover: bool | None = None
    """Whether it sells badly; absent where it does not."""
    wholesale_discount_threshold: list[Threshold] | None = None


class GoodsPage(PriceWire, frozen=True):
    """One page of goods."""

    list_goods: list[Good] | None = None
    """None where there are none."""


class Size(PriceWire, frozen=True):
    """A size of a good that may have a price of its own."""

    nm_id: int
    size_id: int
    vendor_code: str | None = None
    price: int | float | None = None
    currency_iso_code4217: str | None = None
    discounted_price: int | float | None = None
    club_discounted_price: int | float | None = None
    discount: int | None = None
    club_discount: int | None = None
    tech_size_name: str | None = None
    editable_size_price: bool | None = None
    is_bad_turnover: bool | None = None


class SizesPage(PriceWire, frozen=True):
    """One page of sizes."""

    list_goods: list[Size] | None = None
    """None where there are none."""


class Quarantined(PriceWire, frozen=True):
    """A good whose new price was a third of the old one or less: it sells at the old one."""

    nm_id: int
    currency_iso_code4217: str | None = None
    new_price: float | None = None
    new_discount: int | None = None
    old_price: float | None = None
    old_discount: int | None = None
    price_diff: float | None = None
    """The new discounted price less the old one."""
    size_id: int | None = None
    """WB does not use it."""
    tech_size_name: str | None = None
    """WB does not use it."""


class QuarantinePage(PriceWire, frozen=True):
    """One page of the quarantine."""

    quarantine_goods: list[Quarantined] | None = None
    """None where there are none."""
