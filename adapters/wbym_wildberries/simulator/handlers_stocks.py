"""The methods of inventory in seller's warehouses."""

from __future__ import annotations

import msgspec

from wbym.testing._answers import Answer, Refusal, empty_answer, json_answer
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
from wbym_wildberries.simulator.handlers_warehouses import SCOPE, bad_body, warehouse_of
from wbym_wildberries.simulator.limits import STOCKS, STOCKS_DELETE
from wbym_wildberries.simulator.requests import body_of
from wbym_wildberries.simulator.shelf import Json
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_warehouses import Warehouse

MAX_ITEMS = 1000
MAX_AMOUNT = 100_000


class _Sizes(msgspec.Struct, rename="camel"):
    chrt_ids: list[int] | None = None
    skus: list[str] | None = None


class _Stock(msgspec.Struct, rename="camel"):
    chrt_id: int | None = None
    sku: str | None = None
    amount: int | None = None


class _Stocks(msgspec.Struct):
    stocks: list[_Stock]


class StockHandlers(Handlers[Cabinet]):
    """Serves the inventory of the caller's cabinet."""

    def routes(self) -> list[Route]:
        """The table of methods."""
        path = "/api/v3/stocks/{warehouseId}"
        rows = Records(("stocks",), "chrtId")
        return [
            Route("POST", path, self.show, STOCKS, SCOPE, False, rows),
            Route("PUT", path, self.update, STOCKS, SCOPE, True),
            Route("DELETE", path, self.delete, STOCKS_DELETE, SCOPE, True),
        ]

    async def show(self, call: Call) -> Answer:
        """`POST /api/v3/stocks/{warehouseId}`: sizes that are not there are left out."""
        cabinet = self._cabinet(call)
        warehouse = warehouse_of(call, cabinet)
        wanted = await self._sizes(call)
        amounts = ((chrt, cabinet.warehouses.amount(warehouse.id, chrt)) for chrt in wanted)
        rows = [
            {"chrtId": chrt, "amount": amount} for chrt, amount in amounts if amount is not None
        ]
        return json_answer({"stocks": rows})

    async def update(self, call: Call) -> Answer:
        """`PUT /api/v3/stocks/{warehouseId}`: all or nothing.

        An item with names that nobody knows is passed over in silence, as documented.
        """
        cabinet = self._cabinet(call)
        warehouse = warehouse_of(call, cabinet)
        body = await body_of(call, _Stocks)
        if body is None:
            raise bad_body()
        if not 1 <= len(body.stocks) <= MAX_ITEMS:
            raise _bad_request()
        if any(one.chrt_id is None and one.sku is not None for one in body.stocks):
            text = "Uploading stock is not allowed by 'sku'. Please use the 'chrtId' key"
            raise Refusal(400, text, code="SKUUploadDisabled")
        if any((one.amount or 0) < 0 for one in body.stocks):
            raise _bad_request()
        self._check(cabinet, warehouse, body.stocks)
        for one in body.stocks:
            if one.chrt_id is None or one.amount is None:
                cabinet.ignored["stock"] += 1
            else:
                cabinet.warehouses.put(warehouse.id, one.chrt_id, one.amount)
        return empty_answer(204)

    def _check(self, cabinet: Cabinet, warehouse: Warehouse, stocks: list[_Stock]) -> None:
        blocked = cabinet.warehouses.blocked
        if blocked == "banned":
            text = "Обновление остатков заблокировано в связи с баном поставщика"
            raise Refusal(406, text, code="StatusNotAcceptable")
        if blocked:
            raise Refusal(406, "The warehouse is processing", code="WarehouseStocksUpdateBlock")
        if warehouse.busy or warehouse.leaving:
            raise _conflicts([_conflict("StoreIsProcessing", "The store is processing")])
        known = cabinet.warehouses.is_known
        unknown = [one for one in stocks if one.chrt_id is not None and not known(one.chrt_id)]
        many = [one for one in stocks if (one.amount or 0) > MAX_AMOUNT]
        errors: list[Json] = []
        if unknown:
            errors.append(_conflict("NotFound", "Not found", unknown))
        if many:
            errors.append(_conflict("UploadDataLimit", "Upload limit exceeded.", many))
        if errors:
            raise _conflicts(errors)

    async def delete(self, call: Call) -> Answer:
        """`DELETE /api/v3/stocks/{warehouseId}`."""
        cabinet = self._cabinet(call)
        warehouse = warehouse_of(call, cabinet)
        wanted = await self._sizes(call)
        if warehouse.busy or warehouse.leaving:
            raise Refusal(409, "The store is processing", code="StoreIsProcessing")
        for chrt in wanted:
            cabinet.warehouses.drop(warehouse.id, chrt)
        return empty_answer(204)

    async def _sizes(self, call: Call) -> list[int]:
        body = await body_of(call, _Sizes)
        if body is None:
            raise bad_body()
        if body.chrt_ids is None:
            wrong = body.skus is not None
            raise Refusal(400, code="IncorrectSkuParameter") if wrong else bad_body()
        if not 1 <= len(body.chrt_ids) <= MAX_ITEMS:
            raise _bad_request()
        return body.chrt_ids


def _bad_request() -> Refusal:
    return Refusal(400, "Incorrect request parameters", code="IncorrectRequest")


def _conflict(code: str, message: str, stocks: list[_Stock] | None = None) -> Json:
    shown: Json = {"code": code, "message": message}
    if stocks is not None:
        shown["data"] = [
            {"amount": one.amount or 0, "chrtId": one.chrt_id or 0, "sku": one.sku or ""}
            for one in stocks
        ]
    return shown


def _conflicts(errors: list[Json]) -> Refusal:
    return Refusal(409, answer=json_answer(errors, status=409))
