"""Wildberries tokens, read without a request.

A token is a JWT. Only its payload is read; WB checks the signature.
"""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Final

import msgspec

from wbym.calls import SecretText, reveal, safe_repr
from wbym.errors import InvalidToken

__all__ = ["ANY", "Category", "Token", "TokenType"]


ANY: Final = "any"
"""The scope of operations that any token covers, whatever its categories."""


class Category(IntEnum):
    """A category of operations that a token covers: its bit in the token's mask."""

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
        """The scope's name, as endpoints use it."""
        return self.name.lower().replace("_", "-")


_READ_ONLY_BIT = 30


class TokenType(StrEnum):
    """The type of a token, which limits depend on."""

    BASE = "base"
    TEST = "test"
    PERSONAL = "personal"
    SERVICE = "service"
    UNKNOWN = "unknown"
    """Older tokens have no type. The standard limits apply, and WB's headers may lower them."""


_TYPES = {1: TokenType.BASE, 2: TokenType.TEST, 3: TokenType.PERSONAL, 4: TokenType.SERVICE}


class _Payload(msgspec.Struct):
    exp: Annotated[int, msgspec.Meta(ge=0)]
    s: Annotated[int, msgspec.Meta(ge=0)] = 0
    sid: str = ""
    oid: int | str = ""
    acc: int = 0
    t: bool = False


class Token:
    """A Wildberries token of a seller. Its text is never in ``repr`` or errors.

    Args:
        text: The token, which the seller's cabinet shows once.
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
        text = SecretText(reveal(text).strip())
        payload = _read(text)
        if isinstance(payload, str):
            raise InvalidToken(account, payload)
        self.headers: Final[Mapping[str, SecretText]] = {"Authorization": text}
        """The header with the token: the raw text without ``Bearer``."""
        self.seller: str = payload.sid or str(payload.oid)
        """The seller's UUID (``sid``), the same in all tokens of one cabinet."""
        self.type: TokenType = _TYPES.get(payload.acc, TokenType.UNKNOWN)
        self.categories: frozenset[Category] = frozenset(c for c in Category if payload.s >> c & 1)
        self.scopes: frozenset[str] = frozenset(category.scope for category in self.categories)
        """The names of the categories, as endpoints use them."""
        self.read_only: bool = bool(payload.s >> _READ_ONLY_BIT & 1)
        self.test: bool = payload.t or self.type is TokenType.TEST
        """Whether the token works in the sandbox only."""
        self.expires_at: datetime = datetime.fromtimestamp(payload.exp, UTC)

    def covers(self, scope: str) -> bool:
        """Whether the token may be used for an endpoint of this scope."""
        return scope == ANY or scope in self.scopes

    def is_expired(self, now: datetime) -> bool:
        """Whether the token has expired at this time."""
        return now >= self.expires_at

    @safe_repr
    def __repr__(self) -> str:
        scopes = "+".join(c.scope for c in sorted(self.categories)) or "nothing"
        until = f"{self.expires_at:%Y-%m-%d}"
        return f"Token({self.type}, seller {self.seller}, {scopes}, until {until})"

    def __reduce__(self) -> str:
        raise TypeError("a token cannot be pickled: pass its text from the environment")


def _read(token: SecretText) -> _Payload | str:
    """The token's payload, or why it is not a token. It does not raise: its frame has the text."""
    text = reveal(token)
    parts = text.split(".")
    if text.lower().startswith("bearer "):
        return "give the token without 'Bearer'"
    if len(parts) != 3:
        return "not a Wildberries token: a JWT has three parts"
    try:
        raw = urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        payload = msgspec.json.decode(raw, type=_Payload)
    except (ValueError, msgspec.DecodeError):
        # No part of the token may be shown, and the decoders' messages could quote it.
        return "not a Wildberries token: its payload is invalid"
    if not payload.sid and not payload.oid:
        return "not a Wildberries token: it names no seller"
    return payload
