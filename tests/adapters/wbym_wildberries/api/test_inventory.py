"""Stock: checks before requests, the cost of a 4XX, long lists."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from tests.adapters.wbym_wildberries.api.scripted import LOST, NO_CONTENT, body_of, scripted
from tests.support.fakes import json_response
from wbym.bulk import Batch, Outcome
from wbym.calls import Request, Response
from wbym.errors import BadRequest, Conflict, DeliveryUnknown, InvalidInput
from wbym_wildberries import Wildberries
from wbym_wildberries.api.inventory import NewStock, RefusedStock, Stock, StockRefusal

pytestmark = pytest.mark.looptime

Call = Callable[[Wildberries], Awaitable[object]]


def stocks(count: int, amount: int = 5) -> list[NewStock]:
    return [NewStock(chrt_id=chrt_id, amount=amount) for chrt_id in range(1, count + 1)]


def conflict(*chrt_ids: int, message: str = "Not found") -> Response:
    data = [{"chrtId": chrt_id, "sku": "", "amount": 5} for chrt_id in chrt_ids]
    return json_response([{"code": "NotFound", "message": message, "data": data}], 409)


class TestInput:
    @pytest.mark.parametrize(
        ("call", "rule"),
        [
            (lambda shop: shop.api.inventory.read(2, []), "1 to 1000 values"),
            (lambda shop: shop.api.inventory.read(2, range(1001)), "1 to 1000 values"),
            (lambda shop: shop.api.inventory.update(2, []), "1 to 1000 values"),
            (lambda shop: shop.api.inventory.update(2, stocks(1001)), "1 to 1000 values"),
            (lambda shop: shop.api.inventory.update(2, stocks(1, -1)), "from 0 to 100000"),
            (lambda shop: shop.api.inventory.update(2, stocks(1, 100_001)), "from 0 to 100000"),
            (lambda shop: shop.api.inventory.delete(2, []), "1 to 1000 values"),
            (lambda shop: shop.api.inventory.delete(2, range(1001)), "1 to 1000 values"),
        ],
    )
    async def test_call_when_it_breaks_a_rule(self, call: Call, rule: str) -> None:
        shop, transport = scripted()
        with pytest.raises(InvalidInput, match=rule):
            await call(shop)
        assert transport.requests == []


class TestCalls:
    async def test_read_when_wb_still_counts_by_barcode(self) -> None:
        rows = [{"sku": "BarcodeTest123", "amount": 10}, {"chrtId": 7, "amount": 0}]
        shop, transport = scripted(json_response({"stocks": rows}))
        found = await shop.api.inventory.read(2, [7, 8])
        assert found == [Stock(sku="BarcodeTest123", amount=10), Stock(chrt_id=7, amount=0)]
        assert body_of(transport.requests[0]) == {"chrtIds": [7, 8]}

    async def test_update_when_the_answer_is_lost(self) -> None:
        shop, transport = scripted(LOST, NO_CONTENT)
        await shop.api.inventory.update(2, stocks(1, 0))
        sent = {"stocks": [{"chrtId": 1, "amount": 0}]}
        assert [body_of(request) for request in transport.requests] == [sent, sent]

    async def test_delete_when_the_answer_is_lost(self) -> None:
        shop, transport = scripted(LOST)
        with pytest.raises(DeliveryUnknown):
            await shop.api.inventory.delete(2, [1])
        assert len(transport.requests) == 1

    async def test_update_when_rejected_for_two_reasons(self) -> None:
        reasons = [
            {"code": "NotFound", "message": "Not found", "data": [{"sku": "a", "amount": 1}]},
            {"code": "UploadDataLimit", "message": "Upload limit exceeded.", "data": None},
        ]
        shop, _ = scripted(json_response(reasons, 409))
        with pytest.raises(Conflict, match=r"Not found; Upload limit exceeded\.") as caught:
            await shop.api.inventory.update(2, stocks(1))
        assert caught.value.code == "NotFound"

    async def test_details_when_sizes_are_rejected(self) -> None:
        shop, _ = scripted(conflict(1, 2))
        with pytest.raises(Conflict) as caught:
            await shop.api.inventory.update(2, stocks(2))
        sizes = [RefusedStock(chrt_id=chrt_id, sku="", amount=5) for chrt_id in (1, 2)]
        rejection = StockRefusal(code="NotFound", message="Not found", data=sizes)
        assert caught.value.details == [rejection]

    async def test_update_when_updating_is_blocked(self) -> None:
        body = {"code": "WarehouseStocksUpdateBlock", "message": "The warehouse is processing"}
        shop, _ = scripted(json_response(body, 406))
        with pytest.raises(BadRequest, match="The warehouse is processing"):
            await shop.api.inventory.update(2, stocks(1))


class TestCosts:
    @pytest.mark.parametrize(
        ("call", "status", "bucket", "spent"),
        [
            (lambda shop: shop.api.inventory.read(2, [1]), 404, "inventory", 10),
            (lambda shop: shop.api.inventory.update(2, stocks(1)), 400, "inventory", 10),
            (lambda shop: shop.api.inventory.update(2, stocks(1)), 409, "inventory", 10),
            (lambda shop: shop.api.inventory.update(2, stocks(1)), 500, "inventory", 2),
            (lambda shop: shop.api.inventory.delete(2, [1]), 409, "inventory.delete", 2),
        ],
    )
    async def test_bucket_when_a_call_fails(
        self, call: Call, status: int, bucket: str, spent: int
    ) -> None:
        answer = json_response({"code": "x", "message": "нет"}, status)
        shop, _ = scripted(answer, answer)
        with pytest.raises(Exception, match="нет"):
            await call(shop)
        (state,) = shop.limits()
        assert (state.key.bucket, round(state.limit - state.left)) == (bucket, spent)

    async def test_rate_when_rejections_have_emptied_the_bucket(self) -> None:
        rejection = json_response({"code": "x", "message": "нет"}, 400)
        shop, _ = scripted(*[rejection] * 3)
        begin = asyncio.get_running_loop().time()
        for _ in range(3):
            with pytest.raises(BadRequest):
                await shop.api.inventory.read(2, [1])
        # 20 calls are allowed at once; the first two rejections use them up, the third call waits.
        assert 0.2 <= asyncio.get_running_loop().time() - begin <= 1


class TestLongLists:
    async def test_read_when_the_sizes_exceed_one_call(self) -> None:
        def answer(request: Request) -> Response:
            asked = msgspec.json.decode(request.body or b"", type=dict[str, list[int]])
            rows = [{"chrtId": one, "amount": one} for one in asked["chrtIds"] if one != 1500]
            return json_response({"stocks": rows})

        shop, transport = scripted(answer, answer, answer)
        batch = await shop.api.inventory.read_all(2, range(2001))
        assert len(transport.requests) == 3
        assert batch.finished
        amounts = [result.value.amount if result.value else None for _, result in batch]
        assert amounts == [None if size == 1500 else size for size in range(2001)]

    async def test_update_when_wb_names_the_rejected_sizes(self) -> None:
        shop, transport = scripted(
            conflict(2, 3, message="Not found"), conflict(5, message="Too large"), NO_CONTENT
        )
        batch = await shop.api.inventory.update_all(2, stocks(6))
        sent = [
            [stock["chrtId"] for stock in msgspec.json.decode(request.body or b"")["stocks"]]
            for request in transport.requests
        ]
        assert sent == [[1, 2, 3, 4, 5, 6], [1, 4, 5, 6], [1, 4, 6]]
        assert [(stock.chrt_id, result.reason) for stock, result in batch.failed] == [
            (2, "Not found"),
            (3, "Not found"),
            (5, "Too large"),
        ]
        assert batch.counts() == {Outcome.DONE: 3, Outcome.FAILED: 3}

    async def test_update_when_wb_rejects_more_sizes_than_an_error_shows(self) -> None:
        rejected = range(1, 401)
        shop, transport = scripted(conflict(*rejected), NO_CONTENT)
        batch = await shop.api.inventory.update_all(2, stocks(1000))
        assert [stock.chrt_id for stock, _ in batch.failed] == [*rejected]
        assert batch.counts() == {Outcome.DONE: 600, Outcome.FAILED: 400}
        assert len(transport.requests) == 2

    async def test_update_when_a_rejected_size_lacks_its_amount(self) -> None:
        body = [{"code": "NotFound", "message": "Not found", "data": [{"chrtId": 2}]}]
        shop, _ = scripted(json_response(body, 409), NO_CONTENT)
        batch = await shop.api.inventory.update_all(2, stocks(2))
        assert [(stock.chrt_id, result.reason) for stock, result in batch.failed] == [
            (2, "Not found")
        ]

    async def test_update_when_wb_rejects_every_size(self) -> None:
        shop, transport = scripted(conflict(1, 2))
        batch = await shop.api.inventory.update_all(2, stocks(2))
        assert batch.counts() == {Outcome.FAILED: 2}
        assert len(transport.requests) == 1

    async def test_update_when_wb_names_no_size(self) -> None:
        body = {"code": "StoreIsProcessing", "message": "The store is processing"}
        shop, transport = scripted(json_response([body], 409), NO_CONTENT)
        batch = await shop.api.inventory.update_all(2, stocks(1001))
        assert batch.counts() == {Outcome.DONE: 1, Outcome.FAILED: 1000}
        assert "The store is processing" in (batch.results[0].reason or "")
        assert len(transport.requests) == 2

    async def test_update_when_rejected_repeatedly(self) -> None:
        shop, transport = scripted(*[conflict(size) for size in range(1, 9)])
        batch = await shop.api.inventory.update_all(2, stocks(8))
        assert len(transport.requests) == 5
        assert batch.counts() == {Outcome.FAILED: 8}

    async def test_update_when_stop_is_true(self) -> None:
        shop, transport = scripted(conflict(2))
        batch = await shop.api.inventory.update_all(2, stocks(1500), stop=True)
        assert isinstance(batch.stopped, Conflict)
        assert batch.counts() == {Outcome.NOT_TRIED: 500, Outcome.FAILED: 1000}
        assert len(transport.requests) == 1

    async def test_update_when_an_amount_breaks_a_rule(self) -> None:
        shop, transport = scripted(NO_CONTENT)
        wrong = NewStock(chrt_id=9, amount=100_001)
        batch = await shop.api.inventory.update_all(2, [*stocks(2), wrong])
        assert batch.failed[0][0] == wrong
        assert batch.failed[0][1].reason == "amount must be from 0 to 100000"
        assert len(transport.requests) == 1

    async def test_delete_when_a_call_is_lost(self) -> None:
        shop, transport = scripted(NO_CONTENT, LOST, NO_CONTENT, NO_CONTENT)
        seen: list[str] = []
        batch = Batch[int, None](range(3500))
        await shop.api.inventory.delete_all(
            2, batch, progress=lambda batch: seen.append(repr(batch))
        )
        assert batch.counts() == {Outcome.DONE: 2500, Outcome.UNKNOWN: 1000}
        assert len(seen) == 4
        await shop.api.inventory.delete_all(2, batch)
        assert len(transport.requests) == 4
