"""Stores of bans, so that bans survive a restart.

A ban is the Unix time until which the marketplace rejects a bucket's calls. It is stored under the
bucket's key as text. A custom store is one class with two methods.
"""

from typing import Protocol

__all__ = ["BanStore", "MemoryBans"]


class BanStore(Protocol):
    """Stores the end of each bucket's ban."""

    async def load(self, key: str) -> float | None:
        """The end of the bucket's last ban in Unix seconds, even if passed; None without one."""

    async def save(self, key: str, until: float) -> None:
        """Store the end of a ban in Unix seconds, unless a later one is already stored."""


class MemoryBans:
    """Keeps bans in memory, for the lifetime of the object."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    async def load(self, key: str) -> float | None:
        """See `BanStore.load`."""
        return self._until.get(key)

    async def save(self, key: str, until: float) -> None:
        """See `BanStore.save`."""
        self._until[key] = max(until, self._until.get(key, until))
