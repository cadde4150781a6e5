"""Bans in an SQLite file."""

import sqlite3
from contextlib import closing
from pathlib import Path

import anyio.to_thread

__all__ = ["SqliteBans"]

_BUSY = 10.0
"""Seconds to wait for another process that is writing."""


class SqliteBans:
    """Keeps bans in one small table of an SQLite file, which several processes may share.

    A connection is opened for each operation and closed after it: bans are rare, and a bucket
    loads its own once. Another process's ban is seen by the buckets that are used for the first
    time after it.

    Args:
        path: The file; created when it is first used. Its folder must exist.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = path

    async def load(self, key: str) -> float | None:
        """See `BanStore.load`.

        Raises:
            sqlite3.Error: The file cannot be read, or was locked for 10 seconds.
        """
        return await anyio.to_thread.run_sync(self._load, key)

    async def save(self, key: str, until: float) -> None:
        """See `BanStore.save`.

        Raises:
            sqlite3.Error: The file cannot be written, or was locked for 10 seconds.
        """
        await anyio.to_thread.run_sync(self._save, key, until)

    def _load(self, key: str) -> float | None:
        with closing(self._open()) as db:
            row = db.execute("SELECT until FROM bans WHERE key = ?", (key,)).fetchone()
        return None if row is None else float(row[0])

    def _save(self, key: str, until: float) -> None:
        with closing(self._open()) as db, db:
            db.execute(
                "INSERT INTO bans (key, until) VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET until = max(until, excluded.until)",
                (key, until),
            )

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=_BUSY)
        try:
            db.execute(
                "CREATE TABLE IF NOT EXISTS bans (key TEXT PRIMARY KEY, until REAL NOT NULL)"
            )
        except BaseException:
            db.close()
            raise
        return db
