from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest

from wbym_wildberries.simulator import card_rules
from wbym_wildberries.simulator.replies import BAD_REQUEST

from .cards import LIST, TRASH, card, read_all, variant
from .conftest import Api, Json, Run, Time

UPLOAD = "/content/v2/cards/upload"
ADD = f"{UPLOAD}/add"
UPDATE = "/content/v2/cards/update"
ERRORS = "/content/v2/cards/error/list"
LIMITS = "/content/v2/cards/limits"
TITLE = "Наименование: не больше 60 символов"


async def failed(api: Api, **cursor: Json) -> list[Json]:
    reply = await api.post(ERRORS, {"cursor": cursor})
    assert reply.status == 200
    items: list[Json] = reply.json["data"]["items"]
    return items


async def test_upload_is_accepted_first_and_applied_later(run: Run, time: Time) -> None:
    simulator, api = await run(card_delay=30)
    group = {"subjectID": 105, "variants": [variant("one"), variant("two")]}
    reply = await api.post(UPLOAD, [group, {"subjectID": 812, "variants": [variant("mug")]}])
    assert (reply.status, reply.json["error"], reply.json["data"]) == (200, False, None)
    assert await read_all(api, textSearch="one") == []
    time.passed += 29
    assert "card" not in simulator.stats.effects
    time.passed += 1
    one, two, mug = [await card(api, code) for code in ("one", "two", "mug")]
    assert one["imtID"] == two["imtID"] != mug["imtID"]
    assert one["subjectName"] == "Кроссовки"
    assert one["characteristics"][0] == {"id": 14177449, "name": "Цвет", "value": ["red"]}
    assert one["dimensions"]["isValid"] is True
    assert one["photos"] == one["tags"] == []
    assert one["createdAt"] == one["updatedAt"] == "2026-09-21T14:13:50Z"
    (size,) = one["sizes"]
    assert size["techSize"] == "41"
    assert len(size["skus"]) == 1
    assert simulator.stats.effects["card"] == 3
    assert await failed(api) == []


async def test_published_example_is_a_valid_card(run: Run) -> None:
    _, api = await run()
    example = {
        "vendorCode": "АртикулПродавца",
        "wholesale": {"enabled": True, "quantum": 211},
        "title": "Наименование товара",
        "description": "Описание товара",
        "brand": "Бренд",
        "kizMarked": True,
        "dimensions": {"length": 12, "width": 7, "height": 5, "weightBrutto": 1.242},
        "characteristics": [
            {"id": 12, "value": ["Turkish flag"]},
            {"id": 25471, "value": 1200},
            {"id": 14177449, "value": ["red"]},
        ],
        "sizes": [{"techSize": "S", "wbSize": "42", "price": 5000, "skus": ["88005553535"]}],
    }
    await api.post(UPLOAD, [{"subjectID": 105, "variants": [example]}])
    made = await card(api, "88005553535")
    assert made["wholesale"] == {"enabled": True, "quantum": 211}
    assert made["needKiz"] is made["kizMarked"] is True


