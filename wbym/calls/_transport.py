"""HTTP transport over aiohttp."""

# ruff: noqa: SLF001 - an exchange is the transport's other half

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from io import BytesIO
from types import TracebackType
from typing import Final, Protocol, Self, SupportsIndex
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from wbym._reprs import HIDDEN, SecretText, forget_frames, reveal, safe_repr
from wbym.calls._http import Part, Request, Response, TransportError
from wbym.errors import InvalidInput

__all__ = ["DEFAULT_TIMEOUT", "AiohttpTransport", "Exchange", "Proxy", "Transport"]

CHUNK = 64 * 1024

DEFAULT_TIMEOUT: Final = 60.0
"""Default seconds without a byte from the marketplace after which a call fails."""

MAX_IN_FLIGHT = 100
"""Maximum requests in flight: thousands of connections only cost time."""

SMALL_BODY = 64 * 1024
"""Maximum bytes of a small body; a request with a larger one no longer counts as in flight once its
headers have arrived."""


_FAILURES = (TimeoutError, aiohttp.ClientError, OSError)
"""Exceptions that mean that no complete answer arrived."""


class Exchange(Protocol):
    """An answer whose status and headers have arrived, and whose body has not been read."""

    @property
    def head(self) -> Response:
        """Status and headers, without a body."""
        ...

    async def read(self) -> Response:
        """Read the answer with its whole body.

        Raises:
            TransportError: The body broke off.
        """
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Iterate over the body in chunks.

        Raises:
            TransportError: While iterating: the body broke off.
        """
        ...


class Transport(Protocol):
    """Sends requests."""

    def send(self, request: Request) -> AbstractAsyncContextManager[Exchange]:
        """Send, and wait for status and headers.

        Raises:
            TransportError: No answer arrived.
        """
        ...

    async def aclose(self) -> None:
        """Close the transport's own resources, not the borrowed ones."""
        ...


