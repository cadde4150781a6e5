"""The columns of exported tables: one layout per noun, as data.

CSV, Parquet and the tables of ``docs/export.md`` are generated from :data:`LAYOUTS`. A value is the
same in every format: an empty text in a nullable column is null, and money has four decimal places.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Generic, TypeAlias, TypeVar

import msgspec

from wbym import domain
from wbym.domain import (
    Answer,
    Buyer,
    Chat,
    Feedback,
    Media,
    MediaKind,
    Message,
    Order,
    Product,
    Question,
    Record,
    Ref,
    Return,
)

__all__ = ["LAYOUTS", "AnyLayout", "AnyRecord", "Column", "Kind", "Layout", "Noun", "Row", "Value"]

Value: TypeAlias = (
    str | int | bool | datetime | Decimal | tuple[str | None, ...] | tuple[int, ...] | None
)
Row: TypeAlias = tuple[Value, ...]

R = TypeVar("R", bound=Record)
P = TypeVar("P")

CENTS: Final = Decimal("0.0001")
"""The precision of money in tables."""


class Noun(StrEnum):
    """The nouns that can be exported."""

    FEEDBACKS = "feedbacks"
    QUESTIONS = "questions"
    RETURNS = "returns"
    CHATS = "chats"
    MESSAGES = "messages"


class Kind(StrEnum):
    """The type of a column."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    TIME = "time"
    """UTC, to the microsecond."""
    MONEY = "money"
    """Decimal, four places."""
    TEXTS = "list of texts"
    INTEGERS = "list of integers"


class Column(Generic[R]):
    """One column of a noun's table.

    Args:
        name: The name, the same in every format.
        kind: The type.
        meaning: The description for the documentation.
        value: Extracts the value from a record.
        always: Whether every record has a value.
    """

    def __init__(
        self,
        name: str,
        kind: Kind,
        meaning: str,
        value: Callable[[R], Value],
        *,
        always: bool = False,
    ) -> None:
        self.name: Final = name
        self.kind: Final = kind
        self.meaning: Final = meaning
        self.always: Final = always
        self._value = value

    def of(self, record: R) -> Value:
        """The value of a record in this column."""
        value = self._value(record)
        return None if value == "" and not self.always else value


class Layout(Generic[R]):
    """The table of a noun.

    Args:
        noun: The exported noun.
        of: The noun of the records' refs.
        record: The neutral type.
        columns: The columns; the first three are the ref without its noun.
        time: The field and the column that say when a record was created.
    """

    def __init__(
        self,
        noun: Noun,
        of: domain.Noun,
        record: type[R],
        columns: Sequence[Column[R]],
        *,
        time: str = "created_at",
    ) -> None:
        self.noun: Final = noun
        self.of: Final = of
        self.record: Final[type[R]] = record
        self.columns: Final = tuple(columns)
        self.time: Final = time
        self.names: Final = tuple(column.name for column in columns)
        self._decoder = msgspec.json.Decoder(record)

    def rows(self, bodies: Iterable[bytes]) -> list[Row]:
        """The rows of records given as JSON."""
        decode, columns = self._decoder.decode, self.columns
        records = map(decode, bodies)
        return [tuple(column.of(record) for column in columns) for record in records]


def _part(value: Callable[[R], P | None], of: Callable[[P], Value]) -> Callable[[R], Value]:
    """A value of an optional part of a record."""

    def get(record: R) -> Value:
        part = value(record)
        return None if part is None else of(part)

    return get


def _key(ref: Callable[[R], Ref]) -> tuple[Column[R], ...]:
    return (
        Column(
            "marketplace",
            Kind.TEXT,
            "The marketplace, such as `wildberries`",
            lambda it: ref(it).marketplace,
            always=True,
        ),
        Column(
            "account",
            Kind.TEXT,
            "The account's name, as the configuration has it",
            lambda it: ref(it).account,
            always=True,
        ),
        Column(
            "id",
            Kind.TEXT,
            "The marketplace's id; unique with the two columns before",
            lambda it: ref(it).id,
            always=True,
        ),
    )


