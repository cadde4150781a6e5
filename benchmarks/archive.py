"""A seller's archive of feedbacks in one process and in virtual time: hours of limits take seconds.

``python -m benchmarks.archive JSON`` sweeps it and prints the outcome; a separate process for
each, so that memory is measured separately.
"""

import asyncio
import random
import resource
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import parse_qsl, urlsplit

import looptime
import msgspec

from benchmarks.alone import run_alone
from wbym import Scheduler
from wbym.calls import Request, Response
from wbym.testing import TokenBucket
from wbym_wildberries import Wildberries
from wbym_wildberries._limits import BUCKETS, Tier
from wbym_wildberries.simulator import make_token
from wbym_wildberries.simulator.data_feedbacks import (
    chooser,
    feedback_store,
    timeline,
)
from wbym_wildberries.simulator.dates import moscow_time
from wbym_wildberries.simulator.record_ids import RecordIds
from wbym_wildberries.simulator.record_store import RecordStore

__all__ = ["Found", "Marketplace", "Task", "small_shelf", "sweep_in_a_process"]

HOUR = 3600


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """The archive of a sweep, and its changes during the sweep."""

    records: int
    open_share: float
    """Number of unanswered feedbacks."""
    arrive: int = 0
    answered: int = 0
    latency: float = 0.8
    """Seconds from a request to its answer."""
    seeds: tuple[int, ...] = (0,)
    """One sweep each."""
    small: bool = False
    """Short records, so that decoding is not measured."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one sweep."""

    records: int
    missed: int
    twice: int
    planned: int
    requests: int
    min_requests: int
    """Requests: full pages of both lists, and nothing else."""
    seconds: float
    """Virtual ones."""
    bound: float
    """Min seconds of the requests within the limit, plus one latency."""
    rate_limited: int
    real_seconds: float
    peak_mb: float


class Marketplace:
    """Answers lists, counts and the archive of feedbacks as Wildberries does, without a network."""

    def __init__(self, shelf: RecordStore, latency: float, clock: Callable[[], float]) -> None:
        quota = BUCKETS["feedbacks-and-questions"][Tier.STANDARD]
        self._bucket = TokenBucket(burst=quota.burst, interval=quota.interval, clock=clock)
        self._store = shelf
        self._latency = latency
        self.before: Callable[[int], None] = lambda _: None
        self.changes = False
        """Whether ``before`` changes anything, so that bodies are created on request."""
        self.archive = shelf
        self.ban = 0
        """Seconds for which every request is rate limited; 0 for none."""
        self.requests = 0
        self.rate_limited = 0

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator["_Exchange"]:
        """The answer, half the latency after the request was counted."""
        await asyncio.sleep(self._latency / 2)
        self.requests += 1
        verdict = self._bucket.take()
        if self.ban:
            headers = {"x-ratelimit-retry": str(self.ban)}
            exchange = _Exchange(Response(429, headers), lambda: b'{"title": "too many"}')
        elif verdict.allowed:
            self.before(self.requests)
            answer = Response(200, {"x-ratelimit-remaining": str(verdict.remaining)})
            exchange = _Exchange(answer, partial(self._answer, request))
            if self.changes:
                exchange.build()
        else:
            self.rate_limited += 1
            headers = {"x-ratelimit-retry": str(verdict.retry), "x-ratelimit-limit": "6"}
            exchange = _Exchange(Response(429, headers), lambda: b'{"title": "too many"}')
        await asyncio.sleep(self._latency / 2)
        yield exchange

    def _answer(self, request: Request) -> bytes:
        url = urlsplit(request.url)
        query = dict(parse_qsl(url.query))
        processed = query.get("isAnswered", "true") == "true"
        shelf = self.archive if url.path.endswith("/archive") else self._store
        dates = (int(query[name]) if name in query else None for name in ("dateFrom", "dateTo"))
        since, until = dates
        chosen = shelf.select(processed=processed, date_from=since, date_to=until)
        if url.path.endswith("/count"):
            return b'{"data":%d}' % (chosen[2] - chosen[1])
        rows = shelf.page(
            chosen,
            skip=int(query["skip"]),
            take=int(query["take"]),
            newest_first=query["order"] == "dateDesc",
        )
        return b'{"data":{"feedbacks":' + rows + b"}}"

    async def aclose(self) -> None:
        """Close nothing."""


