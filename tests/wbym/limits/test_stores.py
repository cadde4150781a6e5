"""Accounts of one event loop that name the same store."""

import asyncio

import pytest

from tests.support.redis import URL
from wbym.errors import AccountNotOpen, ConfigError
from wbym.limits import PostgresQuotas, RedisQuotas, SharedScheduler, open_quotas, shared_scheduler

from .support import call, charge
from .test_waiting_for_store import Script

ONE = charge()


async def test_scheduler_is_the_process_s_own_without_a_store() -> None:
    user = SharedScheduler(None)
    assert user.scheduler is shared_scheduler()
    await user.aclose()
    assert not user.scheduler.closed


async def test_users_of_one_address_share_a_scheduler_until_the_last_leaves() -> None:
    one, two = SharedScheduler("redis://127.0.0.1:1/0"), SharedScheduler("redis://127.0.0.1:1/0")
    other = SharedScheduler("redis://127.0.0.1:1/1")
    assert one.scheduler is two.scheduler
    assert one.scheduler is not other.scheduler
    closed = []
    for user in (one, one, two):
        await user.aclose()
        closed.append(two.scheduler.closed)
    assert closed == [False, False, True]
    again = SharedScheduler("redis://127.0.0.1:1/0")
    assert again.scheduler is not two.scheduler
    await again.aclose()
    await other.aclose()


async def test_store_that_is_passed_is_not_closed() -> None:
    store = Script()
    one, two = SharedScheduler(store), SharedScheduler(store)
    assert one.scheduler is two.scheduler
    await call(one.scheduler, ONE)
    await one.aclose()
    await two.aclose()
    assert store.told == ["settle"]


async def test_connection_is_closed_with_the_last_user(redis_server: str) -> None:
    user = SharedScheduler(redis_server)
    owner = charge(owner=f"user-{id(user)}")
    await call(user.scheduler, owner)
    await user.aclose()
    with pytest.raises(AccountNotOpen):
        await call(user.scheduler, owner)


def test_address_tells_the_kind_of_store() -> None:
    async def main() -> None:
        for address, kind in (
            (URL, RedisQuotas),
            ("rediss://cache", RedisQuotas),
            ("postgresql://db/shop", PostgresQuotas),
            ("postgres://db/shop", PostgresQuotas),
        ):
            store = open_quotas(address)
            assert type(store) is kind
            await store.aclose()

    asyncio.run(main())


def test_error_says_so_without_a_running_loop() -> None:
    with pytest.raises(AccountNotOpen, match="inside a coroutine"):
        SharedScheduler("redis://cache")


async def test_error_says_what_an_address_is() -> None:
    with pytest.raises(ConfigError, match="such as redis://host or postgresql://host"):
        SharedScheduler("cache:6379")
