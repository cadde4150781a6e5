from collections.abc import AsyncIterator

import pytest

from tests.adapters.wbym_wildberries.shops import open_shop
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator


@pytest.fixture
async def simulator() -> AsyncIterator[WildberriesSimulator]:
    async with WildberriesSimulator(
        feedbacks=60, questions=30, chats=6, claims=20, limits=False
    ) as it:
        yield it


@pytest.fixture
async def shop(simulator: WildberriesSimulator) -> AsyncIterator[Wildberries]:
    async with open_shop(simulator) as it:
        yield it
