"""What is sent to and comes from Prices and Discounts."""

from datetime import datetime

from wbym_wildberries.api.base import Wire

__all__ = [
    "ClubDiscount",
    "Good",
    "GoodSize",
    "GoodsPage",
    "NewPrice",
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


class NewPrice(PriceWire, frozen=True, omit_defaults=True):
    """What to set for a good: a price, a discount, or both."""

    nm_id: int
    price: int | None = None
    """Before the discount, whole, in the seller's currency."""
    discount: int | None = None
    """Per cent."""


class SizePrice(PriceWire, frozen=True):
    """What to set for one size of a good."""

    nm_id: int
    size_id: int
    """``chrtID`` of the card's size."""
    price: int


class ClubDiscount(PriceWire, frozen=True):
    """What to set for the buyers of WB Club."""

    nm_id: int
    club_discount: int
    """Per cent."""


class Threshold(Wire, frozen=True):
    """A wholesale discount: from how many pieces on, how much."""

    level: int
    min_quantity: int
    wholesale_discount: int
    """Per cent. In a request 0 takes this level and all higher ones away."""


class WholesaleDiscounts(Wire, frozen=True):
    """What to set for buyers that are companies."""

    nm_id: int
    wholesale_discount_threshold: list[Threshold]


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
    """One page of an upload's goods. They are under one name or the other, as they are done."""

    upload_id: int | None = None
    history_goods: list[UploadedGood] | None = None
    buffer_goods: list[UploadedGood] | None = None

    @property
    def goods(self) -> list[UploadedGood]:
        """Under either name."""
        return (self.history_goods or []) + (self.buffer_goods or [])


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

    @property
    def goods(self) -> list[Good]:
        """Also where WB says that there are none."""
        return self.list_goods or []


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

    @property
    def sizes(self) -> list[Size]:
        """Also where WB says that there are none."""
        return self.list_goods or []


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

    @property
    def goods(self) -> list[Quarantined]:
        """Also where WB says that there are none."""
        return self.quarantine_goods or []
