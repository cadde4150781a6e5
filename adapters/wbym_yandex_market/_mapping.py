"""Mapping of Yandex Market's records to the neutral model: pure functions, one per noun.

Bulk reading calls :func:`feedback` for each record, so it creates few objects and makes few calls.
"""

from __future__ import annotations  # the API's modules are loaded at their first use

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeVar, cast

import msgspec

from wbym.domain import (
    Answer,
    AnswerStatus,
    Attachment,
    Author,
    Buyer,
    Chat,
    ChatKind,
    ChatStatus,
    Decision,
    DecisionKind,
    Feedback,
    Media,
    MediaKind,
    Message,
    Money,
    Noun,
    Order,
    Product,
    Question,
    QuestionStatus,
    Ref,
    Return,
    ReturnItem,
    ReturnStatus,
    attach_raw,
    creation_time,
    money,
    possible_time,
    shift_time,
)
from wbym_yandex_market.api._bounds import COMMENT_REQUIRED, DECLINE, PARTIAL

if TYPE_CHECKING:
    from wbym_yandex_market.api import _base as base
    from wbym_yandex_market.api import chats as chats_api
    from wbym_yandex_market.api import feedbacks as feedbacks_api
    from wbym_yandex_market.api import questions as questions_api
    from wbym_yandex_market.api import returns as returns_api

__all__ = [
    "CLOSED_RETURNS",
    "MARKETPLACE",
    "OPEN_RETURNS",
    "OTHER_CHATS",
    "WAITING_CHATS",
    "WAITING_RETURNS",
    "answer",
    "chat",
    "comment",
    "decision",
    "feedback",
    "message",
    "money",
    "money_to_wire",
    "own_answer",
    "question",
    "return_request",
    "with_fields",
]

R = TypeVar("R", Feedback, Question)

MARKETPLACE: Final = "yandex_market"

DECISION_WINDOW: Final = timedelta(hours=48)
"""How long a return can be decided."""

_CHAT_STATUS: dict[str, ChatStatus] = {
    "NEW": ChatStatus.WAITING_FOR_SELLER,
    "WAITING_FOR_PARTNER": ChatStatus.WAITING_FOR_SELLER,
    "WAITING_FOR_CUSTOMER": ChatStatus.WAITING_FOR_BUYER,
    "WAITING_FOR_ARBITER": ChatStatus.WAITING_FOR_MARKETPLACE,
    "WAITING_FOR_MARKET": ChatStatus.WAITING_FOR_MARKETPLACE,
    "FINISHED": ChatStatus.CLOSED,
}
WAITING_CHATS: Final = tuple(
    cast("chats_api.Status", word)
    for word, status in _CHAT_STATUS.items()
    if status is ChatStatus.WAITING_FOR_SELLER
)
OTHER_CHATS: Final = tuple(
    cast("chats_api.Status", word) for word in _CHAT_STATUS if word not in WAITING_CHATS
)
"""Market's statuses of chats in which the buyer waits for the seller, and of other chats."""

