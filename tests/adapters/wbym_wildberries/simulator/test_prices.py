from __future__ import annotations

import pytest

from .cards import variant
from .conftest import Api, Json, Reply, Run, Time

TASK = "/api/v2/upload/task"
SIZE = f"{TASK}/size"
CLUB = f"{TASK}/club-discount"
GOODS = "/api/v2/list/goods/filter"
QUARANTINE = "/api/v2/quarantine/goods"
WHOLESALE = "/api/discounts-prices/v1/upload/task/b2b/wholesale"
NM = 987_654_321


async def good(api: Api, nm: int) -> Json:
    (row,) = (await api.get(GOODS, limit=10, filterNmID=nm)).json["data"]["listGoods"]
    return row


async def goods(api: Api) -> list[Json]:
    rows: list[Json] = (await api.get(GOODS, limit=1000)).json["data"]["listGoods"]
    return rows


async def put(api: Api, path: str, *items: Json) -> Reply:
    return await api.post(path, {"data": list(items)})


async def followed(api: Api, task: int, part: str) -> tuple[Json, list[Json]]:
    """State and items of a task, in the buffer or in the history."""
    state = (await api.get(f"/api/v2/{part}/tasks", uploadID=task)).json["data"]
    path = f"/api/v2/{part}/goods/task"
    items = (await api.get(path, uploadID=task, limit=1000)).json["data"][f"{part}Goods"]
    return state, items


async def test_goods_are_read_by_offset_until_an_empty_page(run: Run) -> None:
    _, api = await run(cards=25)
    seen: list[int] = []
    while rows := (await api.get(GOODS, limit=10, offset=len(seen))).json["data"]["listGoods"]:
        seen += [row["nmID"] for row in rows]
    assert seen == list(range(NM, NM + 25))
    row = await good(api, NM + 3)
    (size,) = row["sizes"]
    assert size["discountedPrice"] == size["price"] * (100 - row["discount"]) / 100
    assert row["currencyIsoCode4217"] == "RUB"
    wanted = {"nmList": [NM + 4, 1, NM + 2, NM + 4]}
    some = (await api.post(GOODS, wanted)).json["data"]["listGoods"]
    assert [row["nmID"] for row in some] == [NM + 4, NM + 2]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (GOODS, {}),
        (GOODS, {"limit": 1001}),
        (GOODS, {"limit": 0}),
        (GOODS, {"limit": 1, "offset": -1}),
        (QUARANTINE, {}),
        ("/api/v2/list/goods/size/nm", {"limit": 1}),
        ("/api/v2/history/tasks", {}),
        ("/api/v2/buffer/tasks", {"uploadID": "x"}),
        ("/api/v2/history/goods/task", {"uploadID": 1}),
        ("/api/v2/buffer/goods/task", {"limit": 1}),
    ],
)
async def test_invalid_parameter_is_400(run: Run, path: str, params: Json) -> None:
    _, api = await run()
    reply = await api.get(path, **params)
    assert reply.status == 400
    assert reply.json == {"data": None, "error": True, "errorText": "Invalid request parameters"}


@pytest.mark.parametrize("body", [{}, {"nmList": []}, {"nmList": list(range(1001))}])
async def test_list_of_items_has_one_to_a_thousand(run: Run, body: Json) -> None:
    _, api = await run()
    assert (await api.post(GOODS, body)).status == 400


async def test_task_moves_from_the_buffer_to_the_history(run: Run, time: Time) -> None:
    simulator, api = await run(price_delay=20)
    item = {"nmID": NM, "price": 290, "discount": 3}
    task = (await put(api, TASK, item)).json["data"]["id"]
    state, (row,) = await followed(api, task, "buffer")
    assert (state["status"], state["overAllGoodsNumber"], state["successGoodsNumber"]) == (1, 1, 0)
    assert (row["status"], row["price"], row["errorText"]) == (1, 290, None)
    assert (await followed(api, task, "history")) == (None, [])
    again = await put(api, TASK, item)
    assert (again.status, again.json["errorText"]) == (208, "This task already exists")
    assert again.json["data"] == {"id": task, "alreadyExists": True}
    assert (await good(api, NM))["discount"] == 0
    time.passed += 20
    assert (await followed(api, task, "buffer")) == (None, [])
    state, (row,) = await followed(api, task, "history")
    assert (state["status"], state["successGoodsNumber"]) == (3, 1)
    assert (row["status"], row["errorText"], row["sizeID"]) == (2, None, None)
    changed = await good(api, NM)
    assert changed["discount"] == 3
    assert changed["sizes"][0]["price"] == 290
    assert simulator.stats.effects["price"] == 1
    assert (await put(api, TASK, item)).status == 400


