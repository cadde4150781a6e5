"""Calls of a marketplace's own methods: a row keeps the signature that it is written with."""

from datetime import UTC, datetime
from typing import assert_type

from wbym import Listing
from wbym_wildberries import Wildberries
from wbym_wildberries.api.feedbacks import Feedback
from wbym_wildberries.api.questions import Question
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.api.chats import Chat, Message


async def wildberries(shop: Wildberries) -> None:
    """Lists of Wildberries' own records, and an acknowledgement."""
    assert_type(shop.api.feedbacks.list(is_answered=False), Listing[Feedback])
    assert_type(shop.api.questions.list(is_answered=False), Listing[Question])
    assert_type(await shop.api.questions.view("id"), None)
    shop.api.feedbacks.list(is_answered=False, date_from=datetime(2026, 1, 1, tzinfo=UTC))


async def yandex_market(shop: YandexMarket) -> None:
    """Lists of Yandex Market's own records, and one of them."""
    assert_type(shop.api.chats.list(), Listing[Chat])
    assert_type(shop.api.chats.history(1), Listing[Message])
    assert_type(await shop.api.chats.get(1), Chat)


async def refuse(shop: Wildberries) -> None:
    """Were one of these taken, the checker would call its comment unused."""
    shop.api.feedbacks.list()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await shop.api.questions.view(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
