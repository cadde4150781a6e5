"""Where the neutral records come from, since the old fields were switched off."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from wbym.domain import Money, Order
from wbym_yandex_market import mapping
from wbym_yandex_market.api.chats import Chat
from wbym_yandex_market.api.returns import Return


def test_chat_when_its_order_is_in_the_context() -> None:
    context = {"type": "ORDER", "orderId": 17, "campaignId": 3}
    chat = mapping.chat(msgspec.convert({"chatId": 1, "context": context}, Chat), "shop")
    assert chat.order == Order("17")


def test_chat_when_nothing_is_told_of_an_order() -> None:
    chat = mapping.chat(msgspec.convert({"chatId": 1, "context": {"type": "DIRECT"}}, Chat), "shop")
    assert chat.order is None
    assert mapping.chat(msgspec.convert({"chatId": 1}, Chat), "shop").order is None


def test_return_when_its_sum_is_told_or_not() -> None:
    wire = {"id": 1, "orderId": 2, "amount": {"value": 12.5, "currencyId": "RUR"}}
    told = mapping.refund(msgspec.convert(wire, Return), "shop")
    assert told.amount == Money(Decimal("12.5"), "RUB")
    del wire["amount"]
    assert mapping.refund(msgspec.convert(wire, Return), "shop").amount is None


def test_chat_when_its_time_is_none_in_utc() -> None:
    wire = {"chatId": 1, "createdAt": "0001-01-01T00:00:00+03:00"}
    chat = mapping.chat(msgspec.convert(wire, Chat), "shop")
    assert chat.created_at == datetime(1, 1, 1, tzinfo=UTC)
