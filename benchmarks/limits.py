"""Under limits: a long list over a slow network, against the min time that the limits allow."""

from collections.abc import Sequence
from typing import Final

from benchmarks.bulk import NEUTRAL
from benchmarks.contenders.harness import Job
from benchmarks.contest import BY_HAND, Contender, compete
from benchmarks.plots import Line, Lines
from benchmarks.report import Digest, Report, Target
from benchmarks.serving import counts, list_simulator, new_token, warm
from benchmarks.sizes import TAKE, Sizes
from benchmarks.versus import agree, beside_bound, digest, kind, missing, others, seconds
from wbym_wildberries._limits import BUCKETS, Tier

__all__ = ["BOUND_RATIO", "QUOTA", "run"]

BOUND_RATIO: Final = 1.02
QUOTA: Final = BUCKETS["feedbacks-and-questions"][Tier.STANDARD]

_LATENCY: Final = 0.8
_CONTENDERS: Final = (
    BY_HAND,
    NEUTRAL,
    Contender("wbapi-async, all at once", "wbapi_async", "pages", peer=True),
    Contender("wbapi-async, iterator", "wbapi_async", "iterator", peer=True),
    Contender("wbsdk", "wbsdk", "pages", "dicts", peer=True),
    Contender("wildberries-python-sdk", "wildberries_python_sdk", "pages", "dicts", peer=True),
    Contender("wildberries-sdk", "wildberries_sdk", "pages", "models", peer=True),
)


async def run(sizes: Sizes) -> Report:
    """Read the list with each contender in turn, with the real limits on both sides."""
    records = sizes.pages * TAKE - 1
    bound = QUOTA.min_duration(sizes.pages) + _LATENCY
    async with list_simulator(records) as simulator:
        await warm(simulator.url, sizes.pages)
        await simulator.change_faults(latency=_LATENCY)

        def job(contender: Contender) -> Job:
            return Job(
                contender.way,
                simulator.url,
                [new_token()],
                pages=sizes.pages,
                take=TAKE,
                limited=True,
            )

        async def rate_limited() -> int:
            return (await counts(simulator)).rate_limited

        runs = await compete(_CONTENDERS, job, sizes.limited_runs, rate_limited)
    agree(runs)
    ours = runs[NEUTRAL.name]
    took = ours.seconds.median
    return Report(
        f"Under limits: {sizes.pages} pages of 5,000, {_LATENCY * 1000:.0f} ms latency",
        ("client", "gives", "s", "spread", "of the bound", "rate limited", "records/s"),
        [
            [
                *(name, own.contender.gives, own.seconds.median, own.seconds.spread),
                *(own.seconds.median / bound, max(own.rate_limited), records / own.seconds.median),
            ]
            for name, own in runs.items()
        ],
        [
            Target("under limits, of the bound", took / bound, "at most", BOUND_RATIO),
            Target("under limits, rate limited", max(ours.rate_limited), "at most", 0),
        ],
        [
            f"The bound is ({sizes.pages} - 6) / 3 s + {_LATENCY} s = {bound:.2f} s. Medians of"
            f" {sizes.limited_runs} runs, each of a new seller; rate limited calls are the"
            " max of a run, counted by the simulator. By hand is a loop that sleeps until each"
            " call's moment. `wbapi-async` limits the rate of each method, so that it is asked"
            " for all pages at once; `wbsdk` never returns from a fourth call within a second, and"
            " the other two do not limit it, so these three read one page after the other.",
            *missing(),
        ],
        [
            Lines(
                "limits",
                f"Feedbacks read within 3 calls a second, {_LATENCY * 1000:.0f} ms latency",
                "seconds",
                "feedbacks",
                [
                    Line(name, _steps(own.tallies[0].marks), kind(own.contender))
                    for name, own in runs.items()
                    if own.contender is not BY_HAND
                ],
                Line("the limits' bound", _steps(_best(sizes.pages)), "hand"),
            )
        ],
        [
            Digest(
                f"{records:,} feedbacks within the limits",
                f"{digest(bound, 's')} by the limits",
                digest(took, "s"),
                others(runs, seconds, "s"),
            )
        ],
        beside_bound(runs, bound),
    )


def _best(pages: int) -> list[tuple[float, int]]:
    """Max number of records over time: a burst, then a page per third of a second."""
    return [
        (QUOTA.min_duration(page) + _LATENCY, page * TAKE) for page in range(QUOTA.burst, pages + 1)
    ]


def _steps(marks: Sequence[tuple[float, int]]) -> list[tuple[float, float]]:
    """Points of a step line: each page arrives as a whole."""
    points = [(0.0, 0.0)]
    for moment, records in marks:
        points += [(moment, points[-1][1]), (moment, float(records))]
    return points
