"""Mixed calls: of one seller, of two, and of many behind a network that jitters."""

import asyncio
import time
from collections.abc import Awaitable, Sequence
from contextlib import AsyncExitStack
from typing import Final

import msgspec

from benchmarks.contenders.harness import Job
from benchmarks.contest import Contender, Runs, compete
from benchmarks.limits import BOUND_RATIO, QUOTA
from benchmarks.report import Digest, Report, Target
from benchmarks.serving import Counts, counts, new_token
from benchmarks.sizes import Sizes
from benchmarks.versus import bars, beside_bound, digest, missing, others, seconds
from wbym.limits import Scheduler
from wbym.testing import SimulatorProcess
from wbym_wildberries import Wildberries

__all__ = ["run"]

_LATENCY: Final = 0.05
_JITTER: Final = 0.2
_MAX_RATE_LIMITED: Final = 1 / 1000
_PATIENCE: Final = 10.0
_OURS: Final = Contender("wbym", "ours", "mixed")
_HANGS: Final = Contender("wbsdk", "wbsdk", "mixed", "dicts", peer=True)
_CONTENDERS: Final = (
    _OURS,
    Contender("wbapi-async", "wbapi_async", "mixed", peer=True),
    Contender("wildberries-sdk", "wildberries_sdk", "mixed", "models", peer=True),
    Contender("wildberries-python-sdk", "wildberries_python_sdk", "mixed", "dicts", peer=True),
    _HANGS,
)


class _Case(msgspec.Struct):
    title: str
    plot: str
    bound: float
    runs: dict[str, Runs]

    @property
    def ratio(self) -> float:
        return self.runs[_OURS.name].seconds.median / self.bound


async def run(sizes: Sizes) -> Report:
    """Run the three cases one after the other, with the real limits on both sides."""
    both = 2 * sizes.calls
    many = [sizes.jitter_calls] * sizes.jitter_sellers
    async with SimulatorProcess(
        "wbym_wildberries.simulator", "--latency", str(_LATENCY)
    ) as simulator:
        cases = [
            _Case(
                f"{both} calls, {'1 seller' if sellers == 1 else '2 sellers'}",
                f"mixed-{sellers}",
                QUOTA.min_duration(both // sellers),
                await _compete(simulator, both // sellers, sellers, sizes.limited_runs),
            )
            for sellers in (1, 2)
        ]
        await simulator.change_faults(arrival_jitter=_JITTER)
        jitter, took, errors = await _measure(simulator, many)
    rate_limited = [max(case.runs[_OURS.name].rate_limited) for case in cases]
    many_bound = QUOTA.min_duration(max(many))
    report = Report(
        f"Mixed: feedback and question calls, {_LATENCY * 1000:.0f} ms latency",
        (
            *("case", "client", "s", "spread", "of the bound", "calls answered"),
            *("rate limited", "429 or other errors seen"),
        ),
        [_row(case, own) for case in cases for own in case.runs.values()],
        [
            Target("one seller, of the bound", cases[0].ratio, "at most", BOUND_RATIO),
            Target("two sellers, of the bound", cases[1].ratio, "at most", BOUND_RATIO),
            Target("mixed, rate limited", sum(rate_limited), "at most", 0),
            Target(
                "jitter, rate limited per call",
                jitter.rate_limited / sum(many),
                "under",
                _MAX_RATE_LIMITED,
            ),
            Target("jitter, errors that the caller sees", errors, "at most", 0),
        ],
        [
            "Half of the calls ask for feedbacks and half for questions, which share one limit; the"
            " bound is (calls per seller - 6) / 3 s. The simulator counts rate limited calls, the"
            f" max of a run; medians of {sizes.limited_runs} runs. wbym and `wbapi-async` get all"
            " calls at once and limit the rate themselves; `wbapi-async` counts each method"
            " separately and all sellers together. The next two do not limit it: they make one call"
            " of a seller after the other, the sellers concurrently, and the caller's code retries"
            " after the delay of the 429. `wbsdk` never returns from the fourth call within a"
            f" second, and is stopped after {_PATIENCE:.0f} s.",
            *missing(),
        ],
        [
            bars(case.plot, case.title, "s", case.runs, case.bound, "the limits' bound")
            for case in cases
        ],
        [
            Digest(
                case.title,
                f"{digest(case.bound, 's')} by the limits",
                digest(case.runs[_OURS.name].seconds.median, "s"),
                others(case.runs, seconds, "s"),
            )
            for case in cases
        ],
        [
            limit
            for case in cases
            for limit in beside_bound(case.runs, case.bound, f", {case.title}")
        ],
    )
    report.rows.append(
        [
            *(f"{sum(many):,} calls, {len(many)} sellers, 200 ms jitter", _OURS.name, took, ""),
            *(took / many_bound, sum(many) - errors, jitter.rate_limited, errors),
        ]
    )
    return report


def _row(case: _Case, own: Runs) -> list[str | int | float | None]:
    took = own.seconds
    answered = min(tally.records for tally in own.tallies)
    seen = max(tally.errors for tally in own.tallies)
    times = [took.median, took.spread, took.median / case.bound] if own.finished else [None] * 3
    return [case.title, own.contender.name, *times, answered, max(own.rate_limited), seen]


async def _compete(
    simulator: SimulatorProcess, calls: int, sellers: int, runs: int
) -> dict[str, Runs]:
    def job(contender: Contender) -> Job:
        made = Job(
            contender.way,
            simulator.url,
            [new_token() for _ in range(sellers)],
            take=10,
            calls=calls,
            at_once=True,
            limited=True,
        )
        if contender is _HANGS:
            made.patience = _PATIENCE
        return made

    async def rate_limited() -> int:
        return (await counts(simulator)).rate_limited

    return await compete(_CONTENDERS, job, runs, rate_limited)


async def _measure(simulator: SimulatorProcess, calls: Sequence[int]) -> tuple[Counts, float, int]:
    """Make all calls of each seller at once: counts, seconds, errors."""
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
    return (await counts(simulator)).since(before), took, errors


async def _call(shop: Wildberries, turn: int) -> object:
    if turn % 2:
        return await shop.api.questions.list(is_answered=False).using(size=10).page()
    return await shop.api.feedbacks.list(is_answered=False).using(size=10).page()