class _Exchange:
    """A response whose body is created when it is read, as if in transit until then."""

    def __init__(self, head: Response, body: Callable[[], bytes]) -> None:
        self.head = head
        self._body = body

    def build(self) -> None:
        """Create the body now, before anything changes."""
        body = self._body()
        self._body = lambda: body

    async def read(self) -> Response:
        return Response(self.head.status, self.head.headers, self._body())

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body()


class _Change:
    """Records that arrive and are answered, spread over the requests of a sweep."""

    def __init__(self, shelf: RecordStore, task: Task, seed: int, last: int) -> None:
        self._store = shelf
        self._draw = random.Random(seed)
        self._left = {"arrive": task.arrive, "answered": task.answered}
        self._last = last

    def __call__(self, request: int) -> None:
        share = max(1, self._last - request)
        for _ in range(-(-self._left["answered"] // share)):
            waiting = self._store.lists[False]
            self._store.process(waiting[self._draw.randrange(len(waiting))])
            self._left["answered"] -= 1
        for _ in range(-(-self._left["arrive"] // share)):
            late = self._draw.randrange(3 * HOUR) if self._draw.random() < 0.5 else 0
            created = int(time.time()) - late
            record: dict[str, object] = {"createdDate": moscow_time(created).decode()}
            self._store.add(record, created=created, nm_id=1)
            self._left["arrive"] -= 1


def small_shelf(task: Task, seed: int) -> RecordStore:
    """Feedbacks with an id and a date."""
    line = timeline(start=int(time.time()), count=task.records, open_share=task.open_share)
    ids = RecordIds(f"ids {seed}")
    return RecordStore(
        ids=ids,
        count=task.records,
        created=line.created,
        render=lambda number: (
            b'{"id":"%b","createdDate":"%b"}' % (ids.of(number), moscow_time(line.created(number)))
        ),
        nm_id=lambda _: 1,
        is_processed=chooser(f"open {seed}", line, task.open_share),
    )


async def _sweep(task: Task, seed: int) -> Found:
    if task.small:
        shelf = small_shelf(task, seed)
    else:
        start = int(time.time())
        shelf = feedback_store(
            count=task.records, seed=seed, start=start, open_share=task.open_share
        )
    loop = asyncio.get_running_loop()
    marketplace = Marketplace(shelf, task.latency, loop.time)
    real = time.perf_counter()
    begin = loop.time()
    quota = BUCKETS["feedbacks-and-questions"][Tier.STANDARD]
    min_requests = sum(-(-len(shelf.lists[flag]) // 5000) for flag in (False, True))
    shop = Wildberries(make_token(), transport=marketplace, scheduler=Scheduler())
    async with shop:
        sweep = shop.sweep.feedbacks()
        plan = await sweep.plan()
        marketplace.before = _Change(shelf, task, seed, last=(plan.requests or 0) - 3)
        count = 0
        seen: set[str] = set()
        keeps = marketplace.changes = bool(task.arrive or task.answered)
        async for page in sweep.pages():
            count += len(page.items)
            if keeps:
                seen.update(item.ref.id for item in page.items)
            del page
        seconds = loop.time() - begin
    there = task.records + task.arrive
    return Found(
        records=count,
        missed=there - (len(seen) if keeps else count),
        twice=count - len(seen) if keeps else 0,
        planned=plan.requests or 0,
        requests=marketplace.requests,
        min_requests=min_requests,
        seconds=seconds,
        bound=quota.min_duration(marketplace.requests) + task.latency,
        rate_limited=marketplace.rate_limited,
        real_seconds=time.perf_counter() - real,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


async def sweep_in_a_process(task: Task) -> list[Found]:
    """The outcome of the sweep with each seed."""
    plan = msgspec.json.encode(task).decode()
    return await run_alone("benchmarks.archive", plan, found=list[Found], within=1200)


def _virtual_loop() -> asyncio.AbstractEventLoop:
    return looptime.new_event_loop(start=0.0, _enabled=True)


def main(text: str) -> None:
    """Sweep and print the outcome."""
    task = msgspec.json.decode(text, type=Task)
    found = []
    for seed in task.seeds:
        with asyncio.Runner(loop_factory=_virtual_loop) as runner:
            found.append(runner.run(_sweep(task, seed)))
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main(sys.argv[1])
