"""Wildberries' limits in virtual time, judged by the simulator's own bucket."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.support.fakes import ScriptedExchange
from wbym.calls import Exchange, Request, Response
from wbym.errors import QuotaExhausted
from wbym.limits import MemoryBans, Priority, Scheduler
from wbym.testing import TokenBucket
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token

pytestmark = pytest.mark.looptime

UNSEEN = {"data": {"hasNewQuestions": True, "hasNewFeedbacks": True}, "error": False}
COUNTERS = {"data": {"countUnanswered": 1, "countUnansweredToday": 0}, "error": False}


class Marketplace:
    """Serves feedbacks and questions within their limits, with a bucket per seller."""

    def __init__(self, *, latency: float = 0.05, jitter: float = 0.0, ban: float = 0.0) -> None:
        self.latency = latency
        self.jitter = jitter
        self.ban = ban
        self.random = random.Random(7)
        self.buckets: dict[str, TokenBucket] = {}
        self.requests = 0
        self.rate_limited = 0
        self.arrivals: list[tuple[float, str]] = []

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Exchange]:
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(self.random.uniform(0, self.jitter))
        token = request.headers["Authorization"]
        bucket = self.buckets.get(token)
        if bucket is None:
            bucket = TokenBucket(burst=6, interval=1 / 3, clock=clock, ban=self.ban)
            self.buckets[token] = bucket
        self.requests += 1
        self.arrivals.append((clock(), request.url))
        verdict = bucket.take()
        await asyncio.sleep(self.latency)
        body = UNSEEN if "new-feedbacks" in request.url else COUNTERS
        if verdict.allowed:
            headers = {"x-ratelimit-remaining": str(verdict.remaining)}
            yield ScriptedExchange(Response(200, headers, msgspec.json.encode(body)))
        else:
            self.rate_limited += 1
            headers = {"x-ratelimit-retry": str(verdict.retry), "x-ratelimit-limit": "6"}
            yield ScriptedExchange(Response(429, headers))

    async def aclose(self) -> None:
        """Close nothing."""


def _shop(
    market: Marketplace,
    scheduler: Scheduler,
    *,
    sid: str = "a",
    max_wait: float | None = 300.0,
) -> Wildberries:
    return Wildberries(
        make_token(sid=sid), transport=market, scheduler=scheduler, max_wait=max_wait
    )


async def _mixed(shop: Wildberries, calls: int) -> None:
    half = calls // 2
    await asyncio.gather(
        *(shop.api.feedbacks.unseen() for _ in range(half)),
        *(shop.api.questions.count_unanswered() for _ in range(half)),
    )


class TestRate:
    async def test_time_when_sixty_calls_are_mixed_on_one_seller(self) -> None:
        market, begin = Marketplace(), asyncio.get_running_loop().time()
        await _mixed(_shop(market, Scheduler()), 60)
        took = asyncio.get_running_loop().time() - begin
        assert took <= 1.03 * (60 - 6) / 3
        assert (market.requests, market.rate_limited) == (60, 0)

    async def test_time_when_sixty_calls_are_split_over_two_sellers(self) -> None:
        market, begin = Marketplace(), asyncio.get_running_loop().time()
        scheduler = Scheduler()
        shops = [_shop(market, scheduler, sid=sid) for sid in "ab"]
        await asyncio.gather(*(_mixed(shop, 30) for shop in shops))
        took = asyncio.get_running_loop().time() - begin
        assert took <= 1.03 * (30 - 6) / 3
        assert (market.requests, market.rate_limited) == (60, 0)

    async def test_rate_limits_when_arrivals_are_unsteady(self) -> None:
        market = Marketplace(jitter=0.2)
        scheduler = Scheduler()
        shops = [_shop(market, scheduler, sid=str(number)) for number in range(10)]
        await asyncio.gather(*(_mixed(shop, 100) for shop in shops))
        assert market.requests - market.rate_limited == 1000
        assert market.rate_limited <= 1

    async def test_two_clients_of_one_seller(self) -> None:
        market, scheduler = Marketplace(), Scheduler()
        shops = [_shop(market, scheduler), _shop(market, scheduler)]
        await asyncio.gather(*(_mixed(shop, 20) for shop in shops))
        assert (market.requests, market.rate_limited) == (40, 0)
        (bucket,) = shops[0].limits()
        assert bucket.calls == 40
        assert bucket.key.owner == "a"

    async def test_reply_during_a_sweep(self) -> None:
        market = Marketplace()
        shop = _shop(market, Scheduler())
        bulk = shop.api.at(Priority.BULK)
        sweep = asyncio.gather(*(bulk.feedbacks.unseen() for _ in range(60)))
        await asyncio.sleep(5)
        begin = asyncio.get_running_loop().time()
        await shop.api.at(Priority.INTERACTIVE).questions.count_unanswered()
        assert asyncio.get_running_loop().time() - begin <= 1 / 3 + market.latency + 0.02
        await sweep


class TestBans:
    async def test_call_when_others_spend_the_budget(self) -> None:
        market = Marketplace()
        ours, theirs = _shop(market, Scheduler()), _shop(market, Scheduler())
        await asyncio.gather(_mixed(ours, 30), _mixed(theirs, 30))
        assert market.requests - market.rate_limited == 60
        assert market.rate_limited < 30

    async def test_ban_when_the_process_restarts(self) -> None:
        bans = MemoryBans()  # time would pass in the loop while files are read
        market = Marketplace(ban=18_236)

        def restarted() -> Wildberries:
            return _shop(market, Scheduler(bans=bans))

        # Processes that count separately are rate limited; the next one knows of it.
        calls = [restarted().api.feedbacks.unseen() for _ in range(30)]
        await asyncio.gather(*calls, return_exceptions=True)
        seen = market.requests, market.rate_limited
        with pytest.raises(QuotaExhausted) as caught:
            await restarted().api.feedbacks.unseen()
        assert 18_000 < caught.value.wait <= 18_240
        assert (market.requests, market.rate_limited) == seen
        assert market.rate_limited

    async def test_call_when_max_wait_is_short(self) -> None:
        market = Marketplace()
        shop = _shop(market, Scheduler(), max_wait=1.0)
        results = await asyncio.gather(
            *(shop.api.feedbacks.unseen() for _ in range(60)), return_exceptions=True
        )
        exhausted = [result for result in results if isinstance(result, QuotaExhausted)]
        assert len(exhausted) == 60 - market.requests
        assert 8 <= market.requests <= 10
        assert market.rate_limited == 0
        assert "feedbacks-and-questions" in str(exhausted[0])
