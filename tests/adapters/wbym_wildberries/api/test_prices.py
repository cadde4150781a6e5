"""Prices and discounts: checks before requests, and responses."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.adapters.wbym_wildberries.api.scripted import (
    LOST,
    body_of,
    enveloped,
    rejected,
    scripted,
)
from tests.support.fakes import json_response
from wbym.calls import Request, Response, TransportError
from wbym.errors import BadRequest, Conflict, DeliveryUnknown, InvalidInput
from wbym_wildberries import Wildberries
from wbym_wildberries.api.prices import (
    ClubDiscount,
    NewPrice,
    SizePrice,
    Threshold,
    WholesaleDiscounts,
)

LEVEL = Threshold(level=1, min_quantity=10, wholesale_discount=5)

Call = Callable[[Wildberries], Awaitable[object]]


def goods(count: int) -> list[NewPrice]:
    return [NewPrice(nm_id=nm_id, price=100) for nm_id in range(1, count + 1)]


def query_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query))


class TestInput:
    @pytest.mark.parametrize(
        ("call", "rule"),
        [
            (lambda shop: shop.api.prices.set([]), "1 to 1000 values"),
            (lambda shop: shop.api.prices.set(goods(1001)), "1 to 1000 values"),
            (lambda shop: shop.api.prices.set([NewPrice(nm_id=1)]), "a price or a discount"),
            (lambda shop: shop.api.prices.set([NewPrice(nm_id=1, price=0)]), "at least 1"),
            (lambda shop: shop.api.prices.set([NewPrice(nm_id=1, discount=-1)]), "from 0 to 99"),
            (lambda shop: shop.api.prices.set([NewPrice(nm_id=1, discount=100)]), "from 0 to 99"),
            (lambda shop: shop.api.prices.set(goods(2) + goods(1)), "has 1 twice"),
            (
                lambda shop: shop.api.prices.set_sizes(
                    [SizePrice(nm_id=nm_id, size_id=7, price=5) for nm_id in (1, 2)]
                ),
                "has 7 twice",
            ),
            (
                lambda shop: shop.api.prices.set_sizes([SizePrice(nm_id=1, size_id=7, price=-5)]),
                "at least 1",
            ),
            (
                lambda shop: shop.api.prices.set_club_discounts(
                    [ClubDiscount(nm_id=1, club_discount=100)]
                ),
                "from 0 to 99",
            ),
            (
                lambda shop: shop.api.prices.set_wholesale_discounts(
                    [WholesaleDiscounts(nm_id=1, wholesale_discount_threshold=[LEVEL] * 4)]
                ),
                "1 to 3 values",
            ),
            (lambda shop: shop.api.prices.list().using(size=0).page(), "at least 1"),
            (lambda shop: shop.api.prices.list().using(size=1001).page(), "from 1 to 1000"),
            (lambda shop: shop.api.prices.list().using(cursor="-1").page(), "a cursor of"),
            (lambda shop: shop.api.prices.sizes(1).using(size=1001).page(), "from 1 to 1000"),
            (lambda shop: shop.api.prices.quarantine().using(size=1001).page(), "from 1 to 1000"),
            (lambda shop: shop.api.prices.details(1).using(size=1001).page(), "from 1 to 1000"),
            (
                lambda shop: shop.api.prices.pending_details(1).using(size=1001).page(),
                "from 1 to 1000",
            ),
            (lambda shop: shop.api.prices.find([]), "1 to 1000 values"),
            (lambda shop: shop.api.prices.find(range(1001)), "1 to 1000 values"),
        ],
    )
    async def test_call_when_it_breaks_a_rule(self, call: Call, rule: str) -> None:
        shop, transport = scripted()
        with pytest.raises(InvalidInput, match=rule):
            await call(shop)
        assert transport.requests == []

    async def test_set_when_it_has_the_max_size(self) -> None:
        shop, transport = scripted(enveloped({"id": 5, "alreadyExists": False}))
        upload = await shop.api.prices.set(goods(1000))
        assert (upload.id, upload.already_exists) == (5, False)
        assert len(transport.requests) == 1


class TestUploads:
    async def test_set_when_a_part_is_unchanged(self) -> None:
        shop, transport = scripted(enveloped({"id": 5, "alreadyExists": False}))
        await shop.api.prices.set([NewPrice(nm_id=1, price=9), NewPrice(nm_id=2, discount=0)])
        assert body_of(transport.requests[0]) == {
            "data": [{"nmID": 1, "price": 9}, {"nmID": 2, "discount": 0}]
        }

    async def test_set_when_wb_has_it_already(self) -> None:
        body = {
            "data": {"id": 146567, "alreadyExists": True},
            "error": False,
            "errorText": "This task already exists",
        }
        shop, _ = scripted(json_response(body, 208))
        upload = await shop.api.prices.set(goods(1))
        assert (upload.id, upload.already_exists) == (146567, True)

    @pytest.mark.parametrize(("status", "kind"), [(400, BadRequest), (409, Conflict)])
    async def test_set_when_wb_rejects_it(self, status: int, kind: type[Exception]) -> None:
        shop, transport = scripted(rejected("Invalid price value", status))
        with pytest.raises(kind, match="Invalid price value"):
            await shop.api.prices.set(goods(1))
        assert len(transport.requests) == 1

    @pytest.mark.parametrize("answer", [LOST, Response(502, {}, b"<html>")])
    async def test_set_when_its_outcome_is_unknown(self, answer: TransportError | Response) -> None:
        shop, transport = scripted(answer)
        with pytest.raises(DeliveryUnknown):
            await shop.api.prices.set(goods(1))
        assert len(transport.requests) == 1

    async def test_wholesale_when_some_goods_are_rejected(self) -> None:
        error = {"detail": "Maximum number of levels: 3", "status": 400, "title": "Bad Request"}
        results = [
            {"nmId": 1, "success": True},
            {"nmId": 2, "success": False, "error": error},
        ]
        answer = {"alreadyExists": False, "id": 128460434, "results": results}
        shop, transport = scripted(json_response(answer))
        upload = await shop.api.prices.set_wholesale_discounts(
            [WholesaleDiscounts(nm_id=1, wholesale_discount_threshold=[LEVEL])]
        )
        assert [result.success for result in upload.results or []] == [True, False]
        assert body_of(transport.requests[0]) == {
            "data": [
                {
                    "nmId": 1,
                    "wholesaleDiscountThreshold": [
                        {"level": 1, "minQuantity": 10, "wholesaleDiscount": 5}
                    ],
                }
            ]
        }

    async def test_wholesale_when_wb_has_it_already(self) -> None:
        answer = {"status": 208, "title": "Already Reported", "detail": "This task already exists"}
        shop, _ = scripted(json_response(answer, 208))
        upload = await shop.api.prices.set_wholesale_discounts(
            [WholesaleDiscounts(nm_id=1, wholesale_discount_threshold=[LEVEL])]
        )
        assert upload.already_exists
        assert upload.id is None


class TestStates:
    async def test_state_when_wb_does_not_list_the_upload(self) -> None:
        shop, transport = scripted(enveloped(None), enveloped(None))
        assert await shop.api.prices.state(1) is None
        assert await shop.api.prices.pending_state(1) is None
        assert [urlsplit(request.url).path for request in transport.requests] == [
            "/api/v2/history/tasks",
            "/api/v2/buffer/tasks",
        ]

    async def test_state_when_wb_gives_a_reason(self) -> None:
        data = {"uploadID": 7, "status": 6, "overAllGoodsNumber": 1, "successGoodsNumber": 0}
        shop, _ = scripted(enveloped(data, "Item moved to Price Quarantine"))
        state = await shop.api.prices.state(7)
        assert state is not None
        assert (state.status, state.error_text) == (6, "Item moved to Price Quarantine")

    async def test_details_when_an_upload_is_in_processing(self) -> None:
        rows = [{"nmID": 1, "status": 1, "errorText": None}]
        shop, transport = scripted(enveloped({"uploadID": 7, "bufferGoods": rows}))
        page = await shop.api.prices.pending_details(7).using(size=5, cursor="10").page()
        assert [row.nm_id for row in page.items] == [1]
        asked = {"uploadID": "7", "limit": "5", "offset": "10"}
        assert query_of(transport.requests[0]) == asked


class TestLists:
    async def test_goods_when_there_are_more_than_a_page_holds(self) -> None:
        def page(request: Request) -> Response:
            begin, size = (int(query_of(request)[name]) for name in ("offset", "limit"))
            rows = [{"nmID": nm_id} for nm_id in range(begin, min(begin + size, 2500))]
            return enveloped({"listGoods": rows})

        shop, transport = scripted(*[page] * 6)
        found = [good.nm_id async for good in shop.api.prices.list()]
        assert found == list(range(2500))
        assert {query_of(request)["limit"] for request in transport.requests} == {"1000"}

    async def test_goods_when_resumed_from_a_cursor(self) -> None:
        shop, transport = scripted(enveloped({"listGoods": [{"nmID": 5}]}))
        found = await shop.api.prices.list().using(cursor="2000").all()
        assert [good.nm_id for good in found] == [5]
        assert query_of(transport.requests[0])["offset"] == "2000"

    async def test_goods_when_a_record_is_undecodable(self) -> None:
        shop, _ = scripted(enveloped({"listGoods": [{"nmID": 1}, {"nmID": "x"}, {"nmID": 3}]}))
        found = await shop.api.prices.list().all()
        assert [good.nm_id for good in found] == [1, 3]
        assert [undecodable.where for undecodable in shop.undecodable] == ["data.listGoods[1]"]

    async def test_quarantine_when_empty(self) -> None:
        shop, _ = scripted(enveloped(None))
        assert await shop.api.prices.quarantine().all() == []

    async def test_quarantine_when_a_price_fell(self) -> None:
        row = {"nmID": 1, "newPrice": 134.0, "oldPrice": 4000, "priceDiff": -2899.5}
        shop, _ = scripted(enveloped({"quarantineGoods": [row]}))
        (good,) = await shop.api.prices.quarantine().all()
        assert (good.new_price, good.old_price, good.price_diff) == (134, 4000, -2899.5)

    async def test_sizes_when_read_to_the_end(self) -> None:
        rows = [{"nmID": 1, "sizeID": size, "price": 500} for size in (7, 8)]
        shop, transport = scripted(enveloped({"listGoods": rows}))
        found = await shop.api.prices.sizes(1).all()
        assert [size.size_id for size in found] == [7, 8]
        assert query_of(transport.requests[0])["nmID"] == "1"

    async def test_find_when_the_connection_breaks(self) -> None:
        answer = enveloped({"listGoods": [{"nmID": 26613989}]})
        shop, transport = scripted(LOST, answer)
        found = await shop.api.prices.find([26613989, 1348041])
        assert [good.nm_id for good in found] == [26613989]
        assert [body_of(request) for request in transport.requests] == [
            {"nmList": [26613989, 1348041]}
        ] * 2
