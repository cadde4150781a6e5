from collections.abc import AsyncIterator

import pytest

from tests.adapters.wbym_yandex_market.shops import open_shop
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator


@pytest.fixture
async def market() -> AsyncIterator[YandexMarketSimulator]:
    async with YandexMarketSimulator(
        feedbacks=120, questions=60, chats=30, returns=20, limits=False
    ) as it:
        yield it


@pytest.fixture
async def shop(market: YandexMarketSimulator) -> AsyncIterator[YandexMarket]:
    async with open_shop(market) as it:
        yield it
