"""One SQLite connection, which is used in a thread of its own."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from wbym.errors import StateError
from wbym.feed.schema import connect

__all__ = ["Database"]

T = TypeVar("T")


class Database:
    """Does what blocks in a thread, one after the other, and says what went wrong.

    What is asked for is done, even if the caller is cancelled meanwhile; what is asked for after it
    is done after it.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._thread: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        """Open the file.

        Raises:
            StateError: It cannot be used; it is left as it was.
        """

        def work() -> None:
            self._db = connect(self._path)

        self._thread = ThreadPoolExecutor(1, "wbym-state")
        try:
            await self._guarded(work)
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self, then: Callable[[], None] | None = None) -> None:
        """Close the file, and do the rest of what blocks; nothing if it is closed."""
        thread = self._thread
        if thread is None:
            return

        def work() -> None:
            db, self._db = self._db, None
            if db is not None:
                db.close()
            if then is not None:
                then()

        try:
            await self._guarded(work)
        finally:
            self._thread = None
            thread.shutdown(wait=False)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read.

        Raises:
            StateError: It failed, or the file is closed.
        """
        return await self._guarded(lambda: work(self._connection))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Write in one transaction, which is on the disk when this returns.

        Raises:
            StateError: It failed, and nothing of it was written; or the file is closed.
        """

        def transact() -> T:
            db = self._connection
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:
                # SQLite itself has rolled back after some errors, such as a full disk.
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            return result

        return await self._guarded(transact)

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            raise StateError(self._path, _CLOSED)
        return self._db

    async def _guarded(self, work: Callable[[], T]) -> T:
        def run() -> T:
            try:
                return work()
            except sqlite3.Error as error:
                raise StateError(self._path, _reason(str(error))) from error
            except OSError as error:
                raise StateError(self._path, _reason(error.strerror or str(error))) from error
            except (LookupError, ValueError, ArithmeticError, msgspec.MsgspecError) as error:
                reason = f"malformed, it holds what cannot be read ({error!r})"
                raise StateError(self._path, _reason(reason)) from error

        if self._thread is None:
            raise StateError(self._path, _CLOSED)
        done = asyncio.get_running_loop().run_in_executor(self._thread, run)
        # A cancelled future would be taken out of the queue.
        return await asyncio.shield(done)


def _reason(words: str) -> str:
    """What is wrong, and what to do where that is known."""
    return next((f"{words}: {todo}" for part, todo in _TODO.items() if part in words), words)


_CLOSED = "it is closed"
_PLACE = "it must be a file, in a folder that exists, and both must be writable"
_SPACE = "free some space; nothing is lost that was stored"
_TODO = {
    "not a database": "it is no state file, or a broken one; name another, or restore a copy",
    "malformed": "it is broken; restore it from a copy, or move it away to begin anew",
    "readonly": _PLACE,
    "Read-only": _PLACE,
    "unable to open": _PLACE,
    "No such file": _PLACE,
    "Permission denied": _PLACE,
    "full": _SPACE,
    "No space": _SPACE,
    "locked": "another process has been writing to it for too long; wait for that, or stop it",
}
