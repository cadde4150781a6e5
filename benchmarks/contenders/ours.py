"""wbym: its typed methods (wire records), and its neutral listings."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from benchmarks.contenders.harness import Job, Tally, Way, main, many
from wbym.limits import Quota, Scheduler, Window
from wbym_wildberries import Wildberries
from wbym_wildberries._limits import BUCKETS
from wbym_yandex_market import YandexMarket
from wbym_yandex_market._limits import BUCKETS as MARKET_BUCKETS

__all__ = ["LIFTED", "MARKET_LIFTED", "WAYS"]

LIFTED: Final = dict.fromkeys(BUCKETS, Quota(limit=1_000_000, period=1, burst=1_000_000))
"""Limits that no benchmark reaches."""
MARKET_LIFTED: Final = dict.fromkeys(MARKET_BUCKETS, Window(limit=10**9, period=3600))

_WARM_UP: Final = 20


def _unreserved() -> Scheduler:
    """Without a reserve for jitter if limits are lifted.

    A simulator without limits still reports six calls left; a reserve of a millisecond at a
    million calls a second would be more than that, and each call would wait for a timer.
    """
    return Scheduler(min_jitter=0.0, max_jitter=0.0)


def _shops(job: Job) -> list[Wildberries]:
    scheduler = Scheduler() if job.limited else _unreserved()
    return [
        Wildberries(
            token,
            name=f"shop-{number}",
            base_url=job.url,
            scheduler=scheduler,
            quotas=None if job.limited else LIFTED,
        )
        for number, token in enumerate(job.tokens)
    ]


async def _wire(job: Job, tally: Tally) -> None:
    async with _shops(job)[0] as shop:
        listing = shop.api.feedbacks.list(is_answered=False, order="dateDesc")
        async for page in listing.using(size=job.take, prefetch=2).pages():
            for feedback in page.items:
                tally.records += 1
                tally.ratings += feedback.product_valuation or 0
            del page  # or it would stay in memory while the next one arrives


async def _neutral(job: Job, tally: Tally) -> None:
    """With as many requests in flight as the limits allow, or as the other loops."""
    async with _shops(job)[0] as shop:
        async for feedback in shop.feedbacks(answered=False, prefetch=8 if job.limited else 2):
            tally.records += 1
            tally.ratings += feedback.rating or 0
            if not tally.records % job.take:
                tally.mark()
        tally.mark()


async def _by_default(job: Job, tally: Tally) -> None:
    """With the listing's default number of requests in flight."""
    async with _shops(job)[0] as shop:
        async for feedback in shop.feedbacks(answered=False):
            tally.records += 1
            tally.ratings += feedback.rating or 0


async def _sweep(job: Job, tally: Tally) -> None:
    async with _shops(job)[0] as shop:
        async for feedback in shop.sweep.feedbacks():
            tally.records += 1
            tally.ratings += feedback.rating or 0


async def _calls(job: Job, tally: Tally) -> None:
    async with _shops(job)[0] as shop:
        call = shop.api.feedbacks.count_unanswered
        await many(Tally(), [call] * _WARM_UP, at_once=False)
        tally.start()
        await many(tally, [call] * job.calls, at_once=job.at_once)


async def _mixed(job: Job, tally: Tally) -> None:
    """Half of the calls ask for feedbacks and half for questions."""

    async def call(shop: Wildberries, turn: int) -> object:
        if turn % 2:
            return await shop.api.questions.list(is_answered=False).using(size=job.take).page()
        return await shop.api.feedbacks.list(is_answered=False).using(size=job.take).page()

    shops = _shops(job)
    calls = [partial(call, shop, turn) for shop in shops for turn in range(job.calls)]
    await many(tally, calls, at_once=True)
    await asyncio.gather(*[shop.aclose() for shop in shops])


def _market(job: Job) -> YandexMarket:
    return YandexMarket(
        job.tokens[0],
        business_id=job.business,
        base_url=job.url,
        scheduler=_unreserved(),
        quotas=MARKET_LIFTED,
    )


async def _market_wire(job: Job, tally: Tally) -> None:
    until = datetime.now(UTC) + timedelta(minutes=1)
    since = until - timedelta(days=180)
    async with _market(job) as shop:
        listing = shop.api.feedbacks.list(date_time_from=since, date_time_to=until)
        async for page in listing.using(size=job.take).pages():
            for feedback in page.items:
                tally.records += 1
                tally.ratings += (feedback.statistics and feedback.statistics.rating) or 0


async def _market_neutral(job: Job, tally: Tally) -> None:
    """One page after the other, or windows of time concurrently."""
    async with _market(job) as shop:
        async for feedback in shop.feedbacks(prefetch=4 if job.at_once else None):
            tally.records += 1
            tally.ratings += feedback.rating or 0


WAYS: Final[dict[str, Way]] = {
    "wire": _wire,
    "neutral": _neutral,
    "by default": _by_default,
    "sweep": _sweep,
    "calls": _calls,
    "mixed": _mixed,
    "market wire": _market_wire,
    "market neutral": _market_neutral,
}

if __name__ == "__main__":
    main(WAYS)
