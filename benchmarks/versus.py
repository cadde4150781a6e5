"""Tables, plots and digests of contenders compared with a limit."""

from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.contenders.harness import Tally
from benchmarks.contest import Contender, Runs, peers_installed
from benchmarks.measure import Sample, sample
from benchmarks.plots import Bar, Bars, Kind
from benchmarks.report import Limit

__all__ = [
    "agree",
    "bars",
    "beside_bound",
    "beside_hand",
    "by_hand",
    "digest",
    "kind",
    "missing",
    "others",
    "ratios",
    "seconds",
]

_MISSING: Final = "The peers are not installed here, so only ours are shown; `make bench` installs."


def missing() -> list[str]:
    """A note if the peers are skipped."""
    return [] if peers_installed() else [_MISSING]


def agree(runs: Mapping[str, Runs]) -> None:
    """Check that all contenders that finished read the same records.

    Raises:
        RuntimeError: They read different records.
    """
    read = {
        name: {(tally.records, tally.ratings) for tally in own.tallies if tally.finished}
        for name, own in runs.items()
    }
    if len(set().union(*read.values())) != 1:
        raise RuntimeError(f"the contenders did not read the same: {read}")


def seconds(tally: Tally) -> float:
    """The default figure: seconds of a run."""
    return tally.seconds


def by_hand(runs: Mapping[str, Runs], figure: Callable[[Tally], float] = seconds) -> Runs:
    """The limit: the hand-written loop with the lowest median."""
    hands = [own for own in runs.values() if own.contender.hand]
    return min(hands, key=lambda own: own.of(figure).median)


def ratios(
    runs: Mapping[str, Runs],
    name: str,
    figure: Callable[[Tally], float] = seconds,
    *,
    beside: str | None = None,
) -> Sample:
    """A contender's figure divided by the limit's of the same turn, or by another contender's."""
    other = None if beside is None else runs[beside]
    return sample(_turns(runs, name, figure, other))


def beside_hand(
    runs: Mapping[str, Runs], label: str = "", figure: Callable[[Tally], float] = seconds
) -> list[Limit]:
    """Each complete row, against the fastest loop by hand."""
    hand = by_hand(runs, figure)
    return [
        Limit(name + label, _turns(runs, name, figure))
        for name, own in runs.items()
        if own is not hand and _complete(runs, own)
    ]


def beside_bound(runs: Mapping[str, Runs], bound: float, label: str = "") -> list[Limit]:
    """Each complete row, against the min seconds that the limits allow."""
    return [
        Limit(name + label, [tally.seconds / bound for tally in own.tallies])
        for name, own in runs.items()
        if _complete(runs, own)
    ]


def _turns(
    runs: Mapping[str, Runs],
    name: str,
    figure: Callable[[Tally], float],
    other: Runs | None = None,
) -> list[float]:
    pairs = zip(runs[name].tallies, (other or by_hand(runs, figure)).tallies, strict=True)
    return [figure(own) / figure(hand) for own, hand in pairs]


def _complete(runs: Mapping[str, Runs], own: Runs) -> bool:
    """Whether a contender did all of the work; less work may be faster than the limit."""
    return own.finished and not _lost(runs, own)


def kind(contender: Contender) -> Kind:
    """The kind that sets its colour."""
    if contender.peer:
        return "peer"
    return "hand" if contender.hand else "ours"


def bars(
    name: str,
    title: str,
    unit: str,
    runs: Mapping[str, Runs],
    limit: float,
    limit_label: str,
    figure: Callable[[Tally], float] = seconds,
) -> Bars:
    """A bar for each contender that finished."""
    found = [
        Bar(label + _lost(runs, own), one.median, one.low, one.high, kind(own.contender))
        for label, own in runs.items()
        if own.finished
        for one in [own.of(figure)]
    ]
    return Bars(name, title, unit, found, limit, limit_label)


def others(runs: Mapping[str, Runs], figure: Callable[[Tally], float], unit: str) -> str:
    """The peers' figures, best first; unfinished ones last."""
    peers = [own for own in runs.values() if own.contender.peer]
    ended = sorted(
        (own.of(figure).median, own.contender.name + _lost(runs, own))
        for own in peers
        if own.finished
    )
    never = [f"{own.contender.name} never ends" for own in peers if not own.finished]
    return "; ".join([*(f"{name} {digest(value, unit)}" for value, name in ended), *never])


def _lost(runs: Mapping[str, Runs], own: Runs) -> str:
    """Number of calls or records that are missing, compared with the others."""
    most = max(tally.records for each in runs.values() for tally in each.tallies)
    lost = most - min(tally.records for tally in own.tallies)
    return f" ({lost} lost)" if lost else ""


def digest(value: float, unit: str) -> str:
    """A figure with its unit, short."""
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"
