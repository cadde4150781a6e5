"""What an account can do: its credentials, every method, and what Market says when it is asked."""

from collections.abc import Callable, Collection, Sequence
from typing import Final

from wbym.account import Asked, CheckReport, CredentialFacts, MethodFacts, ask
from wbym.calls import Endpoint
from wbym_yandex_market.api import Api, operations
from wbym_yandex_market.api.base import ANY
from wbym_yandex_market.api.campaigns import Campaign
from wbym_yandex_market.cabinet import Cabinet
from wbym_yandex_market.catalog import READ_ONLY, words
from wbym_yandex_market.dialect import KEYS_ONLY, YandexMarketDialect
from wbym_yandex_market.token import CredentialKind

__all__ = ["check"]

_ALL: Final = "all-methods"


async def check(
    dialect: YandexMarketDialect,
    api: Api,
    cabinet: Cabinet,
    credentials: Callable[[Sequence[str] | None], Sequence[CredentialFacts]],
    *,
    online: bool,
) -> CheckReport:
    """All of it; see ``Adapter.check``. ``credentials`` takes the scopes that Market told."""
    asked: list[Asked] = []
    scopes: list[str] | None = None

    async def key() -> str:
        nonlocal scopes
        told = (await api.auth.token()).api_key
        scopes = [_scope(word) for word in told.auth_scopes or ()]
        return f"{told.name or 'without a name'}, opens {', '.join(scopes) or 'nothing'}"

    if online:
        if dialect.credential.kind is CredentialKind.API_KEY:
            asked.append(await ask("key", key()))
        asked.append(await ask("shops", _shops(api, cabinet)))
    methods = tuple(_method(dialect, row.endpoint, scopes) for row in operations())
    return CheckReport(tuple(credentials(scopes)), methods, tuple(asked))


async def _shops(api: Api, cabinet: Cabinet) -> str:
    await cabinet.campaigns()  # raises where the credential does not open the business
    page = await api.campaigns.list().page()
    shops = ", ".join(map(_shop, page.items)) or "none"
    more = page.next_cursor is not None
    return f"{shops} and more; business {await cabinet.business()}" if more else shops


def _shop(campaign: Campaign) -> str:
    told = (campaign.domain, campaign.placement_type, campaign.api_availability)
    return f"{campaign.id} ({', '.join(word for word in told if word)})"


def _method(
    dialect: YandexMarketDialect, endpoint: Endpoint[object], scopes: Collection[str] | None
) -> MethodFacts:
    return MethodFacts(
        endpoint.name,
        endpoint.scope,
        dialect.address(endpoint),
        ", ".join(words(dialect.quota(bucket)) for bucket in endpoint.buckets),
        missing=_missing(dialect, endpoint, scopes),
    )


def _missing(
    dialect: YandexMarketDialect, endpoint: Endpoint[object], scopes: Collection[str] | None
) -> str | None:
    if endpoint.name in KEYS_ONLY and dialect.credential.kind is not CredentialKind.API_KEY:
        return "an Api-Key"
    # An OAuth token opens what its user may do; a key that was not asked may open anything.
    if scopes is None or endpoint.scope == ANY:
        return None
    enough = {_ALL, endpoint.scope}
    if not endpoint.writes:
        enough |= {scope + READ_ONLY for scope in enough}
    if enough.isdisjoint(scopes):
        return f"the access {endpoint.scope}"
    return None


def _scope(word: str) -> str:
    """An access by its name in the published scopes, such as ``all-methods:read-only``."""
    name = word.lower().replace("_", "-")
    stem = name.removesuffix("-read-only")
    return name if stem == name else stem + READ_ONLY
