"""New files beside others, which they are to replace."""

import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["beside", "open_private"]

_MAX_NAME = 120
"""Bytes of the target's name; file systems allow 255 for a whole name."""


def beside(target: str | os.PathLike[str]) -> Path:
    """A name for a new file that is to replace ``target``: ``.<target>.<random>.tmp``.

    Open it with :func:`open_private`, which takes no file of another and follows no link.
    """
    path = Path(target)
    name = path.name.encode("utf-8", "replace")[:_MAX_NAME].decode("utf-8", "ignore")
    return path.with_name(f".{name}.{secrets.token_hex(8)}.tmp")


def open_private(path: Path) -> tuple[BinaryIO, int]:
    """Create a file that only its owner can read, as it may hold a buyer's data unfinished.

    Returns:
        The open file, and the mode that the process gives to new files.
    """
    file = path.open("xb")
    try:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        path.chmod(0o600)
    except BaseException:
        file.close()
        raise
    return file, mode
