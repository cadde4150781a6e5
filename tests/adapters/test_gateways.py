"""What a gateway before a marketplace answers is nobody's word on the call."""

from collections.abc import Awaitable, Callable

import pytest

from tests.support.fakes import ScriptedTransport, json_response
from tests.support.foreign import FOREIGN
from wbym.account import Account
from wbym.calls import Response, RetryPolicy
from wbym.domain import UndecodableRecord
from wbym.errors import BadRequest, DeliveryUnknown, GatewayError, NotFound
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import make_api_key

STATUSES = (300, 302, 307, 400, 401, 403, 404, 405, 408, 410, 421, 422, 425, 451, 498, 499)
OWN: dict[str, dict[str, object]] = {
    "wildberries": {"data": None, "error": True, "errorText": "Нет такого", "requestId": "1"},
    "yandex_market": {"status": "ERROR", "errors": [{"code": "NOT_FOUND", "message": "нет"}]},
}

Call = Callable[[Account], Awaitable[object]]


def wildberries(*script: Response) -> tuple[Wildberries, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    shop = Wildberries(
        make_token(), transport=transport, scheduler=Scheduler(), retry=RetryPolicy(base_delay=0.0)
    )
    return shop, transport


def market(
    *script: Response, on_undecodable: Callable[[UndecodableRecord], None] | None = None
) -> tuple[YandexMarket, ScriptedTransport]:
    transport = ScriptedTransport(*script)
    shop = YandexMarket(
        make_api_key(),
        business_id=1,
        transport=transport,
        scheduler=Scheduler(),
        retry=RetryPolicy(base_delay=0.0),
        on_undecodable=on_undecodable,
    )
    return shop, transport


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", FOREIGN, ids=range(len(FOREIGN)))
class TestForeign:
    async def test_read_is_repeated(self, status: int, body: bytes) -> None:
        shop, transport = wildberries(Response(status, {}, body), json_response({"data": 3}))
        assert await shop.api.questions.count() == 3
        assert len(transport.requests) == 2
        good = {"status": "OK", "result": {"chats": []}}
        other, transport = market(Response(status, {}, body), json_response(good))
        assert await other.chats().all() == []
        assert len(transport.requests) == 2

    async def test_write_is_unknown(self, status: int, body: bytes) -> None:
        shop, transport = wildberries(Response(status, {}, body))
        with pytest.raises(DeliveryUnknown):
            await shop.api.feedbacks.answer("f1", "Спасибо!")
        other, transport = market(Response(status, {}, body))
        with pytest.raises(DeliveryUnknown):
            await other.api.chats.send(1, "Спасибо!")
        assert len(transport.requests) == 1


async def test_read_when_it_lasts() -> None:
    page = Response(404, {}, b"<html>404</html>")
    shop, _ = wildberries(*[page] * 4)
    with pytest.raises(
        GatewayError, match=r"404: not the marketplace's answer: <html>404"
    ) as caught:
        await shop.api.questions.count()
    assert caught.value.retryable


async def test_redirect_when_the_body_is_the_marketplaces() -> None:
    redirect = json_response(
        OWN["yandex_market"], 302, {"location": "https://captcha.example/a?b=c"}
    )
    shop, _ = market(redirect)
    with pytest.raises(DeliveryUnknown, match=r"redirected to https://captcha.example/a\)"):
        await shop.api.chats.send(1, "Спасибо!")


async def test_own_words_are_final() -> None:
    shop, transport = wildberries(json_response(OWN["wildberries"], 404))
    with pytest.raises(NotFound, match="Нет такого"):
        await shop.api.feedbacks.answer("f1", "Спасибо!")
    other, transport = market(json_response(OWN["yandex_market"], 404))
    with pytest.raises(NotFound, match="NOT_FOUND: нет"):
        await other.api.chats.send(1, "Спасибо!")
    assert len(transport.requests) == 1


async def test_own_words_are_final_however_long() -> None:
    errors = {f"sku-{number}": "Недопустимая характеристика" for number in range(3_000)}
    refusal = {**OWN["wildberries"], "additionalErrors": errors}
    shop, transport = wildberries(json_response(refusal, 400))
    with pytest.raises(BadRequest, match="Нет такого"):
        await shop.api.feedbacks.answer("f1", "Спасибо!")
    assert len(transport.requests) == 1
