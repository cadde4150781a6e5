"""Counting the requests of a call."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from wbym.testing import Stats


@contextmanager
def requests(stats: Stats) -> Iterator[Counter[str]]:
    """The requests made in the block, by ``"METHOD /path"``; complete at its end."""
    before = Counter({path: seen.requests for path, seen in stats.paths.items()})
    made: Counter[str] = Counter()
    yield made
    made.update({path: seen.requests for path, seen in stats.paths.items()})
    made.subtract(before)
    for path in [path for path, count in made.items() if not count]:
        del made[path]
