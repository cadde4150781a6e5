"""Undecodable records of an account: each is reported once, and memory is bounded."""

import logging

import pytest

from tests.adapters.test_gateways import market
from tests.support.fakes import json_response
from wbym.domain import UndecodableRecord

PAGES = 3
SIZE = 400


def page(first: int) -> dict[str, object]:
    chats = [{"chatId": f"bad {number}"} for number in range(first, first + SIZE)]
    return {"status": "OK", "result": {"chats": chats}}


async def test_record_that_comes_again_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    told: list[UndecodableRecord] = []
    shop, _ = market(*[json_response(page(0))] * 5, on_undecodable=told.append)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert await shop.chats().all() == []
    assert len(told) == len(shop.undecodable) == len(caplog.records) == SIZE
    assert tuple(told) == shop.undecodable


async def test_the_last_thousand_are_kept() -> None:
    shop, _ = market(*[json_response(page(SIZE * number)) for number in range(PAGES)])
    for _ in range(PAGES):
        await shop.chats().all()
    assert len(shop.undecodable) == 1000
    assert shop.undecodable[-1].data == b'{"chatId":"bad 1199"}'
