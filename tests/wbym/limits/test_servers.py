"""Servers that cannot be used, that stop, and that come back."""

import asyncio
import re
import signal
import traceback
from pathlib import Path

import pytest
from redis import asyncio as redis

from tests.support.documents import ROOT
from tests.support.own_redis import own_redis
from tests.support.postgres import execute, own_schema, schema_of
from tests.support.redis import own_prefix
from wbym.errors import ConfigError, LimitsUnavailable
from wbym.limits import (
    BucketKey,
    Charge,
    Granted,
    LimitSignal,
    ParallelCap,
    PostgresQuotas,
    Priority,
    Quota,
    QuotaStore,
    RedisQuotas,
    Reservation,
    Scheduler,
    Window,
    _postgres_quotas,
    _redis_quotas,
    open_quotas,
)
from wbym.limits._quota_store import new_grant_id

from .support import call, charge

GUIDE = (ROOT / "docs" / "more-than-one-process.md").read_text("utf-8")
PASSWORD = "s3cret-word"
RATE = charge(Quota(limit=20, period=1, burst=2))
NOBODY = "127.0.0.1:1"


async def ask(store: QuotaStore) -> None:
    try:
        await store.reserve(
            Reservation(new_grant_id(RATE[0].key), RATE, Priority.NORMAL, wait_up_to=1.0)
        )
    finally:
        await store.aclose()


