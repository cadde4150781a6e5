from __future__ import annotations

import pytest

from wbym_wildberries.simulator.state_permits import NO_DOCUMENT, NO_TYPE

from .cards import TRASH, card, read_all, variant
from .conftest import Api, Json, Run, Time

UPLOAD = "/content/v2/cards/upload"
UPDATE = "/content/v2/cards/update"
ERRORS = "/content/v2/cards/error/list"
LAMPS = 2078
VALID = {"type": 1, "number": "A", "isEndless": True}
EXPIRED = {"type": 2, "number": "B", "endDate": "2026-09-01"}


def edit_of(before: Json, **fields: Json) -> Json:
    """An update with every field of the card that an update accepts."""
    read_only = ("imtID", "nmUUID", "subjectID", "subjectName", "needKiz", "photos", "video")
    kept = {name: value for name, value in before.items() if name not in read_only}
    return {**kept, **fields}


async def write(api: Api, before: Json, **fields: Json) -> Json:
    reply = await api.post(UPDATE, [edit_of(before, **fields)])
    assert reply.status == 200
    return await card(api, before["nmID"])


async def lamp(api: Api) -> Json:
    return next(one for one in await read_all(api) if one["subjectID"] == LAMPS)


async def errors(api: Api) -> list[str]:
    items = (await api.post(ERRORS, {})).json["data"]["items"]
    return [text for item in items for texts in item["errors"].values() for text in texts]


async def test_generated_cards_have_documents_with_their_own_ids(run: Run) -> None:
    _, api = await run(cards=100)
    cards = await read_all(api)
    listed = [one["documents"] for one in cards if "documents" in one]
    ids = [item["id"] for documents in listed for item in documents["items"]]
    assert len(ids) == len(set(ids)) > 20
    excluded = [one for one in listed if one["excludeDocuments"]]
    assert excluded
    assert all(one["items"] == [] for one in excluded)
    assert {one["overallVerdict"] for one in listed} == {"approved"}
    assert any("documents" not in one for one in cards)
    assert {"gtin" in one for one in cards} == {True, False}
    (thrown, *_) = await read_all(api, TRASH)
    assert not thrown.keys() & {"documents", "gtin", "title"}


async def test_documents_are_overwritten_in_full(run: Run) -> None:
    _, api = await run()
    before = await lamp(api)
    first, second = before["documents"]["items"]
    changed = {**first, "number": "другой"}
    after = await write(api, before, documents={"items": [changed, VALID]})
    items = after["documents"]["items"]
    assert [one["number"] for one in items] == ["другой", "A"]
    assert items[0]["id"] == first["id"]
    assert items[1]["id"] not in {first["id"], second["id"]}
    gone = await write(api, after, documents={"items": [second]})
    assert gone["documents"] == after["documents"]
    assert await errors(api) == [NO_DOCUMENT]
    empty = await write(api, after, documents={})
    assert empty["documents"]["items"] == []


async def test_omitted_documents_are_lost(run: Run) -> None:
    _, api = await run()
    before = await lamp(api)
    wholesale = {"enabled": True, "quantum": 5}
    full = await write(api, before, wholesale=wholesale, gtin="04600000000017")
    assert full["wholesale"] == wholesale
    edit = edit_of(full)
    for name in ("documents", "gtin", "wholesale"):
        del edit[name]
    assert (await api.post(UPDATE, [edit])).status == 200
    after = await card(api, before["nmID"])
    assert not after.keys() & {"documents", "gtin", "wholesale"}


async def test_no_permit_needed_empties_them_all(run: Run) -> None:
    _, api = await run()
    before = await lamp(api)
    sent = {**before["documents"], "excludeDocuments": True}
    after = await write(api, before, documents=sent)
    expected = {"items": [], "excludeDocuments": True, "overallVerdict": "approved"}
    assert after["documents"] == expected
    again = await write(api, after, documents={"items": []})
    assert again["documents"]["excludeDocuments"] is False


