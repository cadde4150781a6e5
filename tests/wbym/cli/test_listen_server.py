"""What clients can hold of the server of ``wbym listen``."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from tests.adapters.wbym_yandex_market.shops import KEY
from wbym.account import Hint, TrustedProxy
from wbym.cli import listen_server
from wbym.cli.listen_server import LIFETIME, serving
from wbym_yandex_market import YandexMarket

PING = b'{"notificationType": "PING"}'
CHAT = b'{"notificationType": "CHAT_CREATED", "chatId": 5, "businessId": 1001}'
OURS = ("127.0.0.1",)


class Listening:
    """A served receiver, and its stored hints."""

    def __init__(self) -> None:
        self.port = 0
        self.hints: list[Hint] = []
        self.storing = 0.0
        """Seconds."""

    async def store(self, hints: Sequence[Hint]) -> None:
        await asyncio.sleep(self.storing)
        self.hints += hints

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def post(self, body: bytes) -> bytes:
        """The status line and the rest; empty if the connection was closed."""
        reader, writer = await self.connect()
        writer.write(request(body))
        try:
            return await reader.read()
        finally:
            writer.close()


def request(body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: %d\r\n\r\n%s" % (size, body)


@asynccontextmanager
async def listening(
    networks: Sequence[str] = OURS, proxy: TrustedProxy | None = None
) -> AsyncIterator[Listening]:
    async with AsyncExitStack() as stack:
        shop = YandexMarket(KEY, name="shop", business_id=1001, campaign_ids=[100101])
        await stack.enter_async_context(shop)
        made = Listening()
        app = shop.receiver(made.store, networks=networks, proxy=proxy)
        made.port = await stack.enter_async_context(serving(app, "127.0.0.1", 0))
        yield made


async def seconds_until_closed(reader: asyncio.StreamReader) -> float:
    clock = asyncio.get_running_loop().time
    began = clock()
    async with asyncio.timeout(60):
        assert await reader.read() == b""
    return clock() - began


async def test_connection_carries_one_request() -> None:
    async with listening() as it:
        reader, writer = await it.connect()
        writer.write(request(PING) * 3)
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in answer


async def test_unknown_path_closes_the_connection_too() -> None:
    async with listening() as it:
        reader, writer = await it.connect()
        writer.write(request(PING).replace(b"/ ", b"/other ", 1))
        assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
        writer.close()


@pytest.mark.looptime
@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost: sh"])
async def test_connection_without_a_whole_head_is_closed(sent: bytes) -> None:
    async with listening() as it:
        reader, writer = await it.connect()
        writer.write(sent)
        assert await seconds_until_closed(reader) == pytest.approx(LIFETIME, abs=0.5)
        writer.close()


@pytest.mark.looptime
async def test_head_that_comes_byte_by_byte_is_cut_off() -> None:
    async with listening() as it:
        reader, writer = await it.connect()

        async def trickle() -> None:
            for number in range(1000):
                writer.write(b"POST / HTTP/1.1\r\nX: "[number : number + 1] or b"x")
                await asyncio.sleep(1)

        task = asyncio.create_task(trickle())
        assert await seconds_until_closed(reader) == pytest.approx(LIFETIME, abs=0.5)
        task.cancel()
        writer.close()


@pytest.mark.looptime
@pytest.mark.parametrize("networks", [OURS, ["5.45.207.0/25"]])
async def test_body_that_does_not_come_is_cut_off(networks: Sequence[str]) -> None:
    async with listening(networks) as it:
        reader, writer = await it.connect()
        writer.write(request(PING, length=1000))
        clock = asyncio.get_running_loop().time
        began = clock()
        async with asyncio.timeout(60):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 408" if networks == OURS else b"HTTP/1.1 403")
        assert clock() - began < LIFETIME + 0.5
        writer.close()


async def test_oldest_connection_makes_room(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listen_server, "MAX_CONNECTIONS", 5)
    async with listening() as it:
        held = [await it.connect() for _ in range(30)]
        for reader, _ in held[:25]:
            assert await reader.read() == b""
        assert (await it.post(PING)).startswith(b"HTTP/1.1 200 ")
        assert await held[25][0].read() == b""
        for _, writer in held[26:]:
            writer.write(request(PING))
        for reader, _ in held[26:]:
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        for _, writer in held:
            writer.close()
    assert caplog.messages == ["more than 5 connections: the oldest are closed"]


@pytest.mark.looptime
async def test_notification_whose_connection_was_closed_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listen_server, "MAX_CONNECTIONS", 1)
    async with listening() as it:
        it.storing = 1.0
        first = asyncio.create_task(it.post(CHAT))
        await asyncio.sleep(0.5)
        assert (await it.post(PING)).startswith(b"HTTP/1.1 200 ")
        assert await first == b""
        await asyncio.sleep(1)
        assert it.hints == [Hint("shop", "chats", "5")]


async def test_compressed_body_is_not_expanded() -> None:
    async with listening() as it:
        reader, writer = await it.connect()
        head = request(PING).replace(b"Host:", b"Content-Encoding: gzip\r\nHost:")
        writer.write(head)
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")  # read as it is
        writer.close()


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\r\n\r\n", b"POST / HTTP/1.1\r\n: x\r\n\r\n"])
async def test_what_is_not_http_is_not_logged(
    junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening() as it:
        reader, writer = await it.connect()
        writer.write(junk)
        assert (await reader.read()).startswith(b"HTTP/1.0 400 ")
        writer.close()
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


@pytest.mark.looptime
async def test_flood_leaves_nothing_and_delays_no_ping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen_server, "MAX_CONNECTIONS", 20)
    clock = asyncio.get_running_loop().time
    forged = request(CHAT).replace(b"Host:", b"X-Forwarded-For: 9.9.9.9\r\nHost:")
    kinds = [
        *(forged, request(CHAT), request(b"no notification"), request(PING)),
        *(b"no HTTP\r\n\r\n", b"", request(PING)[:30], request(CHAT, length=1000)),
    ]

    async def flood(it: Listening) -> None:
        held: list[asyncio.StreamWriter] = []
        for number in range(96):
            reader, writer = await it.connect()
            writer.write(kinds[number % len(kinds)])
            held.append(writer)
            if number % len(kinds) < 5:
                await reader.read()
            if number % 20 == 0:
                began = clock()
                assert (await it.post(PING)).startswith(b"HTTP/1.1 200 ")
                assert clock() - began < 1
        for writer in held:
            writer.close()
        await asyncio.sleep(LIFETIME + 60)

    async with listening(proxy=TrustedProxy(networks=("127.0.0.1",))) as it:
        counts = []
        for _ in range(3):
            await flood(it)
            it.hints.clear()
            gc.collect()
            counts.append((len(asyncio.all_tasks()), len(gc.get_objects())))
        (tasks, objects), (tasks_then, objects_then) = counts[0], counts[-1]
        assert tasks_then == tasks
        assert objects_then - objects < 200


async def test_own_mistakes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: web.Request) -> web.Response:
        raise RuntimeError("a mistake")

    app = web.Application()
    app.router.add_post("/", fail)
    async with serving(app, "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(PING))
        assert (await reader.read()).startswith(b"HTTP/1.1 500 ")
        writer.close()
    assert "a mistake" in caplog.text
