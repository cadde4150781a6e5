"""Bans in an SQLite file."""

import math
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import anyio.to_thread

from wbym._sqlite import Connection
from wbym.errors import StateError

__all__ = ["SqliteBans"]

_KEPT: Final = 86400.0
"""Seconds after its end for which a ban is kept: the clock of the machine may jump."""
_TABLE: Final = "CREATE TABLE IF NOT EXISTS bans (key TEXT PRIMARY KEY, until REAL NOT NULL)"


class SqliteBans:
    """Stores bans in one table of an SQLite file, which several processes may share.

    Each operation opens and closes a connection. Another process's ban takes effect within a
    second. While the file is locked, an operation that is cancelled goes on in its thread, so a ban
    is saved nevertheless.

    Args:
        path: The file, created on first use. Its folder must exist.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    async def load(self, key: str) -> float | None:
        """See `BanStore.load`.

        Raises:
            StateError: The file cannot be read, or was locked for 10 seconds.
        """
        return await anyio.to_thread.run_sync(self._load, key, abandon_on_cancel=True)

    async def save(self, key: str, until: float) -> None:
        """See `BanStore.save`.

        Raises:
            StateError: The file cannot be written, or was locked for 10 seconds.
        """
        await anyio.to_thread.run_sync(self._save, key, until, abandon_on_cancel=True)

    async def current(self) -> dict[str, float]:
        """See `SharedBanStore.current`.

        Raises:
            StateError: The file cannot be read, or was locked for 10 seconds.
        """
        return await anyio.to_thread.run_sync(self._current, abandon_on_cancel=True)

    def _current(self) -> dict[str, float]:
        with closing(self._open()) as db:
            rows = db.query("SELECT key, until FROM bans WHERE until > ?", (time.time(),))
        return {str(key): until for key, until in rows if _is_time(until)}

    def _load(self, key: str) -> float | None:
        with closing(self._open()) as db:
            rows = db.query("SELECT until FROM bans WHERE key = ?", (key,))
        return rows[0][0] if rows and _is_time(rows[0][0]) else None

    def _save(self, key: str, until: float) -> None:
        with closing(self._open()) as db:
            db.execute("DELETE FROM bans WHERE until < ?", (time.time() - _KEPT,))
            db.execute(
                "INSERT INTO bans (key, until) VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET until = max(until, excluded.until)",
                (key, until),
            )

    def _open(self) -> Connection:
        return Connection(self._path, StateError).open(lambda db: db.execute(_TABLE))


def _is_time(until: object) -> bool:
    """Whether a value of the file is the end of a ban; anything else is damage."""
    return isinstance(until, float) and math.isfinite(until)
