"""Counts of the demo, and their evaluation; pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from wbym.account import CatalogRow
from wbym.limits import BucketState, Quota

__all__ = ["Result", "SimulatorStats", "Tally", "min_seconds", "problems", "requests_by_noun"]


class Tally(msgspec.Struct, eq=False):
    """Counts of one noun of one account."""

    account: str
    noun: str
    expected: int | None = None
    """Readable records by the simulator; None if it does not state them."""
    read: int = 0
    """Distinct records read."""
    repeated: int = 0
    """Records that came more than once."""
    effect: str | None = None
    """The simulator's name for the effect of a write."""
    written: int = 0
    seconds: float = 0.0
    ids: set[str] = msgspec.field(default_factory=set)

    def saw(self, ids: Iterable[str]) -> None:
        """Count records that were read."""
        fresh = list(ids)
        self.ids.update(fresh)
        self.repeated += len(fresh) - (len(self.ids) - self.read)
        self.read = len(self.ids)


class PathCounts(msgspec.Struct, frozen=True):
    """A simulator's counts of one method."""

    requests: int
    rate_limited: int


class SimulatorStats(msgspec.Struct, frozen=True):
    """The needed fields of ``/__simulator/stats``."""

    requests: int
    rate_limited: int
    paths: dict[str, PathCounts] = {}
    """By ``"METHOD /path"``."""
    effects: dict[str, int] = {}


class Result(msgspec.Struct, frozen=True):
    """The result of one account."""

    account: str
    marketplace: str
    tallies: Sequence[Tally]
    stats: SimulatorStats
    by_noun: Mapping[str, PathCounts]
    bound: float
    """The minimum seconds that the limits allow for these calls."""
    undecodable: int


def min_seconds(states: Iterable[BucketState]) -> float:
    """The minimum seconds for the calls of all buckets, which are used in parallel."""
    times = [
        state.quota.min_duration(state.calls) for state in states if isinstance(state.quota, Quota)
    ]
    return max(times, default=0.0)


_OTHER_NAMES = {"claims": "returns"}
"""Nouns by the marketplaces' names."""


def requests_by_noun(stats: SimulatorStats, catalog: Iterable[CatalogRow]) -> dict[str, PathCounts]:
    """The simulator's counts by the group of methods below ``api``."""
    groups = {f"{row.method} {row.path}": row.name.partition(".")[0] for row in catalog}
    found: dict[str, PathCounts] = {}
    for path, counts in stats.paths.items():
        group = groups.get(path, "")
        noun = _OTHER_NAMES.get(group, group)
        before = found.get(noun, PathCounts(0, 0))
        found[noun] = PathCounts(
            before.requests + counts.requests, before.rate_limited + counts.rate_limited
        )
    return found


def problems(results: Iterable[Result]) -> list[str]:
    """The problems: rate-limited requests, lost or repeated records, writes without effect."""
    found = []
    for result in results:
        if result.stats.rate_limited:
            found.append(
                f"{result.account}: {result.stats.rate_limited} requests were rate limited"
            )
        if result.undecodable:
            found.append(f"{result.account}: {result.undecodable} records could not be decoded")
        for tally in result.tallies:
            where = f"{tally.account} {tally.noun}"
            if tally.expected is not None and tally.read != tally.expected:
                found.append(f"{where}: {tally.read} of {tally.expected} records were read")
            if tally.repeated:
                found.append(f"{where}: {tally.repeated} records came more than once")
            effects = result.stats.effects.get(tally.effect, 0) if tally.effect else tally.written
            if effects != tally.written:
                found.append(f"{where}: {tally.written} written, of which {effects} had an effect")
    return found
