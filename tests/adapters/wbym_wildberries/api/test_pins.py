"""Pinned feedbacks: bounds, the list by tokens, requests."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.adapters.wbym_wildberries.api.products import scripted_with
from tests.adapters.wbym_wildberries.api.scripted import body_of, enveloped
from tests.support.fakes import json_response
from wbym.errors import InvalidInput
from wbym_wildberries import Wildberries
from wbym_wildberries.api.pins import PinOrder

Call = Callable[[Wildberries], Awaitable[object]]

NAIVE = datetime(2026, 5, 1, tzinfo=UTC).replace(tzinfo=None)
ORDER = PinOrder(feedback_id="a", pin_method="tariff", pin_on="nm")


class TestInput:
    @pytest.mark.parametrize(
        ("call", "rule"),
        [
            (lambda shop: shop.api.pins.list().using(size=501).page(), "from 1 to 500"),
            (lambda shop: shop.api.pins.list().using(cursor="x").page(), "a cursor of"),
            (lambda shop: shop.api.pins.list(state="gone"), "must be one of 'pinned'"),
            (lambda shop: shop.api.pins.count(date_from=NAIVE), "must be aware"),
            (lambda shop: shop.api.pins.pin([]), "1 to 500 values"),
            (lambda shop: shop.api.pins.pin([ORDER] * 501), "1 to 500 values"),
            (lambda shop: shop.api.pins.unpin([]), "1 to 500 values"),
            (lambda shop: shop.api.pins.unpin(range(501)), "1 to 500 values"),
        ],
    )
    async def test_call_when_it_breaks_a_rule(self, call: Call, rule: str) -> None:
        shop, transport = scripted_with()
        with pytest.raises(InvalidInput, match=rule):
            await call(shop)
        assert transport.requests == []


class TestCalls:
    async def test_list_when_there_are_several_pages(self) -> None:
        pins = [{"pinId": number, "feedbackId": "a"} for number in (1, 2)]
        shop, transport = scripted_with(
            json_response({"data": pins[:1], "next": 17}), json_response({"data": pins[1:]})
        )
        since = datetime(2026, 5, 1, tzinfo=UTC)
        found = await shop.api.pins.list(state="pinned", nm_id=7, date_from=since).all()
        assert [pin.pin_id for pin in found] == [1, 2]
        asked = {
            "state": ["pinned"],
            "nmId": ["7"],
            "dateFrom": ["2026-05-01T00:00:00Z"],
            "limit": ["500"],
        }
        assert [parse_qs(urlsplit(request.url).query) for request in transport.requests] == [
            asked,
            {**asked, "next": ["17"]},
        ]

    async def test_pins_when_one_is_pinned_and_unpinned(self) -> None:
        result = {"feedbackId": "a", "isErrors": False, "pinId": 5}
        shop, transport = scripted_with(enveloped([result]), enveloped([5]))
        (pinned,) = await shop.api.pins.pin([ORDER])
        assert pinned.pin_id == 5
        assert await shop.api.pins.unpin([5]) == [5]
        assert [(request.method, body_of(request)) for request in transport.requests] == [
            ("POST", [{"feedbackId": "a", "pinMethod": "tariff", "pinOn": "nm"}]),
            ("DELETE", [5]),
        ]

    async def test_results_when_one_is_undecodable(self) -> None:
        results = [{"feedbackId": 5}, {"feedbackId": "b", "isErrors": True}]
        shop, _ = scripted_with(enveloped(results))
        (other,) = await shop.api.pins.pin([ORDER, ORDER])
        assert other.feedback_id == "b"
        assert [undecodable.where for undecodable in shop.undecodable] == ["data[0]"]
