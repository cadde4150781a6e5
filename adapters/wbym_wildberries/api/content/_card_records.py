"""What Wildberries sends of cards, and what is sent to it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum, IntEnum
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
    """The kind of a permit. A number that is not listed here still decodes, without a name."""

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
    """A permit, as Wildberries sends it and as it is sent."""

    type: DocumentType | None = None
    number: str | None = None
    product_number: str | None = None
    trade_name: str | None = None
    applicant: str | None = None
    start_date: str | None = None
    """As Wildberries writes it."""
    end_date: str | None = None
    is_endless: bool | None = None
    """Whether it is valid without an end."""
    id: int | str | None = None
    """Wildberries' id. With it an update changes this document, without it adds a new one."""
    verdict: object = None
    """The result of the check, in Wildberries' words; None until then, up to 3 days. Read only:
    never sent."""


class Documents(Wire, frozen=True, omit_defaults=True):
    """All permits of a card. An update overwrites them in full.

    To add or change one, give all that are to stay::

        documents = msgspec.structs.replace(
            card.documents, items=[*(card.documents.items or ()), Document(...)]
        )
    """

    items: Sequence[Document] | None = None
    exclude_documents: bool | None = None
    """True says that the product needs no permits, and empties ``items``. The default is false: an
    update that does not say it takes the statement back."""
    overall_verdict: object = None
    """The result for the whole card, marking and registers included; None until all is checked.
    Read only: never sent."""


class LeaveOut(Enum):
    """What an update leaves out on purpose."""

    DOCUMENTS = "documents"
    """No ``documents`` are sent, as if the card had none.

    Wildberries overwrites a card as a whole: the card may lose all its permits and its
    ``exclude_documents``, and a card that needs permits and has none can be blocked until new ones
    have passed the check, up to 3 days. Wildberries does not document whether leaving the object
    out differs from sending it empty.
    """


MAX_GROUP_SIZE: Final = 30
"""Cards in one group."""

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
    """Whether it is sold to firms, and how many in a pack."""

    enabled: bool | None = None
    quantum: int | None = None


class CardDimensions(Wire, frozen=True):
    """The packed product, in centimetres and kilograms."""

    length: int | float | None = None
    width: int | float | None = None
    height: int | float | None = None
    weight_brutto: int | float | None = None
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


class Original(bytes):
    """The JSON of a card as Wildberries sent it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class _HasOriginal:
    """Room for a card's bytes beside its fields.

    A slot of a base class that is no Struct is no field: msgspec leaves it out of ``==``, ``repr``
    and JSON.
    """

    __slots__ = ("_original",)

    _original: Original


class _CardRecord(_HasOriginal, Wire, frozen=True):
    """What cards have wherever they are listed."""

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
    """The same in all cards that are merged."""
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
        """The card's JSON as Wildberries sent it, with the fields that this version does not know.

        None where the card was not read from Wildberries, or is a changed copy
        (``msgspec.structs.replace``). It takes no part in ``==``, ``repr`` and JSON.
        """
        try:
            return self._original
        except AttributeError:
            return None

    def to_update(
        self, *, documents: Documents | LeaveOut | None, **changes: Unpack["CardChanges"]
    ) -> "CardUpdate":
        """The update that changes what is named and leaves the rest of the card as it was read.

        ::

            update = card.to_update(documents=card.documents, title="Кружка 330 мл")
            await shop.api.content.cards.update_and_wait([update])

        What was changed since the card was read is taken back.

        Fields that this version does not know go back as they came, nested ones too: those of a
        size, characteristic or document as long as it is still in its list. What the update method
        does not take is left out: the ids, names and dates that Wildberries gives (``imtID``,
        ``nmUUID``, ``subjectID``, ``subjectName``, ``needKiz``, ``createdAt``, ``updatedAt``; the
        names of characteristics, ``isValid`` of dimensions), ``photos``, ``video`` and ``tags``,
        which it leaves as they are, and the verdicts on documents.

        Args:
            documents: ``card.documents`` to keep them, other ones in their place, or
                ``LeaveOut.DOCUMENTS``. None is taken where the card has none.
            changes: Fields of :class:`CardUpdate` to be set otherwise.

        Raises:
            InvalidInput: ``documents`` is None and the card has documents; or the card was not
                read from Wildberries, so that its other fields are not known.
        """
        if self.original is None:
            rule = (
                "must be as it was read from Wildberries: a copy or a card made by hand lacks the"
                " fields that would be lost; pass changes to to_update instead"
            )
            raise InvalidInput(UPDATE_METHOD, "card", rule, self.nm_id)
        if documents is None:
            if self.documents is not None:
                rule = (
                    f"must be said, since card {self.nm_id} has documents and an update without"
                    " them loses them: card.documents, other ones, or LeaveOut.DOCUMENTS"
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


class CardFilter(_Sent, frozen=True):
    """Which cards. What is left out does not matter."""

    # A default that is made is sent too: Wildberries' own examples always say this one.
    with_photo: Literal[-1, 0, 1, 2] = msgspec.field(default_factory=lambda: -1)
    """1 those with pictures, 2 those without, -1 and 0 all."""
    text: str | None = msgspec.field(default=None, name="textSearch")
    """In ``vendor_code``, ``nm_id`` or a barcode."""
    tag_ids: Sequence[int] = msgspec.field(default=(), name="tagIDs")
    subject_ids: Sequence[int] = msgspec.field(default=(), name="objectIDs")
    brands: Sequence[str] = ()
    imt_id: int | None = msgspec.field(default=None, name="imtID")
    allowed_categories_only: bool | None = None
    """Only those whose category the seller may sell in, or only the others."""


class Dimensions(_Sent, frozen=True):
    """The packed product, in centimetres and kilograms."""

    length: int | float
    width: int | float
    height: int | float
    weight_brutto: int | float


_Value: TypeAlias = int | float | str | Sequence[str]


class Value(_Sent, frozen=True):
    """A characteristic; its id and kind are the subject's."""

    id: int
    value: _Value


