"""The adapters' ``raw()`` returns the marketplace's own type of each neutral record."""

from typing import assert_type

import wbym_wildberries
import wbym_yandex_market
from wbym import Chat, Feedback, Message, Question, Return
from wbym_wildberries.api import chats as wb_chats
from wbym_wildberries.api import claims as wb_claims
from wbym_wildberries.api import feedbacks as wb_feedbacks
from wbym_wildberries.api import questions as wb_questions
from wbym_yandex_market.api import chats as ym_chats
from wbym_yandex_market.api import feedbacks as ym_feedbacks
from wbym_yandex_market.api import questions as ym_questions
from wbym_yandex_market.api import returns as ym_returns


def wildberries(
    chat: Chat, message: Message, question: Question, feedback: Feedback, item: Return
) -> None:
    """Wildberries' records; a chat may come from an event."""
    assert_type(wbym_wildberries.raw(chat), wb_chats.Chat | wb_chats.Event)
    assert_type(wbym_wildberries.raw(message), wb_chats.Event)
    assert_type(wbym_wildberries.raw(question), wb_questions.Question)
    assert_type(wbym_wildberries.raw(feedback), wb_feedbacks.Feedback)
    assert_type(wbym_wildberries.raw(item), wb_claims.Claim)


def yandex_market(
    chat: Chat, message: Message, question: Question, feedback: Feedback, item: Return
) -> None:
    """Yandex Market's records."""
    assert_type(wbym_yandex_market.raw(chat), ym_chats.Chat)
    assert_type(wbym_yandex_market.raw(message), ym_chats.Message)
    assert_type(wbym_yandex_market.raw(question), ym_questions.Question)
    assert_type(wbym_yandex_market.raw(feedback), ym_feedbacks.Feedback)
    assert_type(wbym_yandex_market.raw(item), ym_returns.Return)


def reject() -> None:
    """If a checker accepted this call, it would report its comment as unused."""
    wbym_wildberries.raw("text")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
