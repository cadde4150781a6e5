"""``wildberries-sdk``: generated, blocking, over urllib3; pydantic models.

The host is a setting. It keeps no pace and does not ask for gzip. For calls at once it runs in
threads, as many as its pool has connections by default; its README shows none. A refused call is
asked again after the time that the refusal's header names, by the caller.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from wildberries_sdk import communications  # type: ignore[import-not-found]

from benchmarks.contenders.harness import Job, Tally, main

_WARM_UP: Final = 20
_REFUSED: Final = 429


def _api(job: Job, token: str) -> communications.DefaultApi:
    return communications.DefaultApi(
        communications.ApiClient(
            communications.Configuration(
                host=job.url, ignore_operation_servers=True, api_key={"HeaderApiKey": token}
            )
        )
    )


async def _pages(job: Job, tally: Tally) -> None:
    api = _api(job, job.tokens[0])
    for skip in range(0, job.pages * job.take, job.take):
        page = api.get_v1_feedbacks(is_answered=False, take=job.take, skip=skip, order="dateDesc")
        for feedback in page.data.feedbacks:
            tally.records += 1
            tally.ratings += feedback.product_valuation or 0
        del page
        tally.mark()


async def _calls(job: Job, tally: Tally) -> None:
    api = _api(job, job.tokens[0])
    for _ in range(_WARM_UP):
        api.get_v1_feedbacks_count_unanswered()
    tally.start()
    if not job.at_once:
        for _ in range(job.calls):
            api.get_v1_feedbacks_count_unanswered()
            tally.records += 1
        return
    with ThreadPoolExecutor(api.api_client.configuration.connection_pool_maxsize) as pool:
        futures = [pool.submit(api.get_v1_feedbacks_count_unanswered) for _ in range(job.calls)]
        for future in futures:
            future.result()
            tally.records += 1


async def _mixed(job: Job, tally: Tally) -> None:
    """A thread a seller, and in each one call after the other, again when refused."""

    def seller(token: str) -> tuple[int, int]:
        api = _api(job, token)
        asks = (api.get_v1_feedbacks, api.get_v1_questions)
        refused = 0
        for turn in range(job.calls):
            refused += _until_admitted(
                partial(asks[turn % 2], is_answered=False, take=job.take, skip=0)
            )
        return job.calls, refused

    for calls, refused in await asyncio.gather(
        *(asyncio.to_thread(seller, token) for token in job.tokens)
    ):
        tally.records += calls
        tally.errors += refused


def _until_admitted(ask: Callable[[], object]) -> int:
    """How often the call was refused before it was answered."""
    refused = 0
    while True:
        try:
            ask()
        except communications.ApiException as error:
            if error.status != _REFUSED:
                raise
            refused += 1
            time.sleep(float(error.headers["X-Ratelimit-Retry"]))
        else:
            return refused


if __name__ == "__main__":
    main({"pages": _pages, "calls": _calls, "mixed": _mixed})
