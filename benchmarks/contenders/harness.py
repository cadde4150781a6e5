"""A contender's process: it reports that it is ready, takes a job, does it and reports the figures.

It runs in the peers' environment too, so only the standard library is imported.
"""

import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from benchmarks.measure import peak_mb

__all__ = ["Job", "Tally", "Way", "done", "in_flight", "main", "many"]

T = TypeVar("T")


@dataclass
class Job:
    """A job, as one line of JSON on stdin."""

    way: str
    """Name of the contender's way."""
    url: str
    tokens: list[str]
    """One per seller."""
    pages: int = 0
    """Of ``take`` feedbacks each."""
    take: int = 0
    calls: int = 0
    """Of each seller."""
    at_once: bool = False
    limited: bool = False
    """Whether the marketplace enforces its limits; otherwise the client's are lifted as well."""
    business: int = 0
    sweeps: int = 1
    """Number of repetitions."""
    patience: float = 600.0
    """Seconds after which the job is given up."""


@dataclass
class Tally:
    """The figures of a job, as one line of JSON on stdout."""

    seconds: float = 0.0
    cpu: float = 0.0
    """Processor seconds of the whole process, threads included."""
    idle_mb: float = 0.0
    """The peak before the job: everything imported and nothing read."""
    first_mb: float = 0.0
    """The peak after the first sweep."""
    peak_mb: float = 0.0
    """The peak after all."""
    records: int = 0
    ratings: int = 0
    """The sum of all ratings, which verifies that all contenders read the same."""
    errors: int = 0
    """Calls that raised an error."""
    finished: bool = True
    marks: list[tuple[float, int]] = field(default_factory=list)
    """Samples of seconds and the records read until then."""

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the time; called again by a way that warms up first."""
        self._clock, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """Stop the time."""
        self.seconds = time.perf_counter() - self._clock
        self.cpu = time.process_time() - self._cpu

    def mark(self) -> None:
        """Record the progress of reading."""
        self.marks.append((round(time.perf_counter() - self._clock, 3), self.records))


Way = Callable[[Job, Tally], Awaitable[None]]


async def in_flight(
    limit: int, fetch: Callable[[int], Awaitable[T]], offsets: Iterable[int]
) -> AsyncIterator[T]:
    """The pages in order, with the next ones in flight while the last is used."""
    tasks: deque[asyncio.Future[T]] = deque()
    for offset in offsets:
        tasks.append(asyncio.ensure_future(fetch(offset)))
        if len(tasks) == limit:
            yield await tasks.popleft()
    while tasks:
        yield await tasks.popleft()


async def many(
    tally: Tally, calls: Iterable[Callable[[], Awaitable[object]]], *, at_once: bool
) -> None:
    """Make the calls; those that succeed count as records, and the others as errors."""
    if at_once:
        answers = await asyncio.gather(*[call() for call in calls], return_exceptions=True)
        tally.errors += sum(isinstance(answer, BaseException) for answer in answers)
        tally.records += sum(not isinstance(answer, BaseException) for answer in answers)
        return
    for call in calls:
        await call()
        tally.records += 1


def main(ways: Mapping[str, Way]) -> None:
    """Do one job in its way."""
    idle = peak_mb()
    print("ready", flush=True)
    job = Job(**json.loads(sys.stdin.readline()))
    tally = asyncio.run(done(ways[job.way], job))
    tally.idle_mb = idle
    tally.peak_mb = peak_mb()
    print(json.dumps(asdict(tally)), flush=True)


async def done(way: Way, job: Job) -> Tally:
    """The figures of a job."""
    tally = Tally()
    try:
        async with asyncio.timeout(job.patience):
            for _ in range(job.sweeps):
                await way(job, tally)
                tally.first_mb = tally.first_mb or peak_mb()
    except TimeoutError:
        tally.finished = False
    tally.stop()
    return tally
