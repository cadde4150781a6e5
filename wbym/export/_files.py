"""Files that are whole or not there: written beside the old one, then put in its place.

All of it blocks, and is run in a thread.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from wbym.errors import ExportError

__all__ = ["find_target", "plain_os_errors", "replacing"]


def find_target(path: Path) -> Path:
    """The file that is meant, behind links.

    Raises:
        ExportError: There is no such folder, nothing can be written in it, or the path is none of
            a regular file.
    """
    with plain_os_errors(path):
        target = path.resolve()
        folder = target.parent
        if not folder.is_dir():
            raise ExportError(path, f"there is no folder {folder}")
        if target.exists() and not target.is_file():
            raise ExportError(path, "it is not a regular file")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ExportError(path, f"nothing can be written in {folder}")
    return target


@contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A file to write to, which takes the place of ``target`` when the block ends without an error.

    It is ``<target>.tmp`` until then, and on the disk before it is renamed. After an error it is
    removed, and ``target`` is as it was.
    """
    temporary = target.with_name(f"{target.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # so that the new name is on the disk too
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def plain_os_errors(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an :class:`ExportError`."""
    try:
        yield
    except OSError as error:
        raise ExportError(path, error.strerror or str(error)) from None
