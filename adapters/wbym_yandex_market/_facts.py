"""The adapter's catalog of operations, the facts of credentials, and ``check``."""

from collections.abc import Callable, Collection, Sequence
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
from wbym.calls import Endpoint
from wbym.limits import Window
from wbym_yandex_market._cabinet import Cabinet
from wbym_yandex_market._dialect import HOSTS, KEYS_ONLY, YandexMarketDialect
from wbym_yandex_market._limits import BUCKETS, Tier
from wbym_yandex_market._mapping import MARKETPLACE
from wbym_yandex_market._token import Credential, CredentialKind
from wbym_yandex_market.api import Api, operations
from wbym_yandex_market.api._base import ANY
from wbym_yandex_market.api.campaigns import Campaign

__all__ = ["READ_ONLY", "catalog", "check", "credential_facts"]

READ_ONLY: Final = ":read-only"
"""The suffix of read-only scopes."""


def catalog() -> list[CatalogRow]:
    """All endpoints in the order of the API's modules; the lower limit has no subscription."""
    return build_catalog(MARKETPLACE, (row.endpoint for row in operations()), HOSTS, _limits)


def _limits(bucket: str) -> tuple[str, str]:
    budgets = BUCKETS[bucket]
    return describe_limit(budgets[Tier.SUBSCRIPTION]), describe_limit(budgets[Tier.STANDARD])


def credential_facts(
    credential: Credential,
    *,
    business_id: int | None,
    files_only: bool,
    scopes: Sequence[str] | None = None,
) -> CredentialFacts:
    """The known facts of a credential; its scopes, if Market was asked for them."""
    owner = "looked up with the first call" if business_id is None else f"business {business_id}"
    found = []
    if credential.kind is CredentialKind.API_KEY and scopes is None:
        found.append("its scopes are known after a request: api.auth.token()")
    if files_only:
        found.append("used for buyers' files only")
    return CredentialFacts(
        title=str(credential.kind),
        owner=owner,
        scopes=tuple(scopes or ()),
        expires_at=None,
        read_only=bool(scopes) and all(scope.endswith(READ_ONLY) for scope in scopes or ()),
        warnings=tuple(found),
    )


def describe_limit(window: Window) -> str:
    """A limit as text, such as ``1000 per 1 h``."""
    hours = window.period / 3600
    return f"{window.limit} per {hours:g} h"


_ALL: Final = "all-methods"


async def check(
    dialect: YandexMarketDialect,
    api: Api,
    cabinet: Cabinet,
    credentials: Callable[[Sequence[str] | None], Sequence[CredentialFacts]],
    *,
    online: bool,
) -> CheckReport:
    """Check an account; see ``Account.check``. ``credentials`` takes the scopes from Market."""
    probes: list[ProbeResult] = []
    scopes: list[str] | None = None

    async def key() -> str:
        nonlocal scopes
        info = (await api.auth.token()).api_key
        scopes = [_scope(name) for name in info.auth_scopes or ()]
        return f"{info.name or 'no name'}, scopes: {', '.join(scopes) or 'none'}"

    if online:
        if dialect.credential.kind is CredentialKind.API_KEY:
            probes.append(await probe("key", key()))
        probes.append(await probe("shops", _shops(api, cabinet)))
    methods = tuple(_method(dialect, row.endpoint, scopes) for row in operations())
    return CheckReport(tuple(credentials(scopes)), methods, tuple(probes))


async def _shops(api: Api, cabinet: Cabinet) -> str:
    await cabinet.campaigns()  # raises if the credential has no access to the business
    page = await api.campaigns.list().page()
    shops = ", ".join(map(_shop, page.items)) or "none"
    more = page.next_cursor is not None
    return f"{shops} and more; business {await cabinet.business()}" if more else shops


def _shop(campaign: Campaign) -> str:
    details = (campaign.domain, campaign.placement_type, campaign.api_availability)
    return f"{campaign.id} ({', '.join(text for text in details if text)})"


def _method(
    dialect: YandexMarketDialect, endpoint: Endpoint[object], scopes: Collection[str] | None
) -> MethodFacts:
    return MethodFacts(
        endpoint.name,
        endpoint.scope,
        dialect.address(endpoint),
        ", ".join(describe_limit(dialect.quota(bucket)) for bucket in endpoint.buckets),
        missing=_missing(dialect, endpoint, scopes),
    )


def _missing(
    dialect: YandexMarketDialect, endpoint: Endpoint[object], scopes: Collection[str] | None
) -> str | None:
    if endpoint.name in KEYS_ONLY and dialect.credential.kind is not CredentialKind.API_KEY:
        return "an Api-Key"
    # An OAuth token has its user's rights; the scopes of a key are not known without a request.
    if scopes is None or endpoint.scope == ANY:
        return None
    enough = {_ALL, endpoint.scope}
    if not endpoint.writes:
        enough |= {scope + READ_ONLY for scope in enough}
    if enough.isdisjoint(scopes):
        return f"the scope {endpoint.scope}"
    return None


def _scope(name: str) -> str:
    """A scope by its published name, such as ``all-methods:read-only``."""
    scope = name.lower().replace("_", "-")
    stem = scope.removesuffix("-read-only")
    return scope if stem == scope else stem + READ_ONLY
