"""HTTP transport over aiohttp."""

# ruff: noqa: SLF001 - an exchange is the transport's other half

import asyncio
import math
import re
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager
from io import BytesIO
from types import TracebackType
from typing import Final, Protocol, Self, SupportsIndex, TypeVar
from urllib.request import getproxies, proxy_bypass
from weakref import WeakValueDictionary

import aiohttp
from yarl import URL

from wbym._reprs import HIDDEN, SecretText, forget_frames, reveal, safe_repr
from wbym.calls._http import BodyTooLarge, Part, Request, Response, TransportError
from wbym.errors import AccountNotOpen, InvalidInput, WbymError

__all__ = [
    "DEFAULT_MAX_BODY_SIZE",
    "DEFAULT_TIMEOUT",
    "AiohttpTransport",
    "ConnectionPool",
    "Exchange",
    "Proxy",
    "Transport",
]

T = TypeVar("T")

CHUNK = 64 * 1024

DEFAULT_TIMEOUT: Final = 60.0
"""Default seconds without a byte from the marketplace after which a call fails."""

TOTAL_TIMEOUT_FACTOR: Final = 10
"""The default total timeout of an answer, as a multiple of the timeout without a byte."""

DEFAULT_MAX_BODY_SIZE: Final = 256 * 1024 * 1024
"""Default maximum bytes of a body that is read into memory, after decompression."""

MAX_IN_FLIGHT = 100
"""Maximum reads in flight to one server, by one way: thousands of connections only cost time."""

MAX_CONNECTIONS = 400
"""Maximum reads in flight of one pool: systems allow a process 1,024 descriptors."""

SMALL_BODY = 64 * 1024
"""Maximum bytes of a small body; a request with a larger one that is read late no longer counts as
in flight once its headers have arrived."""

KEEPALIVE: Final = 5.0
"""Seconds after which an idle connection is not used any more: servers close them, and a write into
a closed connection has an unknown outcome."""

_MAX_HEADER: Final = 64 * 1024
"""Maximum bytes of a header; aiohttp's own maximum is an eighth of it."""

_QUIET: Final = 0.02
"""Seconds after an answer within which a read looks for no closed connections: turns of the loop
cost a tenth of a small call, and a read that fails is repeated."""

_TURNS_TO_CLOSE: Final = 4
"""Turns of the event loop in which it sees that a server has closed a connection, TLS included."""


_QUOTED: Final = r"[\"':\n]"


