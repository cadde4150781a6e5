"""Market's headers and errors."""

from email.utils import formatdate

import pytest

from tests.adapters.wbym_yandex_market.shops import KEY
from tests.support.fakes import ScriptedTransport, json_response
from tests.support.foreign import FOREIGN
from wbym.calls import Refusal, Response, RetryPolicy
from wbym.errors import (
    BadRequest,
    CallError,
    Forbidden,
    Locked,
    NotFound,
    RateLimited,
    ServerError,
    Unauthorized,
    UnreadableReply,
)
from wbym.limits import ParallelCap, Scheduler, Window
from wbym_yandex_market import Credential, CredentialKind, Tier, YandexMarket
from wbym_yandex_market._dialect import YandexMarketDialect
from wbym_yandex_market.api import operations

ENDPOINTS = {one.name: one.endpoint for one in operations()}

NOW = 1_790_000_000.0


def _dialect(tier: Tier = Tier.STANDARD, base_url: str | None = None) -> YandexMarketDialect:
    credential = Credential(CredentialKind.API_KEY, KEY)
    return YandexMarketDialect("shop", credential, tier=tier, base_url=base_url, clock=lambda: NOW)


def _headers(
    limit: int | None = 5000,
    remaining: int | None = 4999,
    until: float | None = NOW + 600,
    date: float | None = None,
) -> dict[str, str]:
    headers = {
        "x-ratelimit-resource-limit": None if limit is None else str(limit),
        "x-ratelimit-resource-remaining": None if remaining is None else str(remaining),
        "x-ratelimit-resource-until": None if until is None else formatdate(until, usegmt=True),
        "date": None if date is None else formatdate(date, usegmt=True),
    }
    return {name: value for name, value in headers.items() if value is not None}


class TestSignal:
    def test_signal_when_the_response_is_successful(self) -> None:
        signal = _dialect().signal(Response(200, _headers()))
        assert signal is not None
        assert (signal.limit, signal.remaining, signal.retry_after) == (5000, 4999, None)
        assert signal.resets_at == NOW + 601

    def test_signal_when_the_clocks_differ(self) -> None:
        # Market's clock is an hour ahead of ours: by its own clock, ten minutes are left.
        ahead = NOW + 3600
        signal = _dialect().signal(Response(200, _headers(until=ahead + 600, date=ahead)))
        assert signal is not None
        assert signal.resets_at == NOW + 601

    def test_signal_without_headers(self) -> None:
        assert _dialect().signal(Response(200, {})) is None

    @pytest.mark.parametrize("text", ["", "soon", "Wed, 99 Foo", "0", "-1", "1e999"])
    def test_signal_when_headers_are_malformed(self, text: str) -> None:
        headers = dict.fromkeys(_headers(), text)
        _dialect().signal(Response(200, headers))
        assert _dialect().signal(Response(420, headers)) is not None

    @pytest.mark.parametrize(
        ("headers", "retry_after"),
        [
            (_headers(remaining=0), 601.0),
            (_headers(remaining=0, until=NOW - 600), 60.0),
            (_headers(remaining=0, until=None), 60.0),
            (_headers(remaining=17), 1.0),
            ({}, 1.0),
        ],
    )
    def test_signal_when_the_limit_is_reached(
        self, headers: dict[str, str], retry_after: float
    ) -> None:
        signal = _dialect().signal(Response(420, headers))
        assert signal is not None
        assert signal.retry_after == retry_after
        refusal = _dialect().refusal(Response(420, headers, b""))
        assert refusal is not None
        assert refusal.retry_after == retry_after


