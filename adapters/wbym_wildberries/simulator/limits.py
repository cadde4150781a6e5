"""The limits of all methods, typed by hand from the specification of 2026-08-19.

The tables there have the rows Personal, Service, Base with secret and Base, or one row for all.
What follows from elsewhere:

- "The service request limit applies to requests with a basic token with a secret": these two share
  a bucket.
- There is no row for a test token. Where the introduction gives one, it equals the row of a base
  token, so a test token is counted as a base one, but for the methods whose note says that the
  sandbox allows one request a second in total.
- A token without `acc` is older than the types and is counted as a base one.
- A method whose table says only "per one seller account" has a bucket of its own. The limits of
  cards and the list of failed cards are named together but given different rates, so they have one
  each.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from wbym.testing import BucketState, TokenBucket
from wbym_wildberries.simulator.tokens import BASE, PERSONAL, SERVICE, TEST

FEEDBACKS = "feedbacks"
"""All methods of Feedbacks and Questions, pins among them, are counted together."""
CHATS = "chats"
EVENTS = "events"
MESSAGE = "message"
DOWNLOAD = "download"
CLAIMS = "claims"
CLAIM = "claim"

PING = "ping"
NEWS = "news"
SELLER_INFO = "seller info"
RATING = "rating"
SUBSCRIPTIONS = "subscriptions"
PLAN = "plan"
USERS = "users"
INVITE = "invite"
USER_DELETE = "user delete"
USER_ACCESS = "user access"

CONTENT = "content"
"""Methods "of the Content category" whose tables name no other group."""
CHARACTERISTICS = "characteristics"
LABELS = "labels"
MEDIA = "media"
BRANDS = "brands"
CARDS = "cards"
CARD_LIMITS = "card limits"
CARD_ERRORS = "card errors"
CARD_UPLOAD = "card upload"
CARD_ADD = "card add"
CARD_UPDATE = "card update"
CARD_TRASH = "card trash"
CARD_RECOVER = "card recover"
RECOMMENDATIONS = "recommendations"
RECOMMEND = "recommend"

PRICES = "prices"
WAREHOUSES = "warehouses"
CONTACTS = "contacts"
STOCKS = "stocks"
STOCKS_DELETE = "stocks delete"
SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Limit:
    """One row of a limit table: max requests in a period and at once."""

    requests: int
    period: float
    """Seconds."""
    burst: int

    @property
    def interval(self) -> float:
        """Seconds in which one request comes back."""
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

_ALL: dict[str, Limit] = {
    RATING: Limit(1, _MINUTE, 1),
    SUBSCRIPTIONS: _COMMON,
    PLAN: _COMMON,
    USERS: _USER,
    INVITE: _USER,
    USER_ACCESS: _USER,
    USER_DELETE: Limit(1, 1.0, 10),
    CONTENT: _CONTENT,
    CARDS: _CONTENT,
    CARD_ERRORS: _UPLOAD,
    CARD_UPLOAD: _UPLOAD,
    CARD_UPDATE: _UPLOAD,
    RECOMMENDATIONS: _CONTENT,
    RECOMMEND: _CONTENT,
    WAREHOUSES: _MARKETPLACE,
    CONTACTS: _MARKETPLACE,
    STOCKS: _MARKETPLACE,
    STOCKS_DELETE: Limit(10, _MINUTE, 2),
    SANDBOX: Limit(1, 1.0, 1),
}
"""Tables with one row for every token."""

FULL: dict[str, Limit] = {
    **_ALL,
    FEEDBACKS: Limit(3, 1.0, 6),
    CHATS: _CHAT,
    EVENTS: _CHAT,
    MESSAGE: _CHAT,
    DOWNLOAD: _CHAT,
    CLAIMS: _CLAIM,
    CLAIM: _CLAIM,
    NEWS: _COMMON,
    SELLER_INFO: _COMMON,
    CHARACTERISTICS: _CONTENT,
    LABELS: _CONTENT,
    MEDIA: _CONTENT,
    BRANDS: Limit(1, 1.0, 5),
    CARD_LIMITS: _CONTENT,
    CARD_ADD: _UPLOAD,
    CARD_TRASH: _CONTENT,
    CARD_RECOVER: Limit(3, _MINUTE, 5),
    PRICES: Limit(10, 6.0, 5),
}
"""Personal, Service, Base with secret."""

SMALL: dict[str, Limit] = {
    **_ALL,
    FEEDBACKS: Limit(5, _HOUR, 1),
    CHATS: _ONE_AN_HOUR,
    EVENTS: _ONE_AN_HOUR,
    MESSAGE: _ONE_AN_HOUR,
    DOWNLOAD: Limit(10, _HOUR, 1),
    CLAIMS: _ONE_AN_HOUR,
    CLAIM: _ONE_AN_HOUR,
    NEWS: _ONE_AN_HOUR,
    SELLER_INFO: Limit(1, _DAY, 1),
    CHARACTERISTICS: _TWO_AN_HOUR,
    LABELS: _TWO_AN_HOUR,
    MEDIA: _TWO_AN_HOUR,
    BRANDS: _ONE_AN_HOUR,
    CARD_LIMITS: _TWO_AN_HOUR,
    CARD_ADD: Limit(1, 2 * _HOUR, 1),
    CARD_TRASH: _TWO_AN_HOUR,
    CARD_RECOVER: _TWO_AN_HOUR,
    PRICES: Limit(4, _HOUR, 1),
}
"""Base, and test."""

COSTLY = frozenset({WAREHOUSES, CONTACTS, STOCKS, STOCKS_DELETE})
"""Groups in which an answer 4XX counts as ten; of deleting, WB says so since October 2026."""
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
        """Counts one call; one that comes while the method is blocked changes nothing."""
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
        """Number of calls that may come now; counts nothing."""
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
    """The bucket of each seller, row and group, made at the first request."""

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
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}
        self._pings: dict[tuple[str, str], PingWindow] = {}

    def of(self, *, sid: str, acc: int, secret: bool, group: str) -> TokenBucket:
        """The bucket of one seller, type of token and group."""
        row = "service" if acc == BASE and secret else _ROWS.get(acc, "base")
        if row == "test" and group in IN_SANDBOX:
            group = SANDBOX
        key = (sid, row, group)
        bucket = self._buckets.get(key)
        if bucket is None:
            limit = (FULL if row in {"personal", "service"} else SMALL)[group]
            bucket = self._buckets[key] = TokenBucket(
                burst=limit.burst,
                interval=limit.interval / self._scale,
                clock=self._clock,
                ban=self._ban,
            )
        return bucket

    def ping(self, *, sid: str, host: str) -> PingWindow:
        """The window of one seller's calls to `/ping` of a host."""
        window = self._pings.get((sid, host))
        if window is None:
            window = self._pings[sid, host] = PingWindow(
                clock=self._clock, scale=self._scale, block=self._ping_block
            )
        return window
