"""What the adapter knows, in words for people: endpoints with their limits, tokens with theirs."""

from datetime import UTC, datetime, timedelta

from wbym.account import CatalogRow, CredentialFacts
from wbym.limits import Quota
from wbym_wildberries.api import endpoints
from wbym_wildberries.dialect import HOSTS
from wbym_wildberries.limits import BUCKETS, Tier
from wbym_wildberries.mapping import MARKETPLACE
from wbym_wildberries.token import Token, TokenType

__all__ = ["catalog", "facts"]

_NEAR = timedelta(days=14)
"""How long before its end a token is warned of; it lives for 180 days."""


def catalog() -> list[CatalogRow]:
    """Every endpoint, in the order of the API's modules."""
    return [
        CatalogRow(
            marketplace=MARKETPLACE,
            name=endpoint.name,
            method=endpoint.method,
            path=endpoint.path,
            host=HOSTS[endpoint.host],
            scope=endpoint.scope,
            limit=", ".join(words(BUCKETS[name][Tier.STANDARD]) for name in endpoint.buckets),
            lower_limit=", ".join(words(BUCKETS[name][Tier.BASE]) for name in endpoint.buckets),
        )
        for endpoint in endpoints()
    ]


def facts(token: Token, tier: Tier) -> CredentialFacts:
    """What a token says of itself."""
    scopes = [category.scope for category in sorted(token.categories)]
    return CredentialFacts(
        title=f"{token.type} token",
        owner=token.seller,
        scopes=tuple(scopes),
        expires_at=token.expires_at,
        read_only=token.read_only,
        warnings=tuple(_warnings(token, tier)),
    )


def words(quota: Quota) -> str:
    """A limit as people say it, such as ``3 per 1 s, every 333 ms, burst 6``."""
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
        found.append("it has expired: make a new one in the seller's cabinet")
    elif left < _NEAR:
        found.append(f"it expires in {left.days} days")
    if token.test:
        found.append("it opens the sandbox only")
    if tier is Tier.BASE:
        found.append("a base token may make only a few calls an hour: prefer a personal one")
    if token.type is TokenType.UNKNOWN:
        found.append("it does not say its type; it is counted by the limits of a personal token")
    return found
