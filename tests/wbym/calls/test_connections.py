"""Answers without end, connections that were closed, and connections that are shared."""

import asyncio
import gzip
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import msgspec
import pytest
from yarl import URL

from tests.support.fakes import ToyDialect
from tests.support.scripted_server import answer, head, serve
from tests.wbym.calls.test_pipeline import READ
from wbym.calls import (
    AiohttpTransport,
    BodyTooLarge,
    Endpoint,
    Exchange,
    Json,
    Part,
    Pipeline,
    Request,
    RetryPolicy,
    TransportError,
)
from wbym.calls._transport import MAX_IN_FLIGHT, ConnectionPool
from wbym.errors import (
    AccountNotOpen,
    CallError,
    CallTimeout,
    ConnectionFailed,
    DeliveryUnknown,
    GatewayError,
    UnreadableReply,
)
from wbym.limits import Scheduler

WRITE: Endpoint[object] = msgspec.structs.replace(
    READ,
    method="POST",
    writes=True,
    idempotent=False,
    reply=Json(msgspec.Raw, lambda raw: raw),
)
OK = answer(b'{"items":[]}')
ONCE = RetryPolicy(max_attempts=1, max_rate_limited=1)


class AtUrl(ToyDialect):
    """A marketplace that is at an address."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url.rstrip("/")

    def address(self, endpoint: Endpoint[object]) -> str:
        return self._url


def pipeline(transport: AiohttpTransport, url: str) -> Pipeline:
    return Pipeline(
        dialect=AtUrl(url),
        transport=transport,
        scheduler=Scheduler(),
        retry=ONCE,
        on_undecodable=lambda record: None,
    )


async def _whole(exchange: Exchange) -> bytes:
    return (await exchange.read()).body


async def _chunks(exchange: Exchange) -> bytes:
    return b"".join([chunk async for chunk in exchange.chunks()])


async def ask(
    transport: AiohttpTransport,
    url: str,
    read: Callable[[Exchange], Awaitable[bytes]] = _whole,
    *,
    method: str = "GET",
    body: bytes | None = None,
    writes: bool = False,
) -> bytes:
    request = Request(method, url, {}, body, writes=writes)
    async with transport.send(request) as exchange:
        return await read(exchange)


def trickle(begin: bytes, each: bytes) -> Callable[[asyncio.StreamWriter], Awaitable[None]]:
    async def respond(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(each)
            await writer.drain()
            await asyncio.sleep(0.02)

    return respond


TRICKLES = {
    "length": (head(Content_Length=1000), b"x"),
    "chunked": (head(Transfer_Encoding="chunked"), b"1\r\nx\r\n"),
    "until closed": (head(), b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
    "informational": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


class TestTotalTimeout:
    @pytest.mark.parametrize("kind", TRICKLES)
    @pytest.mark.parametrize("read", [_whole, _chunks])
    async def test_answer_that_never_ends(
        self, kind: str, read: Callable[[Exchange], Awaitable[bytes]]
    ) -> None:
        async with (
            serve(trickle(*TRICKLES[kind])) as server,
            AiohttpTransport(timeout=10, total_timeout=0.3) as transport,
        ):
            begun = time.monotonic()
            with pytest.raises(TransportError) as caught:
                await ask(transport, server.url, read)
            assert time.monotonic() - begun < 5
        assert str(caught.value) == "no complete answer within 0.3 s"
        assert caught.value.sent

    def test_default_is_ten_timeouts(self) -> None:
        assert AiohttpTransport(timeout=3)._total_timeout == 30

    async def test_time_of_the_caller_does_not_count(self) -> None:
        async def late(exchange: Exchange) -> bytes:
            await asyncio.sleep(0.8)
            return await _whole(exchange)

        async def slowly(exchange: Exchange) -> bytes:
            size = 0
            async for chunk in exchange.chunks():
                size += len(chunk)
                await asyncio.sleep(0.1)
            return b"x" * size

        body = b"x" * 600_000
        async with (
            serve(answer(body)) as server,
            AiohttpTransport(timeout=10, total_timeout=0.6) as transport,
        ):
            assert await ask(transport, server.url, late) == body
            assert await ask(transport, server.url, slowly) == body

    async def test_upload_that_nobody_reads(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
            parts = (Part("file", b"x" * 30_000_000, "a.pdf"),)
            async with AiohttpTransport(timeout=10, total_timeout=0.4) as transport:
                with pytest.raises(TransportError, match="no complete answer"):
                    async with transport.send(Request("POST", url, {}, parts=parts, writes=True)):
                        pass

    async def test_proxy_that_never_makes_the_tunnel(self) -> None:
        async with (
            serve(trickle(b"", b"")) as proxy,
            AiohttpTransport(timeout=0.2, total_timeout=5, proxy=proxy.url) as transport,
        ):
            with pytest.raises(TransportError) as caught:
                await ask(transport, "https://api.example/")
        assert (caught.value.timeout, caught.value.sent) == (True, False)

    async def test_error_of_a_call(self) -> None:
        async with (
            serve(trickle(*TRICKLES["chunked"])) as server,
            AiohttpTransport(timeout=10, total_timeout=0.3) as transport,
        ):
            calls = pipeline(transport, server.url)
            with pytest.raises(CallTimeout, match="no complete answer"):
                await calls.call(READ, path={"group": 1})
            with pytest.raises(DeliveryUnknown, match="no complete answer"):
                await calls.call(WRITE, path={"group": 1}, body={})


LIMIT = 100_000
LARGE = b'{"items":[' + b" " * LIMIT + b"]}"
SIZES = {
    "length": answer(LARGE),
    "length alone": head(Content_Length=2_000_000_000),
    "chunked": head(Transfer_Encoding="chunked") + b"%x\r\n%s\r\n" % (len(LARGE), LARGE),
    "until closed": head() + LARGE,
    "gzip": answer(gzip.compress(LARGE), Content_Encoding="gzip"),
    "bomb": answer(gzip.compress(bytes(40_000_000), 1), Content_Encoding="gzip"),
}


class TestMaxBodySize:
    @pytest.mark.parametrize("kind", SIZES)
    async def test_body_that_is_too_large(self, kind: str) -> None:
        async with (
            serve(SIZES[kind]) as server,
            AiohttpTransport(timeout=5, max_body_size=LIMIT) as transport,
        ):
            with pytest.raises(BodyTooLarge, match="larger than 100000 bytes"):
                await ask(transport, server.url)
            calls = pipeline(transport, server.url)
            with pytest.raises(UnreadableReply, match="larger than 100000 bytes") as caught:
                await calls.call(READ, path={"group": 1})
            assert caught.value.status == 200
            with pytest.raises(DeliveryUnknown, match="larger than 100000 bytes"):
                await calls.call(WRITE, path={"group": 1}, body={})

    async def test_body_that_is_just_small_enough(self) -> None:
        for body in (answer(LARGE), answer(gzip.compress(LARGE), Content_Encoding="gzip")):
            async with (
                serve(body) as server,
                AiohttpTransport(max_body_size=len(LARGE)) as transport,
            ):
                assert await ask(transport, server.url) == LARGE

    async def test_download_has_no_maximum(self) -> None:
        async with (
            serve(SIZES["length"]) as server,
            AiohttpTransport(max_body_size=LIMIT) as transport,
        ):
            assert await ask(transport, server.url, _chunks) == LARGE

    @pytest.mark.parametrize("status", ["400 Bad Request", "502 Bad Gateway", "302 Found"])
    async def test_status_of_a_large_error_counts(self, status: str) -> None:
        async with (
            serve(answer(LARGE, status, Location="https://captcha.example/a?b=c")) as server,
            AiohttpTransport(max_body_size=LIMIT) as transport,
        ):
            with pytest.raises(CallError) as caught:
                await pipeline(transport, server.url).call(READ, path={"group": 1})
        assert caught.value.status == int(status[:3])
        assert not isinstance(caught.value, UnreadableReply)


class TestHeaders:
    @pytest.mark.parametrize("size", [9_000, 60_000])
    async def test_long_header(self, size: int) -> None:
        async with (
            serve(answer(X_Policy="x" * size)) as server,
            AiohttpTransport() as transport,
        ):
            assert await ask(transport, server.url) == b"hi"

    @pytest.mark.parametrize(
        "response",
        [
            answer(X_Policy="x" * 70_000),
            b"HTTP/1.1 200 OK\r\n" + b"X-A: x\r\n" * 300 + b"\r\n",
            b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
            b"220 mail.example ESMTP\r\n\r\n",
            head(Content_Length="many"),
        ],
        ids=["long header", "many headers", "long status line", "not HTTP", "bad length"],
    )
    async def test_head_that_is_no_head(self, response: bytes) -> None:
        async with serve(response) as server, AiohttpTransport(timeout=2) as transport:
            calls = pipeline(transport, server.url)
            # Before 3.13.4 aiohttp has no limit of headers, and waits for the body.
            reason = r"the answer is not HTTP: |Timeout"
            with pytest.raises(ConnectionFailed, match=reason) as caught:
                await calls.call(READ, path={"group": 1})
            assert caught.value.status is None
            assert "400" not in str(caught.value)
            with pytest.raises(DeliveryUnknown):
                await calls.call(WRITE, path={"group": 1}, body={})

    async def test_redirect_names_its_target(self) -> None:
        redirect = answer(b"", "302 Found", Location="https://captcha.example/a?token=s3cret")
        async with serve(redirect) as server, AiohttpTransport() as transport:
            with pytest.raises(GatewayError, match=r"redirected to https://captcha.example/a$"):
                await pipeline(transport, server.url).call(READ, path={"group": 1})


class ClosingServer:
    """Answers one request per connection, in its own thread, and closes it soon."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                received = connection.recv(65536)
                if received == b"stop":
                    return
                self.requests.append(received.split(b" ")[0])
                connection.sendall(OK)
                time.sleep(0.02)

    def stop(self) -> None:
        with socket.create_connection(self._socket.getsockname()) as connection:
            connection.sendall(b"stop")
            self._thread.join()
        self._socket.close()


