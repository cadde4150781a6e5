"""Who may call what: token types, sandboxes and hosts."""

from __future__ import annotations

from wbym.testing._server import Route
from wbym_wildberries.simulator.limits import FEEDBACKS, PING
from wbym_wildberries.simulator.tokens import CATEGORIES, PERSONAL, SERVICE

ANY = 0
"""The scope of methods that take a token of any category."""

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
"""Which category `/ping` of a host asks for."""
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
"""Of which hosts there is a sandbox; that of `marketplace-api` is named by its methods only."""

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
"""Methods that take tokens of some types only (`x-token-types`)."""


def takes_type(route: Route, acc: int) -> bool:
    """Whether a method takes tokens of a type."""
    allowed = _BY_TYPE.get(route.path)
    return allowed is None or acc in allowed


def has_sandbox(route: Route) -> bool:
    """Whether a test token may call a method."""
    if route.group == FEEDBACKS:
        return route.path.startswith("/api/v1/")
    return route.group == PING or route.path.startswith(_WITH_SANDBOX)


def host_of(header: str) -> str:
    """Which host of Wildberries a `Host` header names; "" for the simulator's own address.

    All hosts are behind one address here, so that address counts as one host unless a request
    says otherwise: `Host: content-api.wildberries.ru`.
    """
    name = header.partition(":")[0].lower()
    return name.removesuffix(_DOMAIN) if name.endswith(_DOMAIN) else ""


def scope_of_host(host: str) -> int | None:
    """Which category `/ping` of a host asks for; None when there is no such host."""
    name = host.removesuffix(_SANDBOX)
    if host != name and name not in _SANDBOXES:
        return None
    return HOSTS.get(name)


def is_sandbox(host: str) -> bool:
    """Whether a host is a sandbox."""
    return host.endswith(_SANDBOX)
