"""Small calls: processor time of the client for each, in sequence and all at once."""

from typing import Final

from benchmarks.contenders.harness import Job, Tally
from benchmarks.contest import Contender, Runs, compete
from benchmarks.report import Digest, Report, Target
from benchmarks.serving import new_token
from benchmarks.sizes import Sizes
from benchmarks.versus import bars, beside_hand, by_hand, digest, missing, others, ratios
from wbym.testing import SimulatorProcess

__all__ = ["run"]

_MAX_RATIO: Final = {False: ("by hand", 1.5), True: ("by hand, all together", 1.5)}
"""The compared loop and the max ratio. At once, it is the loop that has as many open calls as
wbym: the fastest loop never has more than sixteen, and each further one costs timers, buffers
and objects that the garbage collector traverses."""
_HAND: Final = Contender("by hand", "by_hand", "calls", hand=True)
_TOGETHER: Final = Contender("by hand, all together", "by_hand", "calls together", hand=True)
_OURS: Final = Contender("wbym", "ours", "calls")
_CONTENDERS: Final = (
    _HAND,
    _OURS,
    Contender("wildberries-sdk", "wildberries_sdk", "calls", "models", peer=True),
    Contender("wbapi-async", "wbapi_async", "calls", peer=True),
    Contender("wbsdk", "wbsdk", "calls", "dicts", peer=True),
    Contender("wildberries-python-sdk", "wildberries_python_sdk", "calls", "dicts", peer=True),
)
_WORDS: Final = {False: "in sequence", True: "at once"}


async def run(sizes: Sizes) -> Report:
    """Count unanswered feedbacks repeatedly, with limits lifted on all sides."""
    calls = sizes.small_calls
    report = Report(
        f"Small calls: {calls:,}, in sequence and at once",
        ("client", "gives", "µs of CPU a call", "spread", "of by hand", "spread", "errors"),
        [],
        [],
        [
            f"Processor time of the client's process, medians of {sizes.runs} runs in turn, after"
            " a few calls to warm up. By hand is an aiohttp session and a msgspec decoder. At once"
            " means all calls given to the client together, and wbym has a hundred of them under"
            " way, which a server far away needs; the limit by hand works them off by sixteen, the"
            " garbage collector off. All together is the same session given all of them.",
            "`wildberries-sdk` blocks, so it gets as many threads as its pool has connections.",
            *missing(),
        ],
    )
    async with SimulatorProcess("wbym_wildberries.simulator", "--no-limits") as simulator:
        for at_once, words in _WORDS.items():

            def job(contender: Contender, at_once: bool = at_once) -> Job:
                return Job(
                    contender.way, simulator.url, [new_token()], calls=calls, at_once=at_once
                )

            present = (_HAND, _TOGETHER, *_CONTENDERS[1:]) if at_once else _CONTENDERS
            runs = await compete(present, job, sizes.runs)
            _add(report, runs, calls, words, *_MAX_RATIO[at_once])
    return report


def _add(
    report: Report, runs: dict[str, Runs], calls: int, words: str, beside: str, max_ratio: float
) -> None:
    def spent(tally: Tally) -> float:
        return tally.cpu / calls * 1e6

    for name, own in runs.items():
        cost, ratio = own.of(spent), ratios(runs, name, spent)
        report.rows.append(
            [
                *(f"{name}, {words}", own.contender.gives, cost.median, cost.spread),
                *(ratio.median, ratio.spread, max(tally.errors for tally in own.tallies)),
            ]
        )
    ratio = ratios(runs, _OURS.name, spent, beside=beside)
    target = Target(f"a small call, {words}", ratio.median, "at most", max_ratio, f"of {beside}")
    report.targets.append(target)
    report.limits += beside_hand(runs, f", {words}", spent)
    hand = by_hand(runs, spent).of(spent).median
    title = f"{calls:,} small calls {words}"
    report.plots.append(
        bars(
            f"calls-{words.replace(' ', '-')}",
            f"CPU a call, {title}",
            "µs",
            runs,
            hand,
            "by hand: aiohttp and msgspec",
            spent,
        )
    )
    report.digests.append(
        Digest(
            f"{title}, CPU of one",
            f"{digest(hand, 'µs')} by hand",
            digest(runs[_OURS.name].of(spent).median, "µs"),
            others(runs, spent, "µs"),
        )
    )
