import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from traceback import TracebackException

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aioresponses import aioresponses

from wbym.calls import AiohttpTransport, Part, Proxy, Request, TransportError
from wbym.errors import AccountNotOpen, InvalidInput

URL = "https://api.example/items?x=1"


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    async with AiohttpTransport() as it:
        yield it


def _get(headers: dict[str, str] | None = None) -> Request:
    return Request("GET", URL, headers or {"Authorization": "s3cret"})


class TestSend:
    async def test_send_when_answered(self, transport: AiohttpTransport) -> None:
        with aioresponses() as server:
            server.get(URL, status=200, body=b"hello", headers={"X-RateLimit-REMAINING": "5"})
            async with transport.send(_get()) as exchange:
                assert exchange.head.status == 200
                assert exchange.head.headers.get("x-ratelimit-remaining") == "5"
                for _ in range(2):
                    assert (await exchange.read()).body == b"hello"
            (calls,) = server.requests.values()
            assert calls[0].kwargs["headers"]["Authorization"] == "s3cret"
            assert calls[0].kwargs["allow_redirects"] is False

    async def test_send_when_answers_set_cookies(self) -> None:
        seen: list[str | None] = []

        async def answer(request: web.Request) -> web.Response:
            seen.append(request.headers.get("Cookie"))
            response = web.Response()
            response.set_cookie("session", "1")
            return response

        app = web.Application()
        app.router.add_get("/", answer)
        # Not a numeric address, since aiohttp's own jar ignores cookies of those.
        async with TestServer(app, host="localhost") as server, AiohttpTransport() as transport:
            for _ in range(2):
                async with transport.send(Request("GET", str(server.make_url("/")), {})):
                    pass
        assert seen == [None, None]

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
    async def test_content_type_when_there_is_no_body(
        self, transport: AiohttpTransport, method: str
    ) -> None:
        seen: list[str | None] = []

        async def answer(request: web.Request) -> web.Response:
            assert await request.read() == (b"{}" if len(seen) else b"")
            seen.append(request.headers.get("Content-Type"))
            return web.Response()

        app = web.Application()
        app.router.add_route("*", "/", answer)
        async with TestServer(app) as server:
            url = str(server.make_url("/"))
            async with transport.send(Request(method, url, {})):
                pass
            stated = {"Content-Type": "application/json"}
            async with transport.send(Request(method, url, stated, b"{}")):
                pass
        assert seen == [None, "application/json"]

    async def test_send_when_multipart(self, transport: AiohttpTransport) -> None:
        parts = (Part("message", "Привет"), Part("file", b"%PDF-", "a.pdf", "application/pdf"))
        with aioresponses() as server:
            server.post(URL, status=200)
            async with transport.send(Request("POST", URL, {}, parts=parts)):
                pass
            (calls,) = server.requests.values()
            data = calls[0].kwargs["data"]
        assert isinstance(data, aiohttp.FormData)
        body = data()
        assert body.content_type.startswith("multipart/form-data; boundary=")

    @pytest.mark.parametrize(
        ("error", "sent", "timeout"),
        [
            (aiohttp.ServerDisconnectedError(), True, False),
            (aiohttp.ClientOSError(104, "reset"), True, False),
            (aiohttp.ClientPayloadError("cut"), True, False),
            (aiohttp.SocketTimeoutError("slow"), True, True),
            (TimeoutError(), True, True),
            (aiohttp.ConnectionTimeoutError("slow"), False, True),
            (aiohttp.InvalidURL("x"), False, False),
        ],
    )
    async def test_send_when_the_connection_fails(
        self, transport: AiohttpTransport, error: Exception, sent: bool, timeout: bool
    ) -> None:
        with aioresponses() as server:
            server.get(URL, exception=error)
            with pytest.raises(TransportError) as caught:
                async with transport.send(_get()):
                    pass
        assert (caught.value.sent, caught.value.timeout) == (sent, timeout)
        assert str(caught.value)

    async def test_send_when_the_connection_is_refused(self, transport: AiohttpTransport) -> None:
        with pytest.raises(TransportError) as caught:
            async with transport.send(Request("GET", "http://127.0.0.1:9/", {})):
                pass
        assert not caught.value.sent


