"""FileLocks that the operating system frees when their process ends, however it ends."""

from pathlib import Path

import filelock

__all__ = ["FileLocks"]


class FileLocks:
    """Named locks, a file each in one folder. All methods block for a moment, and wait for nobody.

    Args:
        folder: Made when the first lock is taken. None: nobody else has such locks, nor files.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._taken: dict[str, filelock.FileLock | None] = {}

    def take(self, name: str) -> bool:
        """Take a lock; whether it was free."""
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
        """Whether somebody has a lock. The file of one that nobody has is removed."""
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
        """Give a lock back."""
        if lock := self._taken.pop(name):
            lock.release()

    def free_all(self) -> None:
        """Give all of them back."""
        for name in list(self._taken):
            self.free(name)

    def remove(self, name: str) -> None:
        """Remove the file of a lock that nobody will ever take again."""
        if file := self._file(name):
            file.unlink(missing_ok=True)

    def _file(self, name: str) -> Path | None:
        return self._folder and self._folder / f"{name}.lock"