def _product(product: Callable[[R], Product | None]) -> tuple[Column[R], ...]:
    fields: tuple[tuple[str, Callable[[Product], str | None], str], ...] = (
        ("id", lambda it: it.id, "The marketplace's article (WB: `nmId`; YM: market SKU)"),
        ("seller_sku", lambda it: it.seller_sku, "The seller's own article"),
        ("name", lambda it: it.name, "The product's name"),
        ("brand", lambda it: it.brand, "Its brand"),
        ("size", lambda it: it.size, "Its size"),
        ("color", lambda it: it.color, "Its colour"),
        ("group_id", lambda it: it.group_id, "The card that joins variants (WB: `imtId`)"),
    )
    return tuple(
        Column(f"product_{name}", Kind.TEXT, meaning, _part(product, of))
        for name, of, meaning in fields
    )


def _buyer(buyer: Callable[[R], Buyer | None]) -> tuple[Column[R], ...]:
    return (
        Column("buyer_name", Kind.TEXT, "The buyer's name", _part(buyer, lambda it: it.name)),
        Column("buyer_id", Kind.TEXT, "The buyer's id", _part(buyer, lambda it: it.id)),
    )


def _order(order: Callable[[R], Order | None]) -> tuple[Column[R], ...]:
    return (
        Column(
            "order_id",
            Kind.TEXT,
            "The order (WB: `srid`; YM: its number)",
            _part(order, lambda it: it.id),
        ),
        Column("ordered_at", Kind.TIME, "When it was made", _part(order, lambda it: it.ordered_at)),
    )


def _answer(answer: Callable[[R], Answer | None]) -> tuple[Column[R], ...]:
    return (
        Column(
            "answer_text", Kind.TEXT, "The text of the answer", _part(answer, lambda it: it.text)
        ),
        Column(
            "answer_status",
            Kind.TEXT,
            "`published`, `in_moderation`, `rejected`, `deleted` or `unknown`",
            _part(answer, lambda it: it.status.value),
        ),
        Column(
            "answer_author",
            Kind.TEXT,
            "`seller`, `marketplace`, `buyer` or `unknown`",
            _part(answer, lambda it: it.author.value),
        ),
        Column(
            "answered_at",
            Kind.TIME,
            "When the answer was written",
            _part(answer, lambda it: it.created_at),
        ),
    )


def _media(media: Callable[[R], tuple[Media, ...]]) -> tuple[Column[R], ...]:
    def urls(kind: MediaKind) -> Callable[[R], Value]:
        return lambda it: tuple(each.url for each in media(it) if each.kind is kind)

    return (
        Column("photos", Kind.TEXTS, "Addresses of photos", urls(MediaKind.PHOTO), always=True),
        Column("videos", Kind.TEXTS, "Addresses of videos", urls(MediaKind.VIDEO), always=True),
    )


def _amount(item: Return) -> Decimal | None:
    return None if item.amount is None else item.amount.amount.quantize(CENTS)


def _is_answered(item: Feedback) -> bool | None:
    # An answer may be known even if not all comments are.
    return item.answered if item.answer_known or item.answer is not None else None


