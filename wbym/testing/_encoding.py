"""Base64 for URLs without padding, as in tokens and ids."""

from __future__ import annotations

import base64
import binascii


def encode_base64url(raw: bytes) -> str:
    """Encodes bytes."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Decodes bytes; padding may be omitted.

    Raises:
        ValueError: The text is not base64url.
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
