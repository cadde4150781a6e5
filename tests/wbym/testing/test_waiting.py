"""Waiting for conditions."""

import asyncio

import pytest

from wbym.testing import eventually


async def test_any_true_value_ends_it() -> None:
    found: list[str] = []
    asyncio.get_running_loop().call_later(0.01, found.append, "x")
    await eventually(lambda: found)


async def test_async_condition() -> None:
    found = iter([None, "", 0, "x"])

    async def condition() -> object:
        return next(found)

    await eventually(condition)
    assert next(found, "end") == "end"


async def test_condition_that_is_never_true() -> None:
    with pytest.raises(TimeoutError):
        await eventually(list, within=0.01)
