"""The helpers of tests on PostgreSQL."""

import asyncio

import asyncpg

from tests.support.postgres import execute, fetch, schema_of


async def test_script_survives_a_deadlock(postgres: str) -> None:
    schema = schema_of(postgres)
    await execute(
        postgres,
        f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.a (x int); CREATE TABLE {schema}.b (x int)",
    )
    other = await asyncpg.connect(postgres.partition("?")[0])
    # Of two transactions in a deadlock, the server ends the one that looks first.
    await other.execute("SET deadlock_timeout = '1min'")
    async with other.transaction():
        await other.execute(f"INSERT INTO {schema}.b VALUES (1)")
        script = asyncio.create_task(execute(postgres, f"LOCK {schema}.a; LOCK {schema}.b"))
        waiting = "SELECT FROM pg_locks WHERE relation = $1::text::regclass AND NOT granted"
        async with asyncio.timeout(30):
            while not await fetch(postgres, waiting, f"{schema}.b"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await other.execute(f"INSERT INTO {schema}.a VALUES (1)")
    await script
    await other.close()
