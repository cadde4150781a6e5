"""The counts of a simulator."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class PathStats:
    """The counts of one method."""

    requests: int = 0
    rate_limited: int = 0
    """Rate limited responses."""
    statuses: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Stats:
    """The counts of a simulator since its start or last reset."""

    requests: int = 0
    rate_limited: int = 0
    """Rate limited responses."""
    in_flight: int = 0
    peak_in_flight: int = 0
    paths: dict[str, PathStats] = field(default_factory=dict)
    """By `"METHOD /path"`."""
    effects: Counter[str] = field(default_factory=Counter)
    """Changes by sellers: `message`, `answer`, `decision` and so on."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Requests that succeeded without an effect."""
    faults: Counter[str] = field(default_factory=Counter)

    def clear(self) -> None:
        """Sets every count to zero."""
        self.requests = self.rate_limited = self.peak_in_flight = 0
        self.paths.clear()
        self.effects.clear()
        self.ignored.clear()
        self.faults.clear()