_CHAT_KIND = {"ORDER": ChatKind.ORDER, "RETURN": ChatKind.RETURN, "DIRECT": ChatKind.DIRECT}
_SENDER = {
    "PARTNER": Author.SELLER,
    "CUSTOMER": Author.BUYER,
    "MARKET": Author.MARKETPLACE,
    "SUPPORT": Author.MARKETPLACE,
}
_AUTHOR = {"USER": Author.BUYER, "BUSINESS": Author.SELLER}
"""A brand or a vendor is neither buyer, seller nor marketplace."""
_ANSWER_STATUS = {
    "PUBLISHED": AnswerStatus.PUBLISHED,
    "UNMODERATED": AnswerStatus.IN_MODERATION,
    "BANNED": AnswerStatus.REJECTED,
    "DELETED": AnswerStatus.DELETED,
}
_REFUND_STATUS = {
    "STARTED_BY_USER": ReturnStatus.IN_PROGRESS,
    "REFUND_IN_PROGRESS": ReturnStatus.IN_PROGRESS,
    "WAITING_FOR_DECISION": ReturnStatus.WAITING_FOR_SELLER,
    "DECISION_MADE": ReturnStatus.IN_PROGRESS,
    "PREMODERATION_DISPUTE": ReturnStatus.IN_PROGRESS,
    "PREMODERATION_DECISION_WAITING": ReturnStatus.WAITING_FOR_SELLER,
    "PREMODERATION_DECISION_MADE": ReturnStatus.IN_PROGRESS,
    "PREMODERATION_SELECT_DELIVERY": ReturnStatus.IN_PROGRESS,
    "REFUNDED": ReturnStatus.COMPLETED,
    "REFUNDED_WITH_BONUSES": ReturnStatus.COMPLETED,
    "REFUNDED_BY_SHOP": ReturnStatus.COMPLETED,
    "COMPLETE_WITHOUT_REFUND": ReturnStatus.COMPLETED,
    "FAILED": ReturnStatus.COMPLETED,
    "REJECTED": ReturnStatus.REJECTED,
    "CANCELLED": ReturnStatus.CANCELLED,
    "UNKNOWN": ReturnStatus.UNKNOWN,
}
_CLOSED = {ReturnStatus.COMPLETED, ReturnStatus.REJECTED, ReturnStatus.CANCELLED}
CLOSED_RETURNS: Final = tuple(word for word, s in _REFUND_STATUS.items() if s in _CLOSED)
OPEN_RETURNS: Final = tuple(word for word in _REFUND_STATUS if word not in CLOSED_RETURNS)
WAITING_RETURNS: Final = tuple(
    w for w, status in _REFUND_STATUS.items() if status is ReturnStatus.WAITING_FOR_SELLER
)
"""Market's statuses of closed returns, of open ones, and of those that wait for the seller."""

_DECISION_KIND = {
    "FAST_REFUND_MONEY": DecisionKind.REFUND_WITHOUT_RETURN,
    "REFUND_MONEY": DecisionKind.REFUND,
    "REFUND_MONEY_INCLUDING_SHIPMENT": DecisionKind.REFUND,
    "REPAIR": DecisionKind.REPAIR,
    "REPLACE": DecisionKind.REPLACE,
    "SEND_TO_EXAMINATION": DecisionKind.EXAMINE,
    "DECLINE_REFUND": DecisionKind.REJECT,
    "PARTIAL_MONEY_REFUND": DecisionKind.PARTIAL_REFUND,
}
_ISO = {"RUR": "RUB"}
_PHOTO, _VIDEO = MediaKind.PHOTO, MediaKind.VIDEO

_MAX_RATING: Final = 5


def chat(wire: chats_api.Chat, account: str) -> Chat:
    """Map a chat; a new chat waits for the seller.

    Market accepts messages to any chat that it lists, but does not say so of finished chats.
    """
    context = wire.context
    customer = context.customer if context is not None else None
    order_id = context.order_id if context is not None else None
    if wire.type == "ARBITRAGE":
        kind = ChatKind.DISPUTE
    else:
        kind = _CHAT_KIND.get(
            (context.type if context is not None else None) or "", ChatKind.UNKNOWN
        )
    status = _CHAT_STATUS.get(wire.status or "", ChatStatus.UNKNOWN)
    neutral = Chat(
        ref=Ref(MARKETPLACE, account, Noun.CHAT, str(wire.chat_id)),
        status=status,
        kind=kind,
        buyer=None if customer is None else _buyer(customer.name, customer.public_id),
        order=None if order_id is None else Order(str(order_id)),
        return_id=_text(context.return_id) if context is not None else None,
        created_at=possible_time(wire.created_at),
        updated_at=possible_time(wire.updated_at),
        waiting_since=(
            possible_time(wire.updated_at) if status is ChatStatus.WAITING_FOR_SELLER else None
        ),
        writable=None if status in _MAYBE_CLOSED else True,
    )
    attach_raw(neutral, wire)
    return neutral


_MAYBE_CLOSED = {ChatStatus.CLOSED, ChatStatus.UNKNOWN}


