"""A Redis server for tests: ``WBYM_TEST_REDIS``, by default a local one."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest
from redis import asyncio as redis
from redis.exceptions import RedisError

from tests.support.postgres import skip_or_fail

URL = os.environ.get("WBYM_TEST_REDIS", "redis://localhost/0")


@pytest.fixture(scope="session")
def redis_server() -> str:
    """The address of a server, which runs."""
    try:
        # In a thread, since another fixture may be running a loop.
        with ThreadPoolExecutor(1) as threads:
            threads.submit(lambda: asyncio.run(_connect())).result()
    except (OSError, RedisError) as error:
        shown = URL.rpartition("@")[2].removeprefix("redis://")
        skip_or_fail(f"no Redis at {shown} ({type(error).__name__}); see CONTRIBUTING.md")
    return URL


async def _connect() -> None:
    async with redis.Redis.from_url(URL, socket_connect_timeout=5) as client:
        await client.ping()


@asynccontextmanager
async def own_prefix(url: str) -> AsyncIterator[str]:
    """A beginning of keys of the test's own, which are deleted at the end."""
    prefix = f"test_{uuid.uuid4().hex}"
    try:
        yield prefix
    finally:
        async with redis.Redis.from_url(url) as client:
            async for key in client.scan_iter(f"{prefix}*"):
                await client.delete(key)
