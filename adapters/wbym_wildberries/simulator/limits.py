"""The limits of all methods, typed by hand from the specification of 2026-08-19.

The tables there have the rows Personal, Service, Base with secret and Base, or one row for all.
From other sources:

- "The service request limit applies to requests with a basic token with a secret": these two share
  a bucket.
- A test token has no row. If the introduction gives one, it equals the row of a base
  token, so a test token is counted as a base one, except for methods whose note says that the
  sandbox allows one request a second in total.
- A token without `acc` is older than the types and is counted as a base one.
- A method whose table names only "per one seller account" has a separate bucket. The limits of
  cards and the list of failed cards are named together but given different rates, so they have one
  each.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from wbym.testing import BucketState, TokenBucket
from wbym_wildberries.simulator.tokens import BASE, PERSONAL, SERVICE, TEST


@dataclass(frozen=True, slots=True)
class Limit:
    """One row of a limit table: max requests per period and at once."""

    requests: int
    period: float
    """Seconds."""
    burst: int

    @property
    def interval(self) -> float:
        """Seconds in which one request is refilled."""
        return self.period / self.requests


_MINUTE = 60.0
_HOUR = 3600.0
_DAY = 24 * _HOUR
_CHAT = Limit(10, 10.0, 10)
_CLAIM = Limit(20, _MINUTE, 10)
_CONTENT = Limit(100, _MINUTE, 5)
_UPLOAD = Limit(10, _MINUTE, 5)
_MARKETPLACE = Limit(300, _MINUTE, 20)
_COMMON = Limit(1, _MINUTE, 10)
_USER = Limit(1, 1.0, 5)
_ONE_AN_HOUR = Limit(1, _HOUR, 1)
_TWO_AN_HOUR = Limit(2, _HOUR, 1)

FULL: dict[str, Limit] = {}
"""By bucket: Personal, Service, Base with secret."""
SMALL: dict[str, Limit] = {}
"""By bucket: Base, and test."""


def _bucket(name: str, full: Limit, small: Limit | None = None) -> str:
    """Adds a bucket to both tables; without `small`, the published table has one row for all."""
    FULL[name] = full
    SMALL[name] = full if small is None else small
    return name


FEEDBACKS = _bucket("feedbacks", Limit(3, 1.0, 6), Limit(5, _HOUR, 1))
"""All methods of Feedbacks and Questions, pins among them, are counted together."""
CHATS = _bucket("chats", _CHAT, _ONE_AN_HOUR)
EVENTS = _bucket("events", _CHAT, _ONE_AN_HOUR)
MESSAGE = _bucket("message", _CHAT, _ONE_AN_HOUR)
DOWNLOAD = _bucket("download", _CHAT, Limit(10, _HOUR, 1))
CLAIMS = _bucket("claims", _CLAIM, _ONE_AN_HOUR)
CLAIM = _bucket("claim", _CLAIM, _ONE_AN_HOUR)
PING = "ping"
NEWS = _bucket("news", _COMMON, _ONE_AN_HOUR)
SELLER_INFO = _bucket("seller info", _COMMON, Limit(1, _DAY, 1))
RATING = _bucket("rating", Limit(1, _MINUTE, 1))
SUBSCRIPTIONS = _bucket("subscriptions", _COMMON)
PLAN = _bucket("plan", _COMMON)
USERS = _bucket("users", _USER)
INVITE = _bucket("invite", _USER)
USER_DELETE = _bucket("user delete", Limit(1, 1.0, 10))
USER_ACCESS = _bucket("user access", _USER)
CONTENT = _bucket("content", _CONTENT)
"""Methods "of the Content category" whose tables name no other group."""
CHARACTERISTICS = _bucket("characteristics", _CONTENT, _TWO_AN_HOUR)
LABELS = _bucket("labels", _CONTENT, _TWO_AN_HOUR)
MEDIA = _bucket("media", _CONTENT, _TWO_AN_HOUR)
BRANDS = _bucket("brands", Limit(1, 1.0, 5), _ONE_AN_HOUR)
CARDS = _bucket("cards", _CONTENT)
CARD_LIMITS = _bucket("card limits", _CONTENT, _TWO_AN_HOUR)
CARD_ERRORS = _bucket("card errors", _UPLOAD)
CARD_UPLOAD = _bucket("card upload", _UPLOAD)
CARD_ADD = _bucket("card add", _UPLOAD, Limit(1, 2 * _HOUR, 1))
CARD_UPDATE = _bucket("card update", _UPLOAD)
CARD_TRASH = _bucket("card trash", _CONTENT, _TWO_AN_HOUR)
CARD_RECOVER = _bucket("card recover", Limit(3, _MINUTE, 5), _TWO_AN_HOUR)
RECOMMENDATIONS = _bucket("recommendations", _CONTENT)
RECOMMEND = _bucket("recommend", _CONTENT)
PRICES = _bucket("prices", Limit(10, 6.0, 5), Limit(4, _HOUR, 1))
WAREHOUSES = _bucket("warehouses", _MARKETPLACE)
CONTACTS = _bucket("contacts", _MARKETPLACE)
STOCKS = _bucket("stocks", _MARKETPLACE)
STOCKS_DELETE = _bucket("stocks delete", Limit(10, _MINUTE, 2))
SANDBOX = _bucket("sandbox", Limit(1, 1.0, 1))

COSTLY = frozenset({WAREHOUSES, CONTACTS, STOCKS, STOCKS_DELETE})
"""Buckets in which a response 4XX counts as ten; documented for deleting since October 2026."""
COST = 10

IN_SANDBOX = frozenset(
    {
        CONTENT,
        CHARACTERISTICS,
        LABELS,
        MEDIA,
        CARD_LIMITS,
        CARD_ERRORS,
        PRICES,
        WAREHOUSES,
        STOCKS,
    }
)
"""Groups whose note gives a limit of the sandbox."""

PINGS = 3
PING_PERIOD = 30.0

_ROWS = {BASE: "base", TEST: "test", PERSONAL: "personal", SERVICE: "service"}


class PingWindow:
    """`/ping` of one host: three calls in any thirty seconds; one more blocks it for a time."""

    burst = PINGS

    def __init__(self, *, clock: Callable[[], float], scale: float, block: float) -> None:
        """Starts unused.

        Args:
            clock: Monotonic seconds.
            scale: 10.0 makes the thirty seconds three.
            block: Seconds for which the method is blocked.
        """
        self._clock = clock
        self._period = PING_PERIOD / scale
        self._block = block
        self._blocked_until = -math.inf
        self._calls: deque[float] = deque()

    def take(self) -> BucketState:
        """Counts one call; a call while the method is blocked changes nothing."""
        now = self._clock()
        if now < self._blocked_until:
            return self._limited(now)
        self._forget(now)
        if len(self._calls) >= PINGS:
            self._blocked_until = now + max(self._block, self._calls[0] + self._period - now)
            return self._limited(now)
        self._calls.append(now)
        return BucketState(True, PINGS - len(self._calls), 0, math.ceil(self._period))

    def peek(self) -> int:
        """Number of calls allowed now; counts nothing."""
        now = self._clock()
        self._forget(now)
        return 0 if now < self._blocked_until else PINGS - len(self._calls)

    def _forget(self, now: float) -> None:
        while self._calls and self._calls[0] + self._period <= now:
            self._calls.popleft()

    def _limited(self, now: float) -> BucketState:
        seconds = max(1, math.ceil(self._blocked_until - now))
        return BucketState(False, 0, seconds, seconds)


class Buckets:
    """The bucket of each seller, row and group, created at the first request."""

    def __init__(
        self, *, clock: Callable[[], float], scale: float, ban: float, ping_block: float = 0.0
    ) -> None:
        """Starts without buckets.

        Args:
            clock: Monotonic seconds.
            scale: 10.0 makes every limit ten times as generous.
            ban: Min seconds of a 429.
            ping_block: Seconds for which `/ping` of a host is blocked.
        """
        self._clock = clock
        self._scale = scale
        self._ban = ban
        self._ping_block = ping_block
        self._bucket = cache(self._new_bucket)
        self._ping = cache(self._new_ping)

    def of(self, *, sid: str, acc: int, secret: bool, group: str) -> TokenBucket:
        """The bucket of one seller, type of token and group."""
        row = "service" if acc == BASE and secret else _ROWS.get(acc, "base")
        if row == "test" and group in IN_SANDBOX:
            group = SANDBOX
        return self._bucket(sid, row, group)

    def ping(self, *, sid: str, host: str) -> PingWindow:
        """The window of one seller's calls to `/ping` of a host."""
        return self._ping(sid, host)

    def _new_bucket(self, sid: str, row: str, group: str) -> TokenBucket:
        limit = (FULL if row in {"personal", "service"} else SMALL)[group]
        interval = limit.interval / self._scale
        return TokenBucket(burst=limit.burst, interval=interval, clock=self._clock, ban=self._ban)

    def _new_ping(self, sid: str, host: str) -> PingWindow:
        return PingWindow(clock=self._clock, scale=self._scale, block=self._ping_block)
