"""Rate limits: quotas as data, and the scheduler that keeps them."""

from typing import TYPE_CHECKING

from wbym._exports import lazy_exports, show_exports
from wbym.limits._bans import BanStore, MemoryBans, SharedBanStore
from wbym.limits._lease import BucketState, Lease
from wbym.limits._quota import (
    BucketKey,
    Charge,
    Cost,
    LimitSignal,
    ParallelCap,
    Priority,
    Quota,
    Window,
)
from wbym.limits._quota_store import (
    BucketSignal,
    Granted,
    QuotaStore,
    Refused,
    Reply,
    Reservation,
    RetryIn,
)
from wbym.limits._scheduler import Scheduler, shared_scheduler
from wbym.limits._stores import SharedScheduler, is_store_address, open_quotas

if TYPE_CHECKING:
    from wbym.limits._postgres_quotas import PostgresQuotas
    from wbym.limits._redis_quotas import RedisQuotas
    from wbym.limits._sqlite_bans import SqliteBans

__all__ = [
    "BanStore",
    "BucketKey",
    "BucketSignal",
    "BucketState",
    "Charge",
    "Cost",
    "Granted",
    "Lease",
    "LimitSignal",
    "MemoryBans",
    "ParallelCap",
    "PostgresQuotas",
    "Priority",
    "Quota",
    "QuotaStore",
    "RedisQuotas",
    "Refused",
    "Reply",
    "Reservation",
    "RetryIn",
    "Scheduler",
    "SharedBanStore",
    "SharedScheduler",
    "SqliteBans",
    "Window",
    "is_store_address",
    "open_quotas",
    "shared_scheduler",
]

show_exports(__name__, __all__)

if not TYPE_CHECKING:
    # Most programs keep counts and bans in memory and need no database.
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "wbym.limits._postgres_quotas": ("PostgresQuotas",),
            "wbym.limits._redis_quotas": ("RedisQuotas",),
            "wbym.limits._sqlite_bans": ("SqliteBans",),
        },
    )
