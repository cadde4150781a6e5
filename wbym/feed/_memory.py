"""A store in memory: for tests, and for who needs no more."""

import weakref

from wbym._sqlite import MEMORY
from wbym.feed._schema import prepare
from wbym.feed._sqlite import SqliteStore

__all__ = ["MemoryStore"]


class MemoryStore(SqliteStore):
    """See :class:`wbym.feed.Store`. It is open at once, and no other store sees what it keeps.

    What it keeps is gone with the object, not when it is closed: another inbox may go on with it.
    """

    def __init__(self) -> None:
        super().__init__(MEMORY)
        self._connection.open(prepare)
        self._locks.take(self.owner)
        weakref.finalize(self, self._connection.close)

    async def aclose(self) -> None:
        """See ``Store.aclose``."""
        if await self.alive(self.owner):
            self._locks.free(self.owner)
