"""The hand-written loop, the limit of what can be reached: aiohttp, msgspec and nothing else.

Within limits it sleeps until a call's moment has come, as a program may that is alone with one
seller and whose every call is known beforehand.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp

from benchmarks import handwritten, handwritten_market
from benchmarks.contenders.harness import Job, Tally, Way, in_flight, main, many

__all__ = ["WAYS"]

_BURST: Final = 6
_INTERVAL: Final = 1 / 3
_MARGIN: Final = 0.02
_WARM_UP: Final = 20


async def _pages(job: Job, tally: Tally) -> None:
    start = time.perf_counter()
    async with aiohttp.ClientSession() as session:

        async def fetch(skip: int) -> list[handwritten.Feedback]:
            if job.limited and skip >= _BURST * job.take:
                due = (skip // job.take + 1 - _BURST) * _INTERVAL + _MARGIN
                await asyncio.sleep(start + due - time.perf_counter())
            return await handwritten.list_feedbacks(
                session, job.url, job.tokens[0], take=job.take, skip=skip
            )

        most = job.pages if job.limited else 2
        async for page in in_flight(most, fetch, range(0, job.pages * job.take, job.take)):
            for feedback in page:
                tally.records += 1
                tally.ratings += feedback.product_valuation or 0
            del page  # or it would stay in memory while the next one comes
            tally.mark()


async def _calls(job: Job, tally: Tally) -> None:
    async with aiohttp.ClientSession() as session:

        async def call() -> object:
            return await handwritten.count_unanswered(session, job.url, job.tokens[0])

        await many(Tally(), [call] * _WARM_UP, at_once=False)
        tally.start()
        await many(tally, [call] * job.calls, at_once=job.at_once)


async def _market(job: Job, tally: Tally) -> None:
    until = datetime.now(UTC) + timedelta(minutes=1)
    since = until - timedelta(days=180)
    token: str | None = None
    async with aiohttp.ClientSession() as session:
        while True:
            page = await handwritten_market.list_feedbacks(
                session,
                job.url,
                job.tokens[0],
                job.business,
                limit=job.take,
                since=since,
                until=until,
                page_token=token,
            )
            for feedback in page.feedbacks:
                tally.records += 1
                tally.ratings += (feedback.statistics and feedback.statistics.rating) or 0
            token = page.paging.next_page_token if page.paging else None
            if not token:
                return


WAYS: Final[dict[str, Way]] = {"pages": _pages, "calls": _calls, "market": _market}

if __name__ == "__main__":
    main(WAYS)
