"""The neutral model: chats, questions, feedbacks and returns of any marketplace.

Frozen msgspec Structs without I/O. Importing this package loads nothing but msgspec.
"""

from wbym._exports import show_exports
from wbym.domain._chat import Attachment, Chat, ChatKind, ChatStatus, Message
from wbym.domain._common import (
    Author,
    Buyer,
    Media,
    MediaKind,
    Money,
    Order,
    Product,
    Record,
    WaitingCounts,
    attach_raw,
    creation_time,
    money,
    possible_time,
    shift_time,
)
from wbym.domain._delivery import Action, Delivery, DeliveryState
from wbym.domain._feedback import Answer, AnswerStatus, Feedback, Question, QuestionStatus
from wbym.domain._ref import Noun, Ref
from wbym.domain._returns import Decision, DecisionKind, Return, ReturnItem, ReturnStatus
from wbym.domain._undecodable import UndecodableRecord

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
    "UndecodableRecord",
    "WaitingCounts",
    "attach_raw",
    "creation_time",
    "money",
    "possible_time",
    "shift_time",
]

show_exports(__name__, __all__)
