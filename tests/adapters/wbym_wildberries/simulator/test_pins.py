from __future__ import annotations

from .conftest import Api, Run

PINS = "/api/feedbacks/v1/pins"


async def feedback_ids(api: Api, take: int) -> list[str]:
    reply = await api.get("/api/v1/feedbacks", isAnswered=True, take=take, skip=0)
    return [row["id"] for row in reply.json["data"]["feedbacks"]]


def item(feedback_id: str, method: str = "tariff", place: str = "nm") -> dict[str, str]:
    return {"pinMethod": method, "pinOn": place, "feedbackId": feedback_id}


async def test_pin_answers_for_each_item(run: Run) -> None:
    simulator, api = await run()
    (first,) = await feedback_ids(api, 1)
    reply = await api.send("POST", PINS, [item(first), item(first), item("unknown")])
    assert reply.status == 200
    good, twice, unknown = reply.json["data"]
    assert good["isErrors"] is False
    assert isinstance(good["pinId"], int)
    assert (twice["isErrors"], twice["errors"][0]["status"]) == (True, "alreadyPinned")
    assert "pinId" not in unknown
    assert unknown["errors"][0]["status"] == "feedbackNotFound"
    assert unknown["errors"][0]["origin"] == "pin-open-api"
    assert simulator.stats.effects["pin"] == 1


async def test_limits_per_card_and_in_total(run: Run) -> None:
    _, api = await run(feedbacks=2000)
    ids = await feedback_ids(api, 500)
    rows = (await api.send("POST", PINS, [item(one) for one in ids])).json["data"]
    assert sum(not row["isErrors"] for row in rows) == 15
    statuses = {row["errors"][0]["status"] for row in rows if row["isErrors"]}
    assert statuses == {"globalLimitReached"} or "unitLimitReached" in statuses
    data = (await api.get(f"{PINS}/limits")).json["data"]
    assert data["tariff"] == {
        "perUnitLimit": 2,
        "remaining": 0,
        "totalLimit": 15,
        "unlimited": False,
        "used": 15,
    }


async def test_list_pages_by_next_until_it_is_absent(run: Run) -> None:
    _, api = await run()
    await api.send("POST", PINS, [item(one) for one in await feedback_ids(api, 10)])
    total = (await api.get(f"{PINS}/count")).json["data"]
    seen: list[int] = []
    params: dict[str, int] = {"limit": 3}
    while True:
        reply = (await api.get(PINS, **params)).json
        seen += [row["pinId"] for row in reply["data"]]
        if "next" not in reply:
            break
        params["next"] = reply["next"]
    assert len(seen) == len(set(seen)) == total > 6
    assert (await api.get(PINS, state="pinned", pinOn="nm")).json["data"][0]["state"] == "pinned"


async def test_unpin_returns_unpinned_items(run: Run) -> None:
    _, api = await run()
    (first,) = await feedback_ids(api, 1)
    pin_id = (await api.send("POST", PINS, [item(first)])).json["data"][0]["pinId"]
    assert (await api.send("DELETE", PINS, [pin_id, 1, pin_id])).json == {"data": [pin_id]}
    assert (await api.get(PINS, feedbackId=first, pinOn="nm")).json == {"data": []}


async def test_errors_have_the_pins_shape(run: Run) -> None:
    _, api = await run(pins_allowed=False)
    reply = await api.get(PINS, state="open")
    assert reply.status == 400
    assert reply.json["detail"] == "state must be one of the values 'pinned', 'unpinned'"
    assert (reply.json["status"], reply.json["origin"]) == (400, "pin-open-api")
    assert (await api.get(PINS, limit=501)).status == 400
    assert (await api.send("DELETE", PINS, {"a": 1})).json["detail"] == "invalid request body"
    rejected = await api.send("POST", PINS, [item("x")])
    assert (rejected.status, rejected.json["title"]) == (403, "no active subscription or tariff")
    assert (await api.get(f"{PINS}/limits")).json["data"] == {"subscription": None, "tariff": None}
