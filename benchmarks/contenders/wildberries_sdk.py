"""``wildberries-sdk``: generated, blocking, over urllib3; pydantic models.

The host is a setting. It does not limit its rate and does not accept gzip. For calls at once it
runs in threads, as many as its pool has connections by default; its README shows none. The caller
retries a rate limited call after the time in the header of the 429.
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
_RATE_LIMITED: Final = 429


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
    """A thread per seller, and in each one call after the other, again when rate limited."""

    def seller(token: str) -> tuple[int, int]:
        api = _api(job, token)
        asks = (api.get_v1_feedbacks, api.get_v1_questions)
        rate_limited = 0
        for turn in range(job.calls):
            rate_limited += _until_admitted(
                partial(asks[turn % 2], is_answered=False, take=job.take, skip=0)
            )
        return job.calls, rate_limited

    for calls, rate_limited in await asyncio.gather(
        *(asyncio.to_thread(seller, token) for token in job.tokens)
    ):
        tally.records += calls
        tally.errors += rate_limited


def _until_admitted(ask: Callable[[], object]) -> int:
    """Number of 429 responses before the call succeeded."""
    rate_limited = 0
    while True:
        try:
            ask()
        except communications.ApiException as error:
            if error.status != _RATE_LIMITED:
                raise
            rate_limited += 1
            time.sleep(float(error.headers["X-Ratelimit-Retry"]))
        else:
            return rate_limited


if __name__ == "__main__":
    main({"pages": _pages, "calls": _calls, "mixed": _mixed})
