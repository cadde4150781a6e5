"""The facts of ``check``, judged by the simulator and by the published documents."""

from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.adapters.wbym_wildberries.api.products import ALL_SCOPES
from tests.adapters.wbym_wildberries.shops import open_shop
from tests.support.fakes import ScriptedTransport, json_response
from tests.support.published import spec
from wbym.account import MethodFacts
from wbym.errors import QuotaExhausted, Unauthorized
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries._facts import ALLOWED_TOKEN_TYPES
from wbym_wildberries.simulator import WildberriesSimulator, make_token

SELLER = json_response({"name": "Ромашка", "sid": "s", "tin": "7700000000", "tradeMark": "Лютик"})
PONG = json_response({"TS": "2026-05-01T12:00:00+03:00", "Status": "OK"})


def _scripted(*tokens: str, sandbox: bool = False) -> tuple[Wildberries, ScriptedTransport]:
    transport = ScriptedTransport(SELLER, *[PONG] * 20)
    shop = Wildberries(
        tokens, name="shop", transport=transport, scheduler=Scheduler(), sandbox=sandbox
    )
    return shop, transport


async def _methods(*tokens: str, sandbox: bool = False) -> dict[str, MethodFacts]:
    shop, transport = _scripted(*tokens, sandbox=sandbox)
    report = await shop.check(online=False)
    assert transport.requests == []
    return {facts.name: facts for facts in report.methods}


class TestMethods:
    @pytest.mark.parametrize(
        "token",
        [
            make_token(acc=4, scopes=ALL_SCOPES),
            make_token(acc=3, scopes=ALL_SCOPES),
            make_token(acc=3, scopes=("feedbacks", "content", "users"), read_only=True),
            make_token(acc=1, scopes=("chat", "prices", "marketplace")),
            make_token(acc=4, scopes=("returns", "feedbacks")),
        ],
        ids=["service", "personal", "read only", "base", "two categories"],
    )
    async def test_methods_when_each_is_called(
        self, token: str, simulator: WildberriesSimulator
    ) -> None:
        """The simulator rejects exactly the methods that are reported as missing."""
        rows = {row.name: row for row in Wildberries.catalog()}
        reported, rejected = {}, {}
        async with (
            open_shop(simulator, token) as shop,
            aiohttp.ClientSession(simulator.url, headers={"Authorization": token}) as session,
        ):
            for facts in (await shop.check(online=False)).methods:
                row = rows[facts.name]
                path = row.path.replace("{", "").replace("}", "")
                async with session.request(row.method, path) as answer:
                    rejected[facts.name] = answer.status in {401, 403}
                reported[facts.name] = facts.missing is not None
                assert bool(facts.rate) is (facts.missing is None)
        assert reported == rejected
        assert len(reported) == len(rows) - sum(".ping." in name for name in rows)

    async def test_methods_when_something_is_missing(self) -> None:
        by_name = await _methods(make_token(scopes=("content", "feedbacks"), read_only=True))
        assert by_name["content.cards.list"].missing is None
        assert by_name["content.cards.update"].missing == "a token for content that may write"
        assert by_name["chats.list"].missing == "the category buyer-chat"
        assert by_name["general.rating"].missing == "a service token"
        assert by_name["content.cards.list"].host == "https://content-api.wildberries.ru"

    async def test_methods_when_another_token_has_the_category(self) -> None:
        reading = make_token(scopes=("content",), read_only=True)
        both = await _methods(reading, make_token(scopes=("content", "chat")))
        assert both["content.cards.update"].missing is None
        assert both["chats.send"].missing is None

    async def test_methods_when_the_token_has_expired(self) -> None:
        expired = await _methods(make_token(scopes=("chat",), expires_in=-60))
        assert expired["chats.list"].missing == "a token for buyer-chat that has not expired"

    async def test_methods_of_the_sandbox(self) -> None:
        token = make_token(acc=2, test=True, scopes=ALL_SCOPES)
        real = await _methods(token)
        assert real["prices.list"].missing == "a token that is not for the sandbox only"
        trial = await _methods(token, sandbox=True)
        assert trial["prices.list"].missing is None
        assert trial["prices.list"].rate == "1 per 1 s, every 1 s, burst 1"
        assert "sandbox" in trial["prices.list"].host
        assert trial["chats.list"].missing == "a sandbox: Wildberries has none for this host"

    async def test_methods_when_the_token_is_base(self) -> None:
        slow = await _methods(make_token(acc=1, scopes=ALL_SCOPES))
        assert slow["feedbacks.list"].rate == "5 per 1 h, every 12 min, burst 1"
        assert slow["feedbacks.list"].slow
        assert slow["general.seller"].rate == "1 per 1 d, every 1 d, burst 1"
        assert not slow["content.cards.list"].slow
        quick = await _methods(make_token(scopes=ALL_SCOPES))
        assert quick["feedbacks.list"].rate == "3 per 1 s, every 333 ms, burst 6"
        assert not any(facts.slow for facts in quick.values())

    def test_types_when_compared_with_the_published_ones(self, published: Path) -> None:
        by_route = {(row.method, row.path): row.name for row in Wildberries.catalog()}
        found = {}
        for name in ("api-information", "work-with-products", "user-communication"):
            paths = spec(published, f"wildberries/{name}.json")["paths"]
            assert isinstance(paths, dict)
            for path, operations in paths.items():
                for method, operation in operations.items():
                    if isinstance(operation, dict) and "x-token-types" in operation:
                        route = by_route[method.upper(), path]
                        found[route] = frozenset(operation["x-token-types"])
        assert found == ALLOWED_TOKEN_TYPES


