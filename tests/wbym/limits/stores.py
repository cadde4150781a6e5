"""Stores of quotas on real servers, with a clock that tests move."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha1
from typing import Protocol

import asyncpg
import pytest
from redis import asyncio as redis

from tests.support.postgres import execute_on, own_schema, schema_of
from tests.support.redis import own_prefix
from wbym.limits import (
    BucketSignal,
    Charge,
    Granted,
    PostgresQuotas,
    Priority,
    QuotaStore,
    RedisQuotas,
    Refused,
    RetryIn,
    _postgres_quotas,
    _redis_quotas,
)
from wbym.limits._quota_store import Reply, Reservation, new_grant_id

START = 1_700_000_000.0
KINDS = ("redis", "postgres")


class Server(Protocol):
    """A server whose clock stands still unless it is moved."""

    async def set_clock(self, now: float) -> None: ...

    async def forget(self) -> None:
        """Lose all that a crash loses."""


class RedisServer:
    def __init__(self, client: "redis.Redis", prefix: str) -> None:
        self.client = client
        self.prefix = prefix

    async def set_clock(self, now: float) -> None:
        await self.client.set(f"{self.prefix}-clock", repr(now))

    async def forget(self) -> None:
        async for key in self.client.scan_iter(f"{self.prefix}:*"):
            await self.client.delete(key)


class PostgresServer:
    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", schema: str) -> None:
        self.connection = connection
        self.schema = schema

    async def set_clock(self, now: float) -> None:
        await self.connection.execute(f"UPDATE {self.schema}.test_clock SET seconds = {now!r}")

    async def forget(self) -> None:
        await execute_on(
            self.connection,
            f"TRUNCATE {self.schema}.quota_owner, {self.schema}.quota_bucket,"
            f" {self.schema}.quota_grant",
        )


class Asked:
    """A store, its clock, and the verbs with short arguments."""

    def __init__(self, store: QuotaStore, server: Server) -> None:
        self.store = store
        self.server = server
        self.now = 0.0

    async def forward(self, seconds: float) -> None:
        self.now += seconds
        await self.server.set_clock(START + self.now)

    async def reserve(
        self,
        charges: Sequence[Charge],
        priority: Priority = Priority.NORMAL,
        *,
        wait_up_to: float = 1e6,
        cost: int = 1,
        ahead: bool | None = None,
        min_jitter: float = 0.0,
        max_jitter: float = 0.0,
    ) -> Reply:
        return await self.store.reserve(
            Reservation(
                new_grant_id(charges[0].key),
                charges,
                priority,
                wait_up_to,
                cost,
                priority is Priority.INTERACTIVE if ahead is None else ahead,
                min_jitter,
                max_jitter,
            )
        )

    async def granted(
        self,
        charges: Sequence[Charge],
        priority: Priority = Priority.NORMAL,
        *,
        cost: int = 1,
        max_jitter: float = 0.0,
    ) -> Granted:
        """A grant; anything else fails the test."""
        reply = await self.reserve(charges, priority, cost=cost, max_jitter=max_jitter)
        assert isinstance(reply, Granted), reply
        return reply

    async def retry(
        self, charges: Sequence[Charge], priority: Priority = Priority.NORMAL, *, cost: int = 1
    ) -> float:
        """The seconds of a reply to ask again; anything else fails the test."""
        reply = await self.reserve(charges, priority, cost=cost)
        assert isinstance(reply, RetryIn), reply
        return reply.seconds

    async def refused(
        self,
        charges: Sequence[Charge],
        priority: Priority = Priority.NORMAL,
        *,
        wait_up_to: float = 0.0,
    ) -> Refused:
        """A refusal; anything else fails the test."""
        reply = await self.reserve(charges, priority, wait_up_to=wait_up_to)
        assert isinstance(reply, Refused), reply
        return reply

    async def room(self, charges: Sequence[Charge], priority: Priority = Priority.NORMAL) -> int:
        """How many calls are granted at this moment."""
        found = 0
        while isinstance(await self.reserve(charges, priority, ahead=False), Granted):
            found += 1
        return found

    async def settle(
        self,
        granted: Granted,
        cost: int = 1,
        *signals: BucketSignal,
        elapsed: float | None = None,
    ) -> None:
        await self.store.settle(granted.id, cost, signals, elapsed)


@asynccontextmanager
async def moved_redis(url: str, prefix: str) -> AsyncIterator[Asked]:
    """A store in Redis whose clock is moved by the test, from a time when the owner was known."""
    script = _redis_quotas._SCRIPT.replace(
        "clock[1] + clock[2] / 1000000", f"tonumber(redis.call('GET', '{prefix}-clock'))"
    )
    assert script != _redis_quotas._SCRIPT
    with pytest.MonkeyPatch().context() as patch:
        patch.setattr(_redis_quotas, "_SCRIPT", script)
        patch.setattr(_redis_quotas, "_SHA", sha1(script.encode()).hexdigest())
        async with redis.Redis.from_url(url) as client:
            server = RedisServer(client, prefix)
            await server.set_clock(START)
            store = RedisQuotas(url, prefix=prefix)
            try:
                yield Asked(store, server)
            finally:
                await store.aclose()


@asynccontextmanager
async def moved_postgres(url: str) -> AsyncIterator[Asked]:
    """A store in PostgreSQL whose clock is moved by the test."""
    schema = schema_of(url)
    text = _postgres_quotas._SQL.replace(
        "extract(epoch FROM clock_timestamp())", "(SELECT seconds FROM {schema}.test_clock)"
    )
    assert text != _postgres_quotas._SQL
    connection = await asyncpg.connect(url.partition("?")[0])
    await connection.execute(
        f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.test_clock (seconds float8);"
        f"INSERT INTO {schema}.test_clock VALUES ({START!r})"
    )
    with pytest.MonkeyPatch().context() as patch:
        patch.setattr(_postgres_quotas, "_SQL", text)
        store = PostgresQuotas(url)
        try:
            yield Asked(store, PostgresServer(connection, schema))
        finally:
            await store.aclose()
            await connection.close()


@asynccontextmanager
async def moved(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[Asked]:
    """A store of this kind whose clock is moved by the test, and which has just begun."""
    if kind == "redis":
        url = request.getfixturevalue("redis_server")
        async with own_prefix(url) as prefix, moved_redis(url, prefix) as asked:
            yield asked
    else:
        url = request.getfixturevalue("postgres_server")
        async with own_schema(url) as place, moved_postgres(place) as asked:
            yield asked


__all__ = ["KINDS", "Asked", "moved", "moved_postgres", "moved_redis"]
