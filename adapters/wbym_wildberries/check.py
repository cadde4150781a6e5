"""What an account can do: its tokens, every method, and what Wildberries says when it is asked."""

import asyncio
from typing import Final

from wbym.account import Asked, CheckReport, MethodFacts, ask
from wbym.calls import Endpoint, row
from wbym.errors import Unsupported
from wbym_wildberries.api import Api, endpoints
from wbym_wildberries.api.general import General
from wbym_wildberries.catalog import facts, words
from wbym_wildberries.dialect import WildberriesDialect
from wbym_wildberries.hosts import HOSTS
from wbym_wildberries.limits import Tier
from wbym_wildberries.token import Token, TokenType

__all__ = ["TAKEN", "check"]

_SERVICE = frozenset({TokenType.SERVICE})
_PERSONAL = frozenset({TokenType.PERSONAL})

TAKEN: Final[dict[str, frozenset[TokenType]]] = {
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
"""The types of token that a method takes, where it does not take all (``x-token-types``)."""


async def check(dialect: WildberriesDialect, api: Api, *, online: bool, ping: bool) -> CheckReport:
    """All of it; see ``Adapter.check``."""
    questions = [ask("seller", _seller(api))] if online else []
    if online and ping:
        questions += [ask(address, _ping(api, host)) for address, host in _open(dialect).items()]
    asked: list[Asked] = await asyncio.gather(*questions)
    return CheckReport(
        tuple(facts(token, dialect.tier_of(token)) for token in dialect.tokens),
        tuple(
            _method(dialect, endpoint) for endpoint in endpoints() if not endpoint.single_attempt
        ),
        tuple(asked),
    )


async def _seller(api: Api) -> str:
    seller = await api.general.seller()
    tin = f"INN {seller.tin}" if seller.tin else None
    return ", ".join(filter(None, (seller.name, seller.trade_mark, tin))) or "no name"


async def _ping(api: Api, host: str) -> str:
    return (await api.general.ping(host)).status or "an answer without a status"


def _open(dialect: WildberriesDialect) -> dict[str, str]:
    """One host of each address that the tokens open, by address.

    Behind one address all hosts are one to whoever counts there: a simulator, a proxy.
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
        ", ".join(words(quota) for quota in quotas),
        slow=any(own.interval > other.interval for own, other in zip(quotas, usual, strict=True)),
    )


def _missing(dialect: WildberriesDialect, endpoint: Endpoint[object]) -> str | None:
    return dialect.missing(endpoint) or _type_missing(endpoint, dialect.token_for(endpoint))


def _type_missing(endpoint: Endpoint[object], token: Token) -> str | None:
    taken = TAKEN.get(endpoint.name)
    # Older tokens do not say their type, so Wildberries alone knows whether it takes them.
    if taken is None or token.type in taken or token.type is TokenType.UNKNOWN:
        return None
    return f"a {' or '.join(sorted(taken))} token"
