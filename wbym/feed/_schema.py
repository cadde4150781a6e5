"""Tables of a state file, and migrations of older files."""

import logging
import re
from collections.abc import Callable
from typing import Final

from wbym._sqlite import MEMORY, Connection
from wbym.errors import StateError
from wbym.feed import _version_1 as version_1
from wbym.feed import _version_2 as version_2
from wbym.feed._checksums import add_checksums
from wbym.feed._delivery_rows import add_digests, keep_keys, lost_keys

__all__ = ["MIGRATIONS", "prepare"]

logger: logging.Logger = logging.getLogger("wbym.feed")

_APPLICATION: Final = 0x7762796D
"""``wbym`` in ASCII: marks a file as ours (PRAGMA application_id)."""

_NOT_OURS: Final = frozenset({"bans"})
"""Tables of other components that may be in the file before ours."""

_INDEX: Final = re.compile(
    "missing from index|wrong # of entries in index|non-unique entry in index|not at end-of-record"
)
_ROW: Final = re.compile("(NULL|NUMERIC|TEXT|non-.*) value in ")
"""What SQLite reports of damaged indexes, and of single rows."""


# Times are Unix microseconds. Fields of a delivery that are not queried are JSON in its body.
def _version_5(db: Connection) -> None:
    add_checksums(db)
    db.execute(
        "CREATE TABLE dead_letter ("
        "id TEXT PRIMARY KEY, account TEXT NOT NULL, failed_at INTEGER NOT NULL,"
        " body BLOB NOT NULL, digest BLOB NOT NULL)"
    )


MIGRATIONS: Final[tuple[str | Callable[[Connection], None], ...]] = (
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
    version_1.upgrade,
    version_2.upgrade,
    add_digests,
    _version_5,
)
"""One script or function per version: the n-th migrates version n - 1 to version n."""


def prepare(db: Connection) -> None:
    """Migrate a file to this version, and enable sharing it with other processes.

    Raises:
        StateError: It is not a state file, or is of a newer version; it is unchanged.
    """
    with db.transaction():
        version = _version(db)
        if db.path != MEMORY:
            _check_end(db)
            if version == 0:
                # It contains messages of buyers.
                db.path.chmod(0o600)
        rebuilt, lost = _check_pages(db)
        for migration in MIGRATIONS[version:]:
            if isinstance(migration, str):
                for statement in filter(str.strip, migration.split(";")):
                    db.execute(statement)
            else:
                migration(db)
        db.execute(f"PRAGMA application_id = {_APPLICATION}")
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        if lost:
            keep_keys(db, lost)
        if version == len(MIGRATIONS) and not rebuilt:
            db.execute("ROLLBACK")  # it has proved to be writable
    db.share()
    # Each commit reaches the disk, so that a reply is not sent twice after a power cut.
    db.execute("PRAGMA synchronous = FULL")


def _version(db: Connection) -> int:
    """The version of a file; 0 if it is new."""
    ((application,),) = db.query("PRAGMA application_id")
    ((version,),) = db.query("PRAGMA user_version")
    tables = {name for (name,) in db.query("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if application != _APPLICATION:
        if application or version or tables - _NOT_OURS:
            raise StateError(db.path, "it is a database of another program; use another file")
        return 0
    if version > len(MIGRATIONS):
        rule = f"it has version {version}, and this wbym knows versions up to {len(MIGRATIONS)}"
        raise StateError(db.path, f"{rule}; use the newer wbym that wrote it, or another file")
    return int(version)


def _check_pages(db: Connection) -> tuple[bool, list[str]]:
    """Check the structure of the file, and rebuild damaged indexes.

    Returns:
        Whether an index was damaged, and keys of deliveries that only the index had.
    """
    found = [str(message) for (message,) in db.query("PRAGMA integrity_check")]
    indexes = [message for message in found if _INDEX.search(message)]
    broken = [message for message in found if message not in indexes and not _ROW.match(message)]
    if broken and broken != ["ok"]:
        rule = "it is broken: " + broken[0].splitlines()[-1]
        raise StateError(
            db.path, f"{rule}; restore it from a copy, or move it away to start with a new one"
        )
    lost: list[str] = []
    if indexes:
        lost = lost_keys(db)
        db.execute("REINDEX")
        logger.warning("%s: damaged indexes were rebuilt: %s", db.path, indexes[0])
    return bool(indexes), lost


def _check_end(db: Connection) -> None:
    """Check for a truncated last page, which SQLite would read as zeros."""
    ((page,),) = db.query("PRAGMA page_size")
    log = db.path.with_name(f"{db.path.name}-wal")
    # A power cut may leave half a page at the end while the log has the whole page.
    if db.path.stat().st_size % page and not (log.exists() and log.stat().st_size):
        rule = "it is broken: its end is missing"
        raise StateError(
            db.path, f"{rule}; restore it from a copy, or move it away to start with a new one"
        )
