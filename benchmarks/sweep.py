"""Sweeps of whole archives: requests and time against the min, memory, and completeness."""

from typing import Final

from benchmarks.archive import Found, Task, sweep_in_a_process
from benchmarks.contenders.harness import Job
from benchmarks.contest import Contender, run_once
from benchmarks.measure import sample
from benchmarks.plots import Bar, Bars
from benchmarks.report import Digest, Limit, Report, Target
from benchmarks.sizes import Sizes
from wbym.testing import SimulatorProcess

__all__ = ["run"]

_OPEN: Final = 0.02
"""Unanswered share of a long archive: WB archives feedbacks after a month."""
_OURS: Final = Contender("wbym", "ours", "sweep")


async def run(sizes: Sizes) -> Report:
    """Sweep an archive in virtual time, one that changes meanwhile, and one over HTTP."""
    records, changing = sizes.swept, sizes.swept_changing
    (quiet,) = await sweep_in_a_process(Task(records=records, open_share=_OPEN, small=True))
    changed = await sweep_in_a_process(
        Task(
            records=changing,
            open_share=0.15,
            arrive=changing // 40,
            answered=changing // 10,
            seeds=tuple(range(sizes.swept_seeds)),
            small=True,
        )
    )
    peak = await _memory(records)
    report = Report(
        f"Sweep of {records:,} feedbacks, and of {changing:,} that change",
        ("what", "records", "requests", "min", "s (virtual)", "bound, s", "rate limited"),
        [
            _row("whole archive, nothing changes", quiet),
            _row(f"{changing // 40:,} arrive and {changing // 10:,} are answered", changed[0]),
        ],
        [
            Target("time", quiet.seconds / quiet.bound, "at most", 1.03, "of its plan's bound"),
            Target("requests", quiet.requests / quiet.min_requests, "at most", 1.05, "of the min"),
            Target("peak memory over HTTP", peak, "under", 150, "MB"),
            Target("missed, all seeds", sum(found.missed for found in changed), "at most", 0),
            Target("twice, all seeds", sum(found.twice for found in changed), "at most", 0),
        ],
        [
            f"Limits of 3 calls per second and 800 ms latency in virtual time; {_OPEN:.0%} of the"
            " archive wait for the seller. The min requests are full pages of both lists and"
            " nothing else; ours are counts, checks of the archive, pages, and the last day again."
            f" The changing archive was swept with {len(changed)} seeds; requests from"
            f" {min(found.requests for found in changed)} to"
            f" {max(found.requests for found in changed)}, as pages are requested again if"
            " the list has shifted. None of the others sweeps: their iterators read one list by"
            " offset, which WB ends after 200,000 and which skips what shifts.",
            f"Neutral objects from the simulator over HTTP, without limits: peak {peak:.0f} MB.",
        ],
    )
    report.limits.append(Limit("time", [quiet.seconds / quiet.bound], exact=True))
    report.plots.append(
        Bars(
            "sweep",
            f"A sweep of {records:,} feedbacks within the limits",
            "s",
            [Bar("wbym", quiet.seconds, quiet.seconds, quiet.seconds, "ours")],
            quiet.bound,
            "min time",
        )
    )
    report.digests.append(
        Digest(
            f"Sweep of {records:,} feedbacks under limits",
            f"{quiet.bound:.1f} s, the limit",
            f"{quiet.seconds:.1f} s",
            "none reads more than 200,000",
        )
    )
    return report


def _row(what: str, found: Found) -> list[str | int | float | None]:
    return [
        what,
        found.records,
        found.requests,
        found.min_requests,
        found.seconds,
        found.bound,
        found.rate_limited,
    ]


async def _memory(records: int) -> float:
    """The peak of a process that sweeps over HTTP, median of three."""
    arguments = ("--feedbacks", str(records), "--open-share", str(_OPEN), "--no-limits")
    peaks = []
    async with SimulatorProcess("wbym_wildberries.simulator", *arguments) as simulator:
        for _ in range(3):
            job = Job(_OURS.way, simulator.url, [str(simulator.shown["token"])])
            peaks.append((await run_once(_OURS, job)).peak_mb)
    return sample(peaks).median
