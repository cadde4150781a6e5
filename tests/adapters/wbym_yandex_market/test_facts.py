"""The facts of ``check``, judged by the simulator."""

import re
from collections.abc import Sequence

import aiohttp
import pytest

from tests.adapters.wbym_yandex_market.shops import KEY, open_shop
from tests.support.fakes import ScriptedTransport
from wbym.calls import build_path
from wbym.errors import Unauthorized
from wbym.limits import Scheduler
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key, make_oauth_token


class TestMethods:
    @pytest.mark.parametrize(
        "scopes",
        [
            ["all-methods"],
            ["all-methods:read-only"],
            ["communication"],
            ["inventory-and-order-processing:read-only", "communication"],
            ["pricing"],
        ],
    )
    async def test_methods_when_each_is_called(
        self, scopes: Sequence[str], market: YandexMarketSimulator
    ) -> None:
        """The simulator rejects exactly the methods that are reported as missing."""
        rows = {row.name: row for row in YandexMarket.catalog()}
        key = make_api_key(scopes=scopes)
        reported, rejected = {}, {}
        ids = {"businessId": 1001, "campaignId": 100_101}
        async with (
            open_shop(market, key) as shop,
            aiohttp.ClientSession(market.url, headers={"Api-Key": key}) as session,
        ):
            report = await shop.check()
            assert [probe.error for probe in report.probes] == [None, None]
            for facts in report.methods:
                row = rows[facts.name]
                places = re.findall(r"{(\w+)}", row.path)
                path = build_path(row.path, {name: ids.get(name, 1) for name in places})
                async with session.request(row.method, path, json={}) as answer:
                    rejected[facts.name] = answer.status == 403
                reported[facts.name] = facts.missing is not None
        assert reported == rejected
        assert list(reported) == list(rows)
        assert (
            report.credentials[0].scopes == tuple(sorted(scopes, reverse=True)) or len(scopes) < 2
        )
        assert report.credentials[0].read_only is (scopes == ["all-methods:read-only"])

    async def test_methods_with_an_oauth_token(self, market: YandexMarketSimulator) -> None:
        token = make_oauth_token(businesses=[1001])
        async with open_shop(market, oauth=token) as shop:
            report = await shop.check()
        assert [probe.subject for probe in report.probes] == ["shops"]
        missing = {facts.name: facts.missing for facts in report.methods if facts.missing}
        assert missing == {"auth.token": "an Api-Key"}

    async def test_methods_when_offline(self) -> None:
        transport = ScriptedTransport()
        shop = YandexMarket(KEY, transport=transport, scheduler=Scheduler(), subscription=True)
        report = await shop.check(online=False)
        assert not transport.requests
        assert not report.probes
        assert any("after a request" in text for text in report.credentials[0].warnings)
        rates = {facts.name: facts.rate for facts in report.methods}
        assert rates["feedbacks.list"] == "10000 per 1 h"
        assert rates["auth.token"] == "100 per 1 h"


class TestOnline:
    async def test_check_when_online(self, market: YandexMarketSimulator) -> None:
        async with open_shop(market, make_api_key(name="отзывы")) as shop:
            report = await shop.check()
            campaigns = await shop.api.campaigns.list().all()
        key, shops = report.probes
        assert key.answer == "отзывы, scopes: all-methods"
        assert shops.answer is not None
        for campaign in campaigns:
            assert f"{campaign.id} ({campaign.domain}" in shops.answer
        assert report.credentials[0].owner == "business 1001"
        assert not report.credentials[0].warnings

    async def test_check_when_the_key_is_invalid(self, market: YandexMarketSimulator) -> None:
        async with open_shop(market, KEY) as shop:
            report = await shop.check()
        assert [type(probe.error) for probe in report.probes] == [Unauthorized, Unauthorized]
        assert report.methods
