"""Mapping of Wildberries' records to the neutral model: pure functions, one per noun.

Bulk reading calls :func:`feedback` for each record, so it creates few objects and makes few calls.
"""

from __future__ import annotations  # the API's modules are loaded at their first use

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

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
from wbym_wildberries.api._bounds import (
    COMMENT_ALLOWED,
    COMMENT_REQUIRED,
    EARLIEST_STAMP,
    LATEST_STAMP,
)

if TYPE_CHECKING:
    from wbym_wildberries.api import chats as chats_api
    from wbym_wildberries.api import claims as claims_api
    from wbym_wildberries.api import feedbacks as feedbacks_api
    from wbym_wildberries.api import questions as questions_api

__all__ = [
    "MARKETPLACE",
    "MOSCOW",
    "chat",
    "chat_of_event",
    "feedback",
    "from_milliseconds",
    "message",
    "milliseconds",
    "moment_of_claim",
    "moment_of_stamp",
    "question",
    "return_request",
]

MARKETPLACE: Final = "wildberries"

MOSCOW: Final = timezone(timedelta(hours=3), "MSK")
"""The zone of the times of claims, which WB sends without one. It has no summer time."""

EDIT_WINDOW: Final = timedelta(days=60)
"""How long an answer can be edited, once."""

DECISION_WINDOW: Final = timedelta(days=14)
"""How long WB lists a claim; after that it cannot be decided."""

_DAMAGED: Final = "\N{REPLACEMENT CHARACTER}"
_EPOCH = datetime.fromtimestamp(0, UTC)
_MILLISECOND = timedelta(milliseconds=1)

_ANSWER_STATUS = {
    "wbRu": AnswerStatus.PUBLISHED,
    "reviewRequired": AnswerStatus.IN_MODERATION,
    "none": AnswerStatus.IN_MODERATION,
    "rejected": AnswerStatus.REJECTED,
}
_SENDER = {"client": Author.BUYER, "seller": Author.SELLER, "wb": Author.MARKETPLACE}
_CURRENCY = {"643": "RUB", "933": "BYN", "398": "KZT", "051": "AMD", "417": "KGS", "860": "UZS"}
_RETURN_STATUS: dict[int | None, ReturnStatus] = {
    1: ReturnStatus.REJECTED,
    2: ReturnStatus.APPROVED,
}
_WAITING = ReturnStatus.WAITING_FOR_SELLER
_PHOTO, _VIDEO = MediaKind.PHOTO, MediaKind.VIDEO


def _ref(account: str, noun: Noun, identifier: str) -> Ref:
    """The ref of a record.

    Raises:
        ValueError: Characters of its id were damaged on the way: it would be another record.
    """
    if _DAMAGED in identifier:
        raise ValueError(f"the id {identifier!r} of a {noun} is damaged")
    return Ref(MARKETPLACE, account, noun, identifier)


def feedback(wire: feedbacks_api.Feedback, account: str) -> Feedback:
    """Map a feedback; the answer's status is from the answer's own state, not the feedback's."""
    answer = wire.answer
    details = wire.product_details
    photos, video = wire.photo_links, wire.video
    tags = wire.bables
    ordered = wire.last_order_created_at
    ordered_at = _moment(ordered) if ordered else None
    created = wire.created_date
    buyer = wire.user_name
    identifier = wire.id
    # A call per record costs: these conditions hold for nearly all.
    if created.tzinfo is not UTC or not 2000 < created.year < 2100:
        created = creation_time(created)
    # By position: eighteen keyword arguments would cost a third of the whole mapping.
    neutral = Feedback(
        Ref(MARKETPLACE, account, Noun.FEEDBACK, identifier)
        if identifier.isascii()
        else _ref(account, Noun.FEEDBACK, identifier),
        created,
        wire.product_valuation,
        wire.text or "",
        wire.pros or "",
        wire.cons or "",
        None if answer is None else _answer(answer),
        None if details is None else _product(details, wire.color),
        Buyer(buyer) if buyer else None,
        Order(None, ordered_at) if ordered_at else None,
        _media(photos, video) if photos or video else (),
        () if not tags else tuple(tags) if all(tags) else tuple(filter(None, tags)),
        wire.was_viewed,
        None,  # recommended
        None,  # comments
        wire.parent_feedback_id or None,
        wire.child_feedback_id or None,
        wire.is_able_return_product_orders,
    )
    attach_raw(neutral, wire)
    return neutral


