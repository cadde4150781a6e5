"""Test credentials of Market.

A real key is opaque; these contain their business and scopes, so that a simulator in
another process knows them too.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from wbym.testing import Refusal, decode_base64url, encode_base64url

BUSINESS = 1001
"""Default business of a test key."""
OAUTH_SCOPE = "market:partner-api"
_KEY = "ACMA"
_OAUTH = "y0_"
_READ_ONLY = ":read-only"

SCOPES: dict[str, int] = {
    name: 1 << bit
    for bit, name in enumerate(
        (
            "all-methods",
            "all-methods:read-only",
            "inventory-and-order-processing",
            "inventory-and-order-processing:read-only",
            "pricing",
            "pricing:read-only",
            "offers-and-cards-management",
            "offers-and-cards-management:read-only",
            "promotion",
            "promotion:read-only",
            "finance-and-accounting",
            "communication",
            "settings-management",
            "supplies-management:read-only",
        )
    )
}
"""Bits of the scopes of an API key."""


def mask_of(*names: str) -> int:
    """The bits of some scopes."""
    return sum(SCOPES[name] for name in set(names))


TALK = mask_of("all-methods", "communication")
RETURNS = mask_of("all-methods", "inventory-and-order-processing")
ANY = mask_of(*SCOPES)


def with_read_only(mask: int) -> int:
    """The bits of some scopes, and of their read-only variants."""
    for name, bit in SCOPES.items():
        if SCOPES.get(name.removesuffix(_READ_ONLY), 0) & mask:
            mask |= bit
    return mask


def make_api_key(
    *,
    business_id: int = BUSINESS,
    scopes: Iterable[str] = ("all-methods",),
    name: str = "wbym",
) -> str:
    """Creates an API key that the simulator accepts as a real one.

    Args:
        business_id: The cabinet in which it was created.
        scopes: Names of `SCOPES`.
        name: As the seller named it, 1 to 100 characters.

    Raises:
        KeyError: A scope is not in `SCOPES`.
    """
    wanted = sorted(set(scopes), key=lambda scope: SCOPES[scope])
    packed = _pack({"business": business_id, "scopes": wanted, "name": name})
    return f"{_KEY}:{packed}:{_check(packed)}"


def make_oauth_token(
    *,
    user_id: int = 5001,
    businesses: Iterable[int] | None = None,
    scopes: Iterable[str] = (OAUTH_SCOPE,),
) -> str:
    """Creates an OAuth token that the simulator accepts as a real one.

    Args:
        user_id: The employee in whose name it was issued.
        businesses: The cabinets that the employee sees; None for all.
        scopes: Without `OAUTH_SCOPE` it is rejected.
    """
    seen = None if businesses is None else list(businesses)
    packed = _pack({"user": user_id, "businesses": seen, "scopes": list(scopes)})
    return f"{_OAUTH}{packed}.{_check(packed)}"


@dataclass(frozen=True, slots=True)
class Passport:
    """A credential that was read."""

    text: str
    business: int | None
    """The business of an API key; None for an OAuth token."""
    user: int
    businesses: frozenset[int] | None
    """The businesses it sees; None for all."""
    mask: int
    name: str
    scopes: tuple[str, ...]

    def sees(self, business: int) -> bool:
        """Whether it may read this business."""
        return self.businesses is None or business in self.businesses


class _Key(msgspec.Struct):
    business: int
    scopes: list[str]
    name: str


class _OAuth(msgspec.Struct):
    user: int
    scopes: list[str]
    businesses: list[int] | None = None


_OLD_OAUTH = re.compile(r'oauth_token="?([^",\s]+)')


def read_headers(headers: Mapping[str, str]) -> Passport:
    """Reads the credentials of a request.

    Raises:
        Refusal: 401 for missing credentials or an invalid key, 403 for an invalid OAuth token.
    """
    key = headers.get("Api-Key")
    if key:
        return _read_key(key)
    given = headers.get("Authorization", "")
    kind, _, token = given.partition(" ")
    if not token or kind not in {"Bearer", "OAuth"}:
        raise Refusal(401, "OAuth or Api-Key credentials are not specified")
    old = _OLD_OAUTH.search(token)
    return _read_oauth(old[1] if old else token)


@lru_cache(maxsize=4096)
def _read_key(text: str) -> Passport:
    wrong = Refusal(401, "Api-Key is invalid")
    parts = text.split(":")
    if len(parts) != 3 or parts[0] != _KEY or parts[2] != _check(parts[1]):
        raise wrong
    try:
        key = msgspec.json.decode(decode_base64url(parts[1]), type=_Key)
    except ValueError as error:
        raise wrong from error
    return Passport(
        text,
        key.business,
        0,
        frozenset({key.business}),
        mask_of(*key.scopes),
        key.name,
        tuple(key.scopes),
    )


@lru_cache(maxsize=4096)
def _read_oauth(text: str) -> Passport:
    wrong = Refusal(403, "OAuth token is invalid")
    packed, _, check = text.removeprefix(_OAUTH).partition(".")
    if not text.startswith(_OAUTH) or check != _check(packed):
        raise wrong
    try:
        token = msgspec.json.decode(decode_base64url(packed), type=_OAuth)
    except ValueError as error:
        raise wrong from error
    if OAUTH_SCOPE not in token.scopes:
        raise Refusal(403, f"OAuth token has no scope {OAUTH_SCOPE}")
    seen = None if token.businesses is None else frozenset(token.businesses)
    return Passport(text, None, token.user, seen, ANY, "", tuple(token.scopes))


def _pack(value: object) -> str:
    return encode_base64url(msgspec.json.encode(value))


def _check(packed: str) -> str:
    return f"{zlib.crc32(packed.encode()):08x}"
