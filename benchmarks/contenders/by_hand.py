"""The hand-written loops, the lower bound: aiohttp, msgspec and nothing else.

Most jobs have two, one page after the other and several in flight, since it depends on the
machine which is faster; the faster one is the limit.

Within limits it sleeps until a call may be sent, as a program can that is the only client of one
seller and knows all of its calls beforehand.
"""

import asyncio
import gc
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import msgspec
from yarl import URL

from benchmarks import handwritten, handwritten_market
from benchmarks.contenders.harness import Job, Tally, Way, in_flight, main, many

__all__ = ["WAYS"]

_BURST: Final = 6
_INTERVAL: Final = 1 / 3
_MARGIN: Final = 0.02
_WARM_UP: Final = 20
_AT_ONCE: Final = 16
"""Max small calls in flight: more connections cost more without a gain."""
_WINDOWS: Final = 4
_PERIOD: Final = timedelta(days=180)


async def _pages(job: Job, tally: Tally, *, in_parallel: int) -> None:
    start = time.perf_counter()
    rooms: list[bytearray] = []
    async with handwritten.open_session({"Authorization": job.tokens[0]}) as session:

        async def fetch(skip: int) -> list[handwritten.Feedback]:
            if job.limited and skip >= _BURST * job.take:
                due = (skip // job.take + 1 - _BURST) * _INTERVAL + _MARGIN
                await asyncio.sleep(start + due - time.perf_counter())
            return await handwritten.list_feedbacks(
                session, job.url, rooms, take=job.take, skip=skip
            )

        offsets = range(0, job.pages * job.take, job.take)
        async for page in in_flight(job.pages if job.limited else in_parallel, fetch, offsets):
            for feedback in page:
                tally.records += 1
                tally.ratings += feedback.product_valuation or 0
            del page  # or it would stay in memory while the next one arrives
            tally.mark()


async def _calls(job: Job, tally: Tally) -> None:
    url = URL(f"{job.url}/api/v1/feedbacks/count-unanswered", encoded=True)
    async with handwritten.open_session({"Authorization": job.tokens[0]}) as session:

        async def call() -> object:
            return await handwritten.count_unanswered(session, url)

        async def work(left: Iterator[int]) -> None:
            for _ in left:
                await call()
                tally.records += 1

        await many(Tally(), [call] * _WARM_UP, at_once=False)
        gc.disable()  # a few thousand calls leave little garbage
        tally.start()
        try:
            left = iter(range(job.calls))
            await asyncio.gather(*[work(left) for _ in range(_AT_ONCE if job.at_once else 1)])
        finally:
            gc.enable()


async def _calls_together(job: Job, tally: Tally) -> None:
    """All calls given to the session at once, over as many connections as it opens by itself."""
    url = URL(f"{job.url}/api/v1/feedbacks/count-unanswered", encoded=True)
    async with handwritten.open_session({"Authorization": job.tokens[0]}) as session:
        call = partial(handwritten.count_unanswered, session, url)
        await many(Tally(), [call] * _WARM_UP, at_once=False)
        tally.start()
        await many(tally, [call] * job.calls, at_once=True)


async def _market(job: Job, tally: Tally, *, windows: int) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=1)
    edges = [until - _PERIOD * part / windows for part in range(windows, -1, -1)]
    headers = {"Api-Key": job.tokens[0], "Content-Type": "application/json"}
    async with handwritten.open_session(headers) as session:

        async def read(since: datetime, until: datetime) -> None:
            period = msgspec.json.encode({"dateTimeFrom": since, "dateTimeTo": until})
            token: str | None = None
            while True:
                page = await handwritten_market.list_feedbacks(
                    session,
                    job.url,
                    job.business,
                    limit=job.take,
                    period=period,
                    page_token=token,
                )
                for feedback in page.feedbacks:
                    if feedback.created_at < until:  # the next window begins with the rest
                        tally.records += 1
                        tally.ratings += (feedback.statistics and feedback.statistics.rating) or 0
                token = page.paging.next_page_token if page.paging else None
                if not token:
                    return

        await asyncio.gather(*map(read, edges, edges[1:]))


WAYS: Final[dict[str, Way]] = {
    "pages": partial(_pages, in_parallel=1),
    "pages ahead": partial(_pages, in_parallel=2),
    "calls": _calls,
    "calls together": _calls_together,
    "market": partial(_market, windows=1),
    "market windows": partial(_market, windows=_WINDOWS),
}

if __name__ == "__main__":
    main(WAYS)
