import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aioresponses import aioresponses

from wbym.calls import AiohttpTransport, Part, Request, TransportError

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
        # An address that is no number, as aiohttp's own jar keeps nothing of those.
        async with TestServer(app, host="localhost") as server, AiohttpTransport() as transport:
            for _ in range(2):
                async with transport.send(Request("GET", str(server.make_url("/")), {})):
                    pass
        assert seen == [None, None]

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
    async def test_send_when_it_fails(
        self, transport: AiohttpTransport, error: Exception, sent: bool, timeout: bool
    ) -> None:
        with aioresponses() as server:
            server.get(URL, exception=error)
            with pytest.raises(TransportError) as caught:
                async with transport.send(_get()):
                    pass
        assert (caught.value.sent, caught.value.timeout) == (sent, timeout)
        assert str(caught.value)

    async def test_send_when_nobody_listens(self, transport: AiohttpTransport) -> None:
        with pytest.raises(TransportError) as caught:
            async with transport.send(Request("GET", "http://127.0.0.1:9/", {})):
                pass
        assert not caught.value.sent


class TestPlaces:
    """As many requests as are under way at once, and the ones that wait for one of their places."""

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
        monkeypatch.setattr("wbym.calls.transport.AT_ONCE", 1)
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
    async def test_send_when_another_ended(
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
    async def test_session_when_lent(self) -> None:
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
        with pytest.raises(RuntimeError, match="closed"):
            async with transport.send(_get()):
                pass

    async def test_tasks_when_closed(self) -> None:
        with aioresponses() as server:
            server.get(URL, status=204)
            async with AiohttpTransport() as transport, transport.send(_get()):
                pass
        assert len(asyncio.all_tasks()) == 1