@pytest.mark.parametrize(
    ("body", "text", "additional"),
    [
        ([], "Incorrect request", {}),
        ({}, "Incorrect request", {}),
        ([{"subjectID": 105, "variants": []}], "Incorrect request", {}),
        ([{"subjectID": 105, "variants": [variant("x")] * 31}], "Incorrect request", {}),
        ([{"subjectID": 105, "variants": [variant("x")]}] * 101, "Incorrect request", {}),
        ([{"variants": [variant("x")]}], "Incorrect request", {}),
        (
            [{"subjectID": 5, "variants": [variant("x")]}],
            "This category does not exist",
            {"id": "5"},
        ),
        ([{"subjectID": 105, "variants": [variant("")]}], card_rules.NO_VENDOR_CODE, {}),
        (
            [{"subjectID": 105, "variants": [variant("x"), variant("x")]}],
            card_rules.VENDOR_CODE_IN_USE,
            {},
        ),
        (
            [{"subjectID": 105, "variants": [variant("DP03")]}],
            card_rules.VENDOR_CODE_IN_USE,
            {},
        ),
        (
            [{"subjectID": 1317, "variants": [variant("x"), variant("y")]}],
            "some items lacks required characteristics. please fill them and try again.",
            dict.fromkeys("xy", "missing required characteristics with ids: 90702"),
        ),
    ],
)
async def test_invalid_upload_is_rejected_at_once(
    run: Run, body: Json, text: str, additional: Json
) -> None:
    simulator, api = await run()
    reply = await api.post(UPLOAD, body)
    assert (reply.status, reply.json["errorText"]) == (400, text)
    assert reply.json["additionalErrors"] == additional
    assert not simulator.stats.effects


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"title": "я" * 61}, TITLE),
        ({"description": "я" * 5001}, "Описание: не больше 5000 символов"),
        ({"vendorCode": "x" * 73}, "Артикул продавца: не больше 72 символов"),
        ({"dimensions": {"length": -1}}, "Габариты и вес не могут быть отрицательными"),
        ({"sizes": [{"techSize": "1"}] * 2}, "Размеры в карточке не должны повторяться"),
        ({"sizes": [{"skus": ["2000316399000"]}]}, "Баркод 2000316399000 уже используется"),
        (
            {"sizes": [{"techSize": str(n)} for n in range(65)]},
            "В карточке слишком много размеров",
        ),
        (
            {"characteristics": [{"id": 7, "value": ["a"]}]},
            "Характеристика 7 недоступна для предмета",
        ),
        (
            {"characteristics": [{"id": 25471, "value": ["a"]}]},
            "Вес товара без упаковки: значение должно быть числом",
        ),
        (
            {"characteristics": [{"id": 14177449, "value": [1]}]},
            "Цвет: значение должно быть списком строк",
        ),
        ({"characteristics": [{"id": 12, "value": list("abcd")}]}, "Рисунок: не больше 3 значений"),
        (
            {"characteristics": [{"id": 15001405, "value": ["21"]}]},
            "Ставка НДС: значения нет в справочнике",
        ),
    ],
)
async def test_invalid_card_is_in_the_list_of_errors(run: Run, fields: Json, text: str) -> None:
    simulator, api = await run()
    bad = variant("bad", **{k: v for k, v in fields.items() if k != "vendorCode"})
    bad["vendorCode"] = code = fields.get("vendorCode", "bad")
    group = {"subjectID": 105, "variants": [variant("good"), bad]}
    assert (await api.post(UPLOAD, [group])).status == 200
    assert (await card(api, "good"))["subjectID"] == 105
    (batch,) = await failed(api)
    assert batch["vendorCodes"] == [code]
    assert batch["errors"] == {code: [text]}
    assert batch["subjects"][code] == {"id": 105, "name": "Кроссовки"}
    assert batch["brands"][code]["name"] == "Лад"
    assert simulator.stats.effects["card_error"] == 1


async def test_repaired_card_leaves_the_list_of_errors(run: Run) -> None:
    _, api = await run()
    wrong = [variant("a", title="я" * 61), variant("b", title="я" * 61)]
    await api.post(UPLOAD, [{"subjectID": 105, "variants": wrong}])
    await api.post(UPLOAD, [{"subjectID": 105, "variants": [variant("a")]}])
    (batch,) = await failed(api)
    assert batch["vendorCodes"] == ["b"]
    await api.post(UPLOAD, [{"subjectID": 105, "variants": [variant("b")]}])
    assert await failed(api) == []


async def test_errors_are_read_by_their_cursor(run: Run, time: Time) -> None:
    _, api = await run()
    for number in range(7):
        wrong = variant(f"w{number}", title="я" * 61)
        await api.post(UPLOAD, [{"subjectID": 105, "variants": [wrong]}])
        time.passed += number % 2
    for ascending in (True, False):
        codes: list[str] = []
        cursor: dict[str, Any] = {}
        while True:
            body = {"cursor": {**cursor, "limit": 3}, "order": {"ascending": ascending}}
            data = (await api.post(ERRORS, body)).json["data"]
            codes += [code for item in data["items"] for code in item["vendorCodes"]]
            if not data["cursor"]["next"]:
                break
            cursor = {name: data["cursor"][name] for name in ("updatedAt", "batchUUID")}
        assert len(codes) == len(set(codes)) == 7
        assert codes[0] in ({"w0", "w1"} if ascending else {"w5", "w6"})
    for wrong_cursor in ({"limit": 101}, {"batchUUID": "x"}, {"updatedAt": "x"}):
        reply = await api.post(ERRORS, {"cursor": wrong_cursor})
        assert (reply.status, reply.json["errorText"]) == (400, BAD_REQUEST)
    english = await api.call("POST", ERRORS, json={}, params={"locale": "en"})
    subjects = english.json["data"]["items"][0]["subjects"]
    assert [subject["name"] for subject in subjects.values()] == ["Sneakers"]


async def test_add_lists_cards_in_a_group_that_exists(run: Run) -> None:
    _, api = await run(cards=60)
    shoes = [one for one in await read_all(api) if one["subjectID"] == 105]
    imt = shoes[0]["imtID"]
    body = {"imtID": imt, "cardsToAdd": [variant("a"), variant("b")]}
    assert (await api.post(ADD, body)).status == 200
    group = await read_all(api, imtID=imt)
    assert len(group) == 5
    assert (await card(api, "a"))["subjectID"] == 105
    many = [variant(f"m{n}") for n in range(29)]
    assert (await api.post(ADD, {"imtID": imt, "cardsToAdd": many})).status == 200
    lost = {"imtID": 5, "cardsToAdd": [variant("lost")]}
    assert (await api.post(ADD, lost)).status == 200
    full, nowhere = sorted(await failed(api), key=lambda one: -len(one["vendorCodes"]))
    assert len(full["vendorCodes"]) == 29
    assert "30" in full["errors"]["m0"][0]
    assert nowhere["errors"]["lost"] == ["Объединённая карточка товара не найдена"]
    for wrong in ({}, {"imtID": imt, "cardsToAdd": []}, {"imtID": imt, "cardsToAdd": many * 2}):
        assert (await api.post(ADD, wrong)).status == 400
    used = {"imtID": imt, "cardsToAdd": [variant("a")]}
    assert (await api.post(ADD, used)).json["errorText"] == card_rules.VENDOR_CODE_IN_USE


