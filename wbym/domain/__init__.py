"""The neutral model: chats, questions, feedbacks and returns of any marketplace.

Frozen msgspec Structs without I/O. Importing this package loads nothing but msgspec.
"""

from wbym.domain.chat import Attachment, Chat, ChatKind, ChatStatus, Message, Sent
from wbym.domain.common import (
    Author,
    Buyer,
    Media,
    MediaKind,
    Money,
    Order,
    Product,
    Record,
    Ref,
    Waiting,
    attach_raw,
    in_utc,
)
from wbym.domain.feedback import Answer, AnswerStatus, Feedback, Question, QuestionStatus
from wbym.domain.returns import Decision, DecisionKind, Return, ReturnItem, ReturnStatus

__all__ = [
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
    "Feedback",
    "Media",
    "MediaKind",
    "Message",
    "Money",
    "Order",
    "Product",
    "Question",
    "QuestionStatus",
    "Record",
    "Ref",
    "Return",
    "ReturnItem",
    "ReturnStatus",
    "Sent",
    "Waiting",
    "attach_raw",
    "in_utc",
]
