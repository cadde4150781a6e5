"""The mapping of records after Market removed old fields."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from wbym.domain import Money, Order
from wbym.domain import Return as NeutralReturn
from wbym_yandex_market import _mapping as mapping
from wbym_yandex_market.api.chats import Chat
from wbym_yandex_market.api.returns import Return


def test_chat_when_its_order_is_in_the_context() -> None:
    context = {"type": "ORDER", "orderId": 17, "campaignId": 3}
    chat = mapping.chat(msgspec.convert({"chatId": 1, "context": context}, Chat), "shop")
    assert chat.order == Order("17")


def test_chat_without_an_order() -> None:
    chat = mapping.chat(msgspec.convert({"chatId": 1, "context": {"type": "DIRECT"}}, Chat), "shop")
    assert chat.order is None
    assert mapping.chat(msgspec.convert({"chatId": 1}, Chat), "shop").order is None


def test_return_with_and_without_an_amount() -> None:
    wire = {"id": 1, "orderId": 2, "amount": {"value": 12.5, "currencyId": "RUR"}}
    mapped = mapping.return_request(msgspec.convert(wire, Return), "shop")
    assert mapped.amount == Money(Decimal("12.5"), "RUB")
    del wire["amount"]
    assert mapping.return_request(msgspec.convert(wire, Return), "shop").amount is None


def test_chat_with_an_impossible_time() -> None:
    wire = {"chatId": 1, "createdAt": "0001-01-01T00:00:00+03:00"}
    chat = mapping.chat(msgspec.convert(wire, Chat), "shop")
    assert chat.created_at is None


@pytest.mark.parametrize(
    ("status", "until", "since"),
    [
        (
            "PREMODERATION_DECISION_WAITING",
            "2026-10-03 10:00",
            "2026-10-02 00:00",
        ),
        ("WAITING_FOR_DECISION", "2026-10-04 00:00", "2026-10-02 00:00"),
        ("DECISION_MADE", None, None),
        ("REFUNDED", None, None),
        (None, None, None),
    ],
)
def test_return_when_it_waits_for_48_hours(
    status: str | None, until: str | None, since: str | None
) -> None:
    """48 hours from creation; for DBS from the return of the goods, which is the last change."""
    neutral = _return(status, "2026-10-01T13:00:00+03:00", "2026-10-02T03:00:00+03:00")
    assert (neutral.reply_until and f"{neutral.reply_until:%F %H:%M}") == until
    assert (neutral.waiting_since and f"{neutral.waiting_since:%F %H:%M}") == since


@pytest.mark.parametrize("status", ["PREMODERATION_DECISION_WAITING", "WAITING_FOR_DECISION"])
@pytest.mark.parametrize("moment", ["9999-12-31T23:00:00Z", None])
def test_return_when_its_end_is_beyond_the_calendar(status: str, moment: str | None) -> None:
    assert _return(status, moment, moment).reply_until is None


def _return(status: str | None, created: str | None, updated: str | None) -> NeutralReturn:
    wire = {
        "id": 1,
        "orderId": 2,
        "refundStatus": status,
        "creationDate": created,
        "updateDate": updated,
    }
    return mapping.return_request(msgspec.convert(wire, Return), "shop")


@pytest.mark.parametrize(
    ("status", "is_waiting"),
    [
        ("NEW", True),
        ("WAITING_FOR_PARTNER", True),
        ("WAITING_FOR_CUSTOMER", False),
        ("WAITING_FOR_ARBITER", False),
        ("FINISHED", False),
        ("NEWER", False),
    ],
)
def test_chat_when_a_buyer_waits(status: str, is_waiting: bool) -> None:
    wire = {"chatId": 1, "status": status, "updatedAt": "2026-10-01T13:00:00+03:00"}
    chat = mapping.chat(msgspec.convert(wire, Chat), "shop")
    assert chat.waiting_since == (datetime(2026, 10, 1, 10, tzinfo=UTC) if is_waiting else None)