async def test_task_succeeds_in_full_in_part_or_fails(run: Run) -> None:
    simulator, api = await run()
    simulator.state.prices.on_sale.add(NM + 1)
    fine, sale = {"nmID": NM, "discount": 1}, {"nmID": NM + 1, "discount": 1}
    task = (await put(api, TASK, fine, sale, {"nmID": 5, "price": 4})).json["data"]["id"]
    state, rows = await followed(api, task, "history")
    assert (state["status"], state["successGoodsNumber"]) == (5, 1)
    assert [row["status"] for row in rows] == [2, 3, 3]
    assert rows[1]["errorText"].endswith("added to the Sale due to high inventory")
    assert rows[2]["errorText"] == "Invalid item No."
    task = (await put(api, TASK, sale)).json["data"]["id"]
    assert (await followed(api, task, "history"))[0]["status"] == 6


async def test_seller_cancels_a_task(run: Run, time: Time) -> None:
    simulator, api = await run(price_delay=20)
    task = (await put(api, TASK, {"nmID": NM, "discount": 1})).json["data"]["id"]
    assert simulator.state.prices.cancel(task)
    time.passed += 20
    state, rows = await followed(api, task, "history")
    assert (state["status"], state["successGoodsNumber"]) == (4, 0)
    assert len(rows) == 1
    assert (await good(api, NM))["discount"] == 0
    assert not simulator.state.prices.cancel(task)


async def test_price_a_third_or_less_goes_to_quarantine(run: Run) -> None:
    simulator, api = await run()
    await put(api, TASK, {"nmID": NM + 1, "price": 3000, "discount": 0})
    just_above, third = {"nmID": NM + 1, "price": 1001}, {"nmID": NM + 1, "price": 1000}
    task = (await put(api, TASK, third)).json["data"]["id"]
    state, (row,) = await followed(api, task, "history")
    assert (state["status"], row["status"]) == (6, 3)
    assert row["errorText"].startswith("The new price is several times lower")
    (held,) = (await api.get(QUARANTINE, limit=10)).json["data"]["quarantineGoods"]
    assert (held["nmID"], held["newPrice"], held["oldPrice"]) == (NM + 1, 1000, 3000)
    assert held["priceDiff"] == -2000
    assert (await good(api, NM + 1))["sizes"][0]["price"] == 3000
    await put(api, TASK, just_above)
    assert (await api.get(QUARANTINE, limit=10)).json["data"]["quarantineGoods"] == []
    await put(api, TASK, {"nmID": NM + 1, "price": 100})
    simulator.state.prices.release(NM + 1)
    assert (await good(api, NM + 1))["sizes"][0]["price"] == 100
    assert simulator.stats.effects["quarantine"] == 2


async def test_quarantine_is_read_by_offset(run: Run) -> None:
    _, api = await run(cards=60)
    rows = [row for row in await goods(api) if not row["editableSizePrice"]][:5]
    await put(api, TASK, *({"nmID": row["nmID"], "price": 1} for row in rows))
    first = (await api.get(QUARANTINE, limit=3)).json["data"]["quarantineGoods"]
    rest = (await api.get(QUARANTINE, limit=3, offset=3)).json["data"]["quarantineGoods"]
    assert [one["nmID"] for one in (*first, *rest)] == [row["nmID"] for row in rows]


@pytest.mark.parametrize(
    ("path", "items", "text"),
    [
        (TASK, [], "Empty data"),
        (TASK, [{"price": 1}], "Invalid data format"),
        (TASK, [{"nmID": "1", "price": 1}], "Invalid data format"),
        (TASK, [{"nmID": n + 1, "price": 1} for n in range(1001)], "Upload limit exceeded"),
        (TASK, [{"nmID": NM, "price": 1}] * 2, "Duplicate item Nos."),
        (TASK, [{"nmID": 0, "price": 1}], "Invalid item No."),
        (TASK, [{"nmID": NM, "price": 0}], "Invalid price value"),
        (TASK, [{"nmID": NM, "price": 1.5}], "Price should be a whole number"),
        (TASK, [{"nmID": NM, "discount": 100}], "Invalid discount value"),
        (TASK, [{"nmID": NM, "discount": -1}], "Invalid discount value"),
        (TASK, [{"nmID": NM}], "Price and discount not specified"),
        (TASK, [{"nmID": NM, "discount": 0}], "The specified prices and discounts are already set"),
        (TASK, [{"nmID": 1, "price": 1}], "All item Nos. are specified incorrectly"),
        (SIZE, [{"nmID": NM, "price": 1}], "Invalid data format"),
        (SIZE, [{"nmID": NM, "sizeID": 1, "price": 1}] * 2, "Duplicate size IDs"),
        (SIZE, [{"nmID": NM, "sizeID": 0, "price": 1}], "Invalid size"),
        (SIZE, [{"nmID": NM, "sizeID": 1}], "Price and discount not specified"),
        (SIZE, [{"nmID": NM, "sizeID": 1, "price": 1}], "already set"),
        (CLUB, [{"nmID": NM, "clubDiscount": -1}], "Invalid discount value"),
        (CLUB, [{"nmID": NM, "clubDiscount": 51}], "Check the field values"),
        (CLUB, [{"nmID": NM, "clubDiscount": 5}], "Discounts in the file are the same"),
        (CLUB, [{"nmID": 1, "clubDiscount": 5}], "All item Nos. are specified incorrectly"),
    ],
)
async def test_invalid_list_is_rejected(run: Run, path: str, items: list[Json], text: str) -> None:
    simulator, api = await run()
    reply = await put(api, path, *items)
    assert reply.status == 400
    assert text in reply.json["errorText"]
    assert reply.json["data"] is None
    assert not simulator.state.prices.tasks