def message(wire: chats_api.Message, chat: Ref) -> Message:
    """Map a message of a chat."""
    neutral = Message(
        ref=Ref(MARKETPLACE, chat.account, Noun.MESSAGE, str(wire.message_id)),
        chat=chat,
        author=_SENDER.get(wire.sender or "", Author.UNKNOWN),
        sent_at=creation_time(wire.created_at),
        text=wire.message or None,
        attachments=tuple(
            Attachment(name=file.name or None, size=file.size, url=file.url or None)
            for file in wire.payload or ()
        ),
    )
    attach_raw(neutral, wire)
    return neutral


def feedback(wire: feedbacks_api.Feedback, account: str, answer: Answer | None = None) -> Feedback:
    """Map a feedback. Market only counts its comments, so the caller reads the answer."""
    words, numbers, about = wire.description, wire.statistics, wire.identifiers
    media, author, unread = wire.media, wire.author, wire.need_reaction
    offer_id = about.offer_id if about is not None else None
    order_id = about.order_id if about is not None else None
    comments = numbers.comments_count if numbers is not None else None
    # By position: keyword arguments would cost more than the values.
    neutral = Feedback(
        Ref(MARKETPLACE, account, Noun.FEEDBACK, str(wire.feedback_id)),
        creation_time(wire.created_at),
        _rating(numbers.rating) if numbers is not None else None,
        (words.comment or "") if words is not None else "",
        (words.advantages or "") if words is not None else "",
        (words.disadvantages or "") if words is not None else "",
        answer,
        Product(None, offer_id) if offer_id else None,
        Buyer(author) if author else None,
        None if order_id is None else Order(str(order_id)),
        _media(media) if media is not None else (),
        (),  # tags
        None if unread is None else not unread,
        numbers.recommended if numbers is not None else None,
        comments,
        None,  # parent_id
        None,  # child_id
        None,  # return_possible
        answer is not None or comments == 0,
    )
    attach_raw(neutral, wire)
    return neutral


def comment(wire: feedbacks_api.Comment) -> Answer:
    """Map a comment under a feedback. Market does not send its time."""
    return Answer(
        text=wire.text or "",
        status=_ANSWER_STATUS.get(wire.status or "", AnswerStatus.UNKNOWN),
        editable=wire.can_modify,
        id=str(wire.id),
        author=_author(wire.author, wire.can_modify),
    )


def question(
    wire: questions_api.Question,
    account: str,
    status: QuestionStatus = QuestionStatus.UNKNOWN,
    answer: Answer | None = None,
) -> Question:
    """Map a question. Market does not say whether it is answered; the caller may know."""
    about, author, votes = wire.question_identifiers, wire.author, wire.votes
    neutral = Question(
        ref=Ref(MARKETPLACE, account, Noun.QUESTION, str(about.id)),
        text=wire.text or "",
        created_at=creation_time(wire.created_at),
        status=status,
        answer=answer,
        product=Product(None, about.offer_id) if about.offer_id else None,
        buyer=Buyer(author.name) if author is not None and author.name else None,
        likes=votes.likes if votes is not None else None,
        dislikes=votes.dislikes if votes is not None else None,
    )
    attach_raw(neutral, wire)
    return neutral


def answer(wire: questions_api.Answer) -> Answer:
    """Map an answer to a question."""
    return Answer(
        text=wire.text or "",
        status=_ANSWER_STATUS.get(wire.status or "", AnswerStatus.UNKNOWN),
        editable=wire.can_modify,
        created_at=possible_time(wire.created_at),
        id=str(wire.id),
        author=_author(wire.author, wire.can_modify),
    )


def own_answer(answers: Iterable[Answer]) -> Answer | None:
    """The seller's answer among all: preferably a standing one, then an editable one."""
    found = [item for item in answers if item.author is Author.SELLER]
    return max(found, key=lambda item: (item.stands, item.editable is True), default=None)


def with_fields(item: R, **fields: object) -> R:
    """A copy of the record with other fields and the same ``raw``."""
    neutral = msgspec.structs.replace(item, **fields)
    attach_raw(neutral, item.raw)
    return neutral


