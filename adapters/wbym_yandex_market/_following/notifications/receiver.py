"""The receiver of notifications: an aiohttp application that mounts in another.

Market waits 10 s for an answer, 1 s to a ping. What it gets:

- 200: taken. The hint is stored by then; pings and what no feed follows need none. So is a type
  that the specification does not have: Market would neither send it again nor in another shape, and
  counts other answers as failures of the shop; a warning in the log says what came.
- 400: no notification, or one of another business. Market does not send it again.
- 500: not stored, or not in time; 403, 408, 413, 429: refused. To Market they are all failures of
  the shop, and it sends again.

The same notification may come twice, and in any order: hints are the same twice.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final, Literal, TypeAlias

import msgspec
from aiohttp import web
from aiolimiter import AsyncLimiter

from wbym.account import OnHints, TrustedProxy
from wbym.observe import LogFacts
from wbym_yandex_market._cabinet import Cabinet
from wbym_yandex_market._following.notifications.hints import hint_of
from wbym_yandex_market._following.notifications.log_throttle import LogThrottle
from wbym_yandex_market._following.notifications.ownership import Ownership
from wbym_yandex_market._following.notifications.records import (
    Notification,
    OfBusiness,
    Ping,
    Unknown,
    read,
)
from wbym_yandex_market._following.notifications.sources import MARKET_NETWORKS, RATE, Sources
from wbym_yandex_market._mapping import MARKETPLACE

__all__ = ["make_receiver"]

logger = logging.getLogger("wbym.yandex_market")

INTEGRATION: Final = "wbym"
"""What Market is told that it speaks to."""
MAX_BODY_SIZE: Final = 64 * 1024
BODY_WAIT: Final = 5.0
"""Seconds for the whole of a body to arrive."""
STORE_WAIT: Final = 5.0
"""Seconds for a hint to be stored."""
WARN_EVERY: Final = 60.0
MAX_WARNINGS: Final = 1000
"""Different warnings in that time; the rest is left out."""
_MAX_WORD_LENGTH: Final = 64
"""Characters of a word of Market's in a warning."""

ErrorType: TypeAlias = Literal["UNKNOWN", "WRONG_EVENT_FORMAT"]


class Taken(msgspec.Struct, frozen=True):
    """The answer to a notification that was taken."""

    version: str
    name: str
    time: datetime
    """When it came; aware UTC."""


class _Rejected(Exception):
    def __init__(self, status: int, message: str, kind: ErrorType = "UNKNOWN") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def make_receiver(
    cabinet: Cabinet,
    on_hints: OnHints,
    *,
    proxy: TrustedProxy | None = None,
    networks: Collection[str] = MARKET_NETWORKS,
    rate: float = RATE,
) -> web.Application:
    """An application that takes an account's notifications.

    It answers where it is mounted, and at ``/notification`` below.

    Args:
        cabinet: The account's business and shops.
        on_hints: Stores hints.
        proxy: Whose word is taken for where a notification came from.
        networks: Where notifications may come from.
        rate: How many are taken a second at most, and at once; from 1 on.

    Raises:
        InvalidInput: A network is none.
    """
    receiver = _Receiver(cabinet, on_hints, Sources(networks, proxy), rate)
    app = web.Application()
    app.cleanup_ctx.append(receiver.running)
    app.add_routes([web.post(path, receiver.answer) for path in ("", "/", "/notification")])
    return app


class _Receiver:
    def __init__(self, cabinet: Cabinet, on_hints: OnHints, sources: Sources, rate: float) -> None:
        self._account = cabinet.account
        self._ownership = Ownership(cabinet)
        self._on_hints = on_hints
        self._sources = sources
        self._rate = AsyncLimiter(rate, 1.0)
        self._throttle = LogThrottle(WARN_EVERY, MAX_WARNINGS)
        self._version = ""

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """What lasts as long as the application."""
        self._version = await asyncio.to_thread(version, INTEGRATION)  # it reads files
        async with self._ownership.loading():
            yield

    async def answer(self, request: web.Request) -> web.Response:
        """Answer Market."""
        came = datetime.now(UTC)
        try:
            await self._admit(request)
            await self._take(self._read(await _body(request)))
        except _Rejected as refused:
            said = {"type": refused.kind, "message": str(refused)}
            return _json({"error": said}, refused.status)
        return _json(Taken(self._version, INTEGRATION, came), 200)

    async def _admit(self, request: web.Request) -> None:
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        # A Unix socket's peer is a string, and has no address.
        address = str(peer[0]) if isinstance(peer, tuple) else None
        origin = self._sources.origin(address, request.headers.getall(self._sources.header, ()))
        if not self._sources.allows(origin):
            whence = str(origin or "an address that cannot be told")
            self._warn("a notification from %s was refused: that is not Market", whence)
            raise _Rejected(403, "this address may not send notifications")
        if not self._rate.has_capacity():
            self._warn(
                "more than %g notifications a second: some were refused", self._rate.max_rate
            )
            raise _Rejected(429, "too many notifications at once")
        await self._rate.acquire()

    def _read(self, body: bytes) -> Notification | Unknown:
        try:
            return read(body)
        except ValueError as error:
            # It names fields and places, and holds nothing of the body.
            self._warn("a notification cannot be read: %s", str(error))
            raise _Rejected(400, str(error), "WRONG_EVENT_FORMAT") from None

    async def _take(self, notification: Notification | Unknown) -> None:
        if isinstance(notification, Ping):
            return
        if isinstance(notification, Unknown):
            self._warn(
                "a notification of an unknown type: %r", notification.type[:_MAX_WORD_LENGTH]
            )
            return
        try:
            async with asyncio.timeout(STORE_WAIT):
                ours = await self._ownership.has(notification)
                hint = hint_of(notification, self._account)
                if ours and hint is not None:
                    await self._on_hints((hint,))
        except TimeoutError:
            self._warn("a notification was not stored within %.0f s", STORE_WAIT)
            raise _Rejected(500, "not stored in time") from None
        except Exception as error:  # noqa: BLE001 - whatever it is, Market has to send it again
            self._warn("a notification was not stored: %r", error)
            raise _Rejected(500, "not stored") from None
        if not ours:
            of = (
                f"business {notification.business_id}"
                if isinstance(notification, OfBusiness)
                else f"campaign {notification.campaign_id}"
            )
            self._warn("a notification of %s was refused: it is not the account's", of)
            raise _Rejected(400, f"{of} is not served here")

    def _warn(self, words: str, what: object) -> None:
        said = words % (what,)
        if self._throttle.is_due(said, asyncio.get_running_loop().time()):
            error = what if isinstance(what, Exception) else None
            facts = LogFacts(marketplace=MARKETPLACE, account=self._account)
            logger.warning("%s: %s", self._account, said, exc_info=error, extra=facts)


async def _body(request: web.Request) -> bytes:
    """The body, whatever the application around allows."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_WAIT):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY_SIZE:
                    raise _Rejected(413, f"a notification has at most {MAX_BODY_SIZE} bytes")
    except TimeoutError:
        raise _Rejected(408, "the body did not arrive in time") from None
    except (web.RequestPayloadError, ConnectionError):
        raise _Rejected(400, "the body is broken", "WRONG_EVENT_FORMAT") from None
    return bytes(body)


def _json(body: object, status: int) -> web.Response:
    raw = msgspec.json.encode(body)
    return web.Response(status=status, body=raw, content_type="application/json")
