"""Names for new files beside others."""

import os
import secrets
from pathlib import Path

__all__ = ["beside"]

_MAX_NAME = 120
"""Bytes of the target's name; file systems allow 255 for a whole name."""


def beside(target: str | os.PathLike[str]) -> Path:
    """A name for a new file that is to replace ``target``: ``.<target>.<random>.tmp``.

    Open it with mode ``x``, which takes no file of another and follows no link.
    """
    path = Path(target)
    name = path.name.encode("utf-8", "replace")[:_MAX_NAME].decode("utf-8", "ignore")
    return path.with_name(f".{name}.{secrets.token_hex(8)}.tmp")
