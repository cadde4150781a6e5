"""``wbsdk``: asyncio over httpx; feedbacks and questions as dicts.

Its ``get_feedbacks`` and ``get_questions`` send POST where Wildberries has GET only, so the lists
are requested by the ``get`` that its sections share. The host is a setting of the client. Its
limiter deadlocks when a fourth call is made within a second, and never returns;
so, within limits, calls are made one after the other.
"""

from typing import Any, Final

from wbsdk import AsyncWBClient  # type: ignore[import-not-found]
from wbsdk.rate_limiter import (  # type: ignore[import-not-found]
    AsyncRateLimiter,
    RateLimitConfig,
)

from benchmarks.contenders.harness import Job, Tally, in_flight, main, many

_WARM_UP: Final = 20


def _client(job: Job) -> AsyncWBClient:
    client = AsyncWBClient(token=job.tokens[0], base_urls={"feedbacks": job.url})
    if not job.limited:
        lifted = dict.fromkeys(("feedbacks", "marketplace"), RateLimitConfig(10**9, 1.0, 0.0))
        client._rate_limiter = AsyncRateLimiter(lifted)  # noqa: SLF001 - it has no setting
    return client


async def _pages(job: Job, tally: Tally) -> None:
    async with _client(job) as client:

        async def fetch(skip: int) -> list[dict[str, Any]]:
            query = {"isAnswered": "false", "take": job.take, "skip": skip, "order": "dateDesc"}
            answer = await client.communications.get("/api/v1/feedbacks", params=query)
            return list(answer["data"]["feedbacks"])

        in_parallel = 1 if job.limited else 2
        async for page in in_flight(in_parallel, fetch, range(0, job.pages * job.take, job.take)):
            for feedback in page:
                tally.records += 1
                tally.ratings += feedback["productValuation"] or 0
            del page
            tally.mark()


async def _calls(job: Job, tally: Tally) -> None:
    async with _client(job) as client:

        async def call() -> object:
            answer: object = await client.communications.get_feedbacks_count_unanswered()
            return answer

        await many(Tally(), [call] * _WARM_UP, at_once=False)
        tally.start()
        await many(tally, [call] * job.calls, at_once=job.at_once)


async def _mixed(job: Job, tally: Tally) -> None:
    """One call after the other, of the first seller."""
    query = {"isAnswered": "false", "take": job.take, "skip": 0}
    async with _client(job) as client:
        for turn in range(job.calls):
            path = "/api/v1/questions" if turn % 2 else "/api/v1/feedbacks"
            await client.communications.get(path, params=query)
            tally.records += 1


if __name__ == "__main__":
    main({"pages": _pages, "calls": _calls, "mixed": _mixed})
