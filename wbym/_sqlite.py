"""SQLite connections whose errors name the file, used directly or in their own thread.

A cursor never leaves a method here. A cursor that is freed in a thread other than its connection's
breaks calls in progress on CPython 3.11 ("bad parameter or other API misuse").
"""

import asyncio
import errno
import os
import sqlite3
import stat
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias, TypeVar

import msgspec

from wbym.errors import WbymError

__all__ = ["BUSY_TIMEOUT", "MEMORY", "Connection", "Database", "Row", "is_locked"]

T = TypeVar("T")
Value: TypeAlias = str | bytes | int | float | None
Row: TypeAlias = tuple[Any, ...]

BUSY_TIMEOUT: Final = 10.0
"""Seconds to wait for another process that is writing."""

MEMORY: Final = Path(":memory:")
"""A database in memory instead of a file; its data is lost when it is closed."""

_RETRY: Final = 0.01
"""Seconds between attempts when SQLite does not wait for a lock by itself."""

_MAX_TOGETHER: Final = 200
"""Calls that share a commit; it bounds how long each waits for the others, and other processes for
the file."""

_PLACE = "it must be a file, in a folder that exists, and both must be writable"
_SPACE = "free some space; stored data is not lost"
_REMEDIES = {
    "not a database": "it is of another kind, or broken; use another file, or restore a copy",
    "malformed": "it is broken; restore it from a copy, or move it away to start with a new one",
    "readonly": _PLACE,
    "Read-only": _PLACE,
    "unable to open": _PLACE,
    "No such file": _PLACE,
    "Permission denied": _PLACE,
    "I/O error": "the disk is broken, or full; repair it, or free some space",
    "full": _SPACE,
    "No space": _SPACE,
    "locked": "another process has been writing to it for too long; wait for it, or stop it",
}
"""What to do, by a part of SQLite's message."""

_PASSING_CODES: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_CANTOPEN,
    }
)
_PASSING_ERRNOS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM}
)
"""Faults that may end by themselves while the file is open."""


def is_locked(error: WbymError) -> bool:
    """Whether an error of a connection means that another process is writing."""
    cause = error.__cause__
    code = cause.sqlite_errorcode & 0xFF if isinstance(cause, sqlite3.OperationalError) else 0
    return code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


