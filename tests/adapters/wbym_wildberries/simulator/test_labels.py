from __future__ import annotations

import pytest

from wbym_wildberries.simulator.handlers_labels import BAD_NAME, NO_LABEL, TAKEN, TOO_MANY
from wbym_wildberries.simulator.replies import BAD_REQUEST

from .cards import card, read_all
from .conftest import Api, Json, Run

TAG = "/content/v2/tag"
LINK = f"{TAG}/nomenclature/link"
NM = 987_654_321


async def labels(api: Api) -> list[Json]:
    rows: list[Json] = (await api.get("/content/v2/tags")).json["data"]
    return rows


async def test_labels_are_created_changed_and_deleted(run: Run) -> None:
    simulator, api = await run()
    before = await labels(api)
    assert (await api.post(TAG, {"name": "Новинка", "color": "DEF1DD"})).status == 200
    made = (await labels(api))[-1]
    assert (made["name"], made["color"]) == ("Новинка", "DEF1DD")
    body = {"name": "Хит", "color": "FFECC7"}
    assert (await api.send("PATCH", f"{TAG}/{made['id']}", body)).status == 200
    assert (await labels(api))[-1] == {"id": made["id"], **body}
    assert (await api.call("DELETE", f"{TAG}/{made['id']}")).status == 200
    assert await labels(api) == before
    assert simulator.stats.effects["label"] == 3


async def test_labels_are_limited_to_fifteen_of_fifteen_characters(run: Run) -> None:
    _, api = await run()
    for number in range(13):
        body = {"name": f"{number:015d}", "color": "D1CFD7"}
        assert (await api.post(TAG, body)).status == 200
    reply = await api.post(TAG, {"name": "ещё", "color": "D1CFD7"})
    assert (reply.status, reply.json["errorText"]) == (400, TOO_MANY)
    assert len(await labels(api)) == 15


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"name": "x" * 16, "color": "D1CFD7"}, BAD_NAME),
        ({"name": "", "color": "D1CFD7"}, BAD_NAME),
        ({"name": "x", "color": "FFFFFF"}, BAD_REQUEST),
        ([], BAD_REQUEST),
        ({"name": "Популярный", "color": "D1CFD7"}, TAKEN),
    ],
)
async def test_invalid_label_is_400(run: Run, body: Json, text: str) -> None:
    simulator, api = await run()
    last = (await labels(api))[-1]["id"]
    for method, path in (("POST", TAG), ("PATCH", f"{TAG}/{last}")):
        reply = await api.send(method, path, body)
        assert (reply.status, reply.json["errorText"]) == (400, text)
    assert not simulator.stats.effects


async def test_unknown_label_is_an_error_under_200(run: Run) -> None:
    _, api = await run()
    reply = await api.send("PATCH", f"{TAG}/1", {"name": "x", "color": "D1CFD7"})
    assert (reply.status, reply.json["error"], reply.json["errorText"]) == (
        200,
        True,
        BAD_REQUEST,
    )
    reply = await api.call("DELETE", f"{TAG}/1")
    assert (reply.status, reply.json["errorText"]) == (200, NO_LABEL)
    assert (await api.call("DELETE", f"{TAG}/x")).status == 400


async def test_cards_have_exactly_the_linked_labels(run: Run) -> None:
    _, api = await run()
    one, two = await labels(api)
    both = [one["id"], two["id"]]
    assert (await api.post(LINK, {"nmID": NM, "tagsIDs": both})).status == 200
    assert (await card(api, NM))["tags"] == [
        {"id": tag["id"], "name": tag["name"], "color": tag["color"]} for tag in (one, two)
    ]
    await api.post(LINK, {"nmID": NM, "tagsIDs": both[1:]})
    found = await read_all(api, tagIDs=both)
    assert [row["nmID"] for row in found] == [NM]
    assert await read_all(api, tagIDs=both[:1]) == []
    await api.send("PATCH", f"{TAG}/{two['id']}", {"name": "Иное", "color": "FEE0E0"})
    assert (await card(api, NM))["tags"][0]["name"] == "Иное"
    await api.call("DELETE", f"{TAG}/{two['id']}")
    assert (await card(api, NM))["tags"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"nmID": 1, "tagsIDs": []},
        {"nmID": NM, "tagsIDs": [5]},
        {"nmID": NM, "tagsIDs": [592_569] * 16},
    ],
)
async def test_invalid_link_is_400(run: Run, body: Json) -> None:
    _, api = await run()
    reply = await api.post(LINK, body)
    assert (reply.status, reply.json["errorText"]) == (400, BAD_REQUEST)
