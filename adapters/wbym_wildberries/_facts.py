"""The adapter's catalog of operations, the facts in tokens, and ``check``."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from wbym.account import (
    CatalogRow,
    CheckReport,
    CredentialFacts,
    MethodFacts,
    ProbeResult,
    build_catalog,
    probe,
)
from wbym.calls import Endpoint, row
from wbym.errors import Unsupported
from wbym.limits import Quota
from wbym_wildberries._dialect import HOSTS, WildberriesDialect
from wbym_wildberries._limits import BUCKETS, Tier
from wbym_wildberries._mapping import MARKETPLACE
from wbym_wildberries._token import Token, TokenType
from wbym_wildberries.api import Api, endpoints
from wbym_wildberries.api.general import General

__all__ = ["ALLOWED_TOKEN_TYPES", "catalog", "check", "credential_facts"]

_EXPIRES_SOON = timedelta(days=14)
"""How long before its expiry a token is warned of; tokens are valid for 180 days."""


def catalog() -> list[CatalogRow]:
    """All endpoints in the order of the API's modules; the lower limit is a base token's."""
    return build_catalog(MARKETPLACE, endpoints(), HOSTS, _limits)


def _limits(bucket: str) -> tuple[str, str]:
    quotas = BUCKETS[bucket]
    return describe_limit(quotas[Tier.STANDARD]), describe_limit(quotas[Tier.BASE])


def credential_facts(token: Token, tier: Tier) -> CredentialFacts:
    """The facts in a token."""
    scopes = [category.scope for category in sorted(token.categories)]
    return CredentialFacts(
        title=f"{token.type} token",
        owner=token.seller,
        scopes=tuple(scopes),
        expires_at=token.expires_at,
        read_only=token.read_only,
        warnings=tuple(_warnings(token, tier)),
    )


def describe_limit(quota: Quota) -> str:
    """A limit as text, such as ``3 per 1 s, every 333 ms, burst 6``."""
    period, interval = _duration(quota.period), _duration(quota.interval)
    return f"{quota.limit:g} per {period}, every {interval}, burst {quota.burst}"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"


def _warnings(token: Token, tier: Tier) -> list[str]:
    left = token.expires_at - datetime.now(UTC)
    found = []
    if left <= timedelta():
        found.append("expired: create a new token in the seller's cabinet")
    elif left < _EXPIRES_SOON:
        found.append(f"expires in {left.days} days")
    if token.test:
        found.append("works in the sandbox only")
    if tier is Tier.BASE:
        found.append("a base token allows only a few calls per hour: use a personal token")
    if token.type is TokenType.UNKNOWN:
        found.append("has no type; the limits of a personal token are assumed")
    return found


_SERVICE = frozenset({TokenType.SERVICE})
_PERSONAL = frozenset({TokenType.PERSONAL})

ALLOWED_TOKEN_TYPES: Final[dict[str, frozenset[TokenType]]] = {
    "general.subscription": _SERVICE,
    "general.tariff_options": _SERVICE,
    "general.rating": _SERVICE,
    "users.list": _PERSONAL,
    "users.invite": _PERSONAL,
    "users.set_access": _PERSONAL,
    "users.delete": _PERSONAL,
    "content.recommendations.list": _PERSONAL | _SERVICE,
    "content.recommendations.set": _PERSONAL | _SERVICE,
    "prices.set_wholesale_discounts": _PERSONAL | _SERVICE,
}
"""The token types that a method accepts, if it does not accept all (``x-token-types``)."""


async def check(dialect: WildberriesDialect, api: Api, *, online: bool, ping: bool) -> CheckReport:
    """Check an account; see ``Account.check``."""
    questions = [probe("seller", _seller(api))] if online else []
    if online and ping:
        questions += [
            probe(address, _ping(api, host)) for address, host in _hosts_by_address(dialect).items()
        ]
    probes: list[ProbeResult] = await asyncio.gather(*questions)
    return CheckReport(
        tuple(credential_facts(token, dialect.tier_of(token)) for token in dialect.tokens),
        tuple(
            _method(dialect, endpoint) for endpoint in endpoints() if not endpoint.single_attempt
        ),
        tuple(probes),
    )


async def _seller(api: Api) -> str:
    seller = await api.general.seller()
    tin = f"INN {seller.tin}" if seller.tin else None
    return ", ".join(filter(None, (seller.name, seller.trade_mark, tin))) or "no name"


async def _ping(api: Api, host: str) -> str:
    return (await api.general.ping(host)).status or "a response without a status"


def _hosts_by_address(dialect: WildberriesDialect) -> dict[str, str]:
    """One host per address that the tokens cover, by address.

    A simulator or a proxy counts all hosts behind its address as one.
    """
    found: dict[str, str] = {}
    for host, endpoint in row(General.ping).endpoints.items():
        if _missing(dialect, endpoint) is None:
            found.setdefault(dialect.address(endpoint), host)
    return found


def _method(dialect: WildberriesDialect, endpoint: Endpoint[object]) -> MethodFacts:
    missing = _missing(dialect, endpoint)
    try:
        host = dialect.address(endpoint)
    except Unsupported:
        host = HOSTS[endpoint.host]
    if missing is not None:
        return MethodFacts(endpoint.name, endpoint.scope, host, "", missing=missing)
    token = dialect.token_for(endpoint)
    buckets = [charge.key.bucket for charge in dialect.charges(endpoint, {})]
    quotas = [dialect.quota(bucket, dialect.tier_of(token)) for bucket in buckets]
    usual = [dialect.quota(bucket, Tier.STANDARD) for bucket in buckets]
    return MethodFacts(
        endpoint.name,
        endpoint.scope,
        host,
        ", ".join(describe_limit(quota) for quota in quotas),
        slow=any(own.interval > other.interval for own, other in zip(quotas, usual, strict=True)),
    )


def _missing(dialect: WildberriesDialect, endpoint: Endpoint[object]) -> str | None:
    return dialect.missing(endpoint) or _type_missing(endpoint, dialect.token_for(endpoint))


def _type_missing(endpoint: Endpoint[object], token: Token) -> str | None:
    taken = ALLOWED_TOKEN_TYPES.get(endpoint.name)
    # Older tokens do not say their type, so only Wildberries knows whether it accepts them.
    if taken is None or token.type in taken or token.type is TokenType.UNKNOWN:
        return None
    return f"a {' or '.join(sorted(taken))} token"
