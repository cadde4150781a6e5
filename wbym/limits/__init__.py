"""How often calls may be made: what limits say (`quota`) and the scheduler that keeps them."""

from wbym.limits.bans import BanStore, MemoryBans, SqliteBans
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