async def test_verdict_comes_later_and_moves_the_card(run: Run, time: Time) -> None:
    simulator, api = await run(document_delay=3 * 86_400)
    before = await lamp(api)
    time.passed += 5
    kept = before["documents"]["items"]
    written = await write(api, before, documents={"items": [*kept, EXPIRED]})
    assert "overallVerdict" not in written["documents"]
    assert ["verdict" in one for one in written["documents"]["items"]] == [True, True, False]
    time.passed += 3 * 86_400 - 1
    assert await card(api, before["nmID"]) == written
    time.passed += 1
    checked = await card(api, before["nmID"])
    assert [one["verdict"] for one in checked["documents"]["items"]] == [
        "approved",
        "approved",
        "rejected",
    ]
    assert checked["documents"]["overallVerdict"] == "rejected"
    assert checked["updatedAt"] > written["updatedAt"] > before["updatedAt"]
    assert (await read_all(api))[-1] == checked
    time.passed += 10
    renamed = await write(api, checked, title="Лампа")
    assert renamed["documents"] == checked["documents"]
    time.passed += 3 * 86_400
    assert await card(api, before["nmID"]) == renamed
    assert simulator.stats.effects["card_verdict"] == 1


async def test_documents_changed_twice_are_checked_once(run: Run, time: Time) -> None:
    simulator, api = await run(document_delay=100)
    before = await lamp(api)
    written = await write(api, before, documents={"items": [EXPIRED]})
    time.passed += 60
    await write(api, written, documents={"items": [VALID]})
    time.passed += 60
    assert "overallVerdict" not in (await card(api, before["nmID"]))["documents"]
    time.passed += 40
    assert (await card(api, before["nmID"]))["documents"]["overallVerdict"] == "approved"
    assert simulator.stats.effects["card_verdict"] == 1


async def test_card_without_a_permit_is_blocked_until_one_passes(run: Run, time: Time) -> None:
    simulator, api = await run(document_delay=100)
    blocked = simulator.state.permits.blocked
    before = await lamp(api)
    await write(api, before, documents={"items": [EXPIRED]})
    assert not blocked  # on sale until the new result
    time.passed += 100
    rejected = await card(api, before["nmID"])
    assert len(blocked) == 1
    await write(api, rejected, documents={"items": [VALID]})
    assert len(blocked) == 1  # until it passes
    time.passed += 100
    await card(api, before["nmID"])
    assert not blocked

    bare = [variant("bare", characteristics=[]), variant("own", documents={"items": [VALID]})]
    assert (await api.post(UPLOAD, [{"subjectID": LAMPS, "variants": bare}])).status == 200
    mug = variant("mug", characteristics=[])
    assert (await api.post(UPLOAD, [{"subjectID": 812, "variants": [mug]}])).status == 200
    time.passed += 100
    assert "documents" not in await card(api, "bare")
    assert len(blocked) == 1
    assert simulator.stats.effects["card_blocked"] == 2
    assert simulator.stats.effects["card_unblocked"] == 1


async def test_unmarked_goods_are_rejected_as_a_whole(run: Run) -> None:
    _, api = await run()
    polo = next(one for one in await read_all(api) if one["needKiz"] and "documents" in one)
    after = await write(api, polo, kizMarked=False, documents={"items": [VALID]})
    assert after["needKiz"] is True
    assert after["documents"]["items"][0]["verdict"] == "approved"
    assert after["documents"]["overallVerdict"] == "rejected"


@pytest.mark.parametrize("kind", [0, 6, 10])
async def test_unknown_type_is_an_error(run: Run, kind: int) -> None:
    _, api = await run()
    documents = {"items": [{"type": kind, "number": "A"}]}
    new = variant("a", documents=documents)
    assert (await api.post(UPLOAD, [{"subjectID": 105, "variants": [new]}])).status == 200
    assert await errors(api) == [NO_TYPE]


async def test_unknown_fields_are_overwritten_too(run: Run) -> None:
    simulator, api = await run()
    before = await lamp(api)
    number = simulator.state.cards.find(before["nmID"])
    assert number is not None
    record = simulator.state.cards.load(number)
    record["later"] = {"a": 1}
    record["sizes"][0]["later"] = 2  # type: ignore[index]
    record["documents"]["items"][0]["later"] = 3  # type: ignore[index]
    simulator.state.cards.save(number, record)
    expected = await card(api, before["nmID"])
    after = await write(api, expected, ignored=True)
    assert {**after, "updatedAt": ""} == {**expected, "updatedAt": ""}
    bare = await write(api, before)
    assert {**bare, "updatedAt": ""} == {**before, "updatedAt": ""}
