"""What a Wildberries token says of itself, read without a request.

A token is a JWT. Its signature is WB's business; here its payload is only read.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Final

import msgspec

from wbym.errors import InvalidToken

__all__ = ["ANY", "Category", "Token", "TokenType"]


ANY: Final = "any"
"""The scope of what any token opens, whatever its categories."""


class Category(IntEnum):
    """What a token opens: the numbers of the bits in its mask."""

    CONTENT = 1
    ANALYTICS = 2
    PRICES = 3
    MARKETPLACE = 4
    STATISTICS = 5
    PROMOTION = 6
    FEEDBACKS_AND_QUESTIONS = 7
    BUYER_CHAT = 9
    SUPPLIES = 10
    RETURNS = 11
    DOCUMENTS = 12
    FINANCE = 13
    USERS = 16

    @property
    def scope(self) -> str:
        """The name that endpoints use."""
        return self.name.lower().replace("_", "-")


_READ_ONLY_BIT = 30


class TokenType(StrEnum):
    """The kinds of token; limits depend on it."""

    BASE = "base"
    TEST = "test"
    PERSONAL = "personal"
    SERVICE = "service"
    UNKNOWN = "unknown"
    """Older tokens do not say. They are counted by the standard limits, and the headers tighten."""


_TYPES = {1: TokenType.BASE, 2: TokenType.TEST, 3: TokenType.PERSONAL, 4: TokenType.SERVICE}


class _Payload(msgspec.Struct):
    exp: Annotated[int, msgspec.Meta(ge=0)]
    s: Annotated[int, msgspec.Meta(ge=0)] = 0
    sid: str = ""
    oid: int | str = ""
    acc: int = 0
    t: bool = False


class Token:
    """A seller's key to Wildberries. Its text never shows in ``repr`` or errors.

    Args:
        text: The token as the seller's cabinet shows it once.
        account: The account's name, for errors.

    Raises:
        InvalidToken: The text is not a Wildberries token.
    """

    __slots__ = (
        "categories",
        "expires_at",
        "headers",
        "read_only",
        "scopes",
        "seller",
        "test",
        "type",
    )

    def __init__(self, text: str, *, account: str = "wildberries") -> None:
        text = text.strip()
        payload = _read(text, account)
        self.headers: Final[Mapping[str, str]] = {"Authorization": text}
        """Secret: what the token is sent in, raw, without ``Bearer``."""
        self.seller: str = payload.sid or str(payload.oid)
        """The seller's UUID (``sid``), the same in all tokens of one cabinet."""
        self.type: TokenType = _TYPES.get(payload.acc, TokenType.UNKNOWN)
        self.categories: frozenset[Category] = frozenset(c for c in Category if payload.s >> c & 1)
        self.scopes: frozenset[str] = frozenset(category.scope for category in self.categories)
        """Their names, as endpoints use them."""
        self.read_only: bool = bool(payload.s >> _READ_ONLY_BIT & 1)
        self.test: bool = payload.t or self.type is TokenType.TEST
        """Whether it opens the sandbox only."""
        self.expires_at: datetime = datetime.fromtimestamp(payload.exp, UTC)

    def opens(self, scope: str) -> bool:
        """Whether it may be used for an endpoint of this scope."""
        return scope == ANY or scope in self.scopes

    def expired(self, now: datetime) -> bool:
        """Whether its life is over at this moment."""
        return now >= self.expires_at

    def __repr__(self) -> str:
        scopes = "+".join(c.scope for c in sorted(self.categories)) or "nothing"
        until = f"{self.expires_at:%Y-%m-%d}"
        return f"Token({self.type}, seller {self.seller}, {scopes}, until {until})"

    def __reduce__(self) -> str:
        raise TypeError("a token is not pickled: pass its text from the environment")


def _read(text: str, account: str) -> _Payload:
    parts = text.split(".")
    if text.lower().startswith("bearer "):
        raise InvalidToken(account, "give the token without 'Bearer'")
    if len(parts) != 3:
        raise InvalidToken(account, "not a Wildberries token: a JWT has three parts")
    try:
        raw = urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        payload = msgspec.json.decode(raw, type=_Payload)
    except (ValueError, msgspec.DecodeError):
        # Nothing of the token may be shown, and the decoders' words could quote it.
        raise InvalidToken(account, "not a Wildberries token: its payload is broken") from None
    if not payload.sid and not payload.oid:
        raise InvalidToken(account, "not a Wildberries token: it names no seller")
    return payload
