"""The limits of the 25 methods, typed by hand from the specification of 2026-08-19.

The tables there have the rows Personal, Service, Base with secret and Base. Three things follow
from elsewhere:

- "The service request limit applies to requests with a basic token with a secret": these two share
  a bucket.
- There is no row for a test token. Where the introduction gives one, it equals the row of a base
  token, so a test token is counted as a base one.
- A token without `acc` is older than the types and is counted as a base one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wbym.testing.buckets import TokenBucket
from wbym_wildberries.simulator.tokens import BASE, PERSONAL, SERVICE, TEST

FEEDBACKS = "feedbacks"
"""All methods of Feedbacks and Questions, pins among them, are counted together."""
CHATS = "chats"
EVENTS = "events"
MESSAGE = "message"
DOWNLOAD = "download"
CLAIMS = "claims"
CLAIM = "claim"


@dataclass(frozen=True, slots=True)
class Limit:
    """One row of a limit table: so many requests in a period, so many of them at once."""

    requests: int
    period: float
    """Seconds."""
    burst: int

    @property
    def interval(self) -> float:
        """Seconds in which one request comes back."""
        return self.period / self.requests


_HOUR = 3600.0
_CHAT = Limit(10, 10.0, 10)
_CLAIM = Limit(20, 60.0, 10)
_ONE_AN_HOUR = Limit(1, _HOUR, 1)

FULL: dict[str, Limit] = {
    FEEDBACKS: Limit(3, 1.0, 6),
    CHATS: _CHAT,
    EVENTS: _CHAT,
    MESSAGE: _CHAT,
    DOWNLOAD: _CHAT,
    CLAIMS: _CLAIM,
    CLAIM: _CLAIM,
}
"""Personal, Service, Base with secret."""

SMALL: dict[str, Limit] = {
    FEEDBACKS: Limit(5, _HOUR, 1),
    CHATS: _ONE_AN_HOUR,
    EVENTS: _ONE_AN_HOUR,
    MESSAGE: _ONE_AN_HOUR,
    DOWNLOAD: Limit(10, _HOUR, 1),
    CLAIMS: _ONE_AN_HOUR,
    CLAIM: _ONE_AN_HOUR,
}
"""Base, and test."""

_ROWS = {BASE: "base", TEST: "test", PERSONAL: "personal", SERVICE: "service"}


class Buckets:
    """One bucket per seller, row and group; made at the first request."""

    def __init__(self, *, clock: Callable[[], float], scale: float, ban: float) -> None:
        """Makes no bucket yet.

        Args:
            clock: Monotonic seconds.
            scale: 10.0 makes every limit ten times as generous.
            ban: A refusal lasts at least so many seconds.
        """
        self._clock = clock
        self._scale = scale
        self._ban = ban
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}

    def of(self, *, sid: str, acc: int, secret: bool, group: str) -> TokenBucket:
        """The bucket of one seller, type of token and group."""
        row = "service" if acc == BASE and secret else _ROWS.get(acc, "base")
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
