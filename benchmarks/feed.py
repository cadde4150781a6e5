"""The feed's own speed: from stored pages of events to the consumer, through each kind of state.

``python -m benchmarks.feed JSON`` makes one run and prints the outcome, in a separate process,
so that memory is measured separately. PostgreSQL is measured on the server that the variable
``WBYM_TEST_POSTGRES`` names, in a schema of its own.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.alone import run_alone
from benchmarks.contenders.ours import LIFTED
from benchmarks.instant import Answered
from benchmarks.measure import peak_mb, resident_mb
from benchmarks.report import Report, Target
from benchmarks.sizes import Sizes
from tests.support.postgres import fetch, own_schema, schema_of
from wbym.calls import Request, Response
from wbym.feed import EventKind, Events
from wbym.inbox import Inbox
from wbym.limits import Scheduler
from wbym.paging._parts import EPOCH
from wbym_wildberries import Wildberries
from wbym_wildberries._limits import BUCKETS, Tier
from wbym_wildberries.simulator import WildberriesSimulator, make_token

__all__ = ["run"]

PAGE: Final = 50
"""Events on a page, as observed at WB."""
LAG_TRIES: Final = 10
_START: Final = 1_700_000_000_000
_LIMIT: Final = BUCKETS["chats.events"][Tier.STANDARD]


class Task(msgspec.Struct, frozen=True):
    """The input of one run."""

    events: int
    chats: int = 500
    server: str | None = None
    """The address of a PostgreSQL server; SQLite if None."""


class Found(msgspec.Struct, frozen=True):
    """The outcome of one run."""

    seconds: float
    processor: float
    """Seconds of CPU time."""
    quarter_mb: float
    """Resident MB when a quarter was confirmed."""
    end_mb: float
    peak_mb: float
    state_mb: float
    """The state at its end."""


async def run(sizes: Sizes) -> Report:
    """Catch up with a long feed, and measure the delay of a message."""
    found = await run_alone("benchmarks.feed", _plan(sizes), found=Found, within=600)
    rows = [_row("SQLite", sizes.feed_events, found)]
    targets = []
    if (server := os.environ.get("WBYM_TEST_POSTGRES")) is not None:
        other = await run_alone("benchmarks.feed", _plan(sizes, server), found=Found, within=600)
        rows.append(_row("PostgreSQL", sizes.feed_events, other))
        rate = sizes.feed_events / other.seconds
        targets.append(Target("feed in PostgreSQL, events/s", rate, "at least", 10_000))
    rate = sizes.feed_events / found.seconds
    limit = PAGE / _LIMIT.interval
    lags = await _lags()
    interval = _LIMIT.interval
    growth = found.end_mb / found.quarter_mb
    return Report(
        f"Feed: {sizes.feed_events:,} events from stored pages to the consumer",
        (
            *("state", "events", "s", "CPU s", "events/s"),
            *("MB at 1/4", "MB at the end", "peak MB", "state MB"),
        ),
        rows,
        [
            Target("feed, events/s", rate, "at least", 20_000),
            Target("feed, memory at the end of that at a quarter", growth, "at most", 1.1),
            Target("catching up, of the rate that the limit allows", rate / limit, "at least", 10),
            Target("lag, worst", max(lags), "at most", interval + 0.05, "s"),
            *targets,
        ],
        [
            f"Pages of {PAGE} events of {Task(0).chats} chats, created beforehand; events that "
            "arrive while a step is written are stored with the cursor in one transaction that "
            "reaches the disk, and confirmed by leaving the body of the loop. WB allows "
            f"{limit:g} events per second, so these take {sizes.feed_events / limit / 3600:.1f} h "
            "within the limit. The pages themselves are most of the memory.",
            "Lag: from a message that arrives in an idle account of the simulator, with WB's real "
            f"limit of a call every {interval:g} s, to the consumer; {LAG_TRIES} messages: median "
            f"{sorted(lags)[len(lags) // 2]:.2f} s, worst {max(lags):.2f} s.",
        ],
    )


def _row(state: str, events: int, found: Found) -> list[str | int | float | None]:
    return [
        *(state, events, found.seconds, found.processor, events / found.seconds),
        *(found.quarter_mb, found.end_mb, found.peak_mb, found.state_mb),
    ]


def _plan(sizes: Sizes, server: str | None = None) -> str:
    return msgspec.json.encode(Task(sizes.feed_events, server=server)).decode()


async def _lags() -> list[float]:
    lags = []
    async with WildberriesSimulator(chats=1, feedbacks=0, questions=0) as simulator:
        chats = simulator.state.chats
        (chat,) = chats.chats
        shop = Wildberries(make_token(), base_url=simulator.url)
        with tempfile.TemporaryDirectory() as folder:
            async with Inbox(shop, state=Path(folder) / "state.db") as inbox:
                events = inbox.events()
                following = asyncio.ensure_future(_until(events, ""))
                await asyncio.sleep(3)
                for number in range(LAG_TRIES):
                    await asyncio.sleep(0.6 + 0.1 * number)
                    following.cancel()
                    arrived = time.perf_counter()
                    chats.arrive(f"Здравствуйте! {number}", chat_id=chat)
                    await _until(events, f"Здравствуйте! {number}")
                    lags.append(time.perf_counter() - arrived)
    return lags


async def _until(events: Events, text: str) -> None:
    """Wait for the message with this text."""
    async for event in events:
        if event.kind is EventKind.MESSAGE and event.message.text == text:
            return


class Pages:
    """A transport that answers with prepared pages of a feed."""

    def __init__(self, task: Task) -> None:
        self.pages = [_page(task, number) for number in range(task.events // PAGE)]

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Answered]:
        """The page after the requested cursor."""
        _, _, text = request.url.partition("next=")
        number = 0 if not text else (int(text) - _START) // PAGE
        if not request.url.partition("?")[0].endswith("/events"):
            body = b'{"result":[]}'
        elif number < len(self.pages):
            body = self.pages[number]
        else:
            await asyncio.sleep(0.2)  # without a limit an idle feed is polled again at once
            body = b'{"result":{"next":%d,"totalEvents":0,"events":[]}}' % (_START + number * PAGE)
        yield Answered(Response(200, {}, body))

    async def aclose(self) -> None:
        """Close nothing."""


def _page(task: Task, number: int) -> bytes:
    first = number * PAGE
    events = [
        {
            "chatID": f"1:1e265a58-a120-b178-008c-60af2460{n % task.chats:04d}",
            "eventID": f"76f0c6b2-a10b-4b0b-8f4e-{n:012d}",
            "eventType": "message",
            "isNewChat": False,
            "message": {"text": f"Здравствуйте, подскажите про заказ {n}"},
            "source": "rusite",
            "addTimestamp": _START + n + 1,
            "addTime": "2026-05-01T10:00:00Z",
            "sender": "client",
            "clientID": "186132",
            "clientName": "Алёна",
        }
        for n in range(first, first + PAGE)
    ]
    result = {"next": _START + first + PAGE, "totalEvents": PAGE, "events": events}
    return msgspec.json.encode({"result": result})


async def _read(task: Task) -> Found:
    transport = Pages(task)
    scheduler = Scheduler(min_jitter=0.0)
    shop = Wildberries(
        make_token(scopes=["chat"]), quotas=LIFTED, scheduler=scheduler, transport=transport
    )
    async with _state(task.server) as (state, size), Inbox(shop, state=state) as inbox:
        start, processor = time.perf_counter(), time.process_time()
        events = inbox.events(since=EPOCH)
        seen, quarter = 0, 0.0
        async for event in events:
            seen += event.kind == "message"
            if seen == task.events // 4 and not quarter:
                quarter = resident_mb()
            if seen == task.events:
                await event.ack()
                break
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
        stored = await size() / 1e6
        return Found(seconds, processor, quarter, resident_mb(), peak_mb(), stored)


@asynccontextmanager
async def _state(
    server: str | None,
) -> AsyncIterator[tuple[str | Path, Callable[[], Awaitable[int]]]]:
    """A new place of the state, and its size in bytes."""
    if server is None:
        with tempfile.TemporaryDirectory(dir=".") as folder:

            async def in_files() -> int:
                return sum(path.stat().st_size for path in os.scandir(folder))

            yield Path(folder) / "state.db", in_files
        return
    async with own_schema(server) as url:

        async def in_tables() -> int:
            query = (
                "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class"
                " WHERE relkind = 'r' AND relnamespace = to_regnamespace($1)"
            )
            ((size,),) = await fetch(url, query, schema_of(url))
            return int(size)

        yield url, in_tables


if __name__ == "__main__":
    found = asyncio.run(_read(msgspec.json.decode(sys.argv[1], type=Task)))
    print(msgspec.json.encode(found).decode())
