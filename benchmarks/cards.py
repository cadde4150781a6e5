"""A seller's cards, 100 a page: beside a loop by hand without limits, and beside the limits' bound.

``python -m benchmarks.cards JSON`` reads them within the limits, in one process and in virtual
time, and prints the outcome.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import looptime
import msgspec

from benchmarks.contenders.harness import Job
from benchmarks.contest import Contender, compete
from benchmarks.instant import Answered
from benchmarks.report import Digest, Limit, Report, Target
from benchmarks.sizes import Sizes
from benchmarks.versus import agree, beside_hand, digest, ratios
from wbym import Scheduler
from wbym.calls import Request, Response
from wbym.testing import SimulatorProcess, TokenBucket
from wbym_wildberries import Wildberries
from wbym_wildberries._limits import BUCKETS, Tier
from wbym_wildberries.simulator import make_token
from wbym_wildberries.simulator.card_ids import nm_id, number_of
from wbym_wildberries.simulator.data_cards import CardData
from wbym_wildberries.simulator.dates import exact_time

__all__ = ["run"]

_TAKE: Final = 100
_SPEED: Final = 0.7
"""Min ratio. A card keeps its bytes, which the loop by hand drops, so that updates lose nothing."""
_HAND: Final = Contender("by hand", "cards", "by hand", hand=True)
_BY_PAGE: Final = Contender("wbym, by page", "cards", "by page")
_LISTING: Final = Contender("wbym, a listing", "cards", "listing")
_QUOTA: Final = BUCKETS["content.cards.list"][Tier.STANDARD]


class Task(msgspec.Struct, frozen=True):
    """The run within the limits."""

    cards: int
    latency: float = 0.3
    """Seconds from a request to its response; above the interval, no client that pages one
    after the other can reach the rate."""


class Found(msgspec.Struct, frozen=True):
    """Its outcome."""

    cards: int
    requests: int
    seconds: float
    """Virtual ones."""
    rate_limited: int
    cpu: float


async def run(sizes: Sizes) -> Report:
    """Read all cards by each in turn, without limits; then once within them."""
    pages = -(-sizes.cards // _TAKE)
    cards = str(sizes.cards)
    # Without gzip, which would cost the simulator time on each page.
    options = ("--cards", cards, "--trashed", "0", "--feedbacks", "1", "--no-limits", "--no-gzip")
    async with SimulatorProcess("wbym_wildberries.simulator", *options) as simulator:
        url, token = simulator.url, str(simulator.shown["token"])

        def job(contender: Contender) -> Job:
            return Job(contender.way, url, [token], take=_TAKE)

        runs = await compete((_HAND, _BY_PAGE, _LISTING), job, sizes.runs)
    agree(runs)
    limited = await _in_a_process(Task(sizes.cards))
    if limited.cards != sizes.cards:
        raise RuntimeError(f"{limited.cards} cards were read instead of {sizes.cards}")
    # The burst at once, and then one per interval.
    bound = (pages - _QUOTA.burst) * _QUOTA.interval
    report = Report(
        f"Cards: {sizes.cards:,} by pages of {_TAKE}",
        ("client", "s", "spread", "speed of by hand", "CPU, s", "cards/s", "requests"),
        [],
        [],
    )
    for name, own in runs.items():
        took, spent = own.seconds, own.of(lambda tally: tally.cpu).median
        speed = 1 / ratios(runs, name).median
        report.rows.append(
            [name, took.median, took.spread, speed, spent, sizes.cards / took.median, None]
        )
        if name != _HAND.name:
            report.targets.append(Target(name, speed, "at least", _SPEED, "of the speed by hand"))
    report.rows += [
        ["the limit's bound", bound, "", None, None, sizes.cards / bound, pages],
        [
            *("wbym, a listing, within the limit", limited.seconds, "", None),
            *(limited.cpu, sizes.cards / limited.seconds, limited.requests),
        ],
    ]
    ratio = limited.seconds / bound
    report.limits = [*beside_hand(runs), Limit("within the limit", [ratio], exact=True)]
    report.targets += [
        Target("within the limit, seconds of the bound", ratio, "at most", 1.03),
        Target("within the limit, rate limited", limited.rate_limited, "at most", 0),
    ]
    report.notes = [
        "A page has the cursor of the next, so pages are requested one after the other. Medians of"
        f" {sizes.runs} runs in turn; a good part of each is the simulator's, which makes a"
        " page when it is asked for it; *CPU* is the client's alone. Within the limit (5 at once,"
        " then one each 600 ms) the time is virtual, an answer takes 300 ms, and *CPU* is that of"
        " the marketplace too, which is in the same process.",
    ]
    report.digests = [
        Digest(
            f"{sizes.cards:,} cards within the limits",
            f"{digest(bound, 's')} by the limits",
            digest(limited.seconds, "s"),
            "",
        )
    ]
    return report


class _Marketplace:
    """Answers the list of cards as Wildberries does, without a network."""

    def __init__(self, task: Task, clock: Callable[[], float]) -> None:
        self._data = CardData(count=task.cards, seed=0, start=int(time.time()))
        self._bucket = TokenBucket(burst=_QUOTA.burst, interval=_QUOTA.interval, clock=clock)
        self._latency = task.latency
        self.requests = 0
        self.rate_limited = 0

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answered]:
        """The answer, half the latency after the request was counted."""
        await asyncio.sleep(self._latency / 2)
        self.requests += 1
        verdict = self._bucket.take()
        if verdict.allowed:
            headers = {"x-ratelimit-remaining": str(verdict.remaining)}
            response = Response(200, headers, self._page(request))
        else:
            self.rate_limited += 1
            headers = {"x-ratelimit-retry": str(verdict.retry), "x-ratelimit-limit": "5"}
            response = Response(429, headers, b'{"title": "too many requests"}')
        await asyncio.sleep(self._latency / 2)
        yield Answered(response)

    def _page(self, request: Request) -> bytes:
        settings = msgspec.json.decode(request.body or b"", type=_Body).settings
        after = settings.cursor
        begin = 0
        if after.nm_id is not None:
            begin = number_of(after.nm_id) + 1
            if after.updated_at != self._updated(begin - 1):
                raise RuntimeError(f"{after} is the cursor of no page")
        numbers = range(begin, min(begin + after.limit, self._data.count))
        end: dict[str, object] = {"total": len(numbers)}
        if numbers:
            end |= {"nmID": nm_id(numbers[-1]), "updatedAt": self._updated(numbers[-1])}
        rows = b",".join(self._data.render(number) for number in numbers)
        return b'{"cards":[%b],"cursor":%b}' % (rows, msgspec.json.encode(end))

    def _updated(self, number: int) -> str:
        return exact_time(self._data.updated(number)).decode()

    async def aclose(self) -> None:
        """Close nothing."""


class _Cursor(msgspec.Struct):
    limit: int
    updated_at: str | None = msgspec.field(default=None, name="updatedAt")
    nm_id: int | None = msgspec.field(default=None, name="nmID")


class _Settings(msgspec.Struct):
    cursor: _Cursor


class _Body(msgspec.Struct):
    settings: _Settings


async def _read(task: Task) -> Found:
    loop = asyncio.get_running_loop()
    marketplace = _Marketplace(task, loop.time)
    spent, begin = time.process_time(), loop.time()
    seen: set[int] = set()
    token = make_token(scopes=("content",))
    async with Wildberries(token, transport=marketplace, scheduler=Scheduler()) as shop:
        async for card in shop.api.content.cards.list():
            seen.add(card.nm_id)
    return Found(
        cards=len(seen),
        requests=marketplace.requests,
        seconds=loop.time() - begin,
        rate_limited=marketplace.rate_limited,
        cpu=time.process_time() - spent,
    )


async def _in_a_process(task: Task) -> Found:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.cards", msgspec.json.encode(task).decode()),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"reading within the limits ended with {process.returncode}")
    return msgspec.json.decode(output, type=Found)


def _virtual_loop() -> asyncio.AbstractEventLoop:
    return looptime.new_event_loop(start=0.0, _enabled=True)


def main(text: str) -> None:
    """Read the cards and print the outcome."""
    with asyncio.Runner(loop_factory=_virtual_loop) as runner:
        found = runner.run(_read(msgspec.json.decode(text, type=Task)))
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    main(sys.argv[1])
