"""SQLite: connections whose errors name the file, alone or in a thread of their own.

A cursor never leaves a method here. One that is freed in another thread than works with its
connection breaks that work on CPython 3.11 ("bad parameter or other API misuse").
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self, TypeAlias, TypeVar

import msgspec

from wbym.errors import WbymError

__all__ = ["BUSY", "MEMORY", "Connection", "Database", "Row"]

T = TypeVar("T")
Value: TypeAlias = str | bytes | int | float | None
Row: TypeAlias = tuple[Any, ...]

BUSY: Final = 10.0
"""Seconds to wait for another process that is writing."""

MEMORY: Final = Path(":memory:")
"""Instead of a file: a database that is gone when it is closed."""

_RETRY: Final = 0.01
"""Seconds between tries where SQLite does not wait for others by itself."""

_PLACE = "it must be a file, in a folder that exists, and both must be writable"
_SPACE = "free some space; nothing is lost that was stored"
_REMEDIES = {
    "not a database": "it is a file of another kind, or broken; name another, or restore a copy",
    "malformed": "it is broken; restore it from a copy, or move it away to begin anew",
    "readonly": _PLACE,
    "Read-only": _PLACE,
    "unable to open": _PLACE,
    "No such file": _PLACE,
    "Permission denied": _PLACE,
    "I/O error": "the disk is broken, or full; repair it, or free some space",
    "full": _SPACE,
    "No space": _SPACE,
    "locked": "another process has been writing to it for too long; wait for that, or stop it",
}
"""What to do, by a part of the message."""


class Connection:
    """One connection, closed at first, which gives rows and counts. All methods block.

    All of them raise ``error``, with the path and the reason; nothing is committed then.

    Args:
        path: The file, in a folder that exists, or ``MEMORY``.
        error: What is raised.
        waits: Whether another process that is writing is waited for, ``BUSY`` seconds.
        private: A file that is made is readable by its owner only (mode 0600); SQLite gives the
            files beside it the same mode.
        remedies: What to do, by a part of SQLite's message, where that differs for this file.
    """

    def __init__(
        self,
        path: Path,
        error: Callable[[Path, str], WbymError],
        *,
        waits: bool = True,
        private: bool = False,
        remedies: Mapping[str, str] | None = None,
    ) -> None:
        self.path: Final = path
        self._error = error
        self._waits = waits
        self._private = private
        self._remedies = _REMEDIES if remedies is None else {**_REMEDIES, **remedies}
        self._db: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self._db is not None

    def open(self, prepare: Callable[["Connection"], object]) -> Self:
        """Open the file, made if there is none, and do what must come first; nothing if it is open.

        Where ``prepare`` fails, it is closed again.
        """
        if self._db is not None:
            return self
        try:
            with self._errors():
                if self._private and self.path != MEMORY:
                    with suppress(FileExistsError):
                        # Only a new one: to close another frees the locks of all connections that
                        # this process has.
                        os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
                self._db = sqlite3.connect(
                    self.path,
                    timeout=BUSY if self._waits else 0,
                    isolation_level=None,
                    check_same_thread=False,
                )
                prepare(self)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Close the file; nothing if it is closed."""
        db, self._db = self._db, None
        if db is not None:
            with self._errors():
                db.close()

    def query(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """The rows that a statement gives."""
        with self._errors():
            return self._live().execute(sql, values).fetchall()

    def execute(self, sql: str, values: Sequence[Value] = ()) -> int:
        """How many rows a statement changed."""
        with self._errors():
            return self._live().execute(sql, values).rowcount

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """How many rows a statement changed, done once with each row of values."""
        with self._errors():
            return self._live().executemany(sql, rows).rowcount

    def run(self, work: Callable[["Connection"], T]) -> T:
        """Do what fails as the file does where it meets what it cannot read."""
        with self._errors():
            self._live()
            return work(self)

    @contextmanager
    def transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        """All or nothing, on the disk at the end; or nothing, if it is rolled back within."""
        self.execute(f"BEGIN {kind}")
        try:
            yield
            if self._live().in_transaction:
                self.execute("COMMIT")
        except BaseException:
            # SQLite itself has rolled back after some errors, such as a full disk.
            if self._live().in_transaction:
                self.execute("ROLLBACK")
            raise

    def share(self) -> None:
        """Put the file in WAL mode, in which one writes while others read."""
        until = time.monotonic() + BUSY
        with self._errors():
            while True:
                try:
                    self._live().execute("PRAGMA journal_mode = WAL")
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                        raise
                    time.sleep(_RETRY)
                else:
                    return

    def closed(self) -> WbymError:
        """What is raised where it is closed."""
        return self._error(self.path, "it is closed")

    def _live(self) -> sqlite3.Connection:
        if self._db is None:
            raise self.closed()
        return self._db

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._error(self.path, self._reason(str(error))) from error
        except OSError as error:
            raise self._error(self.path, self._reason(error.strerror or str(error))) from error
        except (LookupError, ValueError, ArithmeticError, msgspec.MsgspecError) as error:
            reason = f"malformed, it holds what cannot be read ({error!r})"
            raise self._error(self.path, self._reason(reason)) from error

    def _reason(self, words: str) -> str:
        """What is wrong, and what to do where that is known."""
        return next(
            (f"{words}: {todo}" for part, todo in self._remedies.items() if part in words), words
        )


class Database:
    """A connection in a thread of its own, which does one thing after the other.

    What is asked for is done, even if the caller is cancelled meanwhile; what is asked for after it
    is done after it. In memory nothing blocks: that needs no thread.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._thread: ThreadPoolExecutor | None = None

    async def open(self, prepare: Callable[[Connection], object]) -> None:
        """See :meth:`Connection.open`."""
        if self._connection.path != MEMORY and self._thread is None:
            self._thread = ThreadPoolExecutor(1, "wbym-sqlite")
        try:
            await self._do(lambda: self._connection.open(prepare))
        except BaseException:
            await self.aclose(lambda: None)
            raise

    async def aclose(self, then: Callable[[], None]) -> None:
        """Close it, and do the rest of what blocks; nothing if it is closed."""
        if self._thread is None and self._connection.path != MEMORY:
            return

        def work() -> None:
            self._connection.close()
            then()

        try:
            await self._do(work)
        finally:
            thread, self._thread = self._thread, None
            if thread is not None:
                thread.shutdown(wait=False)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Read, or do what else blocks; what fails is an error of the connection."""
        return await self._do(lambda: self._connection.run(work))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Write in one transaction, which is on the disk when this returns."""

        def transact(db: Connection) -> T:
            with db.transaction():
                return work(db)

        return await self.run(transact)

    async def _do(self, work: Callable[[], T]) -> T:
        if self._connection.path == MEMORY:
            return work()
        if self._thread is None:
            raise self._connection.closed()
        done = asyncio.get_running_loop().run_in_executor(self._thread, work)
        # A cancelled future would be taken out of the queue.
        return await asyncio.shield(done)
