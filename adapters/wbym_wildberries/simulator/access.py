"""Access to methods: tokens, categories, sandboxes, hosts and limits."""

from __future__ import annotations

from wbym.testing import Call, Refusal, Response, Route, TokenBucket
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.limits import (
    COST,
    COSTLY,
    FEEDBACKS,
    FULL,
    PING,
    PINGS,
    Buckets,
    PingWindow,
)
from wbym_wildberries.simulator.options import Options
from wbym_wildberries.simulator.tokens import (
    CATEGORIES,
    PERSONAL,
    SERVICE,
    TEST,
    Passport,
    read_token,
)

REMAINING = ("X-Ratelimit-Remaining", "x-ratelimit-remaining", "X-RateLimit-Remaining")
RETRY = ("X-Ratelimit-Retry", "x-ratelimit-retry", "X-RateLimit-Retry")
LIMIT = ("X-Ratelimit-Limit", "x-ratelimit-limit", "X-RateLimit-Limit")
RESET = ("X-Ratelimit-Reset", "x-ratelimit-reset", "X-RateLimit-Reset")
SECRET_HEADER = "X-Client-Secret"
"""Marks a request "with a secret". The specification does not publish the real name."""
_KIND = {1: "base", 2: "test", 3: "personal", 4: "service"}

ANY = 0
"""The scope of methods that accept a token of any category."""

HOSTS: dict[str, int] = {
    "content-api": CATEGORIES["content"],
    "seller-analytics-api": CATEGORIES["analytics"],
    "discounts-prices-api": CATEGORIES["prices"],
    "marketplace-api": CATEGORIES["marketplace"],
    "statistics-api": CATEGORIES["statistics"],
    "advert-api": CATEGORIES["promotion"],
    "feedbacks-api": CATEGORIES["feedbacks"],
    "buyer-chat-api": CATEGORIES["chat"],
    "supplies-api": CATEGORIES["supplies"],
    "returns-api": CATEGORIES["returns"],
    "documents-api": CATEGORIES["documents"],
    "finance-api": CATEGORIES["finance"],
    "common-api": ANY,
    "user-management-api": CATEGORIES["users"],
}
"""The category that `/ping` of a host asks for."""
_DOMAIN = ".wildberries.ru"
_SANDBOX = "-sandbox"
_SANDBOXES = frozenset(
    {
        "content-api",
        "discounts-prices-api",
        "statistics-api",
        "advert-api",
        "feedbacks-api",
        "marketplace-api",
    }
)
"""Hosts with a sandbox; only the methods of `marketplace-api` name theirs."""

_WITH_SANDBOX = (
    "/content/",
    "/api/v2/",
    "/api/v3/offices",
    "/api/v3/warehouses",
    "/api/v3/stocks/",
)
_BY_TYPE: dict[str, frozenset[int]] = {
    "/api/common/v1/rating": frozenset({SERVICE}),
    "/api/common/v1/subscriptions": frozenset({SERVICE}),
    "/api/common/v1/tariff-constructor/options": frozenset({SERVICE}),
    "/api/v1/invite": frozenset({PERSONAL}),
    "/api/v1/user": frozenset({PERSONAL}),
    "/api/v1/users": frozenset({PERSONAL}),
    "/api/v1/users/access": frozenset({PERSONAL}),
    "/api/content/v1/recommendations/list": frozenset({PERSONAL, SERVICE}),
    "/api/content/v1/recommendations/set": frozenset({PERSONAL, SERVICE}),
    "/api/discounts-prices/v1/upload/task/b2b/wholesale": frozenset({PERSONAL, SERVICE}),
}
"""Methods that accept tokens of some types only (`x-token-types`)."""


def takes_type(route: Route, acc: int) -> bool:
    """Whether a method accepts tokens of a type."""
    allowed = _BY_TYPE.get(route.path)
    return allowed is None or acc in allowed


def has_sandbox(route: Route) -> bool:
    """Whether a test token may call a method."""
    if route.bucket == FEEDBACKS:
        return route.path.startswith("/api/v1/")
    return route.bucket == PING or route.path.startswith(_WITH_SANDBOX)


def host_of(header: str) -> str:
    """The host of Wildberries that a `Host` header names; "" for the simulator's own address.

    All hosts have one address here, so that address counts as one host unless a request
    names another: `Host: content-api.wildberries.ru`.
    """
    name = header.partition(":")[0].lower()
    return name.removesuffix(_DOMAIN) if name.endswith(_DOMAIN) else ""


