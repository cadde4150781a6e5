from __future__ import annotations

import pytest

from .cards import read_all
from .conftest import Api, Json, Run, Time

PATH = "/api/v3/warehouses"
FIRST = 100_201
STOCKS = f"/api/v3/stocks/{FIRST}"
CONTACTS = "/api/v3/dbw/warehouses/{}/contacts"


async def warehouses(api: Api) -> dict[int, Json]:
    return {row["id"]: row for row in (await api.get(PATH)).json}


async def chrt_ids(api: Api) -> list[int]:
    return [size["chrtID"] for one in await read_all(api) for size in one["sizes"]]


async def test_warehouse_is_created_changed_and_deleted(run: Run, time: Time) -> None:
    simulator, api = await run(warehouse_delay=60)
    reply = await api.post(PATH, {"name": "Новый", "officeId": 17})
    assert reply.status == 201
    new = reply.json["id"]
    row = (await warehouses(api))[new]
    assert (row["name"], row["officeId"], row["isProcessing"]) == ("Новый", 17, True)
    offices = {one["id"]: one["selected"] for one in (await api.get("/api/v3/offices")).json}
    assert offices[17]
    assert not offices[18]
    one = f"{PATH}/{new}"
    body = {"name": "Другой", "officeId": 18}
    assert (await api.send("PUT", one, body)).status == 409  # it is being updated
    time.passed += 60
    assert (await api.send("PUT", one, body)).status == 204
    time.passed += 60
    row = (await warehouses(api))[new]
    assert (row["name"], row["officeId"], row["isProcessing"]) == ("Другой", 18, False)
    again = {"name": "Другой", "officeId": 19}
    assert (await api.send("PUT", one, again)).status == 409  # an office once a day
    assert (await api.send("PUT", one, {**body, "name": "Третий"})).status == 204
    assert (await api.call("DELETE", one)).status == 204
    assert (await warehouses(api))[new]["isDeleting"] is True
    assert (await api.call("DELETE", one)).status == 404
    time.passed += 60
    assert new not in await warehouses(api)
    assert simulator.stats.effects["warehouse_delete"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "IncorrectRequestBody"),
        ({"name": "x", "officeId": 0}, 400, "IncorrectRequestBody"),
        ({"name": "", "officeId": 17}, 400, "WarehouseNameInvalid"),
        ({"name": "x" * 201, "officeId": 17}, 400, "WarehouseNameInvalid"),
        ({"name": "x", "officeId": 999}, 404, "NotFound"),
        ({"name": "x", "officeId": 22}, 409, "Conflict"),
    ],
)
async def test_invalid_warehouse_is_rejected(run: Run, body: Json, status: int, code: str) -> None:
    _, api = await run()
    before = await warehouses(api)
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{FIRST}")):
        reply = await api.send(method, path, body)
        assert (reply.status, reply.json["code"]) == (status, code)
    assert await warehouses(api) == before
    assert (await api.send("PUT", f"{PATH}/5", body)).status == 404
    assert (await api.call("DELETE", f"{PATH}/x")).json["code"] == "IncorrectParameter"


async def test_courier_warehouse_has_up_to_five_contacts(run: Run) -> None:
    _, api = await run()
    path = CONTACTS.format(FIRST + 1)
    assert (await api.get(path)).json == {"contacts": []}
    people = [{"phone": f"+7999000000{n}", "comment": f"Смена {n}"} for n in range(6)]
    assert (await api.send("PUT", path, {"contacts": people[:5]})).status == 204
    shown = (await api.get(path)).json["contacts"]
    assert sorted(shown[0].items()) == sorted(people[0].items())
    assert len(shown) == 5
    reply = await api.send("PUT", path, {"contacts": people})
    assert reply.json == {"code": "UploadDataLimit", "message": "Upload limit exceeded."}
    for wrong in ({"phone": "1"}, {"phone": "+79990000000", "comment": "x" * 1001}):
        assert (await api.send("PUT", path, {"contacts": [wrong]})).status == 400
    assert (await api.send("PUT", path, [])).json["code"] == "IncorrectRequestBody"
    for other in (FIRST, 5):
        assert (await api.get(CONTACTS.format(other))).json["code"] == "IncorrectParameter"
    assert (await api.send("PUT", path, {"contacts": []})).status == 204
    assert (await api.get(path)).json == {"contacts": []}


