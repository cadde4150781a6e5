"""``wbapi-async``: asyncio over httpx, its answers as structs, its own rate limit of each method.

It has no setting for the host; the address and the limits are attributes of its classes of methods,
and are set there.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from wbapi import WBApi  # type: ignore[import-not-found]
from wbapi.communications.methods import (  # type: ignore[import-not-found]
    GetFeedbacks,
    GetFeedbacksCountUnanswered,
    GetQuestions,
)

from benchmarks.contenders.harness import Job, Tally, in_flight, main, many

_LIFTED: Final = {"personal": (1000, 1_000_000)}
"""Milliseconds, and calls in them."""
_WARM_UP: Final = 20


def _redirect(job: Job) -> None:
    logging.getLogger("wbapi").setLevel(logging.ERROR)  # it warns of each 429
    for method in (GetFeedbacks, GetFeedbacksCountUnanswered, GetQuestions):
        method.__host__ = job.url
        if not job.limited:
            method.__rate_limits__ = _LIFTED


async def _pages(job: Job, tally: Tally) -> None:
    """Page by page; within limits all calls at once, since it limits the rate itself."""
    _redirect(job)
    async with WBApi(token=job.tokens[0]) as api:

        async def fetch(skip: int) -> list[GetFeedbacks]:
            answer = await api.communications.get_feedbacks(
                is_answered=False, skip=skip, take=job.take, order="dateDesc"
            )
            return list(answer.data.feedbacks)

        in_parallel = job.pages if job.limited else 2
        async for page in in_flight(in_parallel, fetch, range(0, job.pages * job.take, job.take)):
            for feedback in page:
                tally.records += 1
                tally.ratings += feedback.product_valuation or 0
            del page
            tally.mark()


async def _iterator(job: Job, tally: Tally) -> None:
    """As its README recommends for large lists."""
    _redirect(job)
    async with WBApi(token=job.tokens[0]) as api:
        async for feedback in api.communications.iter_get_feedbacks(
            is_answered=False, skip=0, take=job.take, order="dateDesc"
        ):
            tally.records += 1
            tally.ratings += feedback.product_valuation or 0
            if not tally.records % job.take:
                tally.mark()
        tally.mark()


async def _list(job: Job, tally: Tally) -> None:
    """All pages in one list."""
    _redirect(job)
    async with WBApi(token=job.tokens[0]) as api:
        for feedback in await api.communications.get_feedbacks(
            is_answered=False, skip=0, take=job.take, order="dateDesc", auto_paginate=True
        ):
            tally.records += 1
            tally.ratings += feedback.product_valuation or 0


async def _calls(job: Job, tally: Tally) -> None:
    _redirect(job)
    async with WBApi(token=job.tokens[0]) as api:
        call = api.communications.get_feedbacks_count_unanswered
        await many(Tally(), [call] * _WARM_UP, at_once=False)
        tally.start()
        await many(tally, [call] * job.calls, at_once=job.at_once)


async def _mixed(job: Job, tally: Tally) -> None:
    """All calls at once, since it limits the rate itself."""
    _redirect(job)
    apis = [WBApi(token=token) for token in job.tokens]
    calls: list[Callable[[], Awaitable[object]]] = []
    for api in apis:
        both = (api.communications.get_feedbacks, api.communications.get_questions)
        calls += [
            partial(both[turn % 2], is_answered=False, take=job.take, skip=0)
            for turn in range(job.calls)
        ]
    await many(tally, calls, at_once=True)
    for api in apis:
        await api.close()


if __name__ == "__main__":
    main(
        {
            "pages": _pages,
            "iterator": _iterator,
            "list": _list,
            "calls": _calls,
            "mixed": _mixed,
        }
    )
