"""What was read for a file and is not in it yet: ``<file>.part``, a SQLite database.

A page and the cursor after it are written in one transaction, so an export that was stopped, by
whatever, goes on behind the last whole page. One export at a time has the database open, and with
it the right to write the file.

All of it blocks, and is run in one thread at a time.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import msgspec

from wbym.domain import Ref
from wbym.errors import ExportError
from wbym.export.formats import BATCH
from wbym.export.layout import AnyRecord, Noun

__all__ = ["Account", "Entry", "Spool"]

Account: TypeAlias = tuple[str, str]
"""Marketplace and account: the beginning of a :class:`Ref`."""

VERSION = 1

_TABLES = """
CREATE TABLE export (noun TEXT NOT NULL, fresh INTEGER NOT NULL);
CREATE TABLE account (
    marketplace TEXT, account TEXT, since TEXT, until TEXT, start TEXT, cursor TEXT,
    complete INTEGER NOT NULL, PRIMARY KEY (marketplace, account)
);
CREATE TABLE record (
    marketplace TEXT, account TEXT, id TEXT, body BLOB NOT NULL,
    PRIMARY KEY (marketplace, account, id)
);
"""

_ENTRY = (
    "SELECT since, until, start, cursor, complete FROM account "
    "WHERE marketplace = ? AND account = ?"
)
_COUNT = "SELECT count(*) FROM record WHERE marketplace = ? AND account = ?"
_HAS = "SELECT 1 FROM record WHERE marketplace = ? AND account = ? AND id = ?"
# Without the index, which would bring the records in the order of their ids.
_BODIES = (
    "SELECT rowid, body FROM record NOT INDEXED "
    "WHERE rowid > ? AND marketplace = ? AND account = ? ORDER BY rowid LIMIT ?"
)
_FORGET_RECORDS = "DELETE FROM record WHERE marketplace = ? AND account = ?"
_FORGET_ACCOUNT = "DELETE FROM account WHERE marketplace = ? AND account = ?"


class Entry(msgspec.Struct, frozen=True):
    """How far one account is read."""

    since: datetime | None
    """What was asked for."""
    until: datetime | None
    start: datetime | None
    """Where the reading really began; later than ``since`` where the file had something."""
    cursor: str | None = None
    """Where to go on; None for the beginning."""
    complete: bool = False


class Spool:
    """The records that were read, by account.

    Args:
        target: The file that they are for, behind links.
        noun: What they are.
    """

    def __init__(self, target: Path, noun: Noun) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self.fresh = False
        """Whether the file is made without what is in it now."""
        self._noun = noun
        self._opened: sqlite3.Connection | None = None
        self._encode = msgspec.json.Encoder().encode

    def open(self, fresh: bool) -> None:
        """Open it, and keep all others from it.

        Args:
            fresh: Forget what was kept, and let the file be made without what is in it now. Without
                it, an export that goes on after a stop does as the stopped one did.

        Raises:
            ExportError: It cannot be opened, another export has it, or it is of another noun.
        """
        with self._errors():
            database = sqlite3.connect(
                self.path, timeout=0, isolation_level=None, check_same_thread=False
            )
            try:
                self.fresh = self._prepare(database, fresh)
            except BaseException:
                database.close()
                raise
        self._opened = database

    @property
    def _database(self) -> sqlite3.Connection:
        assert self._opened is not None, "it is not open"  # noqa: S101
        return self._opened

    def _prepare(self, database: sqlite3.Connection, fresh: bool) -> bool:
        run = database.execute
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("BEGIN EXCLUSIVE")  # kept until it is closed
        (version,) = run("PRAGMA user_version").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and version != VERSION:
            raise ExportError(self.path, "it is no unfinished export of this version; remove it")
        if tables and fresh:
            for table in ("export", "account", "record"):
                run(f"DROP TABLE {table}")
        if not tables or fresh:
            for statement in _TABLES.split(";"):
                run(statement)
            run(f"PRAGMA user_version = {VERSION}")
            run("INSERT INTO export VALUES (?, ?)", (self._noun.value, fresh))
        kept, was_fresh = run("SELECT noun, fresh FROM export").fetchone()
        run("COMMIT")
        if kept != self._noun:
            raise ExportError(
                self.path, f"an export of {kept} was stopped; finish it, or start over with fresh"
            )
        return bool(was_fresh)

    def entry(self, account: Account) -> Entry | None:
        """How far an account was read before."""
        with self._errors():
            row = self._database.execute(_ENTRY, account).fetchone()
        if row is None:
            return None
        names = Entry.__struct_fields__
        return msgspec.convert(dict(zip(names, row, strict=True)), Entry, strict=False)

    def note(self, account: Account, entry: Entry, records: Sequence[AnyRecord] = ()) -> None:
        """Keep records of an account, and how far it is read with them; all or nothing."""
        state = (_text(entry.since), _text(entry.until), _text(entry.start), entry.cursor)
        rows = [(*account, each.ref.id, self._encode(each)) for each in records]
        with self._errors(), self._database as database:
            database.execute("BEGIN")
            database.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", rows)
            database.execute(
                "INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*account, *state, entry.complete),
            )

    def is_complete(self) -> bool:
        """Whether every account in it is read to the end."""
        with self._errors():
            query = "SELECT count(*) FROM account WHERE NOT complete"
            (found,) = self._database.execute(query).fetchone()
        return not found

    def count(self, account: Account) -> int:
        """How many records of an account are kept."""
        with self._errors():
            (found,) = self._database.execute(_COUNT, account).fetchone()
        return int(found)

    def has(self, refs: Sequence[Ref]) -> list[bool]:
        """Which of these records are kept."""
        run = self._database.execute
        with self._errors():
            return [
                run(_HAS, (ref.marketplace, ref.account, ref.id)).fetchone() is not None
                for ref in refs
            ]

    def bodies(self, account: Account) -> Iterator[list[bytes]]:
        """The records of an account as JSON, in parts, in the order in which they came."""
        last = -1
        while True:
            with self._errors():
                rows = self._database.execute(_BODIES, (last, *account, BATCH)).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield [body for _, body in rows]

    def forget(self, accounts: Sequence[Account]) -> None:
        """Drop what is in the file now."""
        with self._errors(), self._database as database:
            database.execute("BEGIN")
            database.executemany(_FORGET_RECORDS, accounts)
            database.executemany(_FORGET_ACCOUNT, accounts)
            database.execute("UPDATE export SET fresh = 0")
        self.fresh = False

    def close(self) -> bool:
        """Close it, and remove it where nothing is kept; whether something is."""
        if self._opened is None:
            return False
        try:
            with self._errors():
                (kept,) = self._database.execute("SELECT count(*) FROM account").fetchone()
        finally:
            self._database.close()
        if not kept:
            self.path.unlink(missing_ok=True)
        return bool(kept)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                reason = "another export to this file is running"
            elif code == sqlite3.SQLITE_NOTADB:
                reason = "it is no unfinished export; remove it, or take another file"
            else:
                reason = f"it cannot be used: {error}"
            raise ExportError(self.path, reason) from None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
