"""The neutral model: chats, questions, feedbacks and returns of any marketplace.

Frozen msgspec Structs without I/O. Importing this package loads nothing but msgspec.
"""

from wbym.domain.chat import Attachment, Chat, ChatKind, ChatStatus, Message
from wbym.domain.common import (
    Author,
    Buyer,
    Media,
    MediaKind,
    Money,
    Order,
    Product,
    Record,
    Waiting,
    attach_raw,
    in_utc,
    later,
)
from wbym.domain.delivery import Action, Delivery, DeliveryState
from wbym.domain.feedback import Answer, AnswerStatus, Feedback, Question, QuestionStatus
from wbym.domain.ref import Noun, Ref
from wbym.domain.returns import Decision, DecisionKind, Return, ReturnItem, ReturnStatus
from wbym.later import public

__all__ = [
    "Action",
    "Answer",
    "AnswerStatus",
    "Attachment",
    "Author",
    "Buyer",
    "Chat",
    "ChatKind",
    "ChatStatus",
    "Decision",
    "DecisionKind",
    "Delivery",
    "DeliveryState",
    "Feedback",
    "Media",
    "MediaKind",
    "Message",
    "Money",
    "Noun",
    "Order",
    "Product",
    "Question",
    "QuestionStatus",
    "Record",
    "Ref",
    "Return",
    "ReturnItem",
    "ReturnStatus",
    "Waiting",
    "attach_raw",
    "in_utc",
    "later",
]

public(__name__, __all__)