async def test_update_overwrites_and_only_adds_sizes_and_barcodes(run: Run, time: Time) -> None:
    _, api = await run(card_delay=10)
    before = next(one for one in await read_all(api) if one["subjectID"] == 105)
    sizes = before["sizes"]
    edit = {
        **variant(before["vendorCode"]),
        "nmID": before["nmID"],
        "title": "Новое имя",
        "sizes": [
            {"chrtID": sizes[0]["chrtID"], "techSize": "37", "skus": ["4600000000017"]},
            {"techSize": "45", "price": 900},
        ],
    }
    assert (await api.post(UPDATE, [edit])).status == 200
    assert (await card(api, before["nmID"]))["title"] == before["title"]
    time.passed += 10
    after = await card(api, before["nmID"])
    assert after["title"] == "Новое имя"
    assert after["imtID"] == before["imtID"]
    assert after["photos"] == before["photos"]
    assert after["createdAt"] == before["createdAt"]
    assert after["updatedAt"] > before["updatedAt"]
    assert [size["techSize"] for size in after["sizes"]] == ["37", "38", "39", "40", "41", "45"]
    assert after["sizes"][0]["skus"] == [*sizes[0]["skus"], "4600000000017"]
    assert (await card(api, "4600000000017"))["nmID"] == before["nmID"]


async def test_invalid_update_is_rejected_or_listed(run: Run) -> None:
    simulator, api = await run()
    good = {**variant("DP00"), "nmID": 987_654_321}
    bodies: list[Json] = [[], {}, [{**good, "sizes": []}], [{"nmID": 1}] * 3001, [variant("x")]]
    for body in bodies:
        reply = await api.post(UPDATE, body)
        assert (reply.status, reply.json["errorText"]) == (400, "Incorrect request")
    assert (await api.post(UPDATE, [{**good, "vendorCode": ""}])).status == 400
    food = next(one for one in await read_all(api) if one["subjectID"] == 1317)
    reply = await api.post(UPDATE, [{**variant("food"), "nmID": food["nmID"]}])
    assert reply.json["additionalErrors"] == {
        "food": "missing required characteristics with ids: 90702"
    }
    assert not simulator.stats.effects
    wrong = [{**variant("lost"), "nmID": 1}, {**good, "title": "я" * 61}]
    taken = {**variant("DP05"), "nmID": 987_654_322}
    assert (await api.post(UPDATE, [*wrong, taken])).status == 200
    (batch,) = await failed(api)
    assert batch["errors"] == {
        "lost": ["Карточка товара не найдена"],
        "DP00": [TITLE],
        "DP05": ["Артикул продавца используется в другой карточке"],
    }
    assert set(batch["subjects"]) == {"DP00", "DP05"}


@pytest.mark.parametrize("path", [UPLOAD, ADD, UPDATE])
async def test_body_over_ten_megabytes_is_413(run: Run, path: str) -> None:
    _, api = await run()
    reply = await api.call("POST", path, data=BytesIO(b" " * (10 * 1024 * 1024 + 1)))
    assert (reply.status, reply.json["title"]) == (413, "request body too long")
    assert reply.json["origin"] == "s2s-api-auth-content"


async def test_card_limits_count_the_trash_too(run: Run) -> None:
    _, api = await run(cards=5, trashed=2, card_room=-9)
    limits = (await api.get(LIMITS)).json["data"]
    assert limits == {"freeLimits": -2, "paidLimits": 10}
    group = {"subjectID": 105, "variants": [variant("a"), variant("b")]}
    await api.post(UPLOAD, [group])
    listed = len(await read_all(api, LIST)) + len(await read_all(api, TRASH))
    assert listed == limits["freeLimits"] + limits["paidLimits"]
    (batch,) = await failed(api)
    assert batch["errors"] == {"b": ["Достигнут лимит на создание карточек товаров"]}


async def test_barcodes_are_unique(run: Run) -> None:
    _, api = await run()
    made = [(await api.post("/content/v2/barcodes", {"count": n})).json["data"] for n in (3, 5000)]
    assert len({sku for skus in made for sku in skus}) == 5003
    for body in ({"count": 0}, {"count": 5001}, {}, {"count": "3"}):
        assert (await api.post("/content/v2/barcodes", body)).status == 400
