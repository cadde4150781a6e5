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
from wbym.limits._scheduler import Scheduler, shared_scheduler

if TYPE_CHECKING:
    from wbym.limits._sqlite_bans import SqliteBans

__all__ = [
    "BanStore",
    "BucketKey",
    "BucketState",
    "Charge",
    "Cost",
    "Lease",
    "LimitSignal",
    "MemoryBans",
    "ParallelCap",
    "Priority",
    "Quota",
    "Scheduler",
    "SharedBanStore",
    "SqliteBans",
    "Window",
    "shared_scheduler",
]

show_exports(__name__, __all__)

if not TYPE_CHECKING:
    # Most programs keep bans in memory and need no SQLite.
    __getattr__, __dir__ = lazy_exports(__name__, {"wbym.limits._sqlite_bans": ("SqliteBans",)})
