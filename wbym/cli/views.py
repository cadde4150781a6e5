"""How each noun is shown: a few lines for people, cells for programs, and all details."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

import msgspec

from wbym.domain import (
    Answer,
    Author,
    Buyer,
    Chat,
    ChatStatus,
    Decision,
    Feedback,
    Message,
    Product,
    Question,
    Record,
    Ref,
    Return,
    ReturnStatus,
)

__all__ = [
    "CHATS",
    "FEEDBACKS",
    "MESSAGES",
    "QUESTIONS",
    "RETURNS",
    "Summary",
    "View",
    "decision_text",
    "iso",
    "status_of",
    "time_text",
]

T = TypeVar("T", bound=Record)


class Summary(msgspec.Struct, frozen=True):
    """A record in a few lines."""

    facts: tuple[str, ...]
    """Short, in columns: its time, its status."""
    about: str
    """The buyer and the product."""
    text: str
    ref: Ref
    """The ref that commands take: of the record, or of a message's chat."""


class View(msgspec.Struct, Generic[T], frozen=True):
    """How the records of a noun are shown."""

    noun: str
    """In the plural."""
    columns: tuple[str, ...]
    """Names of the cells of a tab-separated line."""
    cells: Callable[[T], Sequence[str]]
    summary: Callable[[T], Summary]
    details: Callable[[T], Sequence[tuple[str, str]]]
    """All that a person may need, as names and texts; empty texts are not shown."""


def time_text(moment: datetime | None) -> str:
    """A time in UTC to the minute, for people; empty for None."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def iso(moment: datetime | None) -> str:
    """A time in UTC, for programs; empty for None."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def status_of(record: Record) -> str:
    """The status of a record in a word, the same for people and programs."""
    match record:
        case Feedback():
            if record.answer is None and not record.answer_known:
                return "commented"
            return "answered" if record.answered else "waiting"
        case Question():
            return record.status.value
        case Chat():
            return _CHAT_STATUS[record.status]
        case Return():
            return _RETURN_STATUS.get(record.status, record.status.value)
        case _:
            return ""


_CHAT_STATUS: Final = {
    ChatStatus.WAITING_FOR_SELLER: "waiting",
    ChatStatus.WAITING_FOR_BUYER: "answered",
    ChatStatus.WAITING_FOR_MARKETPLACE: "marketplace",
    ChatStatus.CLOSED: "closed",
    ChatStatus.UNKNOWN: "",
}
_RETURN_STATUS: Final = {
    ReturnStatus.WAITING_FOR_SELLER: "waiting",
    ReturnStatus.IN_PROGRESS: "in progress",
}


def decision_text(decision: Decision) -> str:
    """A decision and the arguments that it takes."""
    needs = [decision.kind.replace("_", " ")]
    if decision.comment_required or decision.comment_allowed:
        needs.append("--comment" if decision.comment_required else "[--comment]")
    if decision.reasons:
        needs.append(f"--reason {' | '.join(decision.reasons)}")
    elif decision.reason_required:
        needs.append("--reason")
    least, most = decision.min_amount, decision.max_amount
    if least is not None or most is not None or decision.amount_required:
        bounds = [f"from {least}"] if least else []
        bounds += [f"to {most}"] if most else []
        needs.append(" ".join(["--amount", *bounds]))
    return f"{decision.id}: {', '.join(needs)}"


# Feedbacks.


def _feedback_summary(item: Feedback) -> Summary:
    return Summary(
        (time_text(item.created_at), _rating(item), status_of(item)),
        _about(item.buyer, item.product),
        item.body or ", ".join(item.tags),
        item.ref,
    )


def _feedback_cells(item: Feedback) -> Sequence[str]:
    return (
        *(str(item.ref), iso(item.created_at), "" if item.rating is None else str(item.rating)),
        *(status_of(item), _buyer(item.buyer), *_product_cells(item.product)),
        *(item.body or ", ".join(item.tags), _answer(item.answer)),
    )


def _feedback_details(item: Feedback) -> Sequence[tuple[str, str]]:
    return (
        ("created", time_text(item.created_at)),
        ("rating", _rating(item)),
        ("status", status_of(item)),
        ("buyer", _buyer(item.buyer)),
        ("product", _product(item.product)),
        ("order", (item.order and item.order.id) or ""),
        ("text", item.text),
        ("pros", item.pros),
        ("cons", item.cons),
        ("tags", ", ".join(item.tags)),
        ("media", "\n".join(each.url for each in item.media)),
        *_answer_details(item.answer),
        ("reply until", time_text(item.reply_until)),
    )


FEEDBACKS: Final = View(
    "feedbacks",
    (
        *("ref", "created_at", "rating", "status", "buyer", "product_id", "product"),
        *("text", "answer"),
    ),
    _feedback_cells,
    _feedback_summary,
    _feedback_details,
)


# Questions.


def _question_summary(item: Question) -> Summary:
    return Summary(
        (time_text(item.created_at), status_of(item)),
        _about(item.buyer, item.product),
        item.text,
        item.ref,
    )


def _question_cells(item: Question) -> Sequence[str]:
    return (
        *(str(item.ref), iso(item.created_at), status_of(item), _buyer(item.buyer)),
        *(*_product_cells(item.product), item.text, _answer(item.answer)),
    )


def _question_details(item: Question) -> Sequence[tuple[str, str]]:
    return (
        ("created", time_text(item.created_at)),
        ("status", status_of(item)),
        ("buyer", _buyer(item.buyer)),
        ("product", _product(item.product)),
        ("text", item.text),
        *_answer_details(item.answer),
        ("reply until", time_text(item.reply_until)),
    )


