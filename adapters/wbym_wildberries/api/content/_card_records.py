"""Records of cards, as Wildberries sends them and as they are sent to it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum, IntEnum
from math import ceil
from typing import Annotated, Final, Literal, Self, TypeAlias, TypedDict, Unpack, cast

import msgspec

from wbym.calls import Count, Length, NotEmpty
from wbym.errors import InvalidInput
from wbym_wildberries.api._base import Wire
from wbym_wildberries.api.content.tags import Tag

__all__ = [
    "Card",
    "CardChanges",
    "CardCursor",
    "CardDimensions",
    "CardErrors",
    "CardFilter",
    "CardGroup",
    "CardLimits",
    "CardPhoto",
    "CardSize",
    "CardUpdate",
    "CardValue",
    "CardsPage",
    "Dimensions",
    "Document",
    "DocumentType",
    "Documents",
    "ErrorsCursor",
    "ErrorsPage",
    "KeepsCard",
    "LeaveOut",
    "NamedId",
    "NewCard",
    "NewSize",
    "Original",
    "SizeUpdate",
    "TrashCursor",
    "TrashPage",
    "TrashedCard",
    "Value",
    "Wholesale",
    "keep_original",
    "update_json",
]


class DocumentType(IntEnum):
    """The kind of a permit. Other numbers still decode, without a name."""

    CERTIFICATE = 1
    DECLARATION = 2
    STATE_REGISTRATION = 3
    MEDICAL_REGISTRATION = 4
    """The registration certificate of a medical device."""
    MEDICAL_REGISTRATION_BELARUS = 5
    """The same, issued in Belarus."""
    PESTICIDE = 7
    AGROCHEMICAL = 8
    MEDICINE = 9

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"TYPE_{value}"
        member._value_ = value
        return member


class Document(Wire, frozen=True, omit_defaults=True):
    """A permit, as Wildberries sends it and as it is sent to it."""

    type: DocumentType | None = None
    number: str | None = None
    product_number: str | None = None
    trade_name: str | None = None
    applicant: str | None = None
    start_date: str | None = None
    """As Wildberries writes it."""
    end_date: str | None = None
    is_endless: bool | None = None
    """Whether the document has no end date."""
    id: int | str | None = None
    """Wildberries' id. An update changes the document with this id; without an id it adds one."""
    verdict: object = None
    """Wildberries' result of the check; None until then, up to 3 days. Read only: never sent."""


class Documents(Wire, frozen=True, omit_defaults=True):
    """All permits of a card. An update overwrites them in full.

    To add or change one, give all that are to stay::

        documents = msgspec.structs.replace(
            card.documents, items=[*(card.documents.items or ()), Document(...)]
        )
    """

    items: Sequence[Document] | None = None
    exclude_documents: bool | None = None
    """True means that the product needs no permits, and empties ``items``. The default is false: an
    update without it withdraws the statement."""
    overall_verdict: object = None
    """The result for the whole card, marking and registers included; None until all is checked.
    Read only: never sent."""


class LeaveOut(Enum):
    """A part that an update leaves out on purpose."""

    DOCUMENTS = "documents"
    """No ``documents`` are sent, as if the card had none.

    Wildberries overwrites a card as a whole: the card may lose all its permits and its
    ``exclude_documents``, and a card that needs permits and has none can be blocked until new ones
    have passed the check, up to 3 days. Wildberries does not document whether leaving the object
    out differs from sending it empty.
    """


MAX_GROUP_SIZE: Final = 30
"""Max cards in one group."""

UPDATE_METHOD: Final = "content.cards.update"

Title = Annotated[str | None, Length(0, 60)]
Description = Annotated[str | None, Length(0, 5000)]


class CardPhoto(Wire, frozen=True):
    """Addresses of one picture in several sizes."""

    big: str | None = None
    c246x328: str | None = None
    c516x688: str | None = None
    square: str | None = None
    tm: str | None = None


class Wholesale(Wire, frozen=True, omit_defaults=True):
    """Whether the product is sold to companies, and the pieces per pack."""

    enabled: bool | None = None
    quantum: int | None = None