class TestSlots:
    """The max number of concurrent requests, and waiters for a slot."""

    @pytest.fixture
    def answered(self) -> asyncio.Event:
        return asyncio.Event()

    @pytest.fixture
    async def url(self, answered: asyncio.Event) -> AsyncIterator[str]:
        async def answer(request: web.Request) -> web.Response:
            await answered.wait()
            return web.Response(body=b"hello")

        app = web.Application()
        app.router.add_get("/", answer)
        async with TestServer(app) as server:
            yield str(server.make_url("/"))

    @pytest.fixture
    async def one_place(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AiohttpTransport]:
        monkeypatch.setattr("wbym.calls._transport.MAX_IN_FLIGHT", 1)
        async with AiohttpTransport() as transport:
            yield transport

    async def test_send_when_waiting_is_cancelled(
        self, one_place: AiohttpTransport, url: str, answered: asyncio.Event
    ) -> None:
        async def ask() -> bytes:
            async with one_place.send(Request("GET", url, {})) as exchange:
                return (await exchange.read()).body

        first, second, third = [asyncio.create_task(ask()) for _ in range(3)]
        await asyncio.sleep(0)
        second.cancel()
        answered.set()
        async with asyncio.timeout(10):
            assert [await first, await third] == [b"hello", b"hello"]
        assert second.cancelled()

    @pytest.mark.parametrize("how", ["cancelled", "failed", "left early"])
    async def test_send_when_another_request_ended(
        self, one_place: AiohttpTransport, url: str, answered: asyncio.Event, how: str
    ) -> None:
        async def begin(url: str) -> None:
            async with one_place.send(Request("GET", url, {})):
                pass

        async with asyncio.timeout(10):
            if how == "cancelled":
                begun = asyncio.create_task(begin(url))
                await asyncio.sleep(0)
                begun.cancel()
                await asyncio.wait([begun])
                answered.set()
            elif how == "failed":
                with pytest.raises(TransportError):
                    await begin("http://127.0.0.1:9/")
                answered.set()
            else:
                answered.set()
                await begin(url)
            async with one_place.send(Request("GET", url, {})) as exchange:
                assert (await exchange.read()).body == b"hello"


class TestClosing:
    async def test_session_when_borrowed(self) -> None:
        async with aiohttp.ClientSession() as session:
            with aioresponses() as server:
                server.get(URL, status=204)
                async with (
                    AiohttpTransport(session=session) as transport,
                    transport.send(_get()),
                ):
                    pass
            assert not session.closed

    async def test_send_when_closed(self) -> None:
        transport = AiohttpTransport()
        await transport.aclose()
        with pytest.raises(AccountNotOpen, match="closed"):
            async with transport.send(_get()):
                pass

    async def test_tasks_when_closed(self) -> None:
        with aioresponses() as server:
            server.get(URL, status=204)
            async with AiohttpTransport() as transport, transport.send(_get()):
                pass
        assert len(asyncio.all_tasks()) == 1


class LocalProxy:
    """An HTTP proxy that answers for every server, and rejects tunnels."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.seen: list[tuple[str, str, str | None, str | None]] = []
        """Method, target as it was sent, Authorization and Proxy-Authorization."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.split("\r\n")
        method, target, _ = line.split()
        headers = {k.lower(): v.strip() for k, _, v in (one.partition(":") for one in lines)}
        authorization = headers.get("authorization"), headers.get("proxy-authorization")
        self.seen.append((method, target, *authorization))
        status = "407 Proxy Authentication Required" if method == "CONNECT" else "200 OK"
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def local_proxy() -> AsyncIterator[LocalProxy]:
    proxy = LocalProxy("")
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    async with server:
        proxy.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield proxy


BASIC = "Basic " + b64encode("me:s3cret ё".encode()).decode()
LOGIN = "me:s3cret%20%D1%91"


async def read(transport: AiohttpTransport, url: str = "http://api.example/items?x=1") -> bytes:
    async with transport.send(Request("GET", url, {"Authorization": "token"})) as exchange:
        return (await exchange.read()).body


