"""Repairs JSON that no decoder takes, so that one bad record does not cost its neighbours."""

import re
from typing import Final

__all__ = ["repaired"]

_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]|[^\s"\[\]{}:,]++', re.DOTALL)
_PLAIN: Final = re.compile(
    rb'"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})*+"'
)
"""A string without a fault, and without a surrogate."""
_ESCAPE: Final = re.compile(
    rb"(?P<good>\\[\"\\/bfnrt]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})"
    rb"|\\u[0-9a-fA-F]{0,4}|\\(?:x[0-9a-fA-F]{0,2})?|[\x00-\x1f]"
)
"""An escape, or else what cannot stand in a string."""
_SCALAR: Final = re.compile(
    rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null"
)
_OPENING: Final = {b"[", b"{"}
_CLOSING: Final = {b"]", b"}"}
_MAX_DEPTH: Final = 99
_BOM: Final = "\ufeff".encode()
_UNKNOWN: Final = rb"\ufffd"


def repaired(body: bytes) -> bytes:
    """JSON with each fault replaced; the same bytes if nothing can be replaced.

    A character that is cut, unescaped or wrongly escaped becomes U+FFFD; a word or number that is
    not JSON (``NaN``, ``007``) and a list or object inside 99 others become null; a byte order mark
    goes. Slow: for bodies that could not be decoded.
    """
    text = body.removeprefix(_BOM).decode("utf-8", "replace").encode()
    pieces: list[bytes] = []
    depth = kept = 0
    for found in _TOKEN.finditer(text):
        token, start, end = found[0], found.start(), found.end()
        replaced = token
        if token in _OPENING:
            depth += 1
            if depth == _MAX_DEPTH + 1:
                pieces += [text[kept:start], b"null"]
                kept = len(text)  # unless it is closed
        elif token in _CLOSING:
            if depth == _MAX_DEPTH + 1:
                kept = end
            depth -= 1
        elif depth > _MAX_DEPTH:
            continue
        elif token.startswith(b'"'):
            if _PLAIN.fullmatch(token) is None:
                replaced = _ESCAPE.sub(_repaired_escape, token)
        elif _SCALAR.fullmatch(token) is None:
            replaced = b"null"
        if replaced is not token:
            pieces += [text[kept:start], replaced]
            kept = end
    return b"".join([*pieces, text[kept:]])


def _repaired_escape(found: re.Match[bytes]) -> bytes:
    return found[0] if found["good"] else _UNKNOWN