class CardDimensions(Wire, frozen=True):
    """The packed product, in centimetres and kilograms."""

    length: int | float | None = None
    width: int | float | None = None
    height: int | float | None = None
    weight_brutto: int | float | None = None
    is_valid: bool | None = None
    """False if Wildberries doubts the dimensions."""


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
    """The seller's size, such as ``XL``; ``0`` without sizes."""
    wb_size: str | None = None
    """The size for buyers, such as ``50``."""
    skus: list[str] | None = None


class Original(bytes):
    """The JSON of a card as Wildberries sent it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class _HasOriginal:
    """A slot for a card's bytes beside its fields.

    A slot of a base class that is not a Struct is not a field: msgspec leaves it out of ``==``,
    ``repr`` and JSON.
    """

    __slots__ = ("_original",)

    _original: Original


class _CardRecord(_HasOriginal, Wire, frozen=True):
    """The fields of cards in all lists."""

    nm_id: int = msgspec.field(name="nmID")
    subject_id: int | None = msgspec.field(default=None, name="subjectID")
    subject_name: str | None = None
    vendor_code: str | None = None
    kiz_marked: bool | None = None
    """Whether the seller confirms that each piece carries its marking code."""
    photos: list[CardPhoto] | None = None
    video: str | None = None
    wholesale: Wholesale | None = None
    dimensions: CardDimensions | None = None
    characteristics: list[CardValue] | None = None
    sizes: list[CardSize] | None = None
    created_at: datetime | None = None


class Card(_CardRecord, frozen=True):
    """A card: one product in one colour, with its sizes."""

    imt_id: int | None = msgspec.field(default=None, name="imtID")
    """The same in all merged cards."""
    nm_uuid: str | None = msgspec.field(default=None, name="nmUUID")
    brand: str | None = None
    title: str | None = None
    description: str | None = None
    need_kiz: bool | None = None
    """Whether each piece needs a marking code."""
    gtin: str | int | None = None
    """The product's number in GS1's register."""
    documents: Documents | None = None
    tags: list[Tag] | None = None
    updated_at: datetime | None = None

    @property
    def original(self) -> Original | None:
        """The card's JSON as Wildberries sent it, with fields that this version does not know.

        None if the card was not read from Wildberries, or is a changed copy
        (``msgspec.structs.replace``). It is not part of ``==``, ``repr`` and JSON.
        """
        try:
            return self._original
        except AttributeError:
            return None

    def to_update(
        self, *, documents: Documents | LeaveOut | None, **changes: Unpack["CardChanges"]
    ) -> "CardUpdate":
        """Create an update with the given changes that leaves the rest of the card as it was read.

        ::

            update = card.to_update(documents=card.documents, title="Кружка 330 мл")
            await shop.api.content.cards.update_and_wait([update])

        Changes made since the card was read are reverted.

        Fields that this version does not know are sent back unchanged, nested ones too: those of a
        size, characteristic or document as long as it is still in its list. Fields that the update
        method does not accept are left out: the ids, names and dates that Wildberries sets
        (``imtID``, ``nmUUID``, ``subjectID``, ``subjectName``, ``needKiz``, ``createdAt``,
        ``updatedAt``; the names of characteristics, ``isValid`` of dimensions), ``photos``,
        ``video`` and ``tags``, which an update does not change, and the verdicts on documents.

        Args:
            documents: ``card.documents`` to keep them, other documents to replace them, or
                ``LeaveOut.DOCUMENTS``. None is accepted if the card has none.
            changes: Fields of :class:`CardUpdate` to change.

        Raises:
            InvalidInput: ``documents`` is None and the card has documents; or the card was not
                read from Wildberries, so that its other fields are not known.
        """
        if self.original is None:
            rule = (
                "must have been read from Wildberries: a copy or a card created by hand lacks the"
                " fields that would be lost; pass changes to to_update instead"
            )
            raise InvalidInput(UPDATE_METHOD, "card", rule, self.nm_id)
        if documents is None:
            if self.documents is not None:
                rule = (
                    f"must be given, since card {self.nm_id} has documents and an update without"
                    " them deletes them: card.documents, other ones, or LeaveOut.DOCUMENTS"
                )
                raise InvalidInput(UPDATE_METHOD, "documents", rule, None)
            documents = LeaveOut.DOCUMENTS
        own = CardUpdate(
            nm_id=self.nm_id,
            vendor_code=self.vendor_code or "",
            sizes=[_size_update(size) for size in self.sizes or ()],
            documents=documents,
            title=self.title,
            description=self.description,
            brand=self.brand,
            dimensions=_dimensions_update(self.dimensions),
            characteristics=self.characteristics or (),
            wholesale=self.wholesale,
            kiz_marked=self.kiz_marked,
            gtin=self.gtin,
            original=self.original,
        )
        return msgspec.structs.replace(own, **changes)


keep_original: Final[Callable[[Card, Original], None]] = _HasOriginal.__dict__["_original"].__set__
"""``keep_original(card, bytes)``: keep the card's JSON with it."""


