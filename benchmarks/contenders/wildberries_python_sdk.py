"""``wildberries-python-sdk``: asyncio over httpx; dicts.

It lacks feedbacks and questions; its README offers YAML files for more endpoints, so they are
described in one, with the host in it. It waits after a 429 and does not limit its rate before; the
caller retries the rate limited call.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final

from wildberries_python_sdk import (  # type: ignore[import-not-found]
    BaseClient,
    RateLimiter,
    Registry,
    TooManyRequestsError,
)

from benchmarks.contenders.harness import Job, Tally, in_flight, main, many

_WARM_UP: Final = 20
_PATHS: Final = {
    "feedbacks": "/api/v1/feedbacks",
    "questions": "/api/v1/questions",
    "count": "/api/v1/feedbacks/count-unanswered",
}


def _client(job: Job, token: str) -> BaseClient:
    lines = ["endpoints:"]
    for name, path in _PATHS.items():
        lines += [f"  {name}:", f"    url: {path}", "    method: GET"]
        lines += ["    category: feedbacks", "    servers:", f"      feedbacks: {job.url}"]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "feedbacks.yaml").write_text("\n".join(lines) + "\n")
        client = BaseClient(token, Registry(folder), RateLimiter())
    # httpx gives up a call that waits five seconds for a connection, as most of 2,000 at once do.
    client.client.timeout = 60.0
    return client


async def _pages(job: Job, tally: Tally) -> None:
    client = _client(job, job.tokens[0])

    async def fetch(skip: int) -> list[dict[str, Any]]:
        query = {"isAnswered": "false", "take": job.take, "skip": skip, "order": "dateDesc"}
        answer = await client._request("feedbacks", params=query)  # noqa: SLF001 - as in its docs
        return list(answer["data"]["feedbacks"])

    in_parallel = 1 if job.limited else 2
    async for page in in_flight(in_parallel, fetch, range(0, job.pages * job.take, job.take)):
        for feedback in page:
            tally.records += 1
            tally.ratings += feedback["productValuation"] or 0
        del page
        tally.mark()
    await client.close()


async def _calls(job: Job, tally: Tally) -> None:
    client = _client(job, job.tokens[0])

    async def call() -> object:
        answer: object = await client._request("count")  # noqa: SLF001 - as in its docs
        return answer

    await many(Tally(), [call] * _WARM_UP, at_once=False)
    tally.start()
    await many(tally, [call] * job.calls, at_once=job.at_once)
    await client.close()


async def _mixed(job: Job, tally: Tally) -> None:
    """The sellers concurrently, and of each one call after the other, again when rate limited."""
    query = {"isAnswered": "false", "take": job.take, "skip": 0}

    async def seller(token: str) -> None:
        client = _client(job, token)
        for turn in range(job.calls):
            while True:
                try:
                    await client._request(  # noqa: SLF001 - as in its docs
                        "questions" if turn % 2 else "feedbacks", params=query
                    )
                except TooManyRequestsError:
                    tally.errors += 1
                else:
                    break
            tally.records += 1
        await client.close()

    await asyncio.gather(*map(seller, job.tokens))


if __name__ == "__main__":
    main({"pages": _pages, "calls": _calls, "mixed": _mixed})
