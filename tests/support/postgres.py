"""A PostgreSQL server for tests: ``WBYM_TEST_POSTGRES``, by default a local one."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import NoReturn

import asyncpg
import pytest

URL = os.environ.get("WBYM_TEST_POSTGRES", "postgresql://localhost/test")


def skip_or_fail(reason: str) -> NoReturn:
    """Skip a test that lacks a server; where CI is set, it fails instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The address of a server, which runs."""
    try:
        # In a thread, since another fixture may be running a loop.
        with ThreadPoolExecutor(1) as threads:
            threads.submit(lambda: asyncio.run(_connect())).result()
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        shown = URL.rpartition("@")[2].removeprefix("postgresql://")
        skip_or_fail(f"no PostgreSQL at {shown} ({type(error).__name__}); see CONTRIBUTING.md")
    return URL


async def _connect() -> None:
    await (await asyncpg.connect(URL, timeout=5)).close()


@pytest.fixture
async def postgres(postgres_server: str) -> AsyncIterator[str]:
    """The address of a schema of the test's own, which does not exist yet."""
    async with own_schema(postgres_server) as url:
        yield url


@asynccontextmanager
async def own_schema(server: str) -> AsyncIterator[str]:
    """The address of a schema that is deleted at the end."""
    schema = f"test_{uuid.uuid4().hex}"
    try:
        yield f"{server}?schema={schema}"
    finally:
        await execute(server, f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def schema_of(url: str) -> str:
    return url.rpartition("?schema=")[2]


async def execute(url: str, script: str) -> None:
    """Execute a script."""
    connection = await asyncpg.connect(url.partition("?")[0])
    try:
        await execute_on(connection, script)
    finally:
        await connection.close()


async def execute_on(connection: "asyncpg.Connection[asyncpg.Record]", script: str) -> None:
    """Execute a script again if it is in a deadlock with what a test runs beside it.

    A script is one transaction, and locks whole tables in an order of its own.
    """
    for attempt in range(10):
        try:
            await connection.execute(script)
        except asyncpg.DeadlockDetectedError:
            if attempt == 9:
                raise
        else:
            return


async def fetch(url: str, query: str, *values: object) -> list[asyncpg.Record]:
    """The rows of a query."""
    connection = await asyncpg.connect(url.partition("?")[0])
    try:
        return await connection.fetch(query, *values)
    finally:
        await connection.close()
