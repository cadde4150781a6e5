"""A NATS server for tests: ``WBYM_TEST_NATS``, by default a local one."""

import asyncio
import os
from urllib.parse import urlsplit

import pytest

from tests.support.postgres import skip_or_fail

URL = os.environ.get("WBYM_TEST_NATS", "nats://localhost:4222")


@pytest.fixture
async def nats_server() -> str:
    """The address of a server with JetStream, which runs."""
    where = urlsplit(URL)
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(where.hostname, where.port or 4222)
            said = await reader.readline()
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError) as error:
        skip_or_fail(f"no NATS at {URL} ({type(error).__name__}); see CONTRIBUTING.md")
    if b'"jetstream":true' not in said:
        skip_or_fail(f"NATS at {URL} has no JetStream; see CONTRIBUTING.md")
    return URL
