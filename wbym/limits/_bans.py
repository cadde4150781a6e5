"""Where bans are kept, so that a restart does not forget them.

A ban is the Unix time until which the marketplace refuses a bucket's calls. It is stored under the
bucket's key as text. Another store is one class with two methods.
"""

from typing import Protocol

__all__ = ["BanStore", "MemoryBans"]


class BanStore(Protocol):
    """Keeps the end of each bucket's ban."""

    async def load(self, key: str) -> float | None:
        """The end of the bucket's last ban, Unix seconds, passed or not; None if there was none."""

    async def save(self, key: str, until: float) -> None:
        """Keep the end of a ban, Unix seconds; an earlier one than is kept changes nothing."""


class MemoryBans:
    """Keeps bans as long as the object lives."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    async def load(self, key: str) -> float | None:
        """See `BanStore.load`."""
        return self._until.get(key)

    async def save(self, key: str, until: float) -> None:
        """See `BanStore.save`."""
        self._until[key] = max(until, self._until.get(key, until))