class TrashedCard(_CardRecord, frozen=True):
    """A card in the trash. Its title, description, brand and documents are not listed there."""

    trashed_at: datetime | None = None


class CardCursor(Wire, frozen=True):
    """The cursor after a page of cards; its texts are sent back unchanged."""

    updated_at: str | None = None
    nm_id: int | None = msgspec.field(default=None, name="nmID")
    total: int = 0
    """The number of cards in the page; fewer than requested on the last page."""


class CardsPage(Wire, frozen=True):
    """One page of cards."""

    cards: list[Card] = msgspec.field(default_factory=list)
    cursor: CardCursor = CardCursor()


class TrashCursor(Wire, frozen=True):
    """The cursor after a page of the trash; see :class:`CardCursor`."""

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
    """The errors of the cards of one request; all by ``vendor_code``."""

    batch_uuid: str = msgspec.field(name="batchUUID")
    errors: dict[str, list[str]] | None = None
    subjects: dict[str, NamedId] | None = None
    brands: dict[str, NamedId] | None = None
    vendor_codes: list[str] | None = None
    updated_at: datetime | None = None


class ErrorsCursor(Wire, frozen=True):
    """The cursor after a page of errors; see :class:`CardCursor`."""

    next: bool = False
    """Whether another page follows."""
    updated_at: str | None = None
    batch_uuid: str | None = msgspec.field(default=None, name="batchUUID")


class ErrorsPage(Wire, frozen=True):
    """One page of errors."""

    items: list[CardErrors] = msgspec.field(default_factory=list)
    cursor: ErrorsCursor = ErrorsCursor()


class CardLimits(Wire, frozen=True):
    """The max number of cards, including cards in the trash."""

    free_limits: int | None = None
    paid_limits: int | None = None


class _Sent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The base of records to send; fields that are left out are not sent."""


class CardFilter(_Sent, frozen=True):
    """A filter of cards. Fields that are left out do not filter."""

    # A default from a factory is sent too: Wildberries' own examples always have this field.
    with_photo: Literal[-1, 0, 1, 2] = msgspec.field(default_factory=lambda: -1)
    """1 with pictures, 2 without, -1 and 0 all."""
    text: str | None = msgspec.field(default=None, name="textSearch")
    """In ``vendor_code``, ``nm_id`` or a barcode."""
    tag_ids: Sequence[int] = msgspec.field(default=(), name="tagIDs")
    subject_ids: Sequence[int] = msgspec.field(default=(), name="objectIDs")
    brands: Sequence[str] = ()
    imt_id: int | None = msgspec.field(default=None, name="imtID")
    allowed_categories_only: bool | None = None
    """Only cards whose category the seller may sell in, or only the others."""


class Dimensions(_Sent, frozen=True):
    """The packed product, in centimetres and kilograms."""

    length: int
    width: int
    height: int
    weight_brutto: int | float


_Value: TypeAlias = int | float | str | Sequence[str]


class Value(_Sent, frozen=True):
    """A characteristic; its id and type are the subject's."""

    id: int
    value: _Value


