"""The speed of a test: limits and pauses of accounts that use a simulator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import msgspec

from wbym.feed._pace import poll_at_least_every
from wbym.limits import Charge, Lease, ParallelCap, Priority, Quota, Scheduler, Window
from wbym.limits._scheduler import current_scheduler, replace_scheduler

POLL_EVERY = 0.1
"""Seconds between two polls of an inbox without limits."""
MAX_JITTER = 0.1
"""Seconds; a simulator in the same loop is near."""
_MANY = 1_000_000


class ScaledScheduler(Scheduler):
    """A scheduler whose limits are more generous than those of the marketplace, as in a simulator.

    Attributes:
        scales: The factor by marketplace; `inf` for no limits.
    """

    def __init__(self, *, max_jitter: float) -> None:
        super().__init__(max_jitter=max_jitter)
        self.scales: dict[str, float] = {}

    def lease(
        self,
        charges: Sequence[Charge],
        *,
        priority: Priority = Priority.NORMAL,
        max_wait: float | None = 300.0,
        cost: int = 1,
    ) -> Lease:
        """As in `Scheduler`, by the scaled limits."""
        scaled = [
            Charge(charge.key, _scaled(charge.quota, self.scales.get(charge.key.marketplace, 1.0)))
            for charge in charges
        ]
        return super().lease(scaled, priority=priority, max_wait=max_wait, cost=cost)


def _scaled(quota: Quota | Window | ParallelCap, scale: float) -> Quota | Window | ParallelCap:
    if isinstance(quota, ParallelCap) or scale == 1.0:
        return quota
    # The burst stays: the headers of a simulator without limits state it as what is left.
    limit = quota.limit * (_MANY if scale == math.inf else scale)
    if isinstance(quota, Window):
        return msgspec.structs.replace(quota, limit=max(1, round(limit)))
    return msgspec.structs.replace(quota, limit=limit)


@contextmanager
def scaled_limits(marketplace: str, scale: float) -> Iterator[None]:
    """Within it, accounts that are made in the running event loop keep scaled limits.

    Their counts begin anew. Without limits, inboxes poll every `POLL_EVERY` seconds too.

    Args:
        marketplace: The adapter's name.
        scale: 10.0 makes every limit ten times as generous; `inf` removes them.
    """
    current = current_scheduler()
    is_free = scale == math.inf
    if isinstance(current, ScaledScheduler):  # of another simulator of the test
        scheduler = current
    else:
        scheduler = ScaledScheduler(max_jitter=0.0 if is_free else MAX_JITTER)
    scheduler.scales[marketplace] = scale
    pace = poll_at_least_every(POLL_EVERY) if is_free else nullcontext()
    with replace_scheduler(scheduler), pace:
        yield
