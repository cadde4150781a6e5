"""Stores of bans, so that bans survive a restart.

A ban is the Unix time until which the marketplace rejects a bucket's calls. It is stored under the
bucket's key as text. A custom store is one class with two methods, or three if other
processes write to it.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

__all__ = ["BanStore", "MemoryBans", "SharedBanStore"]


class BanStore(Protocol):
    """Stores the end of each bucket's ban.

    Each method is cancelled after a second, since calls wait for it; the error is logged.
    """

    async def load(self, key: str) -> float | None:
        """The end of the bucket's last ban in Unix seconds, even if passed; None without one."""

    async def save(self, key: str, until: float) -> None:
        """Store the end of a ban in Unix seconds, unless a later one is already stored.

        Args:
            key: The bucket's key as text.
            until: Unix seconds.
        """


@runtime_checkable
class SharedBanStore(BanStore, Protocol):
    """A store that other processes write to; it is read every half second while calls are made."""

    async def current(self) -> Mapping[str, float]:
        """The ends of all bans that are not over, in Unix seconds, by key."""


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