def question(wire: questions_api.Question, account: str) -> Question:
    """Map a question. It is answered if it has an answer; ``state`` ``none`` means rejected.

    One in ``state`` ``wbRu``, which means answered, without an answer contradicts itself: its
    status is not known.
    """
    answer = wire.answer
    has_answer = answer is not None and bool(answer.text)
    if wire.state == "none":
        status = QuestionStatus.REJECTED
    elif has_answer:
        status = QuestionStatus.ANSWERED
    elif wire.state == "suppliersPortalSynch":
        status = QuestionStatus.WAITING
    else:
        status = QuestionStatus.UNKNOWN
    details = wire.product_details
    neutral = Question(
        ref=_ref(account, Noun.QUESTION, wire.id),
        text=wire.text or "",
        created_at=creation_time(wire.created_date),
        status=status,
        answer=None
        if answer is None
        else Answer(
            answer.text or "",
            AnswerStatus.PUBLISHED if wire.state == "wbRu" else AnswerStatus.UNKNOWN,
            answer.editable,
            _moment(answer.create_date) if answer.create_date else None,
        ),
        product=None if details is None else _product(details, None),
        viewed=wire.was_viewed,
        flagged=wire.is_warned,
        reply_until=None if answer is None else _edit_until(answer),
    )
    attach_raw(neutral, wire)
    return neutral


def _edit_until(answer: questions_api.QuestionAnswer) -> datetime | None:
    """The deadline for editing an answer: once, within 60 days."""
    written = _moment(answer.create_date) if answer.create_date else None
    return None if answer.editable is False else shift_time(written, EDIT_WINDOW)


def chat(wire: chats_api.Chat, account: str, status: ChatStatus = ChatStatus.UNKNOWN) -> Chat:
    """Map a listed chat. WB's list does not say who wrote last: the caller gives the status."""
    last = wire.last_message
    stamp = last.add_timestamp if last is not None else None
    neutral = Chat(
        ref=_ref(account, Noun.CHAT, wire.chat_id),
        status=status,
        kind=ChatKind.DIRECT if wire.good_card is None else ChatKind.ORDER,
        buyer=_chat_buyer(wire.client_name, wire.client_id),
        product=_card_product(wire.good_card),
        order=_card_order(wire.good_card),
        updated_at=moment_of_stamp(stamp),
        last_text=(last.text or None) if last is not None else None,
        writable=True if wire.reply_sign else None,
    )
    attach_raw(neutral, wire)
    return neutral


def chat_of_event(
    wire: chats_api.Event,
    account: str,
    status: ChatStatus = ChatStatus.UNKNOWN,
    *,
    waiting_since: datetime | None = None,
    known: Chat | None = None,
    began: int | None = None,
    writable: bool | None = None,
) -> Chat:
    """Map a chat from one of its events, which is all that WB tells of a new chat.

    Args:
        wire: The event.
        account: The account's name.
        status: Whose turn it is, if the caller knows.
        waiting_since: Since when the buyer has been waiting, if the caller knows.
        known: The chat from another source; most events have neither product nor order.
        began: The time of the chat's first event in Unix milliseconds, if known.
        writable: Whether the chat's signature is known.
    """
    text = wire.message.text if wire.message is not None else None
    attachments = wire.message.attachments if wire.message is not None else None
    card = attachments.good_card if attachments is not None else None
    at = from_milliseconds(wire.add_timestamp)
    if wire.is_new_chat:
        began = wire.add_timestamp
    neutral = Chat(
        ref=_ref(account, Noun.CHAT, wire.chat_id),
        status=status,
        kind=ChatKind.UNKNOWN if card is None else ChatKind.ORDER,
        buyer=_chat_buyer(wire.client_name, wire.client_id),
        product=_card_product(card),
        order=_card_order(card),
        created_at=None if began is None else from_milliseconds(began),
        updated_at=at,
        last_text=text or None,
        writable=writable,
        waiting_since=waiting_since,
    )
    if known is not None:
        neutral = replace(
            neutral,
            kind=neutral.kind if known.kind is ChatKind.UNKNOWN else known.kind,
            buyer=known.buyer or neutral.buyer,
            product=known.product or neutral.product,
            order=known.order or neutral.order,
        )
    attach_raw(neutral, wire)
    return neutral


def message(wire: chats_api.Event, account: str) -> Message:
    """Map a message of a chat."""
    content = wire.message
    attachments = content.attachments if content is not None else None
    neutral = Message(
        ref=_ref(account, Noun.MESSAGE, wire.event_id),
        chat=_ref(account, Noun.CHAT, wire.chat_id),
        author=_SENDER.get(wire.sender or "", Author.UNKNOWN),
        sent_at=from_milliseconds(wire.add_timestamp),
        text=(content.text or None) if content is not None else None,
        attachments=() if attachments is None else _attachments(attachments),
    )
    attach_raw(neutral, wire)
    return neutral


