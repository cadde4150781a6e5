"""The thin layer that moves bytes, over aiohttp."""

# ruff: noqa: SLF001 - an exchange is the transport's other half

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from io import BytesIO
from types import TracebackType
from typing import Final, Protocol, Self

import aiohttp
from yarl import URL

from wbym.calls.messages import Part, Request, Response, TransportError

__all__ = ["DEFAULT_TIMEOUT", "AiohttpTransport", "Exchange", "Transport"]

CHUNK = 64 * 1024

DEFAULT_TIMEOUT: Final = 60.0
"""Seconds without a byte from the marketplace after which a call fails, by default."""

AT_ONCE = 100
"""Requests under way at once: thousands of connections only cost time."""

SMALL = 64 * 1024
"""Bytes of a body that is read at once; larger ones do not count as under way any more."""


_FAILURES = (TimeoutError, aiohttp.ClientError, OSError)
"""What it is called when no whole answer comes."""


class Exchange(Protocol):
    """An answer whose status and headers are here, and whose body is still on its way."""

    @property
    def head(self) -> Response:
        """Status and headers, without a body."""
        ...

    async def read(self) -> Response:
        """The answer with its whole body.

        Raises:
            TransportError: The body broke off.
        """
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body in pieces.

        Raises:
            TransportError: While iterating: the body broke off.
        """
        ...


class Transport(Protocol):
    """Sends requests."""

    def send(self, request: Request) -> AbstractAsyncContextManager[Exchange]:
        """Send, and wait for status and headers.

        Raises:
            TransportError: No answer came.
        """
        ...

    async def aclose(self) -> None:
        """Close what was opened here, and nothing that was lent."""
        ...


class _AiohttpExchange:
    """One request, sent when it is entered; then its answer.

    A plain object and no generator: a call may wait here among thousands, and each object that it
    holds meanwhile is gone through by the garbage collector.
    """

    __slots__ = ("_answer", "_counted", "_request", "_transport", "head")

    head: Response

    def __init__(self, transport: "AiohttpTransport", request: Request) -> None:
        self._transport = transport
        self._request = request
        self._answer: aiohttp.ClientResponse | None = None
        self._counted = False

    async def __aenter__(self) -> Self:
        transport, request = self._transport, self._request
        session = transport._open()
        data = _form(request.parts) if request.parts else request.body
        await transport._under_way.acquire()
        self._counted = True
        try:
            answer = self._answer = await session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=data,
                timeout=transport._timeout,
                proxy=transport._proxy,
                allow_redirects=False,
            )
            self.head = Response(answer.status, answer.headers)
            length = answer.content_length
            if length is None or length > SMALL:
                # It may be left in the network for long, and others need not wait for that.
                self._uncount()
        except BaseException as error:
            self._leave()
            if isinstance(error, _FAILURES):
                raise _broken(error) from error
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._leave()

    async def read(self) -> Response:
        try:
            body = await self._open_answer().read()
        except _FAILURES as error:
            raise _broken(error) from error
        return Response(self.head.status, self.head.headers, body)

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._open_answer().content.iter_chunked(CHUNK):
                yield chunk
        except _FAILURES as error:
            raise _broken(error) from error

    def _open_answer(self) -> aiohttp.ClientResponse:
        if self._answer is None:
            raise RuntimeError("the request was not sent")
        return self._answer

    def _leave(self) -> None:
        # A body that was read to its end has given its connection back to the pool already; any
        # other is of no more use.
        if self._answer is not None:
            self._answer.close()
        self._uncount()

    def _uncount(self) -> None:
        """It does not count as under way any more."""
        if self._counted:
            self._counted = False
            self._transport._under_way.release()


class AiohttpTransport:
    """One pooled session.

    Args:
        session: A session to borrow; it is left open. Without one, a session is opened with the
            first request, and closed by ``aclose``.
        timeout: Seconds without a byte from the marketplace after which a call fails; as many are
            allowed for connecting.
        proxy: The address of an HTTP proxy, with its credentials where it needs them.
        trust_env: Whether ``HTTP_PROXY``, ``HTTPS_PROXY``, ``NO_PROXY`` and ``.netrc`` are used.
            A borrowed session has its own setting.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        proxy: str | None = None,
        trust_env: bool = False,
    ) -> None:
        self._session = session
        self._proxy = proxy
        self._trust_env = trust_env
        self._lent = session is not None
        self._closed = False
        self._under_way = asyncio.Semaphore(AT_ONCE)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeout, sock_read=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    def send(self, request: Request) -> AbstractAsyncContextManager[Exchange]:
        """Send, and wait for status and headers."""
        return _AiohttpExchange(self, request)

    async def aclose(self) -> None:
        """Close the session, unless it was lent."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None and not self._lent:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("the account is closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Pages that wait for their reader hold connections, so these are not limited.
                connector=aiohttp.TCPConnector(limit=0),
                # No API has any; looking for them is a twentieth of a small call.
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=self._trust_env,
            )
        return self._session


def _form(parts: Sequence[Part]) -> aiohttp.FormData:
    # Names of files go as they are, as browsers send them; else buyers see %D0%A1.
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for part in parts:
        form.add_field(
            part.name,
            # Plain bytes would be written in one piece, which holds up the loop.
            BytesIO(part.value) if isinstance(part.value, bytes) else part.value,
            filename=part.filename,
            content_type=part.content_type,
        )
    return form


def _broken(error: Exception) -> TransportError:
    # A connection that was never made carried nothing; of any other, nobody knows how far it got.
    sent = not isinstance(
        error,
        aiohttp.ClientConnectorError
        | aiohttp.ClientConnectorCertificateError
        | aiohttp.ConnectionTimeoutError
        | aiohttp.InvalidURL,
    )
    reason = str(error) or type(error).__name__
    return TransportError(reason, sent=sent, timeout=isinstance(error, TimeoutError))
