"""Market's limits against its simulator, and limits from its headers."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tests.adapters.wbym_yandex_market.shops import KEY, open_shop
from tests.support.fakes import ScriptedTransport, json_response
from wbym.errors import QuotaExhausted
from wbym.limits import Priority, Scheduler, Window
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator

EMPTY = {"status": "OK", "result": {"feedbacks": []}}


class TestParallel:
    @pytest.mark.parametrize("accounts", [1, 3])
    async def test_concurrent_calls(self, accounts: int) -> None:
        market = YandexMarketSimulator(chats=1, feedbacks=1)
        market.faults.latency = 0.02
        async with market:
            scheduler = Scheduler()
            shops = [
                open_shop(market, business_id=1001, scheduler=scheduler) for _ in range(accounts)
            ]
            calls = [shop.api.chats.list().page() for shop in shops for _ in range(60 // accounts)]
            await asyncio.gather(*calls)
            assert market.peak_parallel(1001) == 4
            assert market.stats.rate_limited == 0
            for shop in shops:
                await shop.aclose()

    async def test_calls_when_another_client_calls_too(self) -> None:
        market = YandexMarketSimulator(chats=1)
        market.faults.latency = 0.05
        async with market:
            ours, theirs = (
                open_shop(market, business_id=1001, scheduler=Scheduler()) for _ in range(2)
            )
            async with ours, theirs:
                answers = await asyncio.gather(
                    *(shop.api.chats.list().page() for shop in (ours, theirs) for _ in range(4))
                )
            assert len(answers) == 8
            assert 0 < market.stats.rate_limited <= 8

    async def test_reply_during_a_sweep(self) -> None:
        market = YandexMarketSimulator(chats=2, feedbacks=1)
        market.faults.latency = 0.05
        async with market, open_shop(market, business_id=1001) as shop:
            chat = (await shop.chats().all())[0]
            bulk = shop.api.at(Priority.BULK)
            sweep = [asyncio.create_task(bulk.feedbacks.list().page()) for _ in range(60)]
            await asyncio.wait(sweep, return_when=asyncio.FIRST_COMPLETED)
            before = sum(task.done() for task in sweep)
            await shop.send(chat, "Уже отправили")
            # Calls in flight at that time are counted, and almost none of the others.
            assert sum(task.done() for task in sweep) - before <= 12
            await asyncio.gather(*sweep)


class TestBudget:
    async def test_calls_when_the_budget_is_less_than_published(self) -> None:
        # Ten calls of 1,000: learned from the headers of the first, so none is rejected.
        async with YandexMarketSimulator(chats=1, limit_scale=0.01) as market:
            async with open_shop(market, business_id=1001, max_wait=1.0) as shop:
                chat = next(iter(market.state.chats.rows)).id
                for _ in range(10):
                    await shop.api.chats.get(chat)
                with pytest.raises(QuotaExhausted, match=r"chats\.get") as caught:
                    await shop.api.chats.get(chat)
                assert 3000 < caught.value.wait < 3610
                # Methods have separate budgets.
                await shop.api.chats.list().page()
                state = next(one for one in shop.limits() if one.key.bucket == "chats.get")
                assert (state.limit, state.left, state.rate_limited) == (10, 0, 0)
            assert market.stats.rate_limited == 0

    async def test_calls_when_the_next_period_begins(self) -> None:
        async with (
            YandexMarketSimulator(chats=1, limit_scale=0.003, hour=1.5) as market,
            open_shop(market, business_id=1001, max_wait=10) as shop,
        ):
            chat = next(iter(market.state.chats.rows)).id
            for _ in range(5):
                await shop.api.chats.get(chat)
            assert market.stats.rate_limited == 0

    async def test_calls_when_others_spend_the_budget(self) -> None:
        async with YandexMarketSimulator(chats=1, limit_scale=0.01) as market:
            chat = next(iter(market.state.chats.rows)).id
            ours, theirs = (
                open_shop(market, business_id=1001, scheduler=Scheduler(), max_wait=1.0)
                for _ in range(2)
            )
            async with ours, theirs:
                for _ in range(4):
                    await ours.api.chats.get(chat)
                for _ in range(6):
                    await theirs.api.chats.get(chat)
                with pytest.raises(QuotaExhausted) as caught:
                    await ours.api.chats.get(chat)
                assert caught.value.wait > 3000
            # The ban is learned from one 420 response.
            assert market.stats.rate_limited == 1
            (state,) = [one for one in ours.limits() if one.key.bucket == "chats.get"]
            assert state.rate_limited == 1
            assert state.banned_until is not None
            assert state.banned_until - datetime.now(UTC) > timedelta(minutes=50)

    async def test_budget_per_caller(self) -> None:
        transport = ScriptedTransport(*[json_response(EMPTY)] * 2)
        shop = YandexMarket(
            KEY,
            business_id=11,
            transport=transport,
            scheduler=Scheduler(),
            max_wait=1.0,
            quotas={"feedbacks.list": Window(limit=2, period=3600)},
        )
        await shop.api.feedbacks.list().page()
        await shop.api.feedbacks.list().page()
        with pytest.raises(QuotaExhausted):
            await shop.api.feedbacks.list().page()
        assert len(transport.requests) == 2

    async def test_limits_of_two_businesses(self) -> None:
        scheduler = Scheduler()
        transport = ScriptedTransport(*[json_response(EMPTY)] * 2)
        shops = [
            YandexMarket(KEY, business_id=number, transport=transport, scheduler=scheduler)
            for number in (11, 12)
        ]
        for shop in shops:
            await shop.api.feedbacks.list().page()
        owners = [{state.key.owner for state in shop.limits()} for shop in shops]
        assert owners == [{"business-11"}, {"business-12"}]