def return_request(wire: claims_api.Claim, account: str) -> Return:
    """Map a claim. It waits for the seller if its status is 0 or if it has actions."""
    actions = [action for action in wire.actions or () if action]
    if wire.status == 0 or actions:
        status = ReturnStatus.WAITING_FOR_SELLER
    else:
        status = _RETURN_STATUS.get(wire.status, ReturnStatus.UNKNOWN)
    created_at = moment_of_claim(wire.dt)
    photos = [Media(_PHOTO, _with_scheme(url)) for url in wire.photos or () if url]
    videos = [Media(_VIDEO, _with_scheme(url)) for url in wire.video_paths or () if url]
    neutral = Return(
        ref=_ref(account, Noun.RETURN, wire.id),
        status=status,
        decisions=tuple(_decision(action) for action in actions),
        items=(ReturnItem(Product(id=_text(wire.nm_id), name=wire.imt_name or None)),),
        buyer_comment=wire.user_comment or None,
        marketplace_comment=wire.wb_comment or None,
        order=Order(wire.srid or None, moment_of_claim(wire.order_dt)),
        amount=None
        if wire.price is None
        else money(_decimal(wire.price), _currency(wire.currency_code)),
        media=(*photos, *videos),
        created_at=created_at,
        updated_at=moment_of_claim(wire.dt_update),
        delivered_at=moment_of_claim(wire.delivery_dt),
        imei_check=wire.origin_id_info or None,
        reply_until=shift_time(created_at, DECISION_WINDOW) if status is _WAITING else None,
    )
    attach_raw(neutral, wire)
    return neutral


def moment_of_claim(text: str | None) -> datetime | None:
    """Parse a claim's time, which has no zone, as Moscow time; None if it is not a time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return possible_time(moment if moment.tzinfo else moment.replace(tzinfo=MOSCOW))


def from_milliseconds(stamp: int) -> datetime:
    """Unix milliseconds as an aware time."""
    return datetime.fromtimestamp(stamp / 1000, UTC)


def moment_of_stamp(stamp: int | None) -> datetime | None:
    """Unix milliseconds as an aware time; None if absent or out of range."""
    return (
        None
        if stamp is None or not EARLIEST_STAMP <= stamp <= LATEST_STAMP
        else from_milliseconds(stamp)
    )


def milliseconds(moment: datetime) -> int:
    """An aware time as Unix milliseconds; the inverse of :func:`from_milliseconds`."""
    return round((moment - _EPOCH) / _MILLISECOND)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return possible_time(moment)


def _answer(wire: feedbacks_api.FeedbackAnswer) -> Answer:
    status = _ANSWER_STATUS.get(wire.state or "", AnswerStatus.UNKNOWN)
    return Answer(wire.text or "", status, wire.editable)


def _product(details: feedbacks_api.ProductDetails, color: str | None) -> Product:
    nm_id, imt_id = details.nm_id, details.imt_id
    return Product(
        None if nm_id is None else str(nm_id),
        details.supplier_article or None,
        details.product_name or None,
        details.brand_name or None,
        details.size or None,
        color or None,
        None if imt_id is None else str(imt_id),
    )


def _media(
    photos: list[feedbacks_api.PhotoLink] | None, video: feedbacks_api.Video | None
) -> tuple[Media, ...]:
    found: list[Media] = []
    for photo in photos or ():
        preview = photo.mini_size
        if url := photo.full_size or preview:
            found.append(Media(_PHOTO, url, preview or None))
    if video is not None and video.link:
        found.append(Media(_VIDEO, video.link, video.preview_image or None, video.duration_sec))
    return tuple(found)


def _attachments(wire: chats_api.Attachments) -> tuple[Attachment, ...]:
    files = [
        Attachment(
            file.download_id or None,
            file.name or None,
            file.content_type or None,
            file.size,
            file.url or None,
        )
        for file in wire.files or ()
    ]
    images = [
        Attachment(image.download_id or None, url=image.url or None) for image in wire.images or ()
    ]
    return (*files, *images)


def _chat_buyer(name: str | None, client_id: str | None) -> Buyer | None:
    return Buyer(name or None, client_id or None) if name or client_id else None


def _card_product(card: chats_api.GoodCard | None) -> Product | None:
    return None if card is None else Product(id=_text(card.nm_id), size=card.size or None)


def _card_order(card: chats_api.GoodCard | None) -> Order | None:
    return None if card is None or not card.rid else Order(card.rid)


def _decision(action: str) -> Decision:
    return Decision(
        action,
        _decision_kind(action),
        comment_required=action in COMMENT_REQUIRED,
        comment_allowed=action in COMMENT_ALLOWED,
    )


def _decision_kind(action: str) -> DecisionKind:
    # WB numbers its actions and adds new ones, so only the prefix counts.
    if action.startswith("autorefund"):
        return DecisionKind.REFUND_WITHOUT_RETURN
    if action.startswith("approve"):
        return DecisionKind.REFUND
    if action.startswith("reject"):
        return DecisionKind.REJECT
    if action.startswith("confirm"):
        return DecisionKind.CONFIRM_RECEIPT
    return DecisionKind.OTHER


def _currency(code: str | None) -> str:
    return _CURRENCY.get(code or "", code or "RUB")


def _decimal(amount: float) -> Decimal:
    return Decimal(str(amount))


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _with_scheme(url: str) -> str:
    return f"https:{url}" if url.startswith("//") else url
