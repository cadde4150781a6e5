"""Stores by their addresses, and the schedulers that accounts of an event loop share."""

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

from wbym._reprs import SecretText, reveal
from wbym.errors import AccountNotOpen, ConfigError
from wbym.limits._quota_store import QuotaStore
from wbym.limits._scheduler import Scheduler, shared_scheduler

__all__ = ["SharedScheduler", "is_store_address", "open_quotas"]

_REDIS: Final = ("redis://", "rediss://")
_POSTGRES: Final = ("postgresql://", "postgres://")


def is_store_address(address: str) -> bool:
    """Whether an address begins as that of a store of quotas."""
    return reveal(address).startswith((*_REDIS, *_POSTGRES))


def open_quotas(address: str) -> QuotaStore:
    """Create the store of an address; it connects when it is first asked.

    Args:
        address: ``redis://`` or ``rediss://`` (see `RedisQuotas`), or ``postgresql://`` (see
            `PostgresQuotas`).

    Raises:
        ConfigError: The address is invalid, or its extra is not installed.
    """
    address = SecretText(address)
    if reveal(address).startswith(_REDIS):
        from wbym.limits._redis_quotas import RedisQuotas  # an extra

        return RedisQuotas(address)
    if reveal(address).startswith(_POSTGRES):
        from wbym.limits._postgres_quotas import PostgresQuotas  # an extra

        return PostgresQuotas(address)
    raise ConfigError("limits: must be an address such as redis://host or postgresql://host")


class SharedScheduler:
    """A user of a scheduler that others in the event loop use too.

    The last one to leave closes the scheduler, and the store if it was given by its address.

    Args:
        limits: The store of quotas, or its address; None if this process counts alone.

    Raises:
        AccountNotOpen: No loop is running.
        ConfigError: The address is invalid, or its extra is not installed.
    """

    def __init__(self, limits: str | QuotaStore | None) -> None:
        self._used: _Used | None = None
        self.scheduler: Final = shared_scheduler() if limits is None else self._join(limits)

    def _join(self, limits: str | QuotaStore) -> Scheduler:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError as error:
            raise AccountNotOpen(
                "create it inside a coroutine, where an event loop runs"
            ) from error
        if isinstance(limits, str):
            limits = SecretText(limits)
        for old in [old for old in _used if old.is_closed()]:
            del _used[old]  # its scheduler refers to it, so it would never be freed
        of_loop = _used.setdefault(loop, {})
        used = of_loop.get(limits)
        if used is None:
            used = of_loop[limits] = _Used(of_loop, limits)
        used.users += 1
        self._used = used
        return used.scheduler

    async def aclose(self) -> None:
        """Leave; no-op if it was left."""
        used, self._used = self._used, None
        if used is not None:
            await used.leave()


class _Used:
    """A scheduler with its store and the number of its users."""

    def __init__(
        self, of_loop: "dict[str | QuotaStore, _Used]", limits: SecretText | QuotaStore
    ) -> None:
        self._of_loop = of_loop
        self._limits = limits
        self._store = open_quotas(limits) if isinstance(limits, SecretText) else limits
        self.scheduler: Final = Scheduler(quotas=self._store)
        self.users = 0

    async def leave(self) -> None:
        self.users -= 1
        if self.users:
            return
        del self._of_loop[self._limits]
        await self.scheduler.aclose()
        if isinstance(self._limits, SecretText):
            await self._store.aclose()


_used: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str | QuotaStore, _Used]] = (
    WeakKeyDictionary()
)
