"""Bounds of operations that the capabilities use too."""

from typing import Final

from wbym.calls import Length, MaxSize

__all__ = [
    "ANSWER",
    "BY_DEFAULT_DAYS",
    "CHATS_PAGE",
    "COMMENT",
    "COMMENT_REQUIRED",
    "DECLINE",
    "FEEDBACKS_DAYS",
    "FEEDBACKS_PAGE",
    "FILE_SIZE",
    "HISTORY_PAGE",
    "MESSAGE",
    "PARTIAL",
    "QUESTIONS_DAYS",
    "QUESTIONS_PAGE",
]

CHATS_PAGE: Final = 20
HISTORY_PAGE: Final = 100
MESSAGE: Final = Length(1, 4096)
FILE_SIZE: Final = MaxSize(5 * 1024 * 1024)

BY_DEFAULT_DAYS: Final = 180
"""Days of feedbacks and questions read by default; half a year is Market's own default."""

QUESTIONS_PAGE: Final = 50
QUESTIONS_DAYS: Final = 31
"""The longest month."""
ANSWER: Final = Length(1, 5000)
"""Characters of answers and of comments under them."""

FEEDBACKS_PAGE: Final = 50
FEEDBACKS_DAYS: Final = 184
"""The longest six months."""
COMMENT: Final = Length(1, 4096)
"""Characters of a comment, which must not contain contacts or links to sites other than Market."""

DECLINE: Final = "DECLINE_REFUND"
PARTIAL: Final = "PARTIAL_MONEY_REFUND"
COMMENT_REQUIRED: Final = frozenset({"REFUND_MONEY_INCLUDING_SHIPMENT", "REPAIR", "OTHER_DECISION"})
"""Decisions that require a comment: the price of the return shipment, the deadline, the offer."""