async def test_stocks_are_read_updated_and_deleted(run: Run) -> None:
    simulator, api = await run()
    one, two, *_ = await chrt_ids(api)
    wanted = {"chrtIds": [one, two, 5]}
    before = (await api.post(STOCKS, wanted)).json["stocks"]
    assert [row["chrtId"] for row in before] == [one, two]
    body = {"stocks": [{"chrtId": one, "amount": 0}, {"chrtId": two, "amount": 100_000}]}
    assert (await api.send("PUT", STOCKS, body)).status == 204
    after = (await api.post(STOCKS, wanted)).json["stocks"]
    assert after == body["stocks"]
    assert (await api.send("DELETE", STOCKS, {"chrtIds": [two, 5]})).status == 204
    assert (await api.post(STOCKS, wanted)).json["stocks"] == body["stocks"][:1]
    assert simulator.stats.effects["stock_delete"] == 1
    other = f"/api/v3/stocks/{FIRST + 1}"
    assert (await api.post(other, wanted)).json == {"stocks": []}


async def test_stocks_with_unknown_names_are_204_without_effect(run: Run) -> None:
    simulator, api = await run()
    one = (await chrt_ids(api))[0]
    before = (await api.post(STOCKS, {"chrtIds": [one]})).json
    body = {"stocks": [{"chrtID": one, "quantity": 5}, {"chrtId": one, "amuont": 5}]}
    assert (await api.send("PUT", STOCKS, body)).status == 204
    assert (await api.post(STOCKS, {"chrtIds": [one]})).json == before
    assert simulator.stats.ignored["stock"] == 2


async def test_update_is_atomic_and_names_invalid_items(run: Run) -> None:
    simulator, api = await run()
    one, two, *_ = await chrt_ids(api)
    body = {
        "stocks": [
            {"chrtId": one, "amount": 1},
            {"chrtId": 5, "amount": 2},
            {"chrtId": two, "amount": 100_001},
        ]
    }
    reply = await api.send("PUT", STOCKS, body)
    assert reply.status == 409
    unknown, many = reply.json
    assert (unknown["code"], unknown["data"][0]["chrtId"]) == ("NotFound", 5)
    assert (many["code"], many["data"][0]["amount"]) == ("UploadDataLimit", 100_001)
    assert not simulator.stats.effects


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_invalid_list_of_sizes_is_rejected(run: Run, method: str) -> None:
    _, api = await run()

    def body(count: int) -> Json:
        if method == "PUT":
            return {"stocks": [{"chrtId": 1, "amount": 1}] * count}
        return {"chrtIds": [1] * count}

    for wrong, code in (
        (body(0), "IncorrectRequest"),
        (body(1001), "IncorrectRequest"),
        ({}, "IncorrectRequestBody"),
        ([], "IncorrectRequestBody"),
    ):
        reply = await api.send(method, STOCKS, wrong)
        assert (reply.status, reply.json["code"]) == (400, code)
    old = {"stocks": [{"sku": "1", "amount": 1}]} if method == "PUT" else {"skus": ["1"]}
    reply = await api.send(method, STOCKS, old)
    code = "SKUUploadDisabled" if method == "PUT" else "IncorrectSkuParameter"
    assert (reply.status, reply.json["code"]) == (400, code)
    assert (await api.send(method, "/api/v3/stocks/5", body(1))).json["code"] == "NotFound"
    assert (await api.send(method, "/api/v3/stocks/x", body(1))).status == 400


async def test_busy_and_blocked_warehouses_reject_stocks(run: Run, time: Time) -> None:
    simulator, api = await run(warehouse_delay=60)
    one = (await chrt_ids(api))[0]
    body = {"stocks": [{"chrtId": one, "amount": 3}]}
    await api.send("PUT", f"{PATH}/{FIRST}", {"name": "Иной", "officeId": 15})
    reply = await api.send("PUT", STOCKS, body)
    assert (reply.status, reply.json[0]["code"]) == (409, "StoreIsProcessing")
    reply = await api.send("DELETE", STOCKS, {"chrtIds": [one]})
    assert (reply.status, reply.json["code"]) == (409, "StoreIsProcessing")
    time.passed += 60
    for why, code in (
        ("banned", "StatusNotAcceptable"),
        ("processing", "WarehouseStocksUpdateBlock"),
    ):
        simulator.state.warehouses.blocked = why  # type: ignore[assignment]
        reply = await api.send("PUT", STOCKS, body)
        assert (reply.status, reply.json["code"]) == (406, code)
    simulator.state.warehouses.blocked = ""
    assert (await api.send("PUT", STOCKS, body)).status == 204
