"""The spool of an export: records read but not yet in the file, in ``<file>.part`` (SQLite).

A page and the cursor after it are written in one transaction, so an export that was stopped in any
way resumes after the last complete page. Only one export at a time can open the database, and only
that one may write the file.

Its methods block, and run in one thread at a time.
"""

import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import msgspec

from wbym._sqlite import Connection
from wbym.domain import Ref
from wbym.errors import ExportError
from wbym.export._files import plain_os_errors
from wbym.export._formats import BATCH
from wbym.export._layout import AnyRecord, Noun

__all__ = ["AccountKey", "Entry", "Spool"]

AccountKey: TypeAlias = tuple[str, str]
"""Marketplace and account, as in a :class:`Ref`."""

VERSION = 2
"""1 had refs without their noun."""

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
_REMEDIES = {
    "not a database": "it is not an unfinished export; remove it, or use another file",
    "malformed": "it is damaged; remove it to start the export over",
    "locked": "another export to this file is running",
}


class Entry(msgspec.Struct, frozen=True):
    """The reading position of one account."""

    since: datetime | None
    """The requested period."""
    until: datetime | None
    start: datetime | None
    """The actual start of the reading; later than ``since`` if the file already had records."""
    cursor: str | None = None
    """The cursor to resume from; None for the beginning."""
    complete: bool = False


class Spool:
    """The records read by an export, by account.

    Args:
        target: The file to export to, with links resolved.
        noun: The noun of the records.
    """

    def __init__(self, target: Path, noun: Noun) -> None:
        self.path: Path = target.with_name(f"{target.name}.part")
        self.fresh: bool = False
        """Whether the file is rewritten without its current records."""
        self._noun = noun
        self._db = Connection(self.path, ExportError, waits=False, remedies=_REMEDIES)
        self._encode = msgspec.json.Encoder().encode

    def open(self, fresh: bool) -> None:
        """Open the spool and lock it.

        Args:
            fresh: Drop the kept records, and rewrite the file without its current records. If not
                set, a resumed export does what the stopped one did.

        Raises:
            ExportError: The spool cannot be opened, is locked by another export, or has another
                noun.
        """
        with plain_os_errors(self.path), suppress(FileNotFoundError):
            found = self.path.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                raise ExportError(self.path, "it is a link or not a file; remove it")
        self._db.open(lambda db: self._prepare(db, fresh))

    def _prepare(self, db: Connection, fresh: bool) -> None:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        with db.transaction("EXCLUSIVE"):  # locked until it is closed
            ((version,),) = db.query("PRAGMA user_version")
            ((tables,),) = db.query("SELECT count(*) FROM sqlite_master")
            if tables and version != VERSION:
                rule = "it is not an unfinished export of this version; remove it"
                if 0 < version < VERSION:
                    rule = (
                        "this unfinished export is from an earlier version of wbym and cannot be "
                        "resumed; remove it, and its records are read again"
                    )
                raise ExportError(self.path, rule)
            if tables and fresh:
                for table in ("export", "account", "record"):
                    db.execute(f"DROP TABLE {table}")
            if not tables or fresh:
                for statement in _TABLES.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {VERSION}")
                db.execute("INSERT INTO export VALUES (?, ?)", (self._noun.value, fresh))
            ((kept, was_fresh),) = db.query("SELECT noun, fresh FROM export")
        if kept != self._noun:
            raise ExportError(
                self.path, f"an export of {kept} was stopped; finish it, or start over with fresh"
            )
        self.fresh = bool(was_fresh)

    def entry(self, account: AccountKey) -> Entry | None:
        """The stored reading position of an account; None if there is none."""
        rows = self._db.query(_ENTRY, account)
        if not rows:
            return None
        fields = dict(zip(Entry.__struct_fields__, rows[0], strict=True))
        return msgspec.convert(fields, Entry, strict=False)

    def note(self, account: AccountKey, entry: Entry, records: Sequence[AnyRecord] = ()) -> None:
        """Store records of an account and its reading position, atomically."""
        state = (_text(entry.since), _text(entry.until), _text(entry.start), entry.cursor)
        rows = [(*account, each.ref.id, self._encode(each)) for each in records]
        with self._db.transaction():
            self._db.executemany("INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)", rows)
            self._db.execute(
                "INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*account, *state, entry.complete),
            )

    def is_complete(self) -> bool:
        """Whether every stored account is completely read."""
        return not self._db.query("SELECT 1 FROM account WHERE NOT complete LIMIT 1")

    def count(self, account: AccountKey) -> int:
        """The number of kept records of an account."""
        ((found,),) = self._db.query(_COUNT, account)
        return int(found)

    def has(self, refs: Sequence[Ref]) -> list[bool]:
        """Whether each of these records is kept."""
        query = self._db.query
        return [bool(query(_HAS, (ref.marketplace, ref.account, ref.id))) for ref in refs]

    def bodies(self, account: AccountKey) -> Iterator[list[bytes]]:
        """The records of an account as JSON, in parts, in the order of arrival."""
        last = -1
        while rows := self._db.query(_BODIES, (last, *account, BATCH)):
            last = rows[-1][0]
            yield [body for _, body in rows]

    def forget(self, accounts: Sequence[AccountKey]) -> None:
        """Drop the records of these accounts, which are now in the file."""
        with self._db.transaction():
            self._db.executemany(_FORGET_RECORDS, accounts)
            self._db.executemany(_FORGET_ACCOUNT, accounts)
            self._db.execute("UPDATE export SET fresh = 0")
        self.fresh = False

    def close(self) -> bool:
        """Close the spool, and delete it if it is empty; returns whether it has records."""
        if not self._db.is_open:
            return False
        try:
            kept = bool(self._db.query("SELECT 1 FROM account LIMIT 1"))
        finally:
            self._db.close()
        if not kept:
            self.path.unlink(missing_ok=True)
        return kept


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
