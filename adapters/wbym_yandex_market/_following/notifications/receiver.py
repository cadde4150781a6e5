"""The receiver of notifications: an aiohttp application that mounts in another.

Market waits 10 s for a response, 1 s for a ping's. The responses:

- 200: accepted. The hint is stored by then; pings and subjects that no feed follows need no hint.
  A type that is not in the specification is accepted too: Market would not send it again or in
  another form, and counts other responses as failures of the shop. A warning in the log names it.
- 400: not a notification, or one of another business. Market does not send it again.
- 500: not stored, or not in time; 403, 408, 413, 429: rejected. Market counts all of them as
  failures of the shop, and sends the notification again.

Notifications may arrive twice and in any order: hints are idempotent.
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
"""The integration's name in responses to Market."""
MAX_BODY_SIZE: Final = 64 * 1024
BODY_WAIT: Final = 5.0
"""Max seconds for a whole body to arrive."""
STORE_WAIT: Final = 5.0
"""Max seconds to store a hint."""
WARN_EVERY: Final = 60.0
MAX_WARNINGS: Final = 100
"""Max different warnings of one kind in that time, so that no kind silences another."""
PING_RATE: Final = 10.0
"""Max pings per second that are answered beside all other notifications."""
MAX_PING_SIZE: Final = 256
"""Bytes of a body that may be a ping."""
_MAX_TYPE_LENGTH: Final = 64
"""Max characters of an unknown type in a warning."""

ErrorType: TypeAlias = Literal["UNKNOWN", "WRONG_EVENT_FORMAT"]


class Accepted(msgspec.Struct, frozen=True):
    """The response to an accepted notification."""

    version: str
    name: str
    time: datetime
    """The time of arrival; aware UTC."""


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
    """Create an application that receives an account's notifications.

    It answers at the path where it is mounted, and at ``/notification`` below.

    Args:
        cabinet: The account's business and shops.
        on_hints: Stores hints.
        proxy: The trusted proxy whose header says where a notification came from.
        networks: The networks that notifications may come from.
        rate: Max notifications per second, and the burst; at least 1.

    Raises:
        InvalidInput: A network is malformed.
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
        self._ping_rate = AsyncLimiter(PING_RATE, 1.0)
        self._throttles: dict[str, LogThrottle] = {}
        self._version = ""

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        """The context of the application's lifetime."""
        self._version = await asyncio.to_thread(version, INTEGRATION)  # it reads files
        async with self._ownership.loading():
            yield

    async def answer(self, request: web.Request) -> web.Response:
        """Handle a request of Market's."""
        arrived_at = datetime.now(UTC)
        try:
            must_be_ping = await self._admit(request)
            notification = self._read(await _body(request))
            if must_be_ping and not (
                isinstance(notification, Ping) and await _take(self._ping_rate)
            ):
                raise self._too_many()
            await self._accept(notification)
        except _Rejected as rejection:
            error = {"type": rejection.kind, "message": str(rejection)}
            return _json({"error": error}, rejection.status)
        return _json(Accepted(self._version, INTEGRATION, arrived_at), 200)

    async def _admit(self, request: web.Request) -> bool:
        """Check the address and the rate; True if only a ping can be accepted now."""
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        # A Unix socket's peer is a string, and has no address.
        address = str(peer[0]) if isinstance(peer, tuple) else None
        origin = self._sources.origin(address, request.headers.getall(self._sources.header, ()))
        if not self._sources.allows(origin):
            sender = str(origin or "an unknown address")
            self._warn("rejected a notification from %s: not an address of Market", sender)
            raise _Rejected(403, "this address may not send notifications")
        if await _take(self._rate):
            return False
        # A flood must not keep a ping from its answer: Market takes the shop for broken then.
        if (request.content_length or MAX_BODY_SIZE) > MAX_PING_SIZE:
            raise self._too_many()
        return True

    def _too_many(self) -> _Rejected:
        self._warn("rejected notifications: more than %g per second arrived", self._rate.max_rate)
        return _Rejected(429, "too many notifications at once")

    def _read(self, body: bytes) -> Notification | Unknown:
        try:
            return read(body)
        except ValueError as error:
            # The error names fields and positions, and nothing of the body's content.
            self._warn("rejected a malformed notification: %s", str(error))
            raise _Rejected(400, str(error), "WRONG_EVENT_FORMAT") from None

    async def _accept(self, notification: Notification | Unknown) -> None:
        if isinstance(notification, Ping):
            return
        if isinstance(notification, Unknown):
            self._warn(
                "ignored a notification of an unknown type: %r",
                notification.type[:_MAX_TYPE_LENGTH],
            )
            return
        try:
            async with asyncio.timeout(STORE_WAIT):
                ours = await self._ownership.has(notification)
                hint = hint_of(notification, self._account)
                if ours and hint is not None:
                    await self._on_hints((hint,))
        except TimeoutError:
            self._warn("could not store a notification within %.0f s", STORE_WAIT)
            raise _Rejected(500, "not stored in time") from None
        except Exception as error:  # noqa: BLE001 - after any failure Market must send it again
            self._warn("could not store a notification: %r", error)
            raise _Rejected(500, "not stored") from None
        if not ours:
            owner = (
                f"business {notification.business_id}"
                if isinstance(notification, OfBusiness)
                else f"campaign {notification.campaign_id}"
            )
            self._warn("rejected a notification of %s, which is not the account's", owner)
            raise _Rejected(400, f"{owner} is not served here")

    def _warn(self, template: str, argument: object) -> None:
        message = template % (argument,)
        throttle = self._throttles.setdefault(template, LogThrottle(WARN_EVERY, MAX_WARNINGS))
        if throttle.is_due(message, asyncio.get_running_loop().time()):
            error = argument if isinstance(argument, Exception) else None
            facts = LogFacts(marketplace=MARKETPLACE, account=self._account)
            logger.warning("%s: %s", self._account, message, exc_info=error, extra=facts)


async def _take(rate: AsyncLimiter) -> bool:
    """Count a request if the rate allows it at once."""
    if not rate.has_capacity():
        return False
    await rate.acquire()
    return True


async def _body(request: web.Request) -> bytes:
    """The body, regardless of the size limit of the parent application."""
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
        raise _Rejected(400, "the body is incomplete", "WRONG_EVENT_FORMAT") from None
    return bytes(body)


def _json(body: object, status: int) -> web.Response:
    raw = msgspec.json.encode(body)
    return web.Response(status=status, body=raw, content_type="application/json")
