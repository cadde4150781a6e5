"""Once a marketplace has taken a write, nothing in its headers may fail the call."""

from datetime import UTC, datetime

import msgspec
import pytest

from tests.adapters.test_gateways import market, wildberries
from tests.support.fakes import json_response
from wbym.calls import Response
from wbym.domain import Noun, Question, Ref
from wbym_yandex_market.api.questions import EntityId

pytestmark = pytest.mark.looptime

ODD = ("inf", "-inf", "nan", "1e400", "-5", "9" * 400, "", "soon", "Thu, 99 Foo 2026", "\x00", "½")
DATES = (
    "Thu, 01 Jan 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Thu, 26 Nov 2026 12:00:00 +999999",
    "Thu, 26 Nov 2026 99:00:00 GMT",
    "Thu, 26 Nov 99999999999999999999 12:00:00 GMT",
)
WILDBERRIES = ("x-ratelimit-remaining", "x-ratelimit-limit", "x-ratelimit-retry", "retry-after")
MARKET = (
    "x-ratelimit-resource-limit",
    "x-ratelimit-resource-remaining",
    "x-ratelimit-resource-until",
    "retry-after",
    "date",
)


@pytest.mark.parametrize("value", [*ODD, *DATES])
async def test_write_when_headers_are_odd(value: str) -> None:
    shop, transport = wildberries(Response(204, dict.fromkeys(WILDBERRIES, value)))
    await shop.api.feedbacks.answer("f1", "Спасибо!")
    assert len(transport.requests) == 1
    taken = json_response({"status": "OK"}, headers=dict.fromkeys(MARKET, value))
    other, transport = market(taken)
    await other.api.chats.send(1, "Спасибо!")
    assert len(transport.requests) == 1


@pytest.mark.parametrize("value", [*ODD, *DATES])
async def test_rate_limit_when_headers_are_odd(value: str) -> None:
    limited = Response(429, dict.fromkeys(WILDBERRIES, value))
    shop, transport = wildberries(limited, Response(204, {}))
    await shop.api.feedbacks.answer("f1", "Спасибо!")
    assert len(transport.requests) == 2
    limited = Response(420, dict.fromkeys(MARKET, value))
    other, transport = market(limited, json_response({"status": "OK"}))
    await other.api.chats.send(1, "Спасибо!")
    assert len(transport.requests) == 2


@pytest.mark.parametrize("stamp", [1_700_000_000_000_000, 10**30, -5, 0])
async def test_message_when_its_time_is_absurd(stamp: int) -> None:
    shop, transport = wildberries(
        json_response({"result": [{"chatID": "c1", "replySign": "s"}]}),
        json_response({"result": {"chatID": "c1", "addTime": stamp}, "errors": []}),
    )
    delivery = await shop.send(Ref("wildberries", "wildberries", Noun.CHAT, "c1"), "Спасибо!")
    assert delivery.state.value == "accepted"
    assert len(transport.requests) == 2


@pytest.mark.parametrize(
    "result",
    [
        {"entity": {"id": 82}},
        {"entity": {"id": 82, "type": None}},
        {"entity": {"id": 82, "type": "ANSWER"}},
        {"entity": None},
        {},
        None,
    ],
)
async def test_answer_when_its_entity_is_incomplete(result: dict[str, object] | None) -> None:
    shop, transport = market(json_response({"status": "OK", "result": result}))
    created = await shop.api.questions.create(7, "Да")
    entity = msgspec.convert((result or {}).get("entity"), EntityId | None)
    assert created == entity
    assert len(transport.requests) == 1
    empty = json_response({"status": "OK", "result": {"answers": []}})
    shop, transport = market(empty, json_response({"status": "OK", "result": result}))
    question = Question(
        Ref("yandex_market", "yandex_market", Noun.QUESTION, "7"),
        "?",
        datetime(2026, 5, 1, tzinfo=UTC),
    )
    delivery = await shop.answer(question, "Да")
    assert delivery.state.value == "accepted"
    assert len(transport.requests) == 2