class NewSize(_Sent, frozen=True):
    """A size of a new card. A card without sizes has one, with barcodes alone."""

    skus: Sequence[str] = ()
    """Barcodes."""
    tech_size: str | None = None
    wb_size: str | None = None
    price: int | None = None
    """Rubles, whole; 0 until a price is set, where nothing is said."""


class IsNew(msgspec.Struct, frozen=True):
    """Documents have neither ids nor verdicts, as those of a new card."""

    def violation(self, documents: Documents, /) -> str | None:
        """See :class:`wbym.calls._annotations.Rule`."""
        given = [documents.overall_verdict]
        for one in documents.items or ():
            given += [one.id, one.verdict]
        if all(value is None for value in given):
            return None
        return "must have no ids and no verdicts in a new card: Wildberries gives both"


class NewCard(_Sent, frozen=True):
    """A card to be made."""

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
    """Permits, without ids and verdicts: Wildberries gives both."""


class CardGroup(_Sent, frozen=True):
    """Cards to be made as one group of merged cards; one card stands alone."""

    subject_id: int = msgspec.field(name="subjectID")
    variants: Annotated[Sequence[NewCard], Count(1, MAX_GROUP_SIZE)]
    """1 to 30."""


class SizeUpdate(NewSize, frozen=True):
    """A size of a card that is there; without ``chrt_id``, a new one."""

    chrt_id: int | None = msgspec.field(default=None, name="chrtID")


class CardUpdate(_Sent, frozen=True):
    """All that a card is to be: whatever is left out is emptied.

    Made of a card by :meth:`Card.to_update`, which keeps what is not changed.
    """

    nm_id: int = msgspec.field(name="nmID")
    vendor_code: Annotated[str, NotEmpty()]
    """Of any length: cards older than the bound on new ones can still be changed."""
    sizes: Annotated[Sequence[SizeUpdate], Count(1)]
    """All that there are, or the card's one without a name, and new ones. Barcodes can be added,
    not changed or taken away."""
    documents: LeaveOut | Documents
    """All permits that the card is to have: Wildberries overwrites them in full."""
    title: Title = None
    """At most 60 characters."""
    description: Description = None
    """At most 5,000 characters; 2,000 in most subjects."""
    brand: str | None = None
    dimensions: Dimensions | None = None
    characteristics: Sequence[CardValue | Value] = ()
    """Those of the card as they were read, or others."""
    wholesale: Wholesale | None = None
    kiz_marked: bool | None = None
    gtin: str | int | None = None
    original: bytes = b""
    """The JSON of the card as it was read. Its fields that this version does not know are sent
    with the others."""


class CardChanges(TypedDict, total=False):
    """What :meth:`Card.to_update` may set otherwise, as in :class:`CardUpdate`."""

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
    return Dimensions(
        length=size.length or 0,
        width=size.width or 0,
        height=size.height or 0,
        weight_brutto=size.weight_brutto or 0,
    )


class _Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Which fields of an object, or of a list's items, are typed here."""

    names: frozenset[str]
    key: str | None = None
    """What tells the items apart, where it is a list."""
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
    """What is sent for one card.

    Fields that are typed here are as the update says. All others are those of ``original``, byte
    for byte: of the card, of the objects inside, and of the items of its lists, which are told
    apart by their ids, or without one by what is typed.
    """
    bare = msgspec.structs.replace(update, original=b"")
    said: dict[str, object] = msgspec.to_builtins(bare)
    if not isinstance(update.documents, Documents):
        del said["documents"]
    read = msgspec.Raw(update.original) if update.original else _NULL
    return msgspec.json.encode(_laid_over(read, said, _CARD))


class KeepsCard(msgspec.Struct, frozen=True):
    """An update neither loses what its card has nor gives it what another one has."""

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


def _laid_over(read: msgspec.Raw, said: object, shape: _Shape) -> object:
    if said is None:
        return None
    if shape.key is None:
        return _object_over(read, cast(Mapping[str, object], said), shape)
    before: dict[bytes, list[msgspec.Raw]] = {}
    for item in _LIST.decode(read) or ():
        before.setdefault(_name(_ITEM.decode(item) or {}, shape), []).append(item)
    found: list[object] = []
    for one in cast(list[dict[str, object]], said):
        same = before.get(_name(one, shape))
        found.append(_object_over(same.pop(0) if same else _NULL, one, shape))
    return found


def _name(item: Mapping[str, object], shape: _Shape) -> bytes:
    """What tells an item of a list from the others: its id, or without one all that is typed."""
    name = item.get(shape.key or "")
    if name is None:
        typed = shape.names - shape.read_only
        name = {field: item[field] for field in typed if item.get(field) is not None}
    return msgspec.json.encode(name, order="sorted")


def _object_over(
    read: msgspec.Raw, said: Mapping[str, object], shape: _Shape
) -> Mapping[str, object]:
    before = _OBJECT.decode(read) or {}
    laid: dict[str, object] = {
        name: value for name, value in before.items() if name not in shape.names
    }
    for name, value in said.items():
        if name in shape.inside:
            laid[name] = _laid_over(before.get(name, _NULL), value, shape.inside[name])
        elif name not in shape.read_only:
            laid[name] = value
    return laid