def shown(error: BaseException) -> str:
    """All that a traceback with locals shows of an error."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(found.format())


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        [
            "",
            "cache",
            "http://cache/0",
            "redis://",
            f"redis://user:{PASSWORD}/x@cache/0",
            f"redis://user:20261#{PASSWORD}@cache/0",
            f"redis://user:20261?{PASSWORD}@cache/0",
            f"redis://cache/0?passwrd={PASSWORD}",
            f"redis://cache/0?db={PASSWORD}",
            f"redis://cache:port{PASSWORD}/0",
            f"redis://:{PASSWORD}@cache/database",
            f"postgresql://user:{PASSWORD}/x@cache/shop",
            f"postgresql://user:{PASSWORD}@cache/shop?schema=Bad;name",
        ],
    )
    def test_invalid_address_is_an_error_without_its_password(self, address: str) -> None:
        with pytest.raises(ConfigError, match="limits: ") as caught:
            open_quotas(address)
        assert PASSWORD not in f"{caught.value!s}{caught.value!r}"
        assert "20261" not in f"{caught.value!s}{caught.value!r}"

    @pytest.mark.parametrize("scheme", ["redis", "postgresql"])
    async def test_password_is_never_shown(self, scheme: str) -> None:
        store = open_quotas(f"{scheme}://user:{PASSWORD}@{NOBODY}/0")
        with pytest.raises(LimitsUnavailable) as caught:
            await ask(store)
        assert PASSWORD not in f"{store!r}{caught.value!s}{shown(caught.value)}"
        assert NOBODY in repr(store)
        assert NOBODY in str(caught.value)


class TestRedis:
    async def test_eviction_of_keys_is_an_error(self, tmp_path: Path) -> None:
        async with own_redis(tmp_path, "--maxmemory-policy", "allkeys-lru") as server:
            with pytest.raises(ConfigError, match="set it to noeviction"):
                await ask(RedisQuotas(server.url))

    async def test_old_server_is_an_error(
        self, redis_server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_redis_quotas, "_MIN_VERSION", 99)
        with pytest.raises(ConfigError, match="is too old; 99 is needed"):
            await ask(RedisQuotas(redis_server))

    async def test_wrong_password_is_an_error(self, tmp_path: Path) -> None:
        async with own_redis(tmp_path, "--requirepass", "right") as server:
            url = server.url.replace("redis://", f"redis://:{PASSWORD}@")
            with pytest.raises(ConfigError) as caught:
                await ask(RedisQuotas(url))
            assert PASSWORD not in str(caught.value)

    async def test_missing_right_is_an_error(self, tmp_path: Path) -> None:
        user = ("app", "on", ">word", "~*", "+info", "+script", "+client", "+hello", "+select")
        async with own_redis(tmp_path, "--user", *user) as server:
            url = server.url.replace("redis://", "redis://app:word@")
            with pytest.raises(ConfigError, match="permission"):
                await ask(RedisQuotas(url))

    async def test_missing_right_of_the_script_is_an_error(self, tmp_path: Path) -> None:
        commands = ("+info", "+script", "+evalsha", "+client", "+hello", "+select")
        async with own_redis(tmp_path, "--user", "app", "on", ">word", "~*", *commands) as server:
            url = server.url.replace("redis://", "redis://app:word@")
            with pytest.raises(ConfigError, match="can't run this command"):
                await ask(RedisQuotas(url))

    async def test_documented_rights_suffice(self, tmp_path: Path) -> None:
        [row] = [line for line in GUIDE.splitlines() if "maxmemory-policy noeviction" in line]
        commands = [f"+{name.lower()}" for name in re.findall(r"\b[A-Z]{3,}\b", row.split("|")[2])]
        async with own_redis(tmp_path, "--user", "app", "on", ">word", "~*", *commands) as server:
            url = server.url.replace("redis://", "redis://app:word@")
            store = RedisQuotas(url)
            for charges in (RATE, charge(Window(5, 60), "window"), charge(ParallelCap(2), "cap")):
                for end in (store.cancel, lambda grant: store.settle(grant, 1)):
                    asked = Reservation(
                        new_grant_id(charges[0].key), charges, Priority.NORMAL, wait_up_to=1.0
                    )
                    assert isinstance(await store.reserve(asked), Granted)
                    assert await store.renew(asked.id)
                    await end(asked.id)
                await store.ban(charges[0].key, 0.1)
            await store.aclose()

    async def test_connection_to_a_former_primary_is_dropped(self, tmp_path: Path) -> None:
        async with own_redis(tmp_path) as server, redis.Redis.from_url(server.url) as admin:
            store = RedisQuotas(server.url)
            scheduler = Scheduler(quotas=store)
            await call(scheduler, RATE)
            assert len(await admin.client_list()) == 2
            await admin.slaveof("127.0.0.1", 1)
            with pytest.raises(LimitsUnavailable, match="read only"):
                await call(scheduler, RATE, max_wait=0)
            assert len(await admin.client_list()) == 1
            await scheduler.aclose()
            await store.aclose()

    async def test_restarted_server_counts_again(self, tmp_path: Path) -> None:
        async with own_redis(tmp_path) as server:
            store = RedisQuotas(server.url)
            scheduler = Scheduler(quotas=store)
            await call(scheduler, RATE)
            await server.stop()
            waiting = asyncio.create_task(call(scheduler, RATE))
            await asyncio.sleep(0.2)
            await server.start()
            await waiting
            await scheduler.aclose()
            await store.aclose()

    async def test_server_that_does_not_answer_is_away(self, tmp_path: Path) -> None:
        async with own_redis(tmp_path) as server:
            store = RedisQuotas(server.url)
            scheduler = Scheduler(quotas=store)
            await call(scheduler, RATE)
            assert server.process is not None
            server.process.send_signal(signal.SIGSTOP)
            with pytest.raises(LimitsUnavailable):
                await call(scheduler, RATE, max_wait=0.5)
            server.process.send_signal(signal.SIGCONT)
            await call(scheduler, RATE)
            await scheduler.aclose()
            await store.aclose()

    async def test_keys_of_a_seller_have_one_hash_tag_and_expire(self, redis_server: str) -> None:
        async with own_prefix(redis_server) as prefix:
            store = RedisQuotas(redis_server, prefix=prefix)
            scheduler = Scheduler(quotas=store)
            odd = [Charge(BucketKey("wb", "a{b}c", "tier", "calls"), Quota(1, 1, 1))]
            async with scheduler.lease(odd):
                keys = [key async for key in store._client.scan_iter(f"{prefix}:*")]
                assert len(keys) == 2
                tags = {key.partition(b"{")[2].partition(b"}")[0] for key in keys}
                assert tags == {b"wb/a%7Bb%7Dc"}
                assert all([0 < await store._client.ttl(key) < 3600 for key in keys])
            await scheduler.aclose()
            await store.aclose()


class TestPostgres:
    async def test_missing_database_is_an_error(self, postgres_server: str) -> None:
        url = f"{postgres_server.rpartition('/')[0]}/no_such_database"
        with pytest.raises(ConfigError, match="no_such_database"):
            await ask(PostgresQuotas(url))

    async def test_schema_may_be_a_word_of_sql(self, postgres_server: str) -> None:
        store = PostgresQuotas(f"{postgres_server}?schema=user")
        try:
            await ask(store)
        finally:
            await execute(postgres_server, 'DROP SCHEMA IF EXISTS "user" CASCADE')

    async def test_missing_right_is_an_error(self, postgres_server: str) -> None:
        async with own_schema(postgres_server) as place:
            role = schema_of(place)
            await execute(
                place,
                f"CREATE SCHEMA {role}; CREATE ROLE {role} LOGIN;"
                f"GRANT USAGE ON SCHEMA {role} TO {role}",
            )
            try:
                url = place.replace("://", f"://{role}@")
                with pytest.raises(ConfigError, match="permission denied"):
                    await ask(PostgresQuotas(url))
            finally:
                await execute(place, f"DROP OWNED BY {role}; DROP ROLE {role}")

    async def test_lost_connection_is_made_again(self, postgres_server: str) -> None:
        async with own_schema(postgres_server) as place:
            store = PostgresQuotas(place)
            scheduler = Scheduler(quotas=store)
            await call(scheduler, RATE)
            assert store._connection is not None
            process = store._connection.get_server_pid()
            await execute(place, f"SELECT pg_terminate_backend({process})")
            await call(scheduler, RATE)
            await scheduler.aclose()
            await store.aclose()

    async def test_server_that_is_silent_in_housekeeping_stops_no_call(
        self, postgres_server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_postgres_quotas, "TIMEOUT", 0.5)
        async with own_schema(postgres_server) as place:
            store = PostgresQuotas(place)
            scheduler = Scheduler(quotas=store)
            await call(scheduler, RATE)
            await execute(
                place,
                f"CREATE OR REPLACE FUNCTION {schema_of(place)}.quota_purge_"
                f"{_postgres_quotas._VERSION}() RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(60)'",
            )
            store._purge_at = 0.0
            async with asyncio.timeout(10):
                for _ in range(3):
                    await call(scheduler, charge(Quota(20, 1, 20), "other"))
            await scheduler.aclose()
            await store.aclose()

    @pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
    async def test_default_isolation_of_a_role(self, postgres_server: str, isolation: str) -> None:
        async with own_schema(postgres_server) as place:
            role = schema_of(place)
            await execute(
                place,
                f"CREATE ROLE {role} LOGIN SUPERUSER;"
                f"ALTER ROLE {role} SET default_transaction_isolation = '{isolation}'",
            )
            stores = [PostgresQuotas(place.replace("://", f"://{role}@")) for _ in range(4)]
            try:
                many = charge(Quota(1000, 1, 1000))
                for _ in range(10):
                    asked = [
                        Reservation(new_grant_id(many[0].key), many, Priority.NORMAL, 1.0)
                        for _ in stores
                    ]
                    replies = zip(stores, asked, strict=True)
                    await asyncio.gather(*(store.reserve(one) for store, one in replies))
            finally:
                for store in stores:
                    await store.aclose()
                await execute(place, f"DROP OWNED BY {role}; DROP ROLE {role}")

    async def test_several_processes_create_the_tables_at_once(self, postgres_server: str) -> None:
        async with own_schema(postgres_server) as place:
            await asyncio.gather(*(ask(PostgresQuotas(place)) for _ in range(4)))

    async def test_expired_rows_are_deleted(self, postgres_server: str) -> None:
        async with own_schema(postgres_server) as place:
            store = PostgresQuotas(place)
            scheduler = Scheduler(quotas=store)
            await call(scheduler, RATE)
            schema = schema_of(place)
            await execute(
                place,
                f"UPDATE {schema}.quota_owner SET expires = 0;"
                f"UPDATE {schema}.quota_bucket SET expires = 0;"
                f"UPDATE {schema}.quota_grant SET expires = 0",
            )
            store._purge_at = 0.0
            await call(scheduler, charge(Quota(1, 1, 1), owner="another"))
            await scheduler.aclose()
            assert store._connection is not None
            owners = await store._connection.fetch(f"SELECT owner FROM {schema}.quota_owner")
            assert [owner for (owner,) in owners] == ["wildberries/another"]
            await store.aclose()


@pytest.mark.parametrize("kind", ["redis", "postgres"])
async def test_clocks_of_machines_do_not_matter(
    kind: str, redis_server: str, postgres_server: str
) -> None:
    async with own_prefix(redis_server) as prefix, own_schema(postgres_server) as place:
        store: QuotaStore = PostgresQuotas(place)
        if kind == "redis":
            await store.aclose()
            store = RedisQuotas(redis_server, prefix=prefix)
        clocks = [lambda: 1_000_000.0, lambda: 1_000_600.0]
        schedulers = [Scheduler(quotas=store, wall=clock) for clock in clocks]
        await call(schedulers[0], RATE, signal=LimitSignal(retry_after=0.3))
        await asyncio.sleep(0.1)
        loop = asyncio.get_running_loop()
        start = loop.time()
        await call(schedulers[1], RATE, max_wait=10.0)
        assert loop.time() - start < 5  # and not ten minutes
        async with schedulers[1].lease(charge(ParallelCap(1), "parallel")):
            pass
        for scheduler in schedulers:
            await scheduler.aclose()
        await store.aclose()
