"""How many requests a call costs."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from wbym.testing import Stats


@contextmanager
def requests(stats: Stats) -> Iterator[Counter[str]]:
    """Requests made inside, by ``"METHOD /path"``; they are there when it is left."""
    before = Counter({path: seen.requests for path, seen in stats.paths.items()})
    made: Counter[str] = Counter()
    yield made
    made.update({path: seen.requests for path, seen in stats.paths.items()})
    made.subtract(before)
    for path in [path for path, count in made.items() if not count]:
        del made[path]
