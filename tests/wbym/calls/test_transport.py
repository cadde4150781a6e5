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
