"""The thin layer that moves bytes, over aiohttp."""

# ruff: noqa: SLF001 - an exchange is the transport's other half

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from io import BytesIO
from types import TracebackType
from typing import Final, Protocol, Self
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from wbym.calls._http import Part, Request, Response, TransportError
from wbym.errors import InvalidInput

__all__ = ["DEFAULT_TIMEOUT", "AiohttpTransport", "Exchange", "Proxy", "Transport"]

CHUNK = 64 * 1024

DEFAULT_TIMEOUT: Final = 60.0
"""Seconds without a byte from the marketplace after which a call fails, by default."""

MAX_IN_FLIGHT = 100
"""Requests under way at once: thousands of connections only cost time."""

SMALL_BODY = 64 * 1024
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
            url = URL(request.url, encoded=True)
            proxy = transport._proxy_for(url)
            answer = self._answer = await session.request(
                request.method,
                url,
                headers=request.headers,
                data=data,
                timeout=transport._timeout,
                proxy=None if proxy is None else proxy.url,
                proxy_auth=None if proxy is None else proxy.login,
                allow_redirects=False,
            )
            self.head = Response(answer.status, answer.headers)
            length = answer.content_length
            if length is None or length > SMALL_BODY:
                # It may be left in the network for long, and others need not wait for that.
                self._uncount()
        except BaseException as error:
            self._leave()
            if not isinstance(error, _FAILURES):
                raise
            if not isinstance(error, aiohttp.ClientHttpProxyError):
                raise _broken(error) from error
            refused = f"the proxy refused the connection: {error.status} {error.message}"
        else:
            return self
        # Not from aiohttp's error, whose repr has the proxy's credentials.
        raise TransportError(refused, sent=False)

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


class Proxy:
    """An HTTP proxy. Its credentials never show in ``repr`` or errors.

    Args:
        address: Such as ``http://user:password@10.0.0.1:3128``.
        method: The method that it was given to, for errors.
        argument: The argument, for errors.

    Raises:
        InvalidInput: ``address`` is not one.
    """

    def __init__(self, address: str, method: str = "account", argument: str = "proxy") -> None:
        self.login: _Login | None = None
        """What the proxy is told in ``Proxy-Authorization``."""
        given: object = address
        try:
            if not isinstance(given, str) or any(char.isspace() for char in given):
                raise ValueError
            url = URL(given)
            if url.scheme not in {"http", "https"} or not url.host or url.port == 0:
                raise ValueError
            if url.path not in {"", "/"} or url.query_string or url.fragment:
                raise ValueError
            if url.raw_user is not None or url.raw_password is not None:
                self.login = _Login(url.user or "", url.password or "", "utf-8")
        except ValueError:
            shown = given.rpartition("@")[2] if isinstance(given, str) else type(given)
            rule = "must be the address of an HTTP proxy, such as http://user:password@host:3128"
            raise InvalidInput(method, argument, rule, shown) from None
        self.url: Final = url.with_user(None).with_path("")

    def __repr__(self) -> str:
        return f"Proxy({str(self.url)!r}{', with credentials' if self.login else ''})"


class _Login(aiohttp.BasicAuth):
    """Credentials that are not shown."""

    def __repr__(self) -> str:
        return "BasicAuth(***)"


def _proxy_of_environment(origin: URL) -> Proxy | None:
    """What the environment names for a server; None where it is asked directly.

    Raises:
        InvalidInput: That is not an HTTP proxy.
    """
    if origin.host is None or proxy_bypass(origin.host):
        return None
    address = getproxies().get(origin.scheme)
    if not address:
        return None
    # As curl reads it.
    full = address if "://" in address else f"http://{address}"
    return Proxy(full, "trust_env", f"{origin.scheme.upper()}_PROXY")


class AiohttpTransport:
    """One pooled session.

    Args:
        session: A session to borrow; it is left open. Without one, a session is opened with the
            first request, and closed by ``aclose``.
        timeout: Seconds without a byte from the marketplace after which a call fails; as many are
            allowed for connecting.
        proxy: The address of an HTTP proxy, with its credentials where it needs them; it is used
            with a borrowed session too.
        trust_env: Whether ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` are used where there is
            no ``proxy``, as they are when a server is first called. ``.netrc`` is not: the account
            has its own credentials. A borrowed session has its own setting.

    Raises:
        InvalidInput: ``proxy`` is not the address of one.
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
        self._proxy = None if proxy is None else Proxy(proxy)
        self._lent = session is not None
        self._trust_env = trust_env and not self._lent
        self._proxies: dict[URL, Proxy | None] = {}
        self._closed = False
        self._under_way = asyncio.Semaphore(MAX_IN_FLIGHT)
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

    def _proxy_for(self, url: URL) -> Proxy | None:
        if self._proxy is not None or not self._trust_env:
            return self._proxy
        origin = url.origin()
        if origin not in self._proxies:
            self._proxies[origin] = _proxy_of_environment(origin)
        return self._proxies[origin]

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
