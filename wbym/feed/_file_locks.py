"""Lock files that the operating system releases when their process ends, however it ends."""

from pathlib import Path

import filelock

__all__ = ["FileLocks"]


class FileLocks:
    """Named locks, one file per lock in one folder. Methods block for I/O, but never for a lock.

    Args:
        folder: Created with the first lock. None for locks within this object, without files.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._taken: dict[str, filelock.FileLock | None] = {}

    def take(self, name: str) -> bool:
        """Take a lock if it is free; return whether it was."""
        if name in self._taken:
            return False
        if file := self._file(name):
            file.parent.mkdir(mode=0o700, exist_ok=True)
            lock = filelock.FileLock(file, thread_local=False)
            try:
                lock.acquire(blocking=False)
            except filelock.Timeout:
                return False
            self._taken[name] = lock
        else:
            self._taken[name] = None
        return True

    def is_taken(self, name: str) -> bool:
        """Whether a lock is held. The file of a free lock is removed."""
        if name in self._taken:
            return True
        file = self._file(name)
        if file is None or not file.exists():
            return False
        if not self.take(name):
            return True
        self.free(name)
        self.remove(name)
        return False

    def free(self, name: str) -> None:
        """Release a lock."""
        if lock := self._taken.pop(name):
            lock.release()

    def free_all(self) -> None:
        """Release all locks."""
        for name in list(self._taken):
            self.free(name)

    def remove(self, name: str) -> None:
        """Remove the file of a lock that will never be used again."""
        if file := self._file(name):
            file.unlink(missing_ok=True)

    def _file(self, name: str) -> Path | None:
        return self.folder and self.folder / f"{name}.lock"