class NewSize(_Sent, frozen=True):
    """A size of a new card. A card without sizes has one size with barcodes only."""

    skus: Sequence[str] = ()
    """Barcodes."""
    tech_size: str | None = None
    wb_size: str | None = None
    price: int | None = None
    """Whole roubles; by default 0 until a price is set."""


class IsNew(msgspec.Struct, frozen=True):
    """The documents of a new card have neither ids nor verdicts."""

    def violation(self, documents: Documents, /) -> str | None:
        """See :class:`wbym.calls._annotations.Rule`."""
        given = [documents.overall_verdict]
        for document in documents.items or ():
            given += [document.id, document.verdict]
        if all(value is None for value in given):
            return None
        return "must have no ids and no verdicts in a new card: Wildberries sets both"


class NewCard(_Sent, frozen=True):
    """A card to create."""

    vendor_code: Annotated[str, Length(1, 72)]
    """The seller's own article, not used in another card; at most 72 characters."""
    sizes: Sequence[NewSize] = ()
    title: Title = None
    """At most 60 characters."""
    description: Description = None
    """At most 5,000 characters; 2,000 in most subjects."""
    brand: str | None = None
    dimensions: Dimensions | None = None
    characteristics: Sequence[Value] = ()
    wholesale: Wholesale | None = None
    kiz_marked: bool | None = None
    gtin: str | None = None
    documents: Annotated[Documents | None, IsNew()] = None
    """Permits, without ids and verdicts: Wildberries sets both."""


class CardGroup(_Sent, frozen=True):
    """Cards to create as one group of merged cards; a single card has no group."""

    subject_id: int = msgspec.field(name="subjectID")
    variants: Annotated[Sequence[NewCard], Count(1, MAX_GROUP_SIZE)]
    """1 to 30."""


class SizeUpdate(NewSize, frozen=True):
    """A size of an existing card; without ``chrt_id``, a new size."""

    chrt_id: int | None = msgspec.field(default=None, name="chrtID")


class CardUpdate(_Sent, frozen=True):
    """The complete new state of a card: fields that are left out are emptied.

    Create it with :meth:`Card.to_update`, which keeps unchanged fields.
    """

    nm_id: int = msgspec.field(name="nmID")
    vendor_code: Annotated[str, NotEmpty()]
    """Of any length: cards older than the bound on new cards can still be changed."""
    sizes: Annotated[Sequence[SizeUpdate], Count(1)]
    """All existing sizes, or the card's one without a name, and new ones. Barcodes can be added,
    but not changed or removed."""
    documents: LeaveOut | Documents
    """All permits of the card: Wildberries overwrites them in full."""
    title: Title = None
    """At most 60 characters."""
    description: Description = None
    """At most 5,000 characters; 2,000 in most subjects."""
    brand: str | None = None
    dimensions: Dimensions | None = None
    characteristics: Sequence[CardValue | Value] = ()
    """The card's characteristics as they were read, or others."""
    wholesale: Wholesale | None = None
    kiz_marked: bool | None = None
    gtin: str | int | None = None
    original: bytes = b""
    """The JSON of the card as it was read. Fields in it that this version does not know are sent
    with the others."""


class CardChanges(TypedDict, total=False):
    """The fields that :meth:`Card.to_update` may change, as in :class:`CardUpdate`."""

    vendor_code: str
    sizes: Sequence[SizeUpdate]
    title: str | None
    description: str | None
    brand: str | None
    dimensions: Dimensions | None
    characteristics: Sequence[CardValue | Value]
    wholesale: Wholesale | None
    kiz_marked: bool | None
    gtin: str | int | None


def _size_update(size: CardSize) -> SizeUpdate:
    return SizeUpdate(
        chrt_id=size.chrt_id,
        tech_size=size.tech_size,
        wb_size=size.wb_size,
        skus=() if size.skus is None else size.skus,
    )


