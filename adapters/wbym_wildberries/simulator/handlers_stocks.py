"""The methods of inventory in seller's warehouses."""

from __future__ import annotations

import msgspec

from wbym.testing import (
    Call,
    Handlers,
    JsonObject,
    RecordFields,
    Refusal,
    Response,
    empty_response,
    json_response,
    route,
)
from wbym_wildberries.simulator.handlers_warehouses import SCOPE, bad_body, warehouse_of
from wbym_wildberries.simulator.limits import STOCKS, STOCKS_DELETE
from wbym_wildberries.simulator.requests import body_of
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


_PATH = "/api/v3/stocks/{warehouseId}"


class StockHandlers(Handlers[Cabinet], bucket=STOCKS, scope=SCOPE):
    """Serves the inventory of the caller's cabinet."""

    @route("POST", _PATH, writes=False, records=RecordFields(("stocks",), "chrtId"))
    async def show(self, call: Call) -> Response:
        """Stocks of sizes; unknown ones are omitted."""
        cabinet = self._cabinet(call)
        warehouse = warehouse_of(call, cabinet)
        wanted = await self._sizes(call)
        amounts = ((chrt, cabinet.warehouses.amount(warehouse.id, chrt)) for chrt in wanted)
        rows = [
            {"chrtId": chrt, "amount": amount} for chrt, amount in amounts if amount is not None
        ]
        return json_response({"stocks": rows})

    @route("PUT", _PATH)
    async def update(self, call: Call) -> Response:
        """Updates stocks: all or nothing.

        An item with unknown names is ignored silently, as documented.
        """
        cabinet = self._cabinet(call)
        warehouse = warehouse_of(call, cabinet)
        body = await body_of(call, _Stocks, bad_body())
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
        return empty_response(204)

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
        errors: list[JsonObject] = []
        if unknown:
            errors.append(_conflict("NotFound", "Not found", unknown))
        if many:
            errors.append(_conflict("UploadDataLimit", "Upload limit exceeded.", many))
        if errors:
            raise _conflicts(errors)

    @route("DELETE", _PATH, bucket=STOCKS_DELETE)
    async def delete(self, call: Call) -> Response:
        """Deletes the stocks of sizes."""
        cabinet = self._cabinet(call)
        warehouse = warehouse_of(call, cabinet)
        wanted = await self._sizes(call)
        if warehouse.busy or warehouse.leaving:
            raise Refusal(409, "The store is processing", code="StoreIsProcessing")
        for chrt in wanted:
            cabinet.warehouses.drop(warehouse.id, chrt)
        return empty_response(204)

    async def _sizes(self, call: Call) -> list[int]:
        body = await body_of(call, _Sizes, bad_body())
        if body.chrt_ids is None:
            wrong = body.skus is not None
            raise Refusal(400, code="IncorrectSkuParameter") if wrong else bad_body()
        if not 1 <= len(body.chrt_ids) <= MAX_ITEMS:
            raise _bad_request()
        return body.chrt_ids


def _bad_request() -> Refusal:
    return Refusal(400, "Incorrect request parameters", code="IncorrectRequest")


def _conflict(code: str, message: str, stocks: list[_Stock] | None = None) -> JsonObject:
    shown: JsonObject = {"code": code, "message": message}
    if stocks is not None:
        shown["data"] = [
            {"amount": one.amount or 0, "chrtId": one.chrt_id or 0, "sku": one.sku or ""}
            for one in stocks
        ]
    return shown


def _conflicts(errors: list[JsonObject]) -> Refusal:
    return Refusal(409, response=json_response(errors, status=409))