class Connection:
    """A connection, closed at first, whose methods return rows and counts. All methods block.

    All of them raise ``error``, with the path and the reason; nothing is committed then. Its
    ``retryable`` says whether the fault may pass. An error is also raised after the file was
    deleted or replaced, and in a forked child of the process that opened it.

    Args:
        path: The file, in a folder that exists, or ``MEMORY``. A file that has several names (hard
            links), or is not a regular file, is not opened.
        error: Creates the exception to raise.
        waits: Whether to wait up to ``BUSY_TIMEOUT`` seconds for another process that is writing.
        private: Whether a new file is readable by its owner only (mode 0600); SQLite gives the
            files beside it the same mode.
        remedies: What to do, by a part of SQLite's message, if that differs for this file.
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
        self._process = 0
        self._real = path
        self._file: tuple[int, int] | None = None
        self._shares = False

    @property
    def is_open(self) -> bool:
        """Whether it is open."""
        return self._db is not None

    def open(self, prepare: Callable[["Connection"], object]) -> Self:
        """Open the file, creating it if necessary, and call ``prepare``; no-op if it is open.

        If ``prepare`` fails, the file is closed again.
        """
        if self._db is not None:
            return self
        try:
            with self.errors():
                self._process = os.getpid()
                if self.path != MEMORY:
                    self._real = Path(os.path.realpath(self.path))
                    with suppress(FileExistsError):
                        # Only a new file: closing an existing one releases the locks of all
                        # connections of this process.
                        mode = 0o600 if self._private else 0o644
                        os.close(os.open(self._real, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))
                    self._file = self._identity()
                self._db = sqlite3.connect(
                    self._real,
                    timeout=BUSY_TIMEOUT if self._waits else 0,
                    isolation_level=None,
                    check_same_thread=False,
                )
                self._db.text_factory = _text
                self.check()
                prepare(self)
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Close the file; no-op if it is closed."""
        if self._db is not None:
            self.check_process()
        db, self._db = self._db, None
        if db is not None:
            with self.errors():
                db.close()

    def query(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Execute a statement; return its rows."""
        with self.errors():
            return self._live().execute(sql, values).fetchall()

    def execute(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Execute a statement; return the number of changed rows."""
        with self.errors():
            return self._live().execute(sql, values).rowcount

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """Execute a statement once per row of values; return the number of changed rows."""
        with self.errors():
            return self._live().executemany(sql, rows).rowcount

    def run(self, work: Callable[["Connection"], T]) -> T:
        """Call ``work``; its decoding errors are raised as errors of the file."""
        with self.errors():
            self._live()
            if not self._shares:
                self.check()
            return work(self)

    @contextmanager
    def transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        """A transaction, committed to disk at the end unless it fails or was rolled back within.

        Within a :meth:`shared_transaction` it is part of that one.
        """
        if self._shares:
            yield
            return
        self.execute(f"BEGIN {kind}")
        try:
            yield
            if self._live().in_transaction:
                self.execute("COMMIT")
        except BaseException:
            # SQLite itself rolls back after some errors, such as a full disk.
            if self._live().in_transaction:
                self.execute("ROLLBACK")
            raise

    @contextmanager
    def shared_transaction(self) -> Iterator[None]:
        """One transaction for all :meth:`transaction` blocks within.

        If one of them fails, the whole has to fail.
        """
        self.check()
        with self.transaction():
            self._shares = True
            try:
                yield
                if not self._live().in_transaction:
                    raise self._error(self.path, "its transaction was rolled back")
            finally:
                self._shares = False

    def share(self) -> None:
        """Put the file in WAL mode, in which one process writes while others read."""
        until = time.monotonic() + BUSY_TIMEOUT
        with self.errors():
            while True:
                try:
                    self._live().execute("PRAGMA journal_mode = WAL")
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                        raise
                    time.sleep(_RETRY)
                else:
                    return

    @property
    def real_path(self) -> Path:
        """The path without links, known once it was opened."""
        return self._real

    def check(self) -> None:
        """Raise an error if the file was deleted or replaced since it was opened."""
        if self._file is not None and self._file != self._identity(missing_ok=True):
            raise self._error(
                self.path,
                "it was deleted or replaced while it was open; later changes would be "
                "lost: restart the service with the right file",
            )

    def check_process(self) -> None:
        """Raise an error in a forked child."""
        if self._process not in {0, os.getpid()}:
            raise self._error(
                self.path,
                "it was opened by the parent of this process; open it again after the fork",
            )

    def _identity(self, *, missing_ok: bool = False) -> tuple[int, int] | None:
        """Device and inode of the file, or None if it is missing.

        It has to be a regular file with one name.
        """
        try:
            found = os.stat(self._real)
        except FileNotFoundError:
            if missing_ok:
                return None
            raise
        if not stat.S_ISREG(found.st_mode):
            raise self._error(self.path, f"it is not a regular file: {_PLACE}")
        if found.st_nlink > 1:
            raise self._error(
                self.path,
                "it has another name (a hard link), under which another process would not notice "
                "this one; remove that name, or use a copy",
            )
        return found.st_dev, found.st_ino

    def closed(self) -> WbymError:
        """The exception for a closed connection."""
        return self._error(self.path, "it is closed")

    def _live(self) -> sqlite3.Connection:
        if self._db is None:
            raise self.closed()
        self.check_process()
        return self._db

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise errors of SQLite, of the operating system and of decoding as ``error``."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            raise self._fault(str(error), passing=code in _PASSING_CODES) from error
        except OSError as error:
            passing = error.errno in _PASSING_ERRNOS
            raise self._fault(error.strerror or str(error), passing=passing) from error
        except (LookupError, ValueError, ArithmeticError, msgspec.MsgspecError) as error:
            # The error's text may have the data.
            kind = type(error).__name__
            reason = f"malformed, it contains data that cannot be decoded ({kind})"
            raise self._fault(reason, passing=False) from error

    def _fault(self, message: str, *, passing: bool) -> WbymError:
        fault = self._error(self.path, self._reason(message))
        fault.retryable = passing
        return fault

    def _reason(self, message: str) -> str:
        """What is wrong, and what to do if known."""
        return next(
            (f"{message}: {todo}" for part, todo in self._remedies.items() if part in message),
            message,
        )


def _text(data: bytes) -> str:
    # Damaged text is found where it is decoded, instead of making its whole query fail.
    return data.decode("utf-8", "replace")


class _Call:
    """A call of a database, as it is queued for the thread.

    Args:
        run: Does the work and returns what settles the caller's future.
        fail: Returns what settles the future after an error.
        loop: The loop of the caller.
        kind: What the call may share: a write shares a commit, a read the state between two
            writes, and a call that is alone nothing.
    """

    __slots__ = ("fail", "kind", "loop", "run")

    def __init__(
        self,
        run: Callable[[], "_Settle"],
        fail: Callable[[BaseException], "_Settle"],
        loop: asyncio.AbstractEventLoop,
        kind: "_Kind",
    ) -> None:
        self.run = run
        self.fail = fail
        self.loop = loop
        self.kind = kind


_Settle: TypeAlias = Callable[[], None]
_Kind: TypeAlias = Literal["read", "write", "alone"]


class Database:
    """A connection in its own thread, which runs calls one after the other.

    A call is completed even if its caller is cancelled; later calls run after it. Calls that are
    waiting when the thread is free are run together, and their writes share one commit: with many
    callers the commits, which wait for the disk, would take most of the time. If one call of such
    a group fails, the group is rolled back and its calls are run one by one, so a call may run
    twice. A database in memory does not block and has no thread.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._thread: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting: deque[_Call] = deque()
        self._is_working = False

    async def open(self, prepare: Callable[[Connection], object]) -> None:
        """See :meth:`Connection.open`."""
        if self._connection.path != MEMORY and self._thread is None:
            self._thread = ThreadPoolExecutor(1, "wbym-sqlite")
        try:
            await self._do(lambda: self._connection.open(prepare), "alone")
        except BaseException:
            await self.aclose(lambda: None)
            raise

    async def aclose(self, then: Callable[[], None]) -> None:
        """Close it and call ``then`` in the same thread; no-op if it is closed."""
        self._connection.check_process()
        if self._thread is None and self._connection.path != MEMORY:
            return

        def work() -> None:
            self._connection.close()
            then()

        try:
            await self._do(work, "alone")
        finally:
            thread, self._thread = self._thread, None
            if thread is not None:
                thread.shutdown(wait=False)

    async def call(self, work: Callable[[], T]) -> T:
        """Run a function that does not need the file in the thread."""

        def checked() -> T:
            with self._connection.errors():
                return work()

        return await self._do(checked, "alone")

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run a function in the thread; its errors are raised as errors of the connection."""
        return await self._do(lambda: self._connection.run(work), "read")

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run a function in one transaction, which is on disk when this returns."""

        def transact(db: Connection) -> T:
            with db.transaction():
                return work(db)

        return await self._do(lambda: self._connection.run(transact), "write")

    async def _do(self, work: Callable[[], T], kind: _Kind) -> T:
        self._connection.check_process()
        if self._connection.path == MEMORY:
            return work()
        if self._thread is None:
            raise self._connection.closed()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def run() -> _Settle:
            return partial(_resolve, future, work())

        def fail(error: BaseException) -> _Settle:
            return partial(_reject, future, error)

        with self._lock:
            self._waiting.append(_Call(run, fail, loop, kind))
            if not self._is_working:
                self._is_working = True
                self._thread.submit(self._work_off)
        return await future

    def _work_off(self) -> None:
        """Run the queued calls, in the thread."""
        while calls := self._next_calls():
            settles = self._run_together(calls) if len(calls) > 1 else [_run_alone(calls[0])]
            by_loop: dict[asyncio.AbstractEventLoop, list[_Settle]] = {}
            for call, settle in zip(calls, settles, strict=True):
                by_loop.setdefault(call.loop, []).append(settle)
            for loop, some in by_loop.items():
                with suppress(RuntimeError):  # it is closed
                    loop.call_soon_threadsafe(_settle, some)

    def _next_calls(self) -> list[_Call]:
        """The calls to run next, together; empty if none is queued."""
        calls: list[_Call] = []
        with self._lock:
            waiting = self._waiting
            while waiting and len(calls) < _MAX_TOGETHER:
                if waiting[0].kind == "alone" and calls:
                    break
                calls.append(waiting.popleft())
                if calls[-1].kind == "alone":
                    break
            self._is_working = bool(calls)
        return calls

    def _run_together(self, calls: Sequence[_Call]) -> list[_Settle]:
        """Run calls in one transaction."""
        if all(call.kind == "read" for call in calls):
            return [_run_alone(call) for call in calls]
        try:
            with self._connection.shared_transaction():
                return [call.run() for call in calls]
        except Exception:  # noqa: BLE001 - each call raises its own
            return [_run_alone(call) for call in calls]


def _run_alone(call: _Call) -> _Settle:
    try:
        return call.run()
    except BaseException as error:  # noqa: BLE001 - for the caller
        return call.fail(error)


def _resolve(future: asyncio.Future[T], result: T) -> None:
    if not future.done():  # its caller was not cancelled
        future.set_result(result)


def _reject(future: asyncio.Future[T], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _settle(settles: Sequence[_Settle]) -> None:
    for settle in settles:
        settle()
