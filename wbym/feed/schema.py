"""The tables of a state file, and how an older file becomes one of this version."""

import os
import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from wbym.errors import StateError

__all__ = ["BUSY", "MIGRATIONS", "connect"]

BUSY: Final = 10.0
"""Seconds to wait for another process that is writing."""

_APPLICATION: Final = 0x7762796D
"""``wbym`` in ASCII: marks a file as ours (PRAGMA application_id)."""

_RETRY: Final = 0.01
"""Seconds between tries where SQLite does not wait for others by itself."""

_NOT_OURS: Final = frozenset({"bans"})
"""Tables of others that may be in the file before ours."""

# Times are Unix microseconds. Of a delivery, what is not asked for by itself is JSON in its body.
MIGRATIONS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE stream (
        id INTEGER PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL,
        state BLOB, begun INTEGER NOT NULL, floor INTEGER, UNIQUE (account, name)
    );
    CREATE TABLE memo (
        stream INTEGER NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL,
        revision INTEGER NOT NULL, at INTEGER, PRIMARY KEY (stream, key)
    ) WITHOUT ROWID;
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, account TEXT NOT NULL,
        kind TEXT NOT NULL, at INTEGER NOT NULL, record BLOB NOT NULL, chat BLOB, sent_as TEXT
    );
    CREATE TABLE delivery (
        key TEXT PRIMARY KEY, account TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL,
        owner TEXT NOT NULL, updated_at INTEGER NOT NULL, body TEXT NOT NULL, work BLOB NOT NULL
    );
    CREATE INDEX delivery_target ON delivery (account, target);
    CREATE INDEX delivery_state ON delivery (state, account);
    CREATE TABLE hint (
        number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, stream TEXT NOT NULL,
        id TEXT NOT NULL, UNIQUE (account, stream, id)
    );
    CREATE TABLE reader (account TEXT PRIMARY KEY, owner TEXT NOT NULL);
    """,
)
"""One script a version: the n-th makes version n of version n - 1."""


def connect(path: Path) -> sqlite3.Connection:
    """Open a state file, made if there is none and brought to this version if it is older.

    A file that was no state file before becomes readable by its owner only, for it holds what
    buyers write; SQLite gives the files beside it the same mode.

    Raises:
        StateError: It is no state file, or one of a newer version.
        sqlite3.Error, OSError: It cannot be opened.
    """
    with suppress(FileExistsError):
        # Only a new one: to close another frees the locks of all connections that this process has.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    db = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    try:
        _migrate(path, db)
        _share(db)
        # Each commit reaches the disk: a reply that is written down as sent was sent once.
        db.execute("PRAGMA synchronous = FULL")
    except BaseException:
        db.close()
        raise
    return db


def _version(path: Path, db: sqlite3.Connection) -> int:
    """The version of a file; 0 of a new one."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if application != _APPLICATION:
        if application or version or tables - _NOT_OURS:
            raise StateError(path, "it is a database of something else; name another file")
        return 0
    if version > len(MIGRATIONS):
        rule = f"it has version {version}, and this wbym knows versions up to {len(MIGRATIONS)}"
        raise StateError(path, f"{rule}; use the newer wbym that made it, or another file")
    return int(version)


def _migrate(path: Path, db: sqlite3.Connection) -> None:
    """Bring a file to this version; where it is, only see that it can be written."""
    db.execute("BEGIN IMMEDIATE")
    try:
        version = _version(path, db)
        _check_end(path, db)
        if version == 0:
            path.chmod(0o600)
        for script in MIGRATIONS[version:]:
            for statement in filter(str.strip, script.split(";")):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION}")
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        db.execute("COMMIT" if version < len(MIGRATIONS) else "ROLLBACK")
    except BaseException:
        # SQLite itself has rolled back after some errors, such as a full disk.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _check_end(path: Path, db: sqlite3.Connection) -> None:
    """SQLite takes what is missing of the last page for zeros."""
    (page,) = db.execute("PRAGMA page_size").fetchone()
    log = path.with_name(f"{path.name}-wal")
    # A power cut may leave half a page at the end, which is whole in the log.
    if path.stat().st_size % page and not (log.exists() and log.stat().st_size):
        rule = "it is broken, its end is missing"
        raise StateError(path, f"{rule}; restore it from a copy, or move it away to begin anew")


def _share(db: sqlite3.Connection) -> None:
    """Put the file in WAL mode, in which one writes while others read."""
    until = time.monotonic() + BUSY
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_RETRY)
        else:
            return
