"""What an adapter tells of itself, of an account's credentials and of what they can do."""

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
    """One endpoint that an adapter knows, for people to look up."""

    marketplace: str
    name: str
    """Where the typed method is below ``api``."""
    method: str
    path: str
    host: str
    scope: str
    limit: str
    """In words, for the usual credentials."""
    lower_limit: str
    """In words, for credentials with a lower limit; the same where there is none."""


def build_catalog(
    marketplace: str,
    endpoints: Iterable[Endpoint[object]],
    hosts: Mapping[str, str],
    limits: Callable[[str], tuple[str, str]],
) -> list[CatalogRow]:
    """The operations of an adapter.

    Args:
        marketplace: Its name.
        endpoints: In the order in which they are shown.
        hosts: Addresses by the names that endpoints have.
        limits: A bucket's usual and its lower limit, in words.
    """
    rows = []
    for endpoint in endpoints:
        told = [limits(bucket) for bucket in endpoint.buckets]
        usual, lower = (", ".join(words) for words in zip(*told, strict=True)) if told else ("", "")
        place, host = endpoint.path, hosts[endpoint.host]
        names = (endpoint.name, endpoint.method, place, host, endpoint.scope)
        rows.append(CatalogRow(marketplace, *names, usual, lower))
    return rows


class CredentialFacts(msgspec.Struct, frozen=True):
    """What is known of a credential."""

    title: str
    """What it is; never the secret."""
    owner: str
    scopes: tuple[str, ...]
    expires_at: datetime | None
    read_only: bool
    warnings: tuple[str, ...] = ()


class MethodFacts(msgspec.Struct, frozen=True):
    """Whether an account can call a method, and how fast."""

    name: str
    """Where the typed method is below ``api``."""
    scope: str
    host: str
    """The address that is called."""
    rate: str
    """The limit that counts for the account, in words."""
    slow: bool = False
    """Whether that is so little that it must be said loudly."""
    missing: str | None = None
    """What is missing to call it, such as ``"the category content"``; None where nothing is."""


class ProbeResult(msgspec.Struct, frozen=True):
    """A question to the marketplace, and what came of it."""

    subject: str
    """Such as ``"seller"``, or the address of a host."""
    answer: str | None = None
    """In words; None where there is none."""
    error: WbymError | None = None
    """Why there is none."""


class CheckReport(msgspec.Struct, frozen=True):
    """What an account can do: what its credentials and the marketplace say, joined."""

    credentials: tuple[CredentialFacts, ...]
    methods: tuple[MethodFacts, ...]
    """In the order of the catalog, without those that only try the connection."""
    probes: tuple[ProbeResult, ...] = ()
    """What the marketplace was asked."""


async def probe(subject: str, request: Awaitable[str]) -> ProbeResult:
    """Put one question; an error of ours becomes part of what came of it."""
    try:
        return ProbeResult(subject, await request)
    except WbymError as error:
        return ProbeResult(subject, error=error)