def return_request(wire: returns_api.Return, account: str) -> Return:
    """Map a return. Its available decisions take a request of their own."""
    comments = [
        position.comment
        for item in wire.items or ()
        for position in item.decisions or ()
        # After the decision, the comment may be the seller's.
        if position.comment and position.decision_type in {None, "UNKNOWN"}
    ]
    neutral = Return(
        ref=Ref(MARKETPLACE, account, Noun.RETURN, str(wire.id)),
        status=_REFUND_STATUS.get(wire.refund_status or "", ReturnStatus.UNKNOWN),
        items=tuple(part for item in wire.items or () for part in _positions(item)),
        buyer_comment="\n".join(dict.fromkeys(comments)) or None,
        order=Order(str(wire.order_id)),
        amount=None if wire.amount is None else _money(wire.amount),
        created_at=possible_time(wire.creation_date),
        updated_at=possible_time(wire.update_date),
        reply_until=_decide_until(wire),
    )
    attach_raw(neutral, wire)
    return neutral


def _decide_until(wire: returns_api.Return) -> datetime | None:
    """The deadline of the decision: 48 hours after the return began to wait for the seller."""
    if wire.refund_status == "PREMODERATION_DECISION_WAITING":
        since = possible_time(wire.creation_date)
    elif wire.refund_status == "WAITING_FOR_DECISION":  # waiting since the goods came back
        since = possible_time(wire.update_date)
    else:
        since = None
    return shift_time(since, DECISION_WINDOW)


def decision(wire: returns_api.AvailableDecision) -> Decision:
    """Map an available decision."""
    bounds = wire.partial_compensation_bounds
    lowest = bounds.min_amount if bounds is not None else None
    highest = bounds.max_amount if bounds is not None else None
    return Decision(
        id=wire.decision_type,
        kind=_DECISION_KIND.get(wire.decision_type, DecisionKind.OTHER),
        comment_required=wire.decision_type in COMMENT_REQUIRED,
        comment_allowed=True,
        reasons=tuple(filter(None, wire.decision_reason_types or ())),
        min_amount=None if lowest is None else _money(lowest),
        max_amount=None if highest is None else _money(highest),
        reason_required=wire.decision_type == DECLINE,
        amount_required=wire.decision_type == PARTIAL,
    )


def _money(wire: base.Money) -> Money | None:
    """Map an amount; Market's RUR is ISO 4217's RUB."""
    code = wire.currency_id or "RUR"
    return money(wire.value, _ISO.get(code, code))


def money_to_wire(amount: Money) -> base.Money:
    """Map an amount to Market's own type: ISO 4217's RUB is its RUR."""
    from wbym_yandex_market.api._base import Money as WireMoney

    code = next((word for word, iso in _ISO.items() if iso == amount.currency), amount.currency)
    return WireMoney(value=amount.amount, currency_id=code)


def _positions(item: returns_api.ReturnItem) -> list[ReturnItem]:
    """An item's positions, which decisions refer to; the item itself if Market lists none.

    Positions have ids; an item may have several, returned for different reasons.
    """
    product = Product(_text(item.market_sku), item.shop_sku or None)
    positions = [wire for wire in item.decisions or () if wire.return_item_id is not None]
    if not positions:
        return [ReturnItem(product, 1 if item.count is None else item.count)]
    count = item.count if len(positions) == 1 else None
    return [
        ReturnItem(product, wire.count or count or 1, _text(wire.return_item_id))
        for wire in positions
    ]


def _author(
    wire: feedbacks_api.Author | questions_api.Author | None, can_modify: bool | None
) -> Author:
    if can_modify:
        return Author.SELLER
    return _AUTHOR.get((wire.type if wire is not None else None) or "", Author.UNKNOWN)


def _buyer(name: str | None, public_id: str | None) -> Buyer | None:
    return Buyer(name or None, public_id or None) if name or public_id else None


def _media(wire: feedbacks_api.Photos) -> tuple[Media, ...]:
    photos = [
        Media(_PHOTO, f"https:{url}" if url[:2] == "//" else url)
        for url in wire.photos or ()
        if url
    ]
    videos = [
        Media(_VIDEO, f"https:{url}" if url[:2] == "//" else url)
        for url in wire.videos or ()
        if url
    ]
    return (*photos, *videos)


def _rating(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= _MAX_RATING else None


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