def scope_of_host(host: str) -> int | None:
    """The category that `/ping` of a host asks for; None if the host does not exist."""
    name = host.removesuffix(_SANDBOX)
    if host != name and name not in _SANDBOXES:
        return None
    return HOSTS.get(name)


def is_sandbox(host: str) -> bool:
    """Whether a host is a sandbox."""
    return host.endswith(_SANDBOX)


class Access:
    """Admits requests to the cabinets."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._turn = 0
        self.buckets = Buckets(
            clock=options.clock,
            scale=options.limit_scale,
            ban=options.ban_seconds,
            ping_block=options.ping_block,
        )

    def admit(self, call: Call, route: Route) -> None:
        """Reads the token, then counts the request in the seller's bucket.

        Raises:
            Refusal: The request is rejected or rate limited.
        """
        self._turn = (self._turn + 1) % 3
        token = call.request.headers.get("Authorization", "")
        try:
            if not token:
                raise Refusal(401, "empty Authorization header")
            passport = read_token(token)
        except Refusal:
            burst = PINGS if route.bucket == PING else FULL[route.bucket].burst
            call.headers[REMAINING[self._turn]] = str(burst)
            raise
        bucket = self._bucket(call, route, passport)
        try:
            self._check(call, route, passport)
        except Refusal:
            call.headers[REMAINING[self._turn]] = str(bucket.peek())
            raise
        call.seller = passport.sid
        if not self._options.limits:
            call.headers[REMAINING[self._turn]] = str(bucket.burst)
            return
        state = bucket.take()
        if state.allowed:
            call.headers[REMAINING[self._turn]] = str(state.remaining)
            return
        call.headers[RETRY[self._turn]] = str(state.retry)
        call.headers[LIMIT[self._turn]] = str(bucket.burst)
        call.headers[RESET[self._turn]] = str(state.reset)
        raise Refusal(429, "limited by c122a060-a7fb-4bb4-abb0-32fd4e18d489")

    def _bucket(self, call: Call, route: Route, passport: Passport) -> TokenBucket | PingWindow:
        if route.bucket == PING:
            host = host_of(call.request.headers.get("Host", ""))
            return self.buckets.ping(sid=passport.sid, host=host)
        secret = SECRET_HEADER in call.request.headers
        return self.buckets.of(
            sid=passport.sid, acc=passport.acc, secret=secret, group=route.bucket
        )

    def settle(self, call: Call, route: Route, response: Response) -> None:
        """Charges what a response 4XX of warehouses and stocks costs beyond its request."""
        if (
            not self._options.limits
            or route.bucket not in COSTLY
            or not 400 <= response.status < 500
        ):
            return
        passport = read_token(call.request.headers["Authorization"])
        bucket = self._bucket(call, route, passport)
        if isinstance(bucket, TokenBucket):
            name = next(name for name in REMAINING if name in call.headers)
            call.headers[name] = str(bucket.charge(COST - 1))

    def _check(self, call: Call, route: Route, passport: Passport) -> None:
        if passport.expires <= call.now:
            raise Refusal(401, "token problem; token has invalid claims: token is expired")
        options = self._options
        if options.sellers is not None and passport.sid not in options.sellers:
            raise Refusal(401, "access token withdrawn")
        if passport.acc in options.rejected_types or not takes_type(route, passport.acc):
            kind = _KIND.get(passport.acc, "this")
            detail = f"{kind} token is not allowed"
            raise Refusal(403, detail, code=f"{detail} for this path")
        if not self._has_scope(call, route, passport):
            raise Refusal(401, "token scope not allowed")
        if route.writes and passport.read_only:
            raise Refusal(401, "read-only token scope not allowed for this route")
        if passport.acc == SERVICE and options.unpaid_services:
            raise Refusal(402, replies.NO_FUNDS)
        if options.deny_feedbacks and route.bucket == FEEDBACKS:
            raise Refusal(403, response=replies.fq_rejection(call, Refusal(403, replies.DENIED)))

    def _has_scope(self, call: Call, route: Route, passport: Passport) -> bool:
        scope: int | None = route.scope
        if route.bucket == PING:
            host = host_of(call.request.headers.get("Host", ""))
            scope = scope_of_host(host) if host else ANY
            if host and passport.acc == TEST and not is_sandbox(host):
                return False
        if passport.acc == TEST and not has_sandbox(route):
            return False
        return scope == ANY or (scope is not None and passport.allows(scope))
