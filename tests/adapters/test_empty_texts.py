"""What a marketplace leaves empty is absent from neutral records."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec
import pytest

from tests.support.blank import blank, empty_texts
from wbym.domain import Noun, Ref
from wbym_wildberries import _mapping as wildberries
from wbym_wildberries.api.chats import Chat, Event
from wbym_wildberries.api.claims import Claim
from wbym_wildberries.api.feedbacks import Feedback, PhotoLink
from wbym_wildberries.api.questions import Question
from wbym_yandex_market import _mapping as market
from wbym_yandex_market.api import chats, feedbacks, questions, returns

Make: TypeAlias = Callable[[], msgspec.Struct]

CHAT = Ref("yandex_market", "shop", Noun.CHAT, "1")
MADE: dict[str, Make] = {
    "wildberries feedback": lambda: wildberries.feedback(blank(Feedback, id="1"), "shop"),
    "wildberries preview": lambda: wildberries.feedback(
        blank(Feedback, id="1", photo_links=[PhotoLink(full_size="https://a", mini_size="")]),
        "shop",
    ),
    "wildberries question": lambda: wildberries.question(blank(Question, id="1"), "shop"),
    "wildberries chat": lambda: wildberries.chat(blank(Chat, chat_id="1"), "shop"),
    "wildberries event": lambda: wildberries.chat_of_event(
        blank(Event, chat_id="1", add_timestamp=1_790_000_000_000), "shop"
    ),
    "wildberries message": lambda: wildberries.message(
        blank(Event, chat_id="1", event_id="1", add_timestamp=1_790_000_000_000), "shop"
    ),
    "wildberries claim": lambda: wildberries.return_request(blank(Claim, id="1"), "shop"),
    "market feedback": lambda: market.feedback(blank(feedbacks.Feedback), "shop"),
    "market comment": lambda: market.comment(blank(feedbacks.Comment)),
    "market question": lambda: market.question(blank(questions.Question), "shop"),
    "market answer": lambda: market.answer(blank(questions.Answer)),
    "market chat": lambda: market.chat(blank(chats.Chat), "shop"),
    "market message": lambda: market.message(blank(chats.Message), CHAT),
    "market return": lambda: market.return_request(blank(returns.Return), "shop"),
    "market decision": lambda: market.decision(
        blank(returns.AvailableDecision, decision_type="REPAIR")
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_no_optional_text_is_empty(name: str) -> None:
    assert list(empty_texts(MADE[name]())) == []