class Exchange(Protocol):
    """An answer whose status and headers have arrived, and whose body has not been read."""

    @property
    def head(self) -> Response:
        """Status and headers, without a body."""
        ...

    async def read(self) -> Response:
        """Read the answer with its whole body; again, the same.

        Raises:
            BodyTooLarge: The body is larger than the transport's maximum.
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


class _ConnectionLost(aiohttp.ClientError):
    """A connection ended without an answer. What the server received is unknown."""


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Send once: aiohttp repeats idempotent requests by itself, which no limit would count."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise  # nothing was sent, and aiohttp does not repeat it
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _ConnectionLost(str(error) or type(error).__name__) from None


_NO_CONTENT_TYPE: Final = ("Content-Type",)
"""Of a request without a body; aiohttp would call it ``application/octet-stream``."""


class _AiohttpExchange:
    """A request that is sent on entering, and its answer.

    A plain object and not a generator: thousands of calls may wait here, and the garbage collector
    traverses each object that they hold.
    """

    __slots__ = ("_answer", "_places", "_read", "_request", "_seconds_left", "_transport", "head")

    head: Response

    def __init__(self, transport: "AiohttpTransport", request: Request) -> None:
        self._transport = transport
        self._request = request
        self._answer: aiohttp.ClientResponse | None = None
        self._read: Response | None = None
        self._places: tuple[asyncio.Semaphore, ...] = ()
        self._seconds_left = transport._total_timeout

    async def __aenter__(self) -> Self:
        transport, request = self._transport, self._request
        session = transport._open()
        url = URL(request.url, encoded=True)
        proxy = transport._proxy_for(url)
        data = _form(request.parts) if request.parts else request.body
        if not request.writes:
            for place in transport.pool.places(url, proxy):
                await self._take(place)
        try:
            # After code that blocked the loop, a pooled connection may be closed unnoticed.
            if request.writes or transport.pool.is_quiet():
                for _ in range(_TURNS_TO_CLOSE):
                    await asyncio.sleep(0)
            answer = self._answer = await self._within_total(
                session.request(
                    request.method,
                    url,
                    headers={name: _sent(text) for name, text in request.headers.items()},
                    data=data,
                    skip_auto_headers=_NO_CONTENT_TYPE if data is None else None,
                    timeout=transport._timeout,
                    proxy=None if proxy is None else proxy.url,
                    proxy_auth=None if proxy is None else proxy.login,
                    allow_redirects=False,
                    # These replace the session's own, which are not public.
                    middlewares=(_send_once, *session._middlewares),
                    max_line_size=_MAX_HEADER,
                    max_field_size=_MAX_HEADER,
                )
            )
            transport.pool.note_use()
            self.head = Response(answer.status, answer.headers)
            length = answer.content_length
            if request.reads_late and (length is None or length > SMALL_BODY):
                # It may stay in the network for long, and other requests need not wait for it.
                self._leave_places()
        except BaseException as error:
            self._leave()
            # aiohttp's frames have the headers and the body, and its texts quote answers.
            forget_frames(error)
            if isinstance(error, WbymError) or not isinstance(error, Exception):
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
        if self._read is not None:
            return self._read
        answer = self._open_answer()
        length = answer.content_length
        if length is not None and length > self._transport._max_body_size:
            raise self._too_large()
        try:
            whole = self._whole(answer.content)
            # A small body has come with its head, and needs no timer.
            body = await (whole if answer.content.is_eof() else self._within_total(whole))
        except BodyTooLarge:
            raise
        except BaseException as error:
            is_too_large = type(error.__cause__).__name__ == "DecompressSizeError"
            forget_frames(error)  # aiohttp's have the body
            if not isinstance(error, Exception):
                raise
            if is_too_large:
                raise self._too_large() from None
            raise _transport_error(error) from None  # whatever it is, the call was made
        self._read = Response(self.head.status, self.head.headers, body)
        return self._read

    async def chunks(self) -> AsyncIterator[bytes]:
        content = self._open_answer().content
        try:
            while chunk := await self._within_total(content.read(CHUNK)):
                yield chunk
        except Exception as error:  # noqa: BLE001 - whatever aiohttp raises
            forget_frames(error)
            raise _transport_error(error) from None

    async def _whole(self, content: aiohttp.StreamReader) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in content.iter_any():
            size += len(part)
            if size > self._transport._max_body_size:
                raise self._too_large()
            parts.append(part)
        return b"".join(parts)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(self.head, self._transport._max_body_size)

    async def _within_total(self, step: Awaitable[T]) -> T:
        """Await a step of the answer; the time between steps is the caller's and does not count.

        Raises:
            _TotalTimeout: The total timeout of the answer has passed.
        """
        if self._seconds_left == math.inf:
            return await step
        clock = asyncio.get_running_loop().time
        began = clock()
        bound = asyncio.timeout(self._seconds_left)
        try:
            async with bound:
                return await step
        except TimeoutError:
            if not bound.expired():
                raise
            total = self._transport._total_timeout
            raise _TotalTimeout(f"no complete answer within {total:g} s") from None
        finally:
            self._seconds_left -= clock() - began

    def _open_answer(self) -> aiohttp.ClientResponse:
        if self._answer is None:
            raise RuntimeError("the request was not sent")
        return self._answer

    def _leave(self) -> None:
        # If the body was read to its end, its connection is already back in the pool; otherwise the
        # connection cannot be reused.
        if self._answer is not None:
            self._answer.close()
        self._leave_places()

    async def _take(self, place: asyncio.Semaphore) -> None:
        try:
            await place.acquire()
        except BaseException:
            self._leave_places()
            raise
        self._places += (place,)

    def _leave_places(self) -> None:
        """Stop counting the request as in flight."""
        places, self._places = self._places, ()
        for place in places:
            place.release()


class _TotalTimeout(TimeoutError):
    """The answer was not complete in time."""


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


class ConnectionPool:
    """A session of aiohttp and its connections, for one transport or for several.

    Args:
        session: A session to borrow; it is left open. Without it, a session is opened with the
            first request and closed by ``aclose``.
    """

    def __init__(self, session: aiohttp.ClientSession | None = None) -> None:
        self.is_borrowed: Final = session is not None
        self._session = session
        self._in_flight: WeakValueDictionary[tuple[URL, URL | None], asyncio.Semaphore] = (
            WeakValueDictionary()
        )
        self._connections = asyncio.Semaphore(MAX_CONNECTIONS)
        self._used_at = -math.inf

    def note_use(self) -> None:
        """Note that a server has answered now."""
        self._used_at = asyncio.get_running_loop().time()

    def is_quiet(self) -> bool:
        """Whether no server has answered for a moment, in which the loop may have been blocked."""
        return asyncio.get_running_loop().time() - self._used_at > _QUIET

    def open(self) -> aiohttp.ClientSession:
        """The session."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # Not limited, since prefetched pages hold connections until they are read.
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE),
                # No API uses cookies; handling them is a twentieth of the time of a small call.
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def places(self, url: URL, proxy: Proxy | None) -> tuple[asyncio.Semaphore, ...]:
        """The places that a read takes, in order: a server that hangs leaves others their own."""
        way = url.origin(), None if proxy is None else proxy.url
        in_flight = self._in_flight.get(way)
        if in_flight is None:
            in_flight = self._in_flight[way] = asyncio.Semaphore(MAX_IN_FLIGHT)
        return in_flight, self._connections

    async def aclose(self) -> None:
        """Close the session, unless it was borrowed."""
        session, self._session = self._session, None
        if session is not None and not self.is_borrowed:
            await session.close()


