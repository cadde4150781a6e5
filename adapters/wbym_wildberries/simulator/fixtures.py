"""Fixtures for users' tests: `pytest_plugins = ["wbym_wildberries.simulator.fixtures"]`."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from wbym_wildberries.simulator.server import WildberriesSimulator


@pytest_asyncio.fixture
async def wildberries_simulator() -> AsyncIterator[WildberriesSimulator]:
    """A running Wildberries with a few records of each kind and no limits."""
    async with WildberriesSimulator(limits=False) as simulator:
        yield simulator