def _dimensions_update(size: CardDimensions | None) -> Dimensions | None:
    if size is None:
        return None
    return Dimensions(  # WB takes whole centimetres
        length=ceil(size.length or 0),
        width=ceil(size.width or 0),
        height=ceil(size.height or 0),
        weight_brutto=size.weight_brutto or 0,
    )


class _Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The typed fields of an object or of a list's items."""

    names: frozenset[str]
    key: str | None = None
    """The field that identifies the items of a list."""
    inside: "Mapping[str, _Shape]" = {}
    read_only: frozenset[str] = frozenset()


def _names(*structs: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(
        field.encode_name for struct in structs for field in msgspec.structs.fields(struct)
    )


_CARD: Final = _Shape(
    names=_names(Card, CardUpdate) - {"original"},
    inside={
        "sizes": _Shape(names=_names(CardSize, SizeUpdate), key="chrtID"),
        "characteristics": _Shape(
            names=_names(CardValue, Value), key="id", read_only=frozenset({"name"})
        ),
        "dimensions": _Shape(names=_names(CardDimensions, Dimensions)),
        "wholesale": _Shape(names=_names(Wholesale)),
        "documents": _Shape(
            names=_names(Documents),
            read_only=frozenset({"overallVerdict"}),
            inside={
                "items": _Shape(names=_names(Document), key="id", read_only=frozenset({"verdict"}))
            },
        ),
    },
)

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_ITEM: Final = msgspec.json.Decoder(dict[str, object] | None)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw] | None)
_NULL: Final = msgspec.Raw(b"null")


def update_json(update: CardUpdate) -> bytes:
    """The JSON to send for one card.

    Typed fields are the update's. All others are those of ``original``, byte for byte: of the card,
    of nested objects, and of the items of its lists, which are matched by their ids, or without an
    id by their typed fields.
    """
    bare = msgspec.structs.replace(update, original=b"")
    values: dict[str, object] = msgspec.to_builtins(bare)
    if not isinstance(update.documents, Documents):
        del values["documents"]
    read = msgspec.Raw(update.original) if update.original else _NULL
    return msgspec.json.encode(_merged(read, values, _CARD))


class KeepsCard(msgspec.Struct, frozen=True):
    """An update has the ``original`` of its own card, so that it loses or mixes up no fields."""

    def violation(self, update: CardUpdate, /) -> str | None:
        """See :class:`wbym.calls.Rule`."""
        if not update.original:
            return None
        try:
            card = msgspec.json.decode(update.original, type=Card)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return f"must have the original of a card as Wildberries sent it ({error})"
        if card.nm_id != update.nm_id:
            return f"must have the original of card {update.nm_id}, not that of {card.nm_id}"
        return None


def _merged(read: msgspec.Raw, update: object, shape: _Shape) -> object:
    if update is None:
        return None
    if shape.key is None:
        return _merged_object(read, cast(Mapping[str, object], update), shape)
    before: dict[bytes, list[msgspec.Raw]] = {}
    for item in _LIST.decode(read) or ():
        before.setdefault(_identity(_ITEM.decode(item) or {}, shape), []).append(item)
    found: list[object] = []
    for item in cast(list[dict[str, object]], update):
        same = before.get(_identity(item, shape))
        found.append(_merged_object(same.pop(0) if same else _NULL, item, shape))
    return found


def _identity(item: Mapping[str, object], shape: _Shape) -> bytes:
    """The identity of a list's item: its id, or without one all its typed fields."""
    identity = item.get(shape.key or "")
    if identity is None:
        typed = shape.names - shape.read_only
        identity = {field: item[field] for field in typed if item.get(field) is not None}
    return msgspec.json.encode(identity, order="sorted")


def _merged_object(
    read: msgspec.Raw, update: Mapping[str, object], shape: _Shape
) -> Mapping[str, object]:
    before = _OBJECT.decode(read) or {}
    merged: dict[str, object] = {
        name: value for name, value in before.items() if name not in shape.names
    }
    for name, value in update.items():
        if name in shape.inside:
            merged[name] = _merged(before.get(name, _NULL), value, shape.inside[name])
        elif name not in shape.read_only:
            merged[name] = value
    return merged