class AiohttpTransport:
    """Transport over one pooled aiohttp session.

    Args:
        session: A session to borrow; it is left open. Without it, a session is opened with the
            first request and closed by ``aclose``.
        timeout: Seconds without a byte from the marketplace after which a call fails; also the
            timeout for connecting.
        total_timeout: Seconds after which an answer that is not complete fails, counted from
            sending, without the time in which the caller reads nothing; ``inf`` for no maximum. By
            default ten times ``timeout``.
        max_body_size: Maximum bytes of a body that is read into memory, after decompression.
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
        total_timeout: float | None = None,
        max_body_size: int = DEFAULT_MAX_BODY_SIZE,
        proxy: str | None = None,
        trust_env: bool = False,
    ) -> None:
        if isinstance(proxy, str):
            proxy = SecretText(proxy)
        self._session = session
        self._own_pool: ConnectionPool | None = None
        self._shared_pool: ConnectionPool | None = None
        self._proxy = None if proxy is None else Proxy(proxy)
        self._trust_env = trust_env and session is None
        self._proxies: dict[URL, Proxy | None] = {}
        self._closed = False
        self._total_timeout: float = (
            timeout * TOTAL_TIMEOUT_FACTOR if total_timeout is None else total_timeout
        )
        self._max_body_size = max_body_size
        self._timeout = aiohttp.ClientTimeout(
            # `connect` also bounds the look-up of the name and the tunnel of a proxy.
            total=None,
            connect=timeout,
            sock_connect=timeout,
            sock_read=timeout,
        )

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

    def share(self, pool: ConnectionPool) -> None:
        """Use the connections of a pool from now on, unless a session was lent."""
        if self._session is None:
            self._shared_pool = pool

    @property
    def pool(self) -> ConnectionPool:
        """The connections that it uses; its own are made with the first request."""
        if self._shared_pool is not None:
            return self._shared_pool
        if self._own_pool is None:
            self._own_pool = ConnectionPool(self._session)
        return self._own_pool

    def _proxy_for(self, url: URL) -> Proxy | None:
        if self._proxy is not None or not self._trust_env:
            return self._proxy
        origin = url.origin()
        if origin not in self._proxies:
            self._proxies[origin] = _proxy_of_environment(origin)
        return self._proxies[origin]

    async def aclose(self) -> None:
        """Close the transport's own session, neither a borrowed nor a shared one."""
        self._closed = True
        if self._own_pool is not None:
            await self._own_pool.aclose()

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise AccountNotOpen("it is closed; create a new one")
        session = self.pool.open()
        if session.closed:
            raise AccountNotOpen("the session that it borrowed is closed")
        return session


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
    if isinstance(error, aiohttp.ClientResponseError):
        # The head could not be parsed; aiohttp's text has a status that nobody sent.
        # What it quotes may have secrets.
        reason = f"the answer is not HTTP: {re.split(_QUOTED, error.message)[0].strip()}"
    elif type(error) is aiohttp.ClientConnectorError:
        # aiohttp's text names "ssl:default" even for http.
        reason = f"cannot connect to {error.host}:{error.port}: {error.strerror or error.os_error}"
    else:
        reason = str(error) or type(error).__name__
    return TransportError(reason, sent=sent, timeout=isinstance(error, TimeoutError))