class TestCharges:
    def test_charges_of_the_business(self) -> None:
        budget, places = _dialect().charges(ENDPOINTS["feedbacks.list"], {"businessId": 11})
        assert str(budget.key) == "yandex_market/business-11/standard/feedbacks.list"
        assert budget.quota == Window(limit=5000, period=3600)
        assert str(places.key) == "yandex_market/business-11/any/parallel"
        assert places.quota == ParallelCap(4)
        _, others = _dialect().charges(ENDPOINTS["chats.list"], {"businessId": 11})
        assert others.key == places.key

    def test_charges_of_the_shop(self) -> None:
        budget, places = _dialect(Tier.SUBSCRIPTION).charges(
            ENDPOINTS["returns.list"], {"campaignId": 22}
        )
        assert str(budget.key) == "yandex_market/campaign-22/subscription/returns.list"
        assert str(places.key) == "yandex_market/campaign-22/any/parallel"

    def test_charges_with_a_subscription(self) -> None:
        budget, _ = _dialect(Tier.SUBSCRIPTION).charges(
            ENDPOINTS["feedbacks.list"], {"businessId": 11}
        )
        assert budget.quota == Window(limit=10_000, period=3600)

    def test_charges_when_the_path_has_no_owner(self) -> None:
        budget, _ = _dialect().charges(ENDPOINTS["campaigns.list"], {})
        assert budget.key.owner.startswith("key-")
        assert KEY not in str(budget.key)

    def test_charges_when_the_server_is_another(self) -> None:
        budget, _ = _dialect(base_url="http://localhost:1/").charges(
            ENDPOINTS["feedbacks.list"], {"businessId": 11}
        )
        assert budget.key.owner == "business-11@http://localhost:1"


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, BadRequest),
            (401, Unauthorized),
            (403, Forbidden),
            (404, NotFound),
            (420, RateLimited),
            (423, Locked),
            (500, ServerError),
            (503, ServerError),
        ],
    )
    async def test_error_when_market_rejects(self, status: int, kind: type[CallError]) -> None:
        body = {
            "status": "ERROR",
            "errors": [
                {"code": "ONE", "message": "Первая причина"},
                {"code": "TWO", "message": "Вторая"},
            ],
        }
        answer = json_response(body, status, {"x-ratelimit-resource-remaining": "0"})
        transport = ScriptedTransport(answer)
        shop = YandexMarket(
            KEY,
            name="shop",
            business_id=11,
            transport=transport,
            scheduler=Scheduler(),
            retry=RetryPolicy(max_attempts=1, max_rate_limited=1),
        )
        with pytest.raises(kind, match="Первая причина; TWO: Вторая") as caught:
            await shop.chats().all()
        assert isinstance(caught.value, CallError)
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.code) == (status, "ONE")
        assert caught.value.endpoint == "chats.list"

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b'{"status": "ERROR"}', "rejected without a reason"),
            (b'{"errors": [{"code": "X", "message": null}]}', "X"),
        ],
    )
    def test_rejection_without_a_message(self, body: bytes, message: str) -> None:
        refusal = _dialect().refusal(Response(404, {"x-market-req-id": "r1"}, body))
        assert refusal == Refusal(message, "X" if b"X" in body else None, "r1")

    @pytest.mark.parametrize("body", FOREIGN)
    def test_rejection_when_a_gateway_answers(self, body: bytes) -> None:
        assert _dialect().refusal(Response(404, {}, body)) is None
        limited = _dialect().refusal(Response(420, {"retry-after": "7"}, body))
        assert limited is not None
        assert limited.retry_after == 7

    @pytest.mark.parametrize(
        "body", [b"{}", b'{"status": "OK"}', b"[]", b"<html>", b'{"status": "OK", "result": null}']
    )
    async def test_response_without_a_result(self, body: bytes) -> None:
        transport = ScriptedTransport(Response(200, {}, body))
        shop = YandexMarket(
            KEY,
            business_id=11,
            transport=transport,
            scheduler=Scheduler(),
            retry=RetryPolicy(max_attempts=1),
        )
        with pytest.raises(UnreadableReply):
            await shop.feedbacks().all()

    @pytest.mark.parametrize("call", ["list", "get"])
    async def test_campaigns_when_the_response_is_an_error(self, call: str) -> None:
        rejected = {"status": "ERROR", "errors": [{"code": "X", "message": "Нельзя"}]}
        transport = ScriptedTransport(json_response(rejected), json_response({}))
        shop = YandexMarket(
            KEY, transport=transport, scheduler=Scheduler(), retry=RetryPolicy(max_attempts=1)
        )
        api = shop.api.campaigns
        with pytest.raises(BadRequest, match="Нельзя"):
            await (api.list().page() if call == "list" else api.get(1))
        with pytest.raises(UnreadableReply):
            await (api.list().page() if call == "list" else api.get(1))