@pytest.fixture
def closing() -> Iterator[ClosingServer]:
    server = ClosingServer()
    yield server
    server.stop()


class TestClosedConnections:
    async def test_calls_after_code_that_blocked_the_loop(self, closing: ClosingServer) -> None:
        async with AiohttpTransport() as transport:
            calls = pipeline(transport, closing.url)
            for _ in range(3):
                await calls.call(READ, path={"group": 1})
                time.sleep(0.1)  # noqa: ASYNC251 - what the test is about
                await calls.call(WRITE, path={"group": 1}, body={})
                time.sleep(0.1)  # noqa: ASYNC251
        assert closing.requests == [b"GET", b"POST"] * 3

    @pytest.mark.parametrize(("pause", "connections"), [(0, 1), (0.2, 2)])
    async def test_idle_connection(
        self, pause: float, connections: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wbym.calls._transport.KEEPALIVE", 0.1)
        async with serve(OK) as server, AiohttpTransport() as transport:
            await ask(transport, server.url)
            time.sleep(pause)  # noqa: ASYNC251 - aiohttp has no turn to drop the connection
            await ask(transport, server.url, method="POST", body=b"{}", writes=True)
            assert server.connections == connections

    async def test_writes_reuse_connections(self) -> None:
        async with serve(OK) as server, AiohttpTransport() as transport:
            for _ in range(5):
                await ask(transport, server.url, method="POST", body=b"{}", writes=True)
                await ask(transport, server.url)
            assert (server.requests, server.connections) == (10, 1)


class TestSentOnce:
    @pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH"])
    @pytest.mark.parametrize("warm", [False, True])
    async def test_connection_that_ends_without_an_answer(self, method: str, warm: bool) -> None:
        async def answer_only_the_first(writer: asyncio.StreamWriter) -> None:
            if warm and server.requests == 1:
                writer.write(OK)
            else:
                writer.transport.abort()

        async with serve(answer_only_the_first) as server, AiohttpTransport() as transport:
            if warm:
                await ask(transport, server.url)
            with pytest.raises(TransportError, match=r"disconnected|reset") as raised:
                await ask(transport, server.url, method=method)
            assert raised.value.sent
            assert server.requests == 1 + warm

    async def test_every_attempt_is_counted(self) -> None:
        async def abort(writer: asyncio.StreamWriter) -> None:
            writer.transport.abort()

        async with serve(abort) as server, AiohttpTransport() as transport:
            calls = pipeline(transport, server.url)
            with pytest.raises(ConnectionFailed):
                await calls.call(READ, path={"group": 1})
            (bucket,) = calls.scheduler.buckets()
            assert (server.requests, bucket.calls) == (1, 1)

    async def test_middlewares_of_a_lent_session_are_called_once(self) -> None:
        passed: list[str] = []

        async def fail(
            request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
        ) -> aiohttp.ClientResponse:
            (await handler(request)).close()
            passed.append(request.method)
            raise aiohttp.ServerDisconnectedError  # such as in a request of its own

        async with (
            serve(OK) as server,
            aiohttp.ClientSession(middlewares=[fail]) as session,
            AiohttpTransport(session=session) as transport,
        ):
            with pytest.raises(TransportError):
                await ask(transport, server.url, method="PUT", writes=True)
            assert (passed, server.requests) == (["PUT"], 1)


@asynccontextmanager
async def sharing(
    count: int, *, proxies: Sequence[str] = ()
) -> AsyncIterator[list[AiohttpTransport]]:
    """Transports that share a pool; each has its proxy, in turn."""
    pool = ConnectionPool()
    transports = []
    async with AsyncExitStack() as stack:
        stack.push_async_callback(pool.aclose)
        for number in range(count):
            proxy = proxies[number % len(proxies)] if proxies else None
            transport = await stack.enter_async_context(AiohttpTransport(proxy=proxy, timeout=5))
            transport.share(pool)
            transports.append(transport)
        yield transports


class TestShared:
    async def test_many_accounts_take_few_connections(self) -> None:
        async def respond(writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.01)
            writer.write(OK)

        async with serve(respond) as server, sharing(400) as transports:
            await asyncio.gather(*[ask(one, server.url) for one in transports for _ in range(2)])
            assert server.requests == 800
            assert server.open_at_once <= MAX_IN_FLIGHT

    async def test_server_that_hangs_stops_no_other_and_no_write(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wbym.calls._transport.MAX_IN_FLIGHT", 2)

        async with (
            serve(trickle(b"", b"")) as hanging,
            serve(OK) as server,
            sharing(5) as transports,
        ):
            stuck = [asyncio.create_task(ask(one, hanging.url)) for one in transports]
            await hanging.received(2)
            async with asyncio.timeout(3):
                assert await ask(transports[0], server.url)
            assert hanging.requests == 2
            write = ask(transports[1], hanging.url, method="POST", body=b"1", writes=True)
            stuck.append(asyncio.create_task(write))
            await hanging.received(3)
            for task in stuck:
                task.cancel()
            await asyncio.gather(*stuck, return_exceptions=True)

    @pytest.mark.parametrize("late", [True, False])
    async def test_large_body_that_is_read_late(
        self, late: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wbym.calls._transport.MAX_IN_FLIGHT", 1)
        async with serve(answer(b"x" * 100_000)) as server, sharing(2) as (first, second):
            request = Request("GET", server.url, {}, reads_late=late)
            async with first.send(request):
                other = asyncio.create_task(ask(second, server.url))
                if late:
                    assert await other == b"x" * 100_000
                else:
                    await asyncio.wait([other], timeout=0.1)
                    assert server.requests == 1
            assert await other == b"x" * 100_000

    async def test_accounts_keep_their_proxies(self) -> None:
        async with (
            serve(answer(b"one")) as one,
            serve(answer(b"two")) as two,
            sharing(4, proxies=[one.url, two.url]) as transports,
        ):
            url = "http://api.example/"
            assert [await ask(each, url) for each in transports] == [b"one", b"two"] * 2
            assert (one.connections, two.connections) == (1, 1)

    async def test_closing_one_leaves_the_others(self) -> None:
        async with serve(OK) as server, sharing(2) as (first, second):
            await ask(first, server.url)
            await first.aclose()
            with pytest.raises(AccountNotOpen, match="closed"):
                await ask(first, server.url)
            await ask(second, server.url)
            assert server.connections == 1

    async def test_lent_session_is_not_shared(self) -> None:
        pool = ConnectionPool()
        async with serve(OK) as server, aiohttp.ClientSession() as session:
            async with AiohttpTransport(session=session) as transport:
                transport.share(pool)
                await ask(transport, server.url)
            assert isinstance(session.connector, aiohttp.TCPConnector)
            assert not session.closed
            await pool.aclose()

    async def test_account_that_had_connections_of_its_own(self) -> None:
        pool = ConnectionPool()
        async with serve(OK) as server, AiohttpTransport() as transport:
            await ask(transport, server.url)
            transport.share(pool)
            await ask(transport, server.url)
            await pool.aclose()
        assert server.connections == 2

    def test_places_of_servers_are_forgotten(self) -> None:
        pool = ConnectionPool()
        for number in range(100):
            pool.places(URL(f"https://files{number}.example/a"), None)
        assert len(pool._in_flight) == 0
