"""What Wildberries sends of cards, and what is sent to it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from wbym_wildberries.api.base import Wire
from wbym_wildberries.api.tags import Tag

__all__ = [
    "Card",
    "CardCursor",
    "CardDimensions",
    "CardErrors",
    "CardGroup",
    "CardLimits",
    "CardPhoto",
    "CardSize",
    "CardUpdate",
    "CardValue",
    "CardsPage",
    "Dimensions",
    "ErrorsCursor",
    "ErrorsPage",
    "NamedId",
    "NewCard",
    "NewSize",
    "SizeUpdate",
    "TrashCursor",
    "TrashPage",
    "TrashedCard",
    "Value",
    "Wholesale",
]


class CardPhoto(Wire, frozen=True):
    """Addresses of one picture in several sizes."""

    big: str | None = None
    c246x328: str | None = None
    c516x688: str | None = None
    square: str | None = None
    tm: str | None = None


class Wholesale(Wire, frozen=True, omit_defaults=True):
    """Whether it is sold to firms, and how many in a pack."""

    enabled: bool | None = None
    quantum: int | None = None


class CardDimensions(Wire, frozen=True):
    """The packed product, in centimetres and kilograms."""

    length: float | None = None
    width: float | None = None
    height: float | None = None
    weight_brutto: float | None = None
    is_valid: bool | None = None
    """False where Wildberries doubts it."""


class CardValue(Wire, frozen=True):
    """A characteristic of a card."""

    id: int
    name: str | None = None
    value: object = None
    """A number, a text or a list of texts, as the subject's characteristic says."""


class CardSize(Wire, frozen=True):
    """A size of a card."""

    chrt_id: int = msgspec.field(name="chrtID")
    tech_size: str | None = None
    """As the seller writes it, such as ``XL``; ``0`` where there are none."""
    wb_size: str | None = None
    """As buyers know it, such as ``50``."""
    skus: list[str] | None = None


class Card(Wire, frozen=True):
    """A card: one product in one colour, with its sizes."""

    nm_id: int = msgspec.field(name="nmID")
    imt_id: int | None = msgspec.field(default=None, name="imtID")
    """The same in all cards that are merged."""
    nm_uuid: str | None = msgspec.field(default=None, name="nmUUID")
    subject_id: int | None = msgspec.field(default=None, name="subjectID")
    subject_name: str | None = None
    vendor_code: str | None = None
    brand: str | None = None
    title: str | None = None
    description: str | None = None
    need_kiz: bool | None = None
    """Whether each piece needs a marking code."""
    kiz_marked: bool | None = None
    photos: list[CardPhoto] | None = None
    video: str | None = None
    wholesale: Wholesale | None = None
    dimensions: CardDimensions | None = None
    characteristics: list[CardValue] | None = None
    sizes: list[CardSize] | None = None
    tags: list[Tag] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class TrashedCard(Card, frozen=True):
    """A card in the trash."""

    trashed_at: datetime | None = None


class CardCursor(Wire, frozen=True):
    """Where a page of cards ended; texts are kept as they came, since they are sent back."""

    updated_at: str | None = None
    nm_id: int | None = msgspec.field(default=None, name="nmID")
    total: int = 0
    """How many cards the page has; fewer than asked for say that it is the last."""


class CardsPage(Wire, frozen=True):
    """One page of cards."""

    cards: list[Card] = msgspec.field(default_factory=list)
    cursor: CardCursor = CardCursor()


class TrashCursor(Wire, frozen=True):
    """Where a page of the trash ended; see :class:`CardCursor`."""

    trashed_at: str | None = None
    nm_id: int | None = msgspec.field(default=None, name="nmID")
    total: int = 0


class TrashPage(Wire, frozen=True):
    """One page of the trash."""

    cards: list[TrashedCard] = msgspec.field(default_factory=list)
    cursor: TrashCursor = TrashCursor()


class NamedId(Wire, frozen=True):
    """A brand or a subject."""

    id: int | None = None
    name: str | None = None


class CardErrors(Wire, frozen=True):
    """What was wrong with the cards of one request; all by ``vendor_code``."""

    batch_uuid: str = msgspec.field(name="batchUUID")
    errors: dict[str, list[str]] | None = None
    subjects: dict[str, NamedId] | None = None
    brands: dict[str, NamedId] | None = None
    vendor_codes: list[str] | None = None
    updated_at: datetime | None = None


class ErrorsCursor(Wire, frozen=True):
    """Where a page of errors ended; see :class:`CardCursor`."""

    next: bool = False
    """Whether there are more."""
    updated_at: str | None = None
    batch_uuid: str | None = msgspec.field(default=None, name="batchUUID")


class ErrorsPage(Wire, frozen=True):
    """One page of errors."""

    items: list[CardErrors] = msgspec.field(default_factory=list)
    cursor: ErrorsCursor = ErrorsCursor()


class CardLimits(Wire, frozen=True):
    """How many cards may be made, those in the trash included."""

    free_limits: int | None = None
    paid_limits: int | None = None


class _Sent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The base of what is sent; fields that are left out are not sent."""


class Dimensions(_Sent, frozen=True):
    """The packed product, in centimetres and kilograms."""

    length: float
    width: float
    height: float
    weight_brutto: float


class Value(_Sent, frozen=True):
    """A characteristic; its id and kind are the subject's."""

    id: int
    value: int | float | str | Sequence[str]


class NewSize(_Sent, frozen=True):
    """A size of a new card. A card without sizes has one, with barcodes alone."""

    skus: Sequence[str] = ()
    """Barcodes."""
    tech_size: str | None = None
    wb_size: str | None = None
    price: int | None = None
    """Rubles, whole; 0 until a price is set, where nothing is said."""


class NewCard(_Sent, frozen=True):
    """A card to be made."""

    vendor_code: str
    """The seller's own article, not used in another card."""
    sizes: Sequence[NewSize] = ()
    title: str | None = None
    """At most 60 characters."""
    description: str | None = None
    """At most 5,000 characters; 2,000 in most subjects."""
    brand: str | None = None
    dimensions: Dimensions | None = None
    characteristics: Sequence[Value] = ()
    wholesale: Wholesale | None = None
    kiz_marked: bool | None = None


class CardGroup(_Sent, frozen=True):
    """Cards to be made as one group of merged cards; one card stands alone."""

    subject_id: int = msgspec.field(name="subjectID")
    variants: Sequence[NewCard]
    """1 to 30."""


class SizeUpdate(NewSize, frozen=True):
    """A size of a card that is there; without ``chrt_id``, a new one."""

    chrt_id: int | None = msgspec.field(default=None, name="chrtID")


class CardUpdate(_Sent, frozen=True):
    """All that a card is to be: whatever is left out is emptied."""

    nm_id: int = msgspec.field(name="nmID")
    vendor_code: str
    sizes: Sequence[SizeUpdate]
    """All that there are, and new ones. Barcodes can be added, not changed or taken away."""
    title: str | None = None
    description: str | None = None
    brand: str | None = None
    dimensions: Dimensions | None = None
    characteristics: Sequence[Value] = ()
    wholesale: Wholesale | None = None
    kiz_marked: bool | None = None
