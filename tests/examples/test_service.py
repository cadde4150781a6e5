"""``examples/service``: the whole on real servers, and items that pass through a broker."""

import asyncio
import re
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import nats
import pytest
from faststream import TestApp
from faststream.nats import NatsBroker
from nats.js.errors import NotFoundError

from examples.assistant.assistant import handlers_of
from examples.service.desk import desk
from examples.service.forward import PassedOn, forward_through
from tests.support.documents import ROOT
from tests.support.nats import nats_server
from tests.support.postgres import fetch, postgres_server
from tests.support.redis import redis_server
from wbym import Inbox
from wbym.testing import eventually
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator

__all__ = ["nats_server", "postgres_server", "redis_server"]


class Desk:
    """Takes items, the first of them only when it comes again."""

    def __init__(self) -> None:
        self.failures = 0
        self.items: list[tuple[str, str | None]] = []

    def take(self, key: str, item: PassedOn) -> None:
        if not self.failures:
            self.failures += 1
            raise RuntimeError("the desk is closed")
        self.items.append((key, item.text))


async def _delete_stream(server: str, name: str) -> None:
    connection = await nats.connect(server)
    with suppress(NotFoundError):
        await connection.jetstream().delete_stream(name)
    await connection.close()


@pytest.fixture
async def stream(nats_server: str) -> AsyncIterator[str]:
    """The name of a stream of the test's own."""
    name = f"test-{uuid.uuid4().hex}"
    yield name
    await _delete_stream(nats_server, name)


async def test_items_pass_through_the_broker_once(
    nats_server: str, stream: str, wildberries_simulator: WildberriesSimulator, tmp_path: Path
) -> None:
    simulator = wildberries_simulator
    shop = Wildberries(simulator.token, name="shop", base_url=simulator.url)
    published, taken = NatsBroker(nats_server), Desk()
    forward = forward_through(published, stream)
    async with published, Inbox(shop, state=tmp_path / "wbym.db") as inbox:
        await published.start()
        handlers = handlers_of(inbox, forward)
        running = asyncio.create_task(handlers.run(inbox, handle_signals=False))
        await eventually(lambda: simulator.stats.requests > 0, within=60)
        for text in ("Где заказ?", "Ау!"):
            simulator.buyers.write(text)
        async with TestApp(desk(NatsBroker(nats_server), taken.take, stream)):
            await eventually(lambda: len(taken.items) == 2, within=60)
            # A reader that was killed before its confirmation was on disk publishes once more.
            key = taken.items[0][0]
            await forward(key, {"ref": "wildberries/shop/chat/1", "text": "again"})
            simulator.buyers.ask("Есть чехол?")
            await eventually(lambda: len(taken.items) == 3, within=60)
        handlers.stop()
        await running
    assert sorted(text or "" for _, text in taken.items) == ["Ау!", "Где заказ?", "Есть чехол?"]
    assert len({key for key, _ in taken.items}) == 3


async def test_item_is_not_confirmed_without_the_stream(nats_server: str, stream: str) -> None:
    published = NatsBroker(nats_server)
    forward = forward_through(published, stream)
    async with published:
        await published.start()
        await _delete_stream(nats_server, stream)
        with pytest.raises(Exception, match="no response from stream"):
            await forward("key", {"ref": "wildberries/shop/chat/1", "text": "lost?"})


async def _cluster(*servers: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "examples.service.cluster", *servers),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@pytest.mark.server
async def test_standby_takes_over_when_the_reader_is_killed(
    postgres_server: str, redis_server: str
) -> None:
    query = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^wbym_demo'"
    before = await fetch(postgres_server, query)
    code, said = await _cluster(postgres_server, redis_server)
    assert code == 0, said
    table = said.partition("Replies and calls")[2]
    for shop in ("wildberries", "yandex_market"):
        row = re.search(rf"{shop}\D+(\d+)\D+(\d+)\D+(\d+)\D+(\d+)\D+\d+\D+(\d+)", table)
        assert row is not None, said
        assert row.groups() == ("7", "7", "0", "0", "0")
    took = re.search(r"took over ([\d.]+) s after", said)
    assert took is not None, said
    assert await fetch(postgres_server, query) == before


async def test_missing_server_is_named() -> None:
    code, said = await _cluster("postgresql://127.0.0.1:1/shop")
    assert code == 1
    assert "error: no PostgreSQL at postgresql://127.0.0.1:1/shop: " in said
    assert "make demo-cluster POSTGRES=" in said
