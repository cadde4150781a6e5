"""Ways to read every feedback that waits for an answer; all deliver the same records."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, TypeVar

import aiohttp
import msgspec

from benchmarks import handwritten
from wbym.limits import Quota, Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.api.feedbacks import Feedback
from wbym_wildberries.limits import BUCKETS

__all__ = ["LIFTED", "READERS", "TAKE", "Read"]

T = TypeVar("T")

TAKE: Final = 5000

LIFTED: Final = dict.fromkeys(BUCKETS, Quota(limit=1_000_000, period=1, burst=1_000_000))
"""Limits that no benchmark reaches."""


class Read(msgspec.Struct):
    """What was read: enough to see that all readers read the same."""

    records: int = 0
    ratings: int = 0


async def two_in_flight(
    fetch: Callable[[int], Awaitable[T]], offsets: Iterable[int]
) -> AsyncIterator[T]:
    """The pages in order, the next one on its way while the last is being used."""
    tasks: deque[asyncio.Future[T]] = deque()
    for offset in offsets:
        tasks.append(asyncio.ensure_future(fetch(offset)))
        if len(tasks) == 2:
            yield await tasks.popleft()
    while tasks:
        yield await tasks.popleft()


async def by_hand(url: str, token: str, pages: int) -> Read:
    """The hand-written loop."""
    found = Read()
    async with aiohttp.ClientSession() as session:

        async def fetch(skip: int) -> list[handwritten.Feedback]:
            return await handwritten.list_feedbacks(session, url, token, take=TAKE, skip=skip)

        async for page in two_in_flight(fetch, range(0, pages * TAKE, TAKE)):
            for feedback in page:
                found.records += 1
                found.ratings += feedback.product_valuation or 0
            del page  # or it would stay in memory while the next one comes
    return found


async def wire(url: str, token: str, pages: int) -> Read:
    """The SDK's typed method: the same loop, with Wildberries' own records."""
    found = Read()
    async with _shop(url, token) as shop:

        async def fetch(skip: int) -> list[Feedback]:
            page = await shop.api.feedbacks.list(
                is_answered=False, take=TAKE, skip=skip, order="dateDesc"
            )
            return page.feedbacks

        async for page in two_in_flight(fetch, range(0, pages * TAKE, TAKE)):
            for feedback in page:
                found.records += 1
                found.ratings += feedback.product_valuation or 0
            del page  # or it would stay in memory while the next one comes
    return found


async def neutral(url: str, token: str, pages: int, ahead: int | None = 2) -> Read:
    """The SDK's neutral listing, with as many requests under way as the other loops."""
    found = Read()
    async with _shop(url, token) as shop:
        async for feedback in shop.feedbacks(answered=False, ahead=ahead):
            found.records += 1
            found.ratings += feedback.rating or 0
    return found


async def by_default(url: str, token: str, pages: int) -> Read:
    """The same with as many requests under way as the listing makes by itself."""
    return await neutral(url, token, pages, ahead=None)


def _shop(url: str, token: str) -> Wildberries:
    return Wildberries(token, base_url=url, quotas=LIFTED, scheduler=Scheduler())


READERS: Final[dict[str, Callable[[str, str, int], Awaitable[Read]]]] = {
    "by hand": by_hand,
    "wire": wire,
    "neutral": neutral,
    "neutral, by default": by_default,
}