class TestOnline:
    async def test_check_when_online(self, simulator: WildberriesSimulator) -> None:
        async with open_shop(simulator) as shop:
            report = await shop.check()
            (probe,) = report.probes
            seller = await shop.api.general.seller()
        assert probe.subject == "seller"
        assert probe.answer == f"{seller.name}, {seller.trade_mark}, INN {seller.tin}"
        assert simulator.stats.requests == 2

    async def test_check_when_the_token_is_revoked(self) -> None:
        async with (
            WildberriesSimulator(sellers=["somebody else"], limits=False) as simulator,
            open_shop(simulator) as shop,
        ):
            report = await shop.check(ping=True)
        assert [type(probe.error) for probe in report.probes] == [Unauthorized, Unauthorized]

    async def test_ping_when_all_hosts_have_one_address(self) -> None:
        """It is pinged once, since it counts all hosts as one."""
        async with WildberriesSimulator(ping_block=600) as simulator:
            token = make_token(scopes=ALL_SCOPES)
            url, scheduler = simulator.url, Scheduler()
            async with Wildberries(token, base_url=url, scheduler=scheduler) as shop:
                reports = [await shop.check(ping=True) for _ in range(4)]
            pings = [report.probes[1] for report in reports]
            assert [ping.subject for ping in pings] == [url] * 4
            assert [ping.answer for ping in pings] == ["OK", "OK", "OK", None]
            assert isinstance(pings[3].error, QuotaExhausted)
            assert simulator.stats.paths["GET /ping"].requests == 3
            assert simulator.stats.rate_limited == 0

    async def test_ping_when_tokens_cover_different_hosts(self) -> None:
        tokens = [make_token(scopes=("content",)), make_token(scopes=("chat",), read_only=True)]
        shop, transport = _scripted(*tokens)
        report = await shop.check(ping=True)
        assert [probe.answer for probe in report.probes] == ["Ромашка, Лютик, INN 7700000000"] + [
            "OK"
        ] * 3
        used = {
            urlsplit(request.url).netloc: request.headers["Authorization"]
            for request in transport.requests
            if request.url.endswith("/ping")
        }
        assert used == {
            "common-api.wildberries.ru": tokens[0],
            "content-api.wildberries.ru": tokens[0],
            "buyer-chat-api.wildberries.ru": tokens[1],
        }
