"""What the adapter knows, in words for people: endpoints with their limits, credentials."""

from collections.abc import Sequence
from typing import Final

from wbym.account import CatalogRow, CredentialFacts
from wbym.limits import Window
from wbym_yandex_market.api import operations
from wbym_yandex_market.dialect import HOSTS
from wbym_yandex_market.limits import BUCKETS, Tier
from wbym_yandex_market.mapping import MARKETPLACE
from wbym_yandex_market.token import Credential, CredentialKind

__all__ = ["READ_ONLY", "catalog", "facts", "words"]

READ_ONLY: Final = ":read-only"
"""What the names of scopes end with that let nothing be changed."""


def catalog() -> list[CatalogRow]:
    """Every endpoint, in the order of the API's modules.

    ``limit`` is that with a subscription, ``lower_limit`` that without.
    """
    return [
        CatalogRow(
            marketplace=MARKETPLACE,
            name=endpoint.name,
            method=endpoint.method,
            path=endpoint.path,
            host=HOSTS[endpoint.host],
            scope=endpoint.scope,
            limit=", ".join(words(BUCKETS[name][Tier.SUBSCRIPTION]) for name in endpoint.buckets),
            lower_limit=", ".join(words(BUCKETS[name][Tier.STANDARD]) for name in endpoint.buckets),
        )
        for endpoint in (row.endpoint for row in operations())
    ]


def facts(
    credential: Credential,
    *,
    business_id: int | None,
    files_only: bool,
    scopes: Sequence[str] | None = None,
) -> CredentialFacts:
    """What is known of a credential; its scopes, where Market has told them."""
    owner = "found with the first call" if business_id is None else f"business {business_id}"
    found = []
    if credential.kind is CredentialKind.API_KEY and scopes is None:
        found.append("it says what it may do only when asked: api.auth.token()")
    if files_only:
        found.append("it is used for buyers' files only")
    return CredentialFacts(
        title=str(credential.kind),
        owner=owner,
        scopes=tuple(scopes or ()),
        expires_at=None,
        read_only=bool(scopes) and all(scope.endswith(READ_ONLY) for scope in scopes or ()),
        warnings=tuple(found),
    )


def words(window: Window) -> str:
    """A budget as people say it, such as ``1000 per 1 h``."""
    hours = window.period / 3600
    return f"{window.limit} per {hours:g} h"
