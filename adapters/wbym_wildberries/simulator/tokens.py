"""Test tokens of Wildberries, and their decoding by the simulated gateway.

A token is a JWT. Its signature is never checked here (the tests have no key), but it must be
base64url, like the other two parts.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import msgspec

from wbym.testing import Refusal, decode_base64url, encode_base64url

CATEGORIES: dict[str, int] = {
    "content": 1,
    "analytics": 2,
    "prices": 3,
    "marketplace": 4,
    "statistics": 5,
    "promotion": 6,
    "feedbacks": 7,
    "chat": 9,
    "supplies": 10,
    "returns": 11,
    "documents": 12,
    "finance": 13,
    "users": 16,
}
"""Bit positions of the mask `s` by category."""

READ_ONLY_BIT = 30
SELLER = "2e6f8a10-5c3b-4d7e-9a41-7f0c6b1d2e35"
"""Default seller of a test token."""
LIFETIME = 180 * 24 * 3600
"""Lifetime of a real token in seconds."""

BASE: Final = 1
TEST: Final = 2
PERSONAL: Final = 3
SERVICE: Final = 4
"""The values of `acc`."""


def make_token(
    *,
    sid: str = SELLER,
    acc: Literal[1, 2, 3, 4] | None = PERSONAL,
    scopes: Iterable[str] | int = ("feedbacks", "chat", "returns"),
    expires_in: float = LIFETIME,
    read_only: bool = False,
    test: bool = False,
    now: float | None = None,
) -> str:
    """Creates a token that the simulator accepts as a real one.

    Args:
        sid: The seller's id, a UUID.
        acc: Type: 1 base, 2 test, 3 personal, 4 service; None omits it, as in old tokens.
        scopes: Names of `CATEGORIES`, or the whole mask as a number.
        expires_in: Seconds until it expires; negative for an expired one.
        read_only: Sets bit 30.
        test: A test token: `acc` 2 and `t` true.
        now: Unix time of issue; the real one by default.

    Raises:
        KeyError: A scope is not in `CATEGORIES`.
    """
    mask = scopes if isinstance(scopes, int) else sum(1 << CATEGORIES[name] for name in set(scopes))
    if read_only:
        mask |= 1 << READ_ONLY_BIT
    kind = TEST if test else acc
    issued = time.time() if now is None else now
    claims: dict[str, object] = {
        "exp": int(issued + expires_in),
        "id": "0199c1d0-5f0e-7c8e-b7a1-3d2f4a6b8c90",
        "iid": 54828159,
        "oid": 1026458,
        "s": mask,
        "sid": sid,
        "t": kind == TEST,
        "uid": 54828159,
    }
    if kind is not None:
        claims["acc"] = kind
    if kind == PERSONAL:
        claims["for"] = "self"
    if kind == SERVICE:
        claims["for"] = "asid:0198f1c2-33d4-7b55-8e66-9f7788a9bacb"
    head = {"alg": "ES256", "kid": "20250904v1", "typ": "JWT"}
    return ".".join(
        encode_base64url(part)
        for part in (msgspec.json.encode(head), msgspec.json.encode(claims), b"s" * 64)
    )


@dataclass(frozen=True, slots=True)
class Passport:
    """A token that was read."""

    sid: str
    acc: int
    mask: int
    expires: float

    def allows(self, category: int) -> bool:
        """Whether the bit of this category is set."""
        return bool(self.mask >> category & 1)

    @property
    def read_only(self) -> bool:
        """Whether it may only read."""
        return self.allows(READ_ONLY_BIT)


_MALFORMED = "token problem; token is malformed: "


class _Claims(msgspec.Struct):
    sid: str
    s: int
    exp: int
    acc: int | None = None
    t: bool = False


@lru_cache(maxsize=4096)
def read_token(token: str) -> Passport:
    """Reads a token; does not check whether it has expired.

    Raises:
        Refusal: It is not a JWT of Wildberries.
    """
    parts = token.split(".")
    if len(parts) != 3:
        raise Refusal(401, f"{_MALFORMED}token contains an invalid number of segments")
    _unpack(parts[0], "header")
    payload = _unpack(parts[1], "claims")
    _unpack(parts[2], "signature")
    try:
        claims = msgspec.json.decode(payload, type=_Claims)
    except msgspec.DecodeError as error:
        raise Refusal(401, f"{_MALFORMED}could not JSON decode claims") from error
    acc = claims.acc if claims.acc is not None else TEST if claims.t else BASE
    return Passport(claims.sid, acc, claims.s, float(claims.exp))


def _unpack(part: str, name: str) -> bytes:
    try:
        return decode_base64url(part)
    except ValueError as error:
        raise Refusal(
            401, f"{_MALFORMED}could not base64 decode {name}: illegal base64 data"
        ) from error
