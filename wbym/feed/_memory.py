"""A store in memory, for tests."""

import weakref

from wbym._sqlite import MEMORY
from wbym.feed._schema import prepare
from wbym.feed._sqlite import SqliteStore

__all__ = ["MemoryStore"]


class MemoryStore(SqliteStore):
    """See :class:`wbym.feed.Store`. It is open from the start and shares its data with no other.

    The data lives as long as the object, also after it is closed: another inbox may continue with
    it.
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
