"""Under limits: a long list behind a slow network, against the least time that the limits allow."""

import time
from typing import Final

from benchmarks.readers import TAKE
from benchmarks.report import Report, Target
from benchmarks.serving import counts, list_simulator, new_token, warm
from benchmarks.sizes import Sizes
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.limits import BUCKETS, Tier

__all__ = ["BOUND_RATIO", "QUOTA", "run"]

BOUND_RATIO: Final = 1.03
QUOTA: Final = BUCKETS["feedbacks-and-questions"][Tier.STANDARD]

_LATENCY: Final = 0.8


async def run(sizes: Sizes) -> Report:
    """Read the list once with the real limits on both sides."""
    records = sizes.pages * TAKE - 1
    bound = QUOTA.least_time(sizes.pages) + _LATENCY
    async with list_simulator(records) as simulator:
        await warm(simulator.url, sizes.pages)
        await simulator.change_faults(latency=_LATENCY)
        before = await counts(simulator)
        seen = 0
        async with Wildberries(new_token(), base_url=simulator.url, scheduler=Scheduler()) as shop:
            start = time.perf_counter()
            async for _ in shop.feedbacks(answered=False, ahead=8):
                seen += 1
            took = time.perf_counter() - start
        counted = (await counts(simulator)).since(before)
    if seen != records:
        raise RuntimeError(f"{seen} feedbacks came instead of {records}")
    ratio = took / bound
    refused = counted.refusals
    return Report(
        f"Under limits: {sizes.pages} pages of 5,000, {_LATENCY * 1000:.0f} ms latency",
        ("reader", "s", "bound, s", "of the bound", "requests", "refused", "records/s"),
        [["neutral", took, bound, ratio, counted.requests, refused, records / took]],
        [
            Target("under limits, of the bound", ratio, "at most", BOUND_RATIO),
            Target("under limits, refusals", refused, "at most", 0),
        ],
        [f"The bound is ({sizes.pages} - 6) / 3 s + {_LATENCY} s. The simulator counts refusals."],
    )