async def test_sizes_have_their_own_prices(run: Run) -> None:
    _, api = await run()
    row = next(row for row in await goods(api) if row["editableSizePrice"])
    nm, sizes = row["nmID"], row["sizes"]
    change = {"nmID": nm, "sizeID": sizes[1]["sizeID"], "price": 1}
    assert (await put(api, SIZE, change)).status == 200
    listed = (await api.get("/api/v2/list/goods/size/nm", nmID=nm, limit=100)).json["data"]
    prices = [size["price"] for size in listed["listGoods"]]
    assert prices == [sizes[0]["price"], 1, *[sizes[0]["price"]] * (len(sizes) - 2)]
    assert listed["listGoods"][1]["vendorCode"] == row["vendorCode"]
    page = await api.get("/api/v2/list/goods/size/nm", nmID=nm, limit=1, offset=1)
    assert page.json["data"]["listGoods"] == listed["listGoods"][1:2]
    await put(api, TASK, {"nmID": nm, "price": 5000})
    assert {size["price"] for size in (await good(api, nm))["sizes"]} == {5000}

    other = next(row for row in await goods(api) if not row["editableSizePrice"])
    reply = await api.get("/api/v2/list/goods/size/nm", nmID=other["nmID"], limit=9)
    assert reply.json["data"] == {"listGoods": []}
    change = {"nmID": other["nmID"], "sizeID": other["sizes"][0]["sizeID"], "price": 7}
    task = (await put(api, SIZE, change)).json["data"]["id"]
    _, (failed,) = await followed(api, task, "history")
    assert (failed["status"], failed["sizeID"]) == (3, change["sizeID"])
    assert failed["errorText"].startswith("Size prices are not available")


async def test_club_discount_is_set(run: Run) -> None:
    _, api = await run()
    assert (await put(api, CLUB, {"nmID": NM + 3, "clubDiscount": 20})).status == 200
    row = await good(api, NM + 3)
    assert row["clubDiscount"] == 20
    size = row["sizes"][0]
    assert size["clubDiscountedPrice"] == round(size["discountedPrice"] * 0.8, 2)


async def test_new_card_has_the_price_of_its_upload(run: Run) -> None:
    simulator, api = await run()
    group = {"subjectID": 105, "variants": [variant("new")]}
    await api.post("/content/v2/cards/upload", [group])
    row = (await goods(api))[-1]
    assert (row["vendorCode"], row["sizes"][0]["price"]) == ("new", 4000)
    trash = {"nmIDs": [row["nmID"]]}
    await api.post("/content/v2/cards/delete/trash", trash)
    assert (await api.get(GOODS, limit=10, filterNmID=row["nmID"])).json["data"]["listGoods"] == []
    assert simulator.stats.effects["card"] == 1


def level(number: int, quantity: int, discount: float) -> Json:
    return {"level": number, "minQuantity": quantity, "wholesaleDiscount": discount}


async def test_wholesale_discounts_are_set_item_by_item(run: Run) -> None:
    _, api = await run()

    async def set_levels(nm: int, *levels: Json) -> Json:
        item = {"nmId": nm, "wholesaleDiscountThreshold": list(levels)}
        reply = await put(api, WHOLESALE, item)
        assert reply.status == 200
        (result,) = reply.json["results"]
        return None if result["success"] else result["error"]["detail"]

    assert await set_levels(NM, level(1, 10, 5), level(2, 20, 7), level(3, 30, 9)) is None
    assert (await good(api, NM))["wholesaleDiscountThreshold"][2] == level(3, 30, 9)
    assert await set_levels(NM, level(2, 20, 0)) is None
    assert (await good(api, NM))["wholesaleDiscountThreshold"] == [level(1, 10, 5)]
    for nm, levels, text in (
        (1, [level(1, 10, 5)], "Invalid item No."),
        (NM, [level(n, 10 * n, n) for n in range(1, 5)], "Maximum number of levels: 3"),
        (NM, [level(1, 10, 5.5)], "Discount must be an integer"),
        (NM, [level(1, 10, 100)], "New discount is outside the allowed range"),
        (NM, [level(1, 0, 5)], "New number of items is outside the allowed range"),
        (NM, [level(1, 10, 5), level(2, 20, 5)], "Discount must increase with each level"),
        (NM, [level(1, 10, 5), level(2, 10, 6)], "Number of items must increase with each level"),
    ):
        assert await set_levels(nm, *levels) == text
    reply = await put(api, WHOLESALE)
    assert (reply.status, reply.json["detail"]) == (400, "Invalid data format")
    many = {"nmId": NM, "wholesaleDiscountThreshold": []}
    assert (await put(api, WHOLESALE, *[many] * 1001)).json["title"] == "Bad Request"
