"""A refusal that states only ``Retry-After`` is waited for."""

import asyncio

import pytest

from tests.adapters.test_gateways import OWN, market, wildberries
from tests.support.fakes import json_response
from wbym.calls import Response

pytestmark = pytest.mark.looptime

DATES = {"Retry-After": "Thu, 26 Nov 2026 12:00:40 GMT", "Date": "Thu, 26 Nov 2026 12:00:00 GMT"}


@pytest.mark.parametrize("headers", [{"Retry-After": "40"}, DATES])
@pytest.mark.parametrize("has_body", [True, False])
async def test_wildberries(headers: dict[str, str], *, has_body: bool) -> None:
    lower = {name.lower(): value for name, value in headers.items()}
    limited = json_response(OWN["wildberries"], 429, lower) if has_body else Response(429, lower)
    shop, transport = wildberries(limited, json_response({"data": 3}))
    started = asyncio.get_running_loop().time()
    assert await shop.api.questions.count() == 3
    assert 40 <= asyncio.get_running_loop().time() - started < 45
    assert len(transport.requests) == 2


@pytest.mark.parametrize("headers", [{"Retry-After": "40"}, DATES])
@pytest.mark.parametrize("status", [420, 429])
async def test_market(headers: dict[str, str], status: int) -> None:
    lower = {name.lower(): value for name, value in headers.items()}
    limited = json_response(OWN["yandex_market"], status, lower)
    good = {"status": "OK", "result": {"chats": []}}
    shop, transport = market(limited, json_response(good))
    started = asyncio.get_running_loop().time()
    assert await shop.chats().all() == []
    assert 40 <= asyncio.get_running_loop().time() - started < 45
    assert len(transport.requests) == 2
