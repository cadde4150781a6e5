"""Which notifications are accepted if the account has to look up its shops."""

import asyncio
import logging

import pytest

from tests.adapters.wbym_yandex_market.following.notifications.conftest import (
    BUSINESS,
    CAMPAIGN,
    CHAT_5,
    Receive,
    chat_created,
)
from tests.adapters.wbym_yandex_market.shops import open_shop
from wbym.account import Hint
from wbym_yandex_market.simulator import YandexMarketSimulator

RETURN = {"notificationType": "ORDER_RETURN_STATUS_UPDATED", "returnId": 1, "campaignId": CAMPAIGN}


async def asked(market: YandexMarketSimulator) -> int:
    counts = market.stats.paths.get("GET /v2/campaigns")
    return 0 if counts is None else counts.requests


async def test_shops_are_looked_up_once_at_the_start(
    market: YandexMarketSimulator, receive: Receive
) -> None:
    receiving = await receive(open_shop(market))
    for body, status in (
        (RETURN, 200),
        (RETURN | {"campaignId": 100102}, 200),
        (RETURN | {"campaignId": 100103}, 400),
        (chat_created(), 200),
        (chat_created(business_id=BUSINESS + 1), 400),
    ):
        assert (await receiving.post(body)).status == status
    assert receiving.hints == [Hint("shop", "returns", "1")] * 2 + [CHAT_5]
    assert market.stats.paths["GET /v2/campaigns"].requests == 1


async def test_notification_of_a_given_business_does_not_wait_for_shops(
    market: YandexMarketSimulator, receive: Receive
) -> None:
    market.faults.latency = 60.0
    receiving = await receive(open_shop(market, business_id=BUSINESS))
    async with asyncio.timeout(30):
        assert (await receiving.post(chat_created())).status == 200
        assert (await receiving.post(chat_created(business_id=9))).status == 400


@pytest.mark.looptime
async def test_lookup_of_shops_is_retried_later(
    market: YandexMarketSimulator, receive: Receive, caplog: pytest.LogCaptureFixture
) -> None:
    market.faults.error_rate = 1.0
    receiving = await receive(open_shop(market))
    await asyncio.sleep(10)
    (warning,) = [record for record in caplog.records if "could not be looked up" in record.msg]
    assert warning.levelno == logging.WARNING
    assert (await receiving.post(RETURN)).status == 500
    assert (await receiving.post(chat_created())).status == 500
    market.faults.error_rate = 0.0
    await asyncio.sleep(60)
    assert (await receiving.post(RETURN)).status == 200
    assert (await receiving.post(chat_created())).status == 200
    assert receiving.hints == [Hint("shop", "returns", "1"), CHAT_5]


async def test_receiver_that_ends_early_leaks_nothing(
    market: YandexMarketSimulator, receive: Receive
) -> None:
    market.faults.latency = 5.0
    receiving = await receive(open_shop(market))
    assert loading()
    await receiving.runner.cleanup()
    assert not loading()


def loading() -> bool:
    return any("Ownership._load" in repr(task.get_coro()) for task in asyncio.all_tasks())