class TestProxy:
    async def test_requests_go_through_the_proxy(self) -> None:
        async with local_proxy() as proxy:
            async with AiohttpTransport(proxy=f"http://{proxy.address}") as transport:
                assert await read(transport) == b"hi"
            address = f"http://{LOGIN}@{proxy.address}/"
            async with AiohttpTransport(proxy=address) as transport:
                assert await read(transport) == b"hi"
        target = "http://api.example/items?x=1"
        assert proxy.seen == [("GET", target, "token", None), ("GET", target, "token", BASIC)]

    async def test_requests_of_a_borrowed_session_go_through_the_proxy(self) -> None:
        async with local_proxy() as proxy, aiohttp.ClientSession() as session:
            address = f"http://{LOGIN}@{proxy.address}"
            async with AiohttpTransport(session=session, proxy=address) as transport:
                assert await read(transport) == b"hi"
        assert [seen[1:] for seen in proxy.seen] == [
            ("http://api.example/items?x=1", "token", BASIC)
        ]

    async def test_tunnel_when_the_proxy_rejects_it(self) -> None:
        async with (
            local_proxy() as proxy,
            AiohttpTransport(proxy=f"http://{LOGIN}@{proxy.address}") as transport,
        ):
            with pytest.raises(TransportError, match=r"the proxy rejected .*: 407") as caught:
                await read(transport, "https://api.example/items")
        assert not caught.value.sent
        assert proxy.seen == [("CONNECT", "api.example:443", None, BASIC)]
        # Nothing was sent to the marketplace, and neither credential is logged.
        assert caught.value.__cause__ is caught.value.__context__ is None
        shown = "".join(
            TracebackException.from_exception(caught.value, capture_locals=True).format()
        )
        assert "s3cret" not in shown
        assert BASIC.split()[1] not in shown

    async def test_proxy_when_the_connection_is_refused(self) -> None:
        async with AiohttpTransport(proxy="http://me:s3cret@127.0.0.1:9") as transport:
            with pytest.raises(TransportError) as caught:
                await read(transport)
        assert not caught.value.sent
        for error in (caught.value, caught.value.__cause__):
            assert "s3cret" not in f"{error} {error!r}"

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "10.0.0.1",
            "10.0.0.1:3128",
            "socks5://10.0.0.1:1080",
            "http://",
            "http://me:s3cret@:3128",
            "http://me:s3cret@10.0.0.1:0",
            "http://me:s3cret@10.0.0.1:port",
            "http://me:s3cret@10.0.0.1/path",
            "http://me:s3cret@10.0.0.1?query",
            "http://m%3Ae:s3cret@10.0.0.1",
            "http://10.0.0.1 ",
        ],
    )
    async def test_proxy_address_when_invalid(self, address: str) -> None:
        with pytest.raises(
            InvalidInput, match="proxy must be the address of an HTTP proxy"
        ) as caught:
            AiohttpTransport(proxy=address)
        assert "s3cret" not in f"{caught.value} {caught.value.value!r}"

    def test_credentials_are_not_shown(self) -> None:
        proxy = Proxy("http://me:s3cret@10.0.0.1:3128")
        assert repr(proxy) == "Proxy('http://10.0.0.1:3128', with credentials)"
        assert "s3cret" not in f"{proxy.login!r} {proxy.url}"


class TestEnvironment:
    @pytest.fixture(autouse=True)
    def _clean(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)

    async def test_environment_proxy_when_trusted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async with local_proxy() as proxy:
            # Without its scheme, a common mistake.
            monkeypatch.setenv("HTTP_PROXY", f"{LOGIN}@{proxy.address}")
            async with AiohttpTransport(trust_env=True) as transport:
                assert await read(transport) == b"hi"
                assert await read(transport) == b"hi"
        assert [seen[1:] for seen in proxy.seen] == [
            ("http://api.example/items?x=1", "token", BASIC)
        ] * 2

    async def test_environment_proxy_when_the_account_has_its_own(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        async with local_proxy() as proxy:
            address = f"http://{proxy.address}"
            async with AiohttpTransport(proxy=address, trust_env=True) as transport:
                assert await read(transport) == b"hi"

    async def test_environment_proxy_when_bypassed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        async with local_proxy() as server:  # no proxy here
            async with AiohttpTransport() as transport:
                assert await read(transport, f"http://{server.address}/x") == b"hi"
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            async with AiohttpTransport(trust_env=True) as transport:
                assert await read(transport, f"http://{server.address}/x") == b"hi"
        assert [seen[1] for seen in server.seen] == ["/x", "/x"]

    async def test_netrc_is_not_used(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "netrc").write_text("default login me password s3cret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        async with local_proxy() as server, AiohttpTransport(trust_env=True) as transport:
            assert await read(transport, f"http://{server.address}/") == b"hi"
        assert server.seen == [("GET", "/", "token", None)]

    async def test_environment_proxy_when_invalid(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "socks5://me:s3cret@10.0.0.1:1080")
        async with AiohttpTransport(trust_env=True) as transport:
            with pytest.raises(InvalidInput, match="trust_env: HTTP_PROXY must be") as caught:
                await read(transport)
        assert "s3cret" not in str(caught.value)
