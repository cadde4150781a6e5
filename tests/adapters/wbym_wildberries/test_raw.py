"""Typed access to Wildberries' own records."""

import pytest
from msgspec.structs import replace

from wbym.domain import Chat, Noun, Ref, Return
from wbym.errors import InvalidInput
from wbym_wildberries import Wildberries, raw
from wbym_wildberries import _mapping as mapping
from wbym_wildberries.api import chats, claims, feedbacks, questions


async def test_raw_when_the_record_was_read(shop: Wildberries) -> None:
    chat = (await shop.chats().all(limit=1))[0]
    message = (await shop.messages(chat).all(limit=1))[0]
    question = (await shop.questions().all(limit=1))[0]
    feedback = (await shop.feedbacks().all(limit=1))[0]
    item = (await shop.returns().all(limit=1))[0]
    assert isinstance(raw(chat), chats.Chat)
    assert isinstance(raw(message), chats.Event)
    assert isinstance(raw(question), questions.Question)
    assert isinstance(raw(feedback), feedbacks.Feedback)
    assert isinstance(raw(item), claims.Claim)
    assert raw(feedback) is feedback.raw
    assert raw(feedback).id == feedback.ref.id


def test_raw_when_the_chat_was_created_from_an_event() -> None:
    event = chats.Event(chat_id="c", event_id="e", add_timestamp=1)
    assert raw(mapping.chat_of_event(event, "shop")) is event


async def test_raw_when_the_record_is_a_copy(shop: Wildberries) -> None:
    feedback = (await shop.feedbacks().all(limit=1))[0]
    with pytest.raises(
        InvalidInput, match=r"must have a raw record.*get\(\); got.*wildberries/shop"
    ):
        raw(replace(feedback))


@pytest.mark.parametrize("kind", [Chat, Return])
def test_raw_when_the_record_is_from_another_marketplace(kind: type[Chat | Return]) -> None:
    with pytest.raises(InvalidInput, match="must be a record from Wildberries"):
        raw(kind(Ref("yandex_market", "shop", Noun.CHAT, "1")))


def test_raw_when_the_argument_is_not_a_record() -> None:
    with pytest.raises(InvalidInput, match="must be a record from Wildberries"):
        raw("text")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