QUESTIONS: Final = View(
    "questions",
    ("ref", "created_at", "status", "buyer", "product_id", "product", "text", "answer"),
    _question_cells,
    _question_summary,
    _question_details,
)


# Chats.


def _chat_summary(item: Chat) -> Summary:
    return Summary(
        (time_text(item.updated_at), status_of(item)),
        _about(item.buyer, item.product),
        item.last_text or "",
        item.ref,
    )


def _chat_cells(item: Chat) -> Sequence[str]:
    return (
        *(str(item.ref), iso(item.updated_at), status_of(item), _buyer(item.buyer)),
        *(*_product_cells(item.product), item.last_text or ""),
    )


def _chat_details(item: Chat) -> Sequence[tuple[str, str]]:
    return (
        ("created", time_text(item.created_at)),
        ("updated", time_text(item.updated_at)),
        ("status", status_of(item)),
        ("waiting since", time_text(item.waiting_since)),
        ("about", item.kind.value),
        ("buyer", _buyer(item.buyer)),
        ("product", _product(item.product)),
        ("order", (item.order and item.order.id) or ""),
        ("return", item.return_id or ""),
        ("writable", {True: "yes", False: "no", None: ""}[item.writable]),
        ("last text", item.last_text or ""),
    )


CHATS: Final = View(
    "chats",
    ("ref", "updated_at", "status", "buyer", "product_id", "product", "last_text"),
    _chat_cells,
    _chat_summary,
    _chat_details,
)


# Messages.


def _message_text(item: Message) -> str:
    files = [f"[{each.name or each.content_type or 'file'}]" for each in item.attachments]
    return " ".join(filter(None, (item.text, *files)))


def _message_summary(item: Message) -> Summary:
    facts = (time_text(item.sent_at), item.author.value)
    return Summary(facts, "", _message_text(item), item.chat)


def _message_cells(item: Message) -> Sequence[str]:
    return str(item.ref), iso(item.sent_at), item.author.value, _message_text(item)


def _message_details(item: Message) -> Sequence[tuple[str, str]]:
    files = [(each.name or each.url or each.id or "file") for each in item.attachments]
    return (
        ("sent", time_text(item.sent_at)),
        ("author", "" if item.author is Author.UNKNOWN else item.author.value),
        ("chat", str(item.chat)),
        ("text", item.text or ""),
        ("files", "\n".join(files)),
    )


MESSAGES: Final = View(
    "messages",
    ("ref", "sent_at", "author", "text"),
    _message_cells,
    _message_summary,
    _message_details,
)


# Returns.


def _return_summary(item: Return) -> Summary:
    amount = "" if item.amount is None else str(item.amount)
    return Summary(
        (time_text(item.created_at), status_of(item)),
        ", ".join(filter(None, (amount, _about(item.buyer, None), _products(item)))),
        item.buyer_comment or "",
        item.ref,
    )


def _return_cells(item: Return) -> Sequence[str]:
    return (
        *(str(item.ref), iso(item.created_at), status_of(item)),
        *("" if item.amount is None else str(item.amount), _buyer(item.buyer), _products(item)),
        *(item.buyer_comment or "", ",".join(each.id for each in item.decisions)),
    )


def _return_details(item: Return) -> Sequence[tuple[str, str]]:
    return (
        ("created", time_text(item.created_at)),
        ("updated", time_text(item.updated_at)),
        ("status", status_of(item)),
        ("decide until", time_text(item.reply_until)),
        ("amount", "" if item.amount is None else str(item.amount)),
        ("buyer", _buyer(item.buyer)),
        ("products", "\n".join(_product(each.product) for each in item.items)),
        ("order", (item.order and item.order.id) or ""),
        ("delivered", time_text(item.delivered_at)),
        ("comment", item.buyer_comment or ""),
        ("marketplace", item.marketplace_comment or ""),
        ("imei", item.imei_check or ""),
        ("media", "\n".join(each.url for each in item.media)),
        ("decisions", "\n".join(map(decision_text, item.decisions))),
    )


RETURNS: Final = View(
    "returns",
    ("ref", "created_at", "status", "amount", "buyer", "products", "comment", "decisions"),
    _return_cells,
    _return_summary,
    _return_details,
)


# Parts.


def _rating(item: Feedback) -> str:
    return "" if item.rating is None else f"{item.rating}/5"


def _about(buyer: Buyer | None, product: Product | None) -> str:
    return ", ".join(filter(None, (_buyer(buyer), _product(product))))


def _products(item: Return) -> str:
    return ", ".join(_product(each.product) for each in item.items)


def _product(product: Product | None) -> str:
    return " ".join(filter(None, _product_cells(product)))


def _product_cells(product: Product | None) -> tuple[str, str]:
    if product is None:
        return "", ""
    return product.id or "", product.name or product.seller_sku or ""


def _buyer(buyer: Buyer | None) -> str:
    return "" if buyer is None else buyer.name or buyer.id or ""


def _answer(answer: Answer | None) -> str:
    return "" if answer is None else answer.text


def _answer_details(answer: Answer | None) -> Sequence[tuple[str, str]]:
    if answer is None:
        return ()
    facts = [answer.status.value.replace("_", " "), time_text(answer.created_at)]
    if answer.editable is not None:
        facts.append("can be changed" if answer.editable else "cannot be changed")
    return ("answer", answer.text), ("answer is", ", ".join(filter(None, facts)))
