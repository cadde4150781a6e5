"""Fixtures for users' tests: `pytest_plugins = ["wbym_yandex_market.simulator.fixtures"]`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from wbym_yandex_market.simulator.server import YandexMarketSimulator


@pytest_asyncio.fixture
async def yandex_market_simulator() -> AsyncIterator[YandexMarketSimulator]:
    """A running Yandex Market with a few records of each kind and no limits."""
    async with YandexMarketSimulator(limits=False) as simulator:
        yield simulator
