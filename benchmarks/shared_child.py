"""One of several processes of a seller that count their limits in a shared store."""

import asyncio
import logging
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from wbym.errors import WbymError
from wbym.limits import BucketKey, Charge, Granted, Priority, Quota, Window, open_quotas
from wbym.limits._quota_store import Reservation, new_grant_id
from wbym_wildberries import Wildberries
from wbym_yandex_market import YandexMarket

__all__ = ["BUDGET", "HOUR", "Given", "Served"]

HOUR = 30.0
"""Seconds of the simulated hour of Yandex Market."""
BUDGET = 500
_REPLY_EVERY = 2.0
"""Seconds between replies of a process."""
_PAIRS_AT_ONCE = 64


class Given(msgspec.Struct):
    """What a process is to do."""

    way: str
    limits: str
    seconds: float
    start: float = 0.0
    """Unix seconds at which all processes begin; read from stdin when all are ready."""
    url: str = ""
    secret: str = ""
    business: int = 0
    sellers: int = 0
    callers: int = 4
    """Concurrent readers."""
    replies: bool = False
    """Whether it replies to buyers too."""


class Served(msgspec.Struct):
    """What it has done."""

    calls: int = 0
    """Successful ones until the end, without replies."""
    failed: int = 0
    replies: list[float] = []
    """Seconds that each reply took."""
    waits: list[float] = []
    """Seconds of each reservation."""
    errors: list[str] = []


async def _work(given: Given) -> Served:
    served = Served(replies=[], waits=[], errors=[])
    if given.way == "wildberries":
        async with Wildberries(given.secret, base_url=given.url, limits=given.limits) as shop:
            urgent = shop.api.at(Priority.INTERACTIVE)
            await _repeat(
                given,
                served,
                shop.api.feedbacks.count_unanswered,
                urgent.feedbacks.count_unanswered,
            )
    elif given.way == "yandex_market":
        async with YandexMarket(
            given.secret,
            business_id=given.business,
            base_url=given.url,
            limits=given.limits,
            quotas={"feedbacks.list": Window(BUDGET, HOUR)},
        ) as market:
            await _repeat(given, served, lambda: market.feedbacks().using(size=1).page())
    else:
        await _pairs(given, served)
    return served


async def _repeat(
    given: Given,
    served: Served,
    call: Callable[[], Awaitable[object]],
    reply: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Call as often as the limits allow, and reply now and then."""
    end = await _begin(given)

    async def one(make: Callable[[], Awaitable[object]]) -> bool:
        try:
            await make()
        except WbymError as error:
            served.failed += 1
            served.errors.append(str(error))
            return False
        return time.monotonic() < end

    async def read() -> None:
        while time.monotonic() < end:
            counted = await one(call)
            served.calls += counted

    async def answer(make: Callable[[], Awaitable[object]]) -> None:
        await asyncio.sleep(random.random() * _REPLY_EVERY)
        while time.monotonic() < end:
            start = time.monotonic()
            if await one(make):
                served.replies.append(time.monotonic() - start)
            await asyncio.sleep(_REPLY_EVERY)

    readers = [asyncio.create_task(read()) for _ in range(given.callers)]
    if reply is not None and given.replies:
        readers.append(asyncio.create_task(answer(reply)))
    _, late = await asyncio.wait(readers, timeout=end - time.monotonic() + 1.0)
    for task in late:  # they wait for the limits
        task.cancel()
    await asyncio.gather(*readers, return_exceptions=True)


async def _begin(given: Given) -> float:
    """Wait until all processes begin; the monotonic time at which they end."""
    left = given.start - time.time()
    await asyncio.sleep(left)
    return time.monotonic() + min(0.0, left) + given.seconds


async def _pairs(given: Given, served: Served) -> None:
    """Reserve and settle as fast as the store allows; with one caller, measure each."""
    store = open_quotas(given.limits)
    quota = Quota(1_000_000, 1, 1_000_000)
    charges = [
        [Charge(BucketKey("bench", f"seller-{n}", "standard", "calls"), quota)]
        for n in range(given.sellers)
    ]
    at_once = _PAIRS_AT_ONCE if given.sellers > 1 else 1
    end = await _begin(given)

    async def loop() -> None:
        while time.monotonic() < end:
            one = random.choice(charges)
            grant = new_grant_id(one[0].key)
            start = time.perf_counter()
            reply = await store.reserve(Reservation(grant, one, Priority.NORMAL, 1.0))
            if at_once == 1:
                served.waits.append(time.perf_counter() - start)
            served.failed += not isinstance(reply, Granted)
            await store.settle(grant, 1, (), 0.01)
            served.calls += 1

    await asyncio.gather(*(loop() for _ in range(at_once)))
    await store.aclose()


def _main(arguments: Sequence[str]) -> None:
    logging.getLogger("wbym").setLevel(logging.ERROR)  # a server that is restarted is away
    given = msgspec.json.decode(arguments[0], type=Given)
    print("ready", flush=True)
    given.start = float(sys.stdin.readline())
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(_work(given))))


if __name__ == "__main__":
    _main(sys.argv[1:])
