"""Atomic replacement of files: a new file is written next to the old one, then renamed.

These functions block, and run in a thread.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from wbym._own_files import beside, open_private
from wbym.errors import ExportError

__all__ = ["find_target", "plain_os_errors", "replacing"]


def find_target(path: Path) -> Path:
    """Resolve links and check that the file can be written.

    Raises:
        ExportError: The folder does not exist or is not writable, or the path is not a regular
            file.
    """
    with plain_os_errors(path):
        target = path.resolve()
        folder = target.parent
        if not folder.is_dir():
            raise ExportError(path, f"the folder {folder} does not exist")
        if target.exists() and not target.is_file():
            raise ExportError(path, "it is not a regular file")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ExportError(path, f"the folder {folder} is not writable")
    return target


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A file to write to, which replaces ``target`` when the block ends without an error.

    Until then it is a new file beside it, ``.<target>.<random>.tmp``, readable by its owner only.
    It gets the mode of ``target``, or that of any new file, and is synced to disk before it is
    renamed. After an error it is removed, and ``target`` is unchanged.
    """
    temporary = beside(target)
    try:
        file, mode = open_private(temporary)
        with file:
            yield file
            file.flush()
            if target.exists():
                mode = stat.S_IMODE(target.stat().st_mode)
            temporary.chmod(mode)
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # syncs the rename too
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def plain_os_errors(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` into an :class:`ExportError`."""
    try:
        yield
    except OSError as error:
        raise ExportError(path, error.strerror or str(error)) from None
