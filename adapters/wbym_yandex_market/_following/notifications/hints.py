"""Hints to poll the records that notifications name."""

from wbym.account import Hint
from wbym_yandex_market._following.notifications.records import (
    GoodsFeedbackCommentCreated,
    GoodsFeedbackCreated,
    Notification,
    OfChat,
    OfReturn,
    OrderReturnCreated,
    QuestionAnswerCreated,
    QuestionCommentCreated,
    QuestionCreated,
)

__all__ = ["hint_of"]


def hint_of(notification: Notification, account: str) -> Hint | None:
    """The hint that a notification gives.

    Args:
        notification: What Market sent.
        account: The account's name.

    Returns:
        None if no feed follows its subject: orders, also orders that were not picked up.
    """
    match notification:
        case OfChat(chat_id=chat_id):
            return Hint(account, "chats", str(chat_id))
        case GoodsFeedbackCreated(feedback_id=feedback_id):
            return Hint(account, "feedbacks", str(feedback_id))
        case GoodsFeedbackCommentCreated():
            return Hint(account, "feedbacks")
        case QuestionCreated(question_id=question_id):
            return Hint(account, "questions", str(question_id))
        case QuestionAnswerCreated() | QuestionCommentCreated():
            return Hint(account, "questions")
        case OrderReturnCreated(return_type="UNREDEEMED"):
            return None
        case OfReturn(return_id=return_id):
            return Hint(account, "returns", str(return_id))
        case _:
            return None
