"""Typed access to Yandex Market's own records."""

import pytest
from msgspec.structs import replace

from wbym.domain import Chat, Noun, Ref, Return
from wbym.errors import InvalidInput
from wbym_yandex_market import YandexMarket, raw
from wbym_yandex_market.api import chats, feedbacks, questions, returns


async def test_raw_when_the_record_was_read(shop: YandexMarket) -> None:
    chat = (await shop.chats().all(limit=1))[0]
    message = (await shop.messages(chat).all(limit=1))[0]
    question = (await shop.questions().all(limit=1))[0]
    feedback = (await shop.feedbacks().all(limit=1))[0]
    item = (await shop.returns().all(limit=1))[0]
    assert isinstance(raw(chat), chats.Chat)
    assert isinstance(raw(message), chats.Message)
    assert isinstance(raw(question), questions.Question)
    assert isinstance(raw(feedback), feedbacks.Feedback)
    assert isinstance(raw(item), returns.Return)
    assert raw(feedback) is feedback.raw
    assert raw(feedback).feedback_id == int(feedback.ref.id)


async def test_raw_when_the_record_is_a_copy(shop: YandexMarket) -> None:
    feedback = (await shop.feedbacks().all(limit=1))[0]
    with pytest.raises(
        InvalidInput, match=r"must have a raw record.*get\(\); got.*yandex_market/shop"
    ):
        raw(replace(feedback))


@pytest.mark.parametrize("kind", [Chat, Return])
def test_raw_when_the_record_is_from_another_marketplace(kind: type[Chat | Return]) -> None:
    with pytest.raises(InvalidInput, match="must be a record from Yandex Market"):
        raw(kind(Ref("wildberries", "shop", Noun.CHAT, "1")))


def test_raw_when_the_argument_is_not_a_record() -> None:
    with pytest.raises(InvalidInput, match="must be a record from Yandex Market"):
        raw("text")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
