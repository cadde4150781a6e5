"""Accounts for tests."""

from collections.abc import Iterable

from wbym.calls import RetryPolicy
from wbym.limits import Quota
from wbym_wildberries import Wildberries
from wbym_wildberries._limits import BUCKETS
from wbym_wildberries.simulator import WildberriesSimulator, make_token

FREELY = dict.fromkeys(BUCKETS, Quota(limit=1_000_000, period=1, burst=10))
"""Unreachable limits, so that no test waits."""


def open_shop(
    simulator: WildberriesSimulator,
    token: str | Iterable[str] | None = None,
    *,
    name: str = "shop",
) -> Wildberries:
    """The simulator's seller, without limits and with quick retries."""
    return Wildberries(
        token or make_token(),
        name=name,
        base_url=simulator.url,
        quotas=FREELY,
        retry=RetryPolicy(base_delay=0.001),
    )
