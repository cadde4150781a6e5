"""How often calls may be made: what limits say (`quota`) and the scheduler that keeps them."""

from typing import TYPE_CHECKING

from wbym.later import later, public
from wbym.limits.bans import BanStore, MemoryBans
from wbym.limits.quota import (
    BucketKey,
    Charge,
    Cost,
    LimitSignal,
    ParallelCap,
    Priority,
    Quota,
    Window,
)
from wbym.limits.scheduler import BucketState, Lease, Scheduler, shared_scheduler

if TYPE_CHECKING:
    from wbym.limits.sqlite_bans import SqliteBans

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
    "SqliteBans",
    "Window",
    "shared_scheduler",
]

public(__name__, __all__)

if not TYPE_CHECKING:
    # Most programs keep bans in memory and need no SQLite.
    __getattr__, __dir__ = later(__name__, {"wbym.limits.sqlite_bans": ("SqliteBans",)})
