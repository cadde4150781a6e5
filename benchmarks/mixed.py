"""Mixed calls at once: of one seller, of two, and of many behind a network that jitters."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from typing import Final

import msgspec

from benchmarks.limits import BOUND_RATIO, QUOTA
from benchmarks.report import Report, Target
from benchmarks.serving import Counts, counts, new_token
from benchmarks.sizes import Sizes
from wbym.limits import Scheduler
from wbym.testing.process import SimulatorProcess
from wbym_wildberries import Wildberries

__all__ = ["run"]

_LATENCY: Final = 0.05
_JITTER: Final = 0.2
_REFUSED: Final = 1 / 1000


class _Case(msgspec.Struct):
    took: float
    bound: float
    counted: Counts
    errors: int

    @property
    def ratio(self) -> float:
        return self.took / self.bound

    @property
    def figures(self) -> list[float]:
        counted = self.counted
        return [
            self.took,
            self.bound,
            self.ratio,
            counted.requests,
            counted.refusals,
            self.errors,
        ]


async def run(sizes: Sizes) -> Report:
    """Run the three cases one after the other, with the real limits on both sides."""
    both = 2 * sizes.calls
    split = [sizes.calls] * 2
    many = [sizes.jitter_calls] * sizes.jitter_sellers
    async with SimulatorProcess(
        "wbym_wildberries.simulator", "--latency", str(_LATENCY)
    ) as simulator:
        one = await _measure(simulator, [both])
        two = await _measure(simulator, split)
        await simulator.change_faults(arrival_jitter=_JITTER)
        jitter = await _measure(simulator, many)
    refused = jitter.counted.refusals / sum(many)
    return Report(
        f"Mixed: feedback and question calls at once, {_LATENCY * 1000:.0f} ms latency",
        ("case", "s", "bound, s", "of the bound", "requests", "refused", "errors"),
        [
            [f"{both} calls, 1 seller", *one.figures],
            [f"{both} calls, 2 sellers", *two.figures],
            [f"{sum(many):,} calls, {len(many)} sellers, 200 ms jitter", *jitter.figures],
        ],
        [
            Target("one seller, of the bound", one.ratio, "at most", BOUND_RATIO),
            Target("two sellers, of the bound", two.ratio, "at most", BOUND_RATIO),
            Target("mixed, refusals", one.counted.refusals + two.counted.refusals, "at most", 0),
            Target("jitter, refusals a call", refused, "under", _REFUSED),
            Target("jitter, errors that the caller sees", jitter.errors, "at most", 0),
        ],
        [
            "Half of the calls ask for feedbacks and half for questions, all at once; the bound is"
            " (calls a seller - 6) / 3 s. The simulator counts refusals; errors are what the"
            " caller sees."
        ],
    )


async def _measure(simulator: SimulatorProcess, calls: Sequence[int]) -> _Case:
    """So many calls of each seller, all made at once."""
    before = await counts(simulator)
    scheduler = Scheduler()
    async with AsyncExitStack() as stack:
        waiting: list[Awaitable[object]] = []
        for number, count in enumerate(calls):
            shop = await stack.enter_async_context(
                Wildberries(
                    new_token(),
                    name=f"shop-{number}",
                    base_url=simulator.url,
                    scheduler=scheduler,
                )
            )
            waiting += [_call(shop, turn) for turn in range(count)]
        start = time.perf_counter()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        took = time.perf_counter() - start
    errors = sum(isinstance(answer, BaseException) for answer in answers)
    bound = QUOTA.least_time(max(calls))
    return _Case(took, bound, (await counts(simulator)).since(before), errors)


async def _call(shop: Wildberries, turn: int) -> object:
    if turn % 2:
        return await shop.api.questions.list(is_answered=False, take=10, skip=0)
    return await shop.api.feedbacks.list(is_answered=False, take=10, skip=0)
