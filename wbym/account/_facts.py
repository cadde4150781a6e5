"""Facts about an adapter's operations, an account's credentials and their permissions."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from wbym.calls import Endpoint
from wbym.errors import WbymError

__all__ = [
    "CatalogRow",
    "CheckReport",
    "CredentialFacts",
    "MethodFacts",
    "ProbeResult",
    "build_catalog",
    "probe",
]


class CatalogRow(msgspec.Struct, frozen=True):
    """An endpoint of an adapter, for people to look up."""

    marketplace: str
    name: str
    """The typed method, as a path below ``api``."""
    method: str
    path: str
    host: str
    scope: str
    limit: str
    """As text, for standard credentials."""
    lower_limit: str
    """As text, for credentials with a lower limit; the same as ``limit`` if none have one."""


def build_catalog(
    marketplace: str,
    endpoints: Iterable[Endpoint[object]],
    hosts: Mapping[str, str],
    limits: Callable[[str], tuple[str, str]],
) -> list[CatalogRow]:
    """List the operations of an adapter.

    Args:
        marketplace: The adapter's name.
        endpoints: Its endpoints, in the order in which to show them.
        hosts: Addresses by the endpoints' host names.
        limits: Returns a bucket's standard and lower limit, as text.
    """
    rows = []
    for endpoint in endpoints:
        pairs = [limits(bucket) for bucket in endpoint.buckets]
        limit, lower = (
            (", ".join(texts) for texts in zip(*pairs, strict=True)) if pairs else ("", "")
        )
        path, host = endpoint.path, hosts[endpoint.host]
        names = (endpoint.name, endpoint.method, path, host, endpoint.scope)
        rows.append(CatalogRow(marketplace, *names, limit, lower))
    return rows


class CredentialFacts(msgspec.Struct, frozen=True):
    """What is known about a credential."""

    title: str
    """The kind of credential; never the secret."""
    owner: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    read_only: bool
    warnings: tuple[str, ...] = ()


class MethodFacts(msgspec.Struct, frozen=True):
    """Whether an account may call a method, and at what rate."""

    name: str
    """The typed method, as a path below ``api``."""
    scope: str
    host: str
    """The address of the host."""
    rate: str
    """The limit that applies to the account, as text."""
    slow: bool = False
    """Whether the rate is so low that it deserves a warning."""
    missing: str | None = None
    """What the account lacks to call it, such as ``"the category content"``; None if nothing."""


class ProbeResult(msgspec.Struct, frozen=True):
    """The result of a request that tested the account."""

    subject: str
    """What was tested, such as ``"seller"`` or the address of a host."""
    answer: str | None = None
    """The answer as text; None if the request failed."""
    error: WbymError | None = None
    """Why the request failed."""


class CheckReport(msgspec.Struct, frozen=True):
    """What an account can do, by its credentials and the marketplace's answers."""

    credentials: tuple[CredentialFacts, ...]
    methods: tuple[MethodFacts, ...]
    """In the order of the catalog, without methods that only test the connection."""
    probes: tuple[ProbeResult, ...] = ()
    """The results of online tests."""


async def probe(subject: str, request: Awaitable[str]) -> ProbeResult:
    """Await one request; a ``WbymError`` becomes part of the result.

    Args:
        subject: What is probed, for people.
        request: The request; it returns a text for people.
    """
    try:
        return ProbeResult(subject, await request)
    except WbymError as error:
        return ProbeResult(subject, error=error)
