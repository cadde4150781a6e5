"""Connections of the accounts of an inbox."""

import os
from pathlib import Path

import aiohttp
import pytest

from tests.support.scripted_server import answer, serve
from tests.toy import Toy
from wbym.errors import AccountNotOpen
from wbym.inbox import Inbox

EMPTY = answer(b'{"items": []}')


def shops(url: str, count: int) -> list[Toy]:
    return [Toy(f"{number}:s3cret", name=f"shop{number}", base_url=url) for number in range(count)]


async def test_accounts_share_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wbym.calls._transport.MAX_IN_FLIGHT", 5)
    async with serve(EMPTY) as server:
        async with Inbox(*shops(server.url, 50)) as inbox:
            assert await inbox.feedbacks().all() == []
            assert server.requests == 50
            assert server.connections <= 5
            inbox.add(Toy("51:s3cret", name="late", base_url=server.url))
            assert await inbox.feedbacks().all() == []
            assert server.connections <= 5
        await server.left()


async def test_accounts_when_one_is_removed() -> None:
    async with serve(EMPTY) as server:
        first, second = shops(server.url, 2)
        async with Inbox(first, second) as inbox:
            await inbox.feedbacks().all()
            await inbox.remove("shop0")
            with pytest.raises(AccountNotOpen, match="it is closed"):
                await first.feedbacks().all()
            assert await second.feedbacks().all() == []


async def test_account_with_a_lent_session() -> None:
    async with serve(EMPTY) as server, aiohttp.ClientSession() as session:
        own = Toy("1:s3cret", name="own", base_url=server.url, session=session)
        async with Inbox(own, *shops(server.url, 1)) as inbox:
            await inbox.feedbacks().all()
        assert server.connections == 2
        assert not session.closed


async def test_account_that_was_used_before() -> None:
    async with serve(EMPTY) as server:
        (shop,) = shops(server.url, 1)
        await shop.feedbacks().all()
        async with Inbox(shop) as inbox:
            await inbox.feedbacks().all()
        with pytest.raises(AccountNotOpen, match="closed"):
            await shop.feedbacks().all()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc")
async def test_descriptors_when_closed() -> None:
    async with serve(EMPTY) as server:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            async with Inbox(*shops(server.url, 20)) as inbox:
                await inbox.feedbacks().all()
        await server.left()
        assert len(os.listdir("/proc/self/fd")) <= before