_FEEDBACKS: Final[Layout[Feedback]] = Layout(
    Noun.FEEDBACKS,
    domain.Noun.FEEDBACK,
    Feedback,
    (
        *_key(lambda it: it.ref),
        Column(
            "created_at", Kind.TIME, "When it was written", lambda it: it.created_at, always=True
        ),
        Column("rating", Kind.INTEGER, "1 to 5", lambda it: it.rating),
        Column("text", Kind.TEXT, "The buyer's text", lambda it: it.text, always=True),
        Column("pros", Kind.TEXT, "What the buyer likes", lambda it: it.pros, always=True),
        Column("cons", Kind.TEXT, "What the buyer dislikes", lambda it: it.cons, always=True),
        Column(
            "tags",
            Kind.TEXTS,
            "Predefined tags that the buyer chose",
            lambda it: it.tags,
            always=True,
        ),
        Column(
            "answered",
            Kind.BOOLEAN,
            "Whether it has an answer; null if comments are only counted",
            _is_answered,
        ),
        *_answer(lambda it: it.answer),
        *_product(lambda it: it.product),
        *_buyer(lambda it: it.buyer),
        *_order(lambda it: it.order),
        *_media(lambda it: it.media),
        Column("viewed", Kind.BOOLEAN, "Whether the seller saw it", lambda it: it.viewed),
        Column(
            "recommended",
            Kind.BOOLEAN,
            "Whether the buyer recommends the product",
            lambda it: it.recommended,
        ),
        Column("comments", Kind.INTEGER, "How many comments it has", lambda it: it.comments),
        Column("parent_id", Kind.TEXT, "The feedback that this amends", lambda it: it.parent_id),
        Column("child_id", Kind.TEXT, "The feedback that amends this", lambda it: it.child_id),
        Column(
            "return_possible",
            Kind.BOOLEAN,
            "Whether the seller may offer a return",
            lambda it: it.return_possible,
        ),
    ),
)

_QUESTIONS: Final[Layout[Question]] = Layout(
    Noun.QUESTIONS,
    domain.Noun.QUESTION,
    Question,
    (
        *_key(lambda it: it.ref),
        Column("created_at", Kind.TIME, "When it was asked", lambda it: it.created_at, always=True),
        Column("text", Kind.TEXT, "The buyer's text", lambda it: it.text, always=True),
        Column(
            "status",
            Kind.TEXT,
            "`waiting`, `answered`, `rejected` or `unknown`",
            lambda it: it.status.value,
            always=True,
        ),
        Column(
            "answered",
            Kind.BOOLEAN,
            "Whether it has an answer",
            lambda it: it.answered,
            always=True,
        ),
        *_answer(lambda it: it.answer),
        *_product(lambda it: it.product),
        *_buyer(lambda it: it.buyer),
        Column("viewed", Kind.BOOLEAN, "Whether the seller saw it", lambda it: it.viewed),
        Column(
            "flagged", Kind.BOOLEAN, "Whether the marketplace warns of it", lambda it: it.flagged
        ),
        Column("likes", Kind.INTEGER, "How many people like it", lambda it: it.likes),
        Column("dislikes", Kind.INTEGER, "How many do not", lambda it: it.dislikes),
    ),
)

_RETURNS: Final[Layout[Return]] = Layout(
    Noun.RETURNS,
    domain.Noun.RETURN,
    Return,
    (
        *_key(lambda it: it.ref),
        Column("created_at", Kind.TIME, "When it was opened", lambda it: it.created_at),
        Column("updated_at", Kind.TIME, "When it last changed", lambda it: it.updated_at),
        Column(
            "status",
            Kind.TEXT,
            "`waiting_for_seller`, `in_progress`, `approved`, `rejected`, `completed`, "
            "`cancelled` or `unknown`",
            lambda it: it.status.value,
            always=True,
        ),
        Column(
            "decisions",
            Kind.TEXTS,
            "What the seller could decide when it was read, in the marketplace's words",
            lambda it: tuple(each.id for each in it.decisions),
            always=True,
        ),
        Column("amount", Kind.MONEY, "The amount in question", _amount),
        Column(
            "currency",
            Kind.TEXT,
            "ISO 4217, such as `RUB`",
            _part(lambda it: it.amount, lambda it: it.currency),
        ),
        Column(
            "product_ids",
            Kind.TEXTS,
            "The marketplace's article of each position; null if it is not stated",
            lambda it: tuple(each.product.id for each in it.items),
            always=True,
        ),
        Column(
            "product_seller_skus",
            Kind.TEXTS,
            "The seller's own article of each position",
            lambda it: tuple(each.product.seller_sku for each in it.items),
            always=True,
        ),
        Column(
            "product_names",
            Kind.TEXTS,
            "The name of each position",
            lambda it: tuple(each.product.name for each in it.items),
            always=True,
        ),
        Column(
            "quantities",
            Kind.INTEGERS,
            "The quantity of each position",
            lambda it: tuple(each.quantity for each in it.items),
            always=True,
        ),
        *_buyer(lambda it: it.buyer),
        Column("buyer_comment", Kind.TEXT, "The buyer's text", lambda it: it.buyer_comment),
        Column(
            "marketplace_comment",
            Kind.TEXT,
            "The marketplace's text",
            lambda it: it.marketplace_comment,
        ),
        *_order(lambda it: it.order),
        Column(
            "delivered_at",
            Kind.TIME,
            "When the buyer received the order",
            lambda it: it.delivered_at,
        ),
        Column(
            "imei_check",
            Kind.TEXT,
            "Whether the buyer's IMEI is that of the sold device, in the marketplace's words",
            lambda it: it.imei_check,
        ),
        *_media(lambda it: it.media),
    ),
)

