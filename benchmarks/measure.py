"""Repeated timing, and the memory of the process it runs in. Needs the standard library alone."""

import gc
import resource
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Sample", "peak_mb", "resident_mb", "sample"]

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Sample:
    """The figures of several runs."""

    median: float
    low: float
    high: float

    @property
    def spread(self) -> str:
        """The lowest and the highest run, relative to the median."""
        below, above = self.low / self.median - 1, self.high / self.median - 1
        return f"{below:+.0%} {above:+.0%}"


def sample(values: Sequence[float]) -> Sample:
    """The median of several runs and their extremes."""
    return Sample(statistics.median(values), min(values), max(values))


def peak_mb() -> float:
    """Peak resident memory of this process, in MB of 10^6 bytes.

    Linux hands ``ru_maxrss`` on through fork and exec, so that a child would show its parent's
    peak; the kernel's own high-water mark begins anew with the program.
    """
    if _STATUS.exists():
        return _status("VmHWM")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def resident_mb() -> float:
    """The memory that this process has resident now, garbage excluded, in MB of 10^6 bytes."""
    gc.collect()
    return _status("VmRSS") if _STATUS.exists() else peak_mb()


def _status(field: str) -> float:
    for line in _STATUS.read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == field:
            return int(rest.split()[0]) * 1024 / 1e6
    raise LookupError(field)