class _AiohttpExchange:
    """A request that is sent on entering, and its answer.

    A plain object and not a generator: thousands of calls may wait here, and the garbage collector
    traverses each object that they hold.
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
        await transport._in_flight.acquire()
        self._counted = True
        try:
            url = URL(request.url, encoded=True)
            proxy = transport._proxy_for(url)
            answer = self._answer = await session.request(
                request.method,
                url,
                headers={name: _sent(text) for name, text in request.headers.items()},
                data=data,
                timeout=transport._timeout,
                proxy=None if proxy is None else proxy.url,
                proxy_auth=None if proxy is None else proxy.login,
                allow_redirects=False,
            )
            self.head = Response(answer.status, answer.headers)
            length = answer.content_length
            if length is None or length > SMALL_BODY:
                # It may stay in the network for long, and other requests need not wait for it.
                self._uncount()
        except BaseException as error:
            self._leave()
            # aiohttp's frames have the headers and the body, and its texts quote answers.
            forget_frames(error)
            if not isinstance(error, _FAILURES):
                raise
            if not isinstance(error, aiohttp.ClientHttpProxyError):
                raise _transport_error(error) from None
            rejected = f"the proxy rejected the connection: {error.status} {error.message}"
        else:
            return self
        # Not raised from aiohttp's error, whose repr has the proxy's credentials.
        raise TransportError(rejected, sent=False)

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
        except BaseException as error:
            forget_frames(error)  # aiohttp's have the body
            if not isinstance(error, _FAILURES):
                raise
            raise _transport_error(error) from None
        return Response(self.head.status, self.head.headers, body)

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._open_answer().content.iter_chunked(CHUNK):
                yield chunk
        except _FAILURES as error:
            forget_frames(error)
            raise _transport_error(error) from None

    def _open_answer(self) -> aiohttp.ClientResponse:
        if self._answer is None:
            raise RuntimeError("the request was not sent")
        return self._answer

    def _leave(self) -> None:
        # If the body was read to its end, its connection is already back in the pool; otherwise the
        # connection cannot be reused.
        if self._answer is not None:
            self._answer.close()
        self._uncount()

    def _uncount(self) -> None:
        """Stop counting the request as in flight."""
        if self._counted:
            self._counted = False
            self._transport._in_flight.release()


class Proxy:
    """An HTTP proxy. Its credentials never appear in ``repr`` or errors.

    Args:
        address: Such as ``http://user:password@10.0.0.1:3128``.
        method: The called method, for errors.
        argument: The name of the argument, for errors.

    Raises:
        InvalidInput: ``address`` is not the address of an HTTP proxy.
    """

    def __init__(self, address: str, method: str = "account", argument: str = "proxy") -> None:
        given: object = address
        if isinstance(given, str):
            given = address = SecretText(given)
        found = _parsed_proxy(given)
        if found is None:
            shown = reveal(given).rpartition("@")[2] if isinstance(given, str) else type(given)
            rule = "must be the address of an HTTP proxy, such as http://user:password@host:3128"
            raise InvalidInput(method, argument, rule, shown)
        self.url: Final = found[0]
        self.login: Final = found[1]
        """The credentials for ``Proxy-Authorization``."""

    @safe_repr
    def __repr__(self) -> str:
        return f"Proxy({str(self.url)!r}{', with credentials' if self.login else ''})"


def _parsed_proxy(address: object) -> "tuple[URL, _Login | None] | None":
    """A proxy's address without its credentials, and these; None if it is not an address.

    It does not raise: its frame has the credentials.
    """
    if not isinstance(address, str):
        return None
    text = reveal(address)
    try:
        if any(char.isspace() for char in text):
            return None
        url = URL(text)
        if url.scheme not in {"http", "https"} or not url.host or url.port == 0:
            return None
        if url.path not in {"", "/"} or url.query_string or url.fragment:
            return None
        login = None
        if url.raw_user is not None or url.raw_password is not None:
            login = _Login(url.user or "", url.password or "", "utf-8")
        return url.with_user(None).with_path(""), login
    except ValueError:
        return None


class _Login(aiohttp.BasicAuth):
    """Credentials hidden from ``repr``."""

    def __rich_repr__(self) -> list[str]:
        return [HIDDEN]

    def __repr__(self) -> str:
        return "BasicAuth(***)"


def _proxy_of_environment(origin: URL) -> Proxy | None:
    """The environment's proxy for a server; None for a direct connection.

    Raises:
        InvalidInput: The environment names something that is not an HTTP proxy.
    """
    if origin.host is None or proxy_bypass(origin.host):
        return None
    address = SecretText(getproxies().get(origin.scheme, ""))
    if not address:
        return None
    if "://" not in reveal(address):  # as curl does
        address = SecretText(f"http://{reveal(address)}")
    return Proxy(address, "trust_env", f"{origin.scheme.upper()}_PROXY")


class AiohttpTransport:
    """Transport over one pooled aiohttp session.

    Args:
        session: A session to borrow; it is left open. Without it, a session is opened with the
            first request and closed by ``aclose``.
        timeout: Seconds without a byte from the marketplace after which a call fails; also the
            timeout for connecting.
        proxy: The address of an HTTP proxy, with credentials if it needs them; also used with a
            borrowed session.
        trust_env: Whether ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY`` apply without a
            ``proxy``; they are read when a server is first called. ``.netrc`` is not used: the
            account has its own credentials. A borrowed session has its own setting.

    Raises:
        InvalidInput: ``proxy`` is not the address of an HTTP proxy.
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        proxy: str | None = None,
        trust_env: bool = False,
    ) -> None:
        if isinstance(proxy, str):
            proxy = SecretText(proxy)
        self._session = session
        self._proxy = None if proxy is None else Proxy(proxy)
        self._borrowed = session is not None
        self._trust_env = trust_env and not self._borrowed
        self._proxies: dict[URL, Proxy | None] = {}
        self._closed = False
        self._in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)
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
        """Close the session, unless it was borrowed."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None and not self._borrowed:
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise RuntimeError("the account is closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Not limited, since prefetched pages hold connections until they are read.
                connector=aiohttp.TCPConnector(limit=0),
                # No API uses cookies; handling them is a twentieth of the time of a small call.
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


class _SentText(str):
    """A secret header's value, for aiohttp, whose frames and errors show headers."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)

    def __getitem__(self, key: SupportsIndex | slice) -> str:
        return HIDDEN[key]  # rich shows the beginning of a long text

    def __reduce_ex__(self, protocol: object) -> tuple[object, ...]:
        return str, (HIDDEN,)


def _sent(text: str) -> str:
    return _SentText(reveal(text)) if isinstance(text, SecretText) else text


def _form(parts: Sequence[Part]) -> aiohttp.FormData:
    # File names are sent unquoted, as browsers do; otherwise buyers see %D0%A1.
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for part in parts:
        form.add_field(
            part.name,
            # Plain bytes would be written in one piece, which blocks the loop.
            BytesIO(part.value) if isinstance(part.value, bytes) else reveal(part.value),
            filename=part.filename,
            content_type=part.content_type,
        )
    return form


def _transport_error(error: Exception) -> TransportError:
    # Without a connection nothing was sent; otherwise it is unknown how much arrived.
    sent = not isinstance(
        error,
        aiohttp.ClientConnectorError
        | aiohttp.ClientConnectorCertificateError
        | aiohttp.ConnectionTimeoutError
        | aiohttp.InvalidURL,
    )
    reason = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ClientResponseError):  # it quotes the answer
        reason = "the answer is not HTTP"
    return TransportError(reason, sent=sent, timeout=isinstance(error, TimeoutError))