_CHATS: Final[Layout[Chat]] = Layout(
    Noun.CHATS,
    domain.Noun.CHAT,
    Chat,
    (
        *_key(lambda it: it.ref),
        Column("created_at", Kind.TIME, "When it was created", lambda it: it.created_at),
        Column("updated_at", Kind.TIME, "When the last message came", lambda it: it.updated_at),
        Column(
            "status",
            Kind.TEXT,
            "`waiting_for_seller`, `waiting_for_buyer`, `waiting_for_marketplace`, `closed` or "
            "`unknown`",
            lambda it: it.status.value,
            always=True,
        ),
        Column(
            "kind",
            Kind.TEXT,
            "`order`, `return`, `direct`, `dispute` or `unknown`",
            lambda it: it.kind.value,
            always=True,
        ),
        Column("last_text", Kind.TEXT, "The text of the last message", lambda it: it.last_text),
        *_product(lambda it: it.product),
        *_buyer(lambda it: it.buyer),
        *_order(lambda it: it.order),
        Column(
            "return_id", Kind.TEXT, "The return that the chat is about", lambda it: it.return_id
        ),
    ),
)

_MESSAGES: Final[Layout[Message]] = Layout(
    Noun.MESSAGES,
    domain.Noun.MESSAGE,
    Message,
    (
        *_key(lambda it: it.ref),
        Column("chat_id", Kind.TEXT, "The id of its chat", lambda it: it.chat.id, always=True),
        Column("sent_at", Kind.TIME, "When it was sent", lambda it: it.sent_at, always=True),
        Column(
            "author",
            Kind.TEXT,
            "`seller`, `marketplace`, `buyer` or `unknown`",
            lambda it: it.author.value,
            always=True,
        ),
        Column("text", Kind.TEXT, "The text", lambda it: it.text),
        Column(
            "file_ids",
            Kind.TEXTS,
            "The ids of its files, for `download`; null if a file has only an address",
            lambda it: tuple(each.id for each in it.attachments),
            always=True,
        ),
        Column(
            "file_names",
            Kind.TEXTS,
            "The names of its files",
            lambda it: tuple(each.name for each in it.attachments),
            always=True,
        ),
        Column(
            "file_urls",
            Kind.TEXTS,
            "The addresses of its files",
            lambda it: tuple(each.url for each in it.attachments),
            always=True,
        ),
    ),
    time="sent_at",
)

AnyRecord: TypeAlias = Feedback | Question | Return | Chat | Message
AnyLayout: TypeAlias = (
    Layout[Feedback] | Layout[Question] | Layout[Return] | Layout[Chat] | Layout[Message]
)

LAYOUTS: Final[dict[Noun, AnyLayout]] = {
    layout.noun: layout for layout in (_FEEDBACKS, _QUESTIONS, _RETURNS, _CHATS, _MESSAGES)
}
"""The columns of each noun's file."""
