"""Memory of idle sellers that have made one call, in a separate process.

``python -m benchmarks.idle KIND COUNT`` prints one line of JSON. ``buckets`` is the scheduler
alone, ``accounts`` whole ``Wildberries`` objects beside it that share a session.
"""

import asyncio
import sys
from collections.abc import Sequence

import aiohttp

from benchmarks.alone import run_alone
from benchmarks.measure import resident_mb
from benchmarks.serving import new_token
from wbym.limits import BucketKey, Charge, Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries._limits import BUCKETS, Tier

__all__ = ["charges_of", "idle_mb"]

_BUCKET = "feedbacks-and-questions"


def charges_of(seller: int) -> tuple[Charge]:
    """The published bucket of one seller."""
    key = BucketKey("wildberries", f"seller-{seller}", Tier.STANDARD, _BUCKET)
    return (Charge(key, BUCKETS[_BUCKET][Tier.STANDARD]),)


async def idle_mb(kind: str, count: int) -> float:
    """MB that the sellers add to a fresh process."""
    return await run_alone("benchmarks.idle", kind, str(count), found=float, within=60)


async def _grow(kind: str, count: int) -> float:
    scheduler = Scheduler()
    shops: list[Wildberries] = []
    async with aiohttp.ClientSession() as session:
        before = resident_mb()
        for seller in range(count):
            async with scheduler.lease(charges_of(seller)) as lease:
                lease.settle(elapsed=0.05)
            if kind == "accounts":
                shops.append(
                    Wildberries(
                        new_token(), name=f"shop-{seller}", session=session, scheduler=scheduler
                    )
                )
        return resident_mb() - before


def _main(arguments: Sequence[str]) -> None:
    kind, count = arguments
    print(asyncio.run(_grow(kind, int(count))))


if __name__ == "__main__":
    _main(sys.argv[1:])
