"""The records of Market's notifications: the 17 types of ``POST notification``.

Only the owner and the subject of a notification are required, as far as a hint names it. Fields
that are not listed are ignored, values of open enumerations are plain strings, and other fields of
a wrong type are left out.
"""

from datetime import datetime
from typing import Final, TypeAlias, get_args

import msgspec

from wbym_yandex_market.api._base import Wire

__all__ = [
    "Notification",
    "OfBusiness",
    "OfCampaign",
    "OfChat",
    "OfReturn",
    "Ping",
    "Unknown",
    "read",
]

_TYPE: Final = "notificationType"


class Ping(Wire, frozen=True, tag="PING", tag_field=_TYPE):
    """Market checks whether the receiver is reachable."""

    time: datetime | None = None


class OfBusiness(Wire, frozen=True, tag_field=_TYPE):
    """A notification about a business."""

    business_id: int


class OfCampaign(Wire, frozen=True, tag_field=_TYPE):
    """A notification about a shop: an order, or a return of one."""

    campaign_id: int
    order_id: int | None = None


class OfChat(OfBusiness, frozen=True):
    """A notification about a chat."""

    chat_id: int


class OfReturn(OfCampaign, frozen=True, kw_only=True):
    """A notification about a return, or about an order that was not picked up."""

    return_id: int


class Item(Wire, frozen=True):
    """A position of an order or return."""

    offer_id: str | None = None
    """The seller's own article."""
    count: int | None = None


class OrderCreated(OfCampaign, frozen=True, tag="ORDER_CREATED"):
    """A new order."""

    items: list[Item] | None = None
    created_at: datetime | None = None


class OrderCancelled(OfCampaign, frozen=True, tag="ORDER_CANCELLED"):
    """An order was cancelled."""

    items: list[Item] | None = None
    cancelled_at: datetime | None = None


class OrderStatusUpdated(OfCampaign, frozen=True, tag="ORDER_STATUS_UPDATED"):
    """The status of an order changed."""

    status: str | None = None
    substatus: str | None = None
    updated_at: datetime | None = None


class OrderCancellationRequest(OfCampaign, frozen=True, tag="ORDER_CANCELLATION_REQUEST"):
    """A buyer asks to cancel an order of a DBS shop."""

    requested_at: datetime | None = None


class OrderUpdated(OfCampaign, frozen=True, tag="ORDER_UPDATED"):
    """An order's dates changed."""

    update_type: str | None = None
    updated_at: datetime | None = None


class OrderReturnCreated(OfReturn, frozen=True, tag="ORDER_RETURN_CREATED"):
    """A new return, or an order that was not picked up."""

    return_type: str | None = None
    """``RETURN``, or ``UNREDEEMED``: not picked up."""
    items: list[Item] | None = None
    created_at: datetime | None = None


class ReturnStatuses(Wire, frozen=True):
    """The status that changed; the other is absent."""

    refund_status: str | None = None
    shipment_status: str | None = None


class OrderReturnStatusUpdated(OfReturn, frozen=True, tag="ORDER_RETURN_STATUS_UPDATED"):
    """The status of a return, or of an order that was not picked up, changed."""

    statuses: ReturnStatuses | None = None
    updated_at: datetime | None = None


class GoodsFeedbackCreated(OfBusiness, frozen=True, tag="GOODS_FEEDBACK_CREATED"):
    """A feedback passed moderation and is published."""

    feedback_id: int
    created_at: datetime | None = None
    published_at: datetime | None = None


class GoodsFeedbackCommentCreated(OfBusiness, frozen=True, tag="GOODS_FEEDBACK_COMMENT_CREATED"):
    """Somebody commented on a feedback, which Market does not name."""

    comment_id: int | None = None
    created_at: datetime | None = None


class ChatCreated(OfChat, frozen=True, tag="CHAT_CREATED"):
    """A new chat with a buyer."""

    created_at: datetime | None = None


class ChatMessageSent(OfChat, frozen=True, tag="CHAT_MESSAGE_SENT"):
    """A message in a chat, by any author; stickers cause no notification."""

    message_id: str | int | None = None
    """A string, and a number in the API's own records."""
    sent_at: datetime | None = None


class ChatArbitrageStarted(OfChat, frozen=True, tag="CHAT_ARBITRAGE_STARTED"):
    """A buyer began a dispute."""

    started_at: datetime | None = None


class ChatArbitrageFinished(OfChat, frozen=True, tag="CHAT_ARBITRAGE_FINISHED"):
    """A dispute is over."""

    finished_at: datetime | None = None


class QuestionCreated(OfBusiness, frozen=True, tag="QUESTION_CREATED"):
    """A buyer asked something."""

    question_id: int
    created_at: datetime | None = None


class QuestionAnswerCreated(OfBusiness, frozen=True, tag="QUESTION_ANSWER_CREATED"):
    """Somebody answered a question, which Market does not name."""

    answer_id: int | None = None
    created_at: datetime | None = None


class QuestionCommentCreated(OfBusiness, frozen=True, tag="QUESTION_COMMENT_CREATED"):
    """Somebody commented on an answer; Market does not name the question."""

    answer_id: int | None = None
    comment_id: int | None = None
    created_at: datetime | None = None


Notification: TypeAlias = (
    Ping
    | OrderCreated
    | OrderCancelled
    | OrderStatusUpdated
    | OrderCancellationRequest
    | OrderUpdated
    | OrderReturnCreated
    | OrderReturnStatusUpdated
    | GoodsFeedbackCreated
    | GoodsFeedbackCommentCreated
    | ChatCreated
    | ChatMessageSent
    | ChatArbitrageStarted
    | ChatArbitrageFinished
    | QuestionCreated
    | QuestionAnswerCreated
    | QuestionCommentCreated
)
"""Any notification of a known type."""


class Unknown(msgspec.Struct, frozen=True):
    """A notification of a type that is not in the specification."""

    type: str = msgspec.field(name=_TYPE)


_NOTIFICATIONS: Final[msgspec.json.Decoder[Notification]] = msgspec.json.Decoder(Notification)
_ANY: Final = msgspec.json.Decoder(dict[str, object])
_NEEDED: Final = (
    _TYPE,
    "businessId",
    "campaignId",
    "chatId",
    "feedbackId",
    "questionId",
    "returnId",
    "returnType",
)
_TYPES_ONLY: Final = msgspec.json.Decoder(Unknown)
_KNOWN: Final = frozenset(str(kind.__struct_config__.tag) for kind in get_args(Notification))


def read(body: bytes) -> Notification | Unknown:
    """Decode a notification.

    Raises:
        ValueError: The body is not JSON, or lacks a field that its type requires.
    """
    try:
        return _read(body)
    except RecursionError:
        raise ValueError("JSON is nested too deeply") from None


def _read(body: bytes) -> Notification | Unknown:
    try:
        return _NOTIFICATIONS.decode(body)
    except msgspec.ValidationError:
        found = _TYPES_ONLY.decode(body)
        if found.type not in _KNOWN:
            return found
        fields = _ANY.decode(body)
        needed = {name: fields[name] for name in _NEEDED if name in fields}
        notification: Notification = msgspec.convert(needed, Notification)
        return notification
