"""Market's credentials: Api-Keys and OAuth tokens. Neither holds facts that can be read."""

import re
from enum import StrEnum
from hashlib import sha256
from typing import Final

from wbym.calls import SecretText, reveal, safe_repr
from wbym.errors import InvalidToken

__all__ = ["Credential", "CredentialKind"]

_MAX_LENGTH: Final = 4096
_WITH_BUSINESS: Final = re.compile(r"\S+\s+\d+|\d+\s+\S+")


class CredentialKind(StrEnum):
    """How a credential is sent."""

    API_KEY = "Api-Key"
    """``Api-Key: ...``, created in the seller's cabinet for one business, with scopes."""
    OAUTH = "OAuth token"
    """``Authorization: Bearer ...``, issued to a user, who may have several businesses."""


class Credential:
    """A seller's credential for Market. Its text is never in ``repr`` or errors.

    Args:
        kind: How it is sent.
        text: The key or the token.
        account: The account's name, for errors.

    Raises:
        InvalidToken: The text cannot be a credential.
    """

    __slots__ = ("_text", "fingerprint", "kind")

    def __init__(self, kind: CredentialKind, text: str, *, account: str = "yandex_market") -> None:
        text = SecretText(reveal(text).strip())
        problem = _problem(kind, text)
        if problem is not None:
            raise InvalidToken(account, problem)
        self._text = text
        self.kind: CredentialKind = kind
        self.fingerprint: Final = sha256(reveal(text).encode()).hexdigest()[:12]
        """Identifies the credential without revealing it."""

    def headers(self) -> dict[str, SecretText]:
        """The header with the secret, for requests only."""
        if self.kind is CredentialKind.API_KEY:
            return {"Api-Key": self._text}
        return {"Authorization": SecretText(f"Bearer {reveal(self._text)}")}

    @safe_repr
    def __repr__(self) -> str:
        return f"Credential({self.kind}, {self.fingerprint})"

    def __reduce__(self) -> str:
        raise TypeError("a credential cannot be pickled: pass its text from the environment")


def _problem(kind: CredentialKind, credential: SecretText) -> str | None:
    """Why a text cannot be a credential. It does not raise: its frame has the text."""
    text = reveal(credential)
    if text.lower().startswith(("bearer ", "oauth ", "oauth:", "api-key:", "authorization:")):
        rule = "without the prefix; pass an OAuth token as oauth= (oauth_env, oauth_file)"
        return f"pass the {kind} alone, {rule}"
    if not text or len(text) > _MAX_LENGTH:
        return f"not a valid {kind}: it is {'too long' if text else 'empty'}"
    if _WITH_BUSINESS.fullmatch(text):
        return f"pass the {kind} alone, and the number of the business as business_id="
    if not (text.isascii() and text.isprintable()) or " " in text:
        return f"not a valid {kind}: it has white space or characters not allowed in headers"
    return None
