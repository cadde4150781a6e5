from __future__ import annotations

import re

import pytest

from wbym.testing import Faults
from wbym_yandex_market.simulator import make_api_key, make_oauth_token

from .conftest import Api, Run, Time, reason

CHATS = "/v2/businesses/1001/chats"
RETURNS = "/v2/campaigns/100101/returns"


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 401, "not specified"),
        ({"Authorization": "Basic abc"}, 401, "not specified"),
        ({"Api-Key": "abc"}, 401, "Api-Key is invalid"),
        ({"Api-Key": make_api_key()[:-1] + "x"}, 401, "Api-Key is invalid"),
        ({"Api-Key": f"Bearer {make_api_key()}"}, 401, "Api-Key is invalid"),
        ({"Api-Key": make_api_key(business_id=77)}, 401, "Api-Key is invalid"),
        ({"Api-Key": make_api_key(scopes=["pricing"])}, 403, "no scope"),
        ({"Authorization": "Bearer y0_abc"}, 403, "OAuth token is invalid"),
        ({"Authorization": f"OAuth {make_oauth_token(scopes=[])}"}, 403, "no scope"),
        ({"Authorization": f"Bearer {make_oauth_token(businesses=[7])}"}, 403, "denied"),
    ],
)
async def test_invalid_credentials_are_rejected(
    run: Run, headers: dict[str, str], status: int, message: str
) -> None:
    _, api = await run()
    reply = await api.with_headers(**headers).post(CHATS, {})
    assert reason(reply)[0] == status
    assert message in reason(reply)[1]
    assert reply.header("X-RateLimit-Resource-Remaining") == "5000"


@pytest.mark.parametrize("kind", ["Bearer {}", "OAuth {}", 'OAuth oauth_token="{}"'])
async def test_oauth_token_is_accepted_in_each_form(run: Run, kind: str) -> None:
    _, api = await run()
    headers = {"Authorization": kind.format(make_oauth_token())}
    api = api.with_headers(**headers)
    assert (await api.post(CHATS, {})).status == 200
    assert len((await api.get("/v2/campaigns")).json["campaigns"]) == 2
    assert reason(await api.post("/v2/auth/token"))[0] == 403


async def test_scopes_allow_their_methods(run: Run) -> None:
    simulator, api = await run()
    chat = simulator.state.chats.rows.last()
    assert chat is not None
    path = f"/v2/businesses/1001/chats/message?chatId={chat.id}"
    statuses = {}
    for scope in ("communication", "all-methods:read-only", "inventory-and-order-processing"):
        caller = api.with_key(make_api_key(scopes=[scope]))
        statuses[scope] = [
            (await caller.post(CHATS, {})).status,
            (await caller.post(path, {"message": "Да"})).status,
            (await caller.get(RETURNS)).status,
            (await caller.get("/v2/campaigns")).status,
        ]
    assert statuses == {
        "communication": [200, 200, 403, 200],
        "all-methods:read-only": [200, 403, 200, 200],
        "inventory-and-order-processing": [403, 403, 200, 200],
    }


async def test_token_info_names_the_scopes(run: Run) -> None:
    _, api = await run()
    key = make_api_key(name="Чаты", scopes=["communication", "pricing:read-only"])
    reply = await api.with_key(key).post("/v2/auth/token")
    assert reply.json == {
        "status": "OK",
        "result": {
            "apiKey": {"name": "Чаты", "authScopes": ["PRICING_READ_ONLY", "COMMUNICATION"]}
        },
    }


async def test_revoked_credentials_are_rejected(run: Run) -> None:
    simulator, api = await run()
    token = make_oauth_token()
    simulator.revoked |= {make_api_key(), token}
    assert reason(await api.post(CHATS, {}))[0] == 401
    other = api.with_headers(Authorization=f"Bearer {token}")
    assert reason(await other.post(CHATS, {}))[0] == 403


async def test_mixed_up_ids_are_rejected(run: Run) -> None:
    _, api = await run(businesses=[1001, 1002])
    assert reason(await api.post("/v2/businesses/100101/chats", {}))[0] == 404
    assert reason(await api.get("/v2/campaigns/1001/returns"))[0] == 404
    assert reason(await api.get("/v2/campaigns/100109/returns"))[0] == 404
    assert reason(await api.post("/v2/businesses/1002/chats", {}))[0] == 403
    assert reason(await api.get("/v2/campaigns/100201/returns"))[0] == 403
    assert reason(await api.post("/v2/businesses/abc/chats", {}))[0] == 400
    assert reason(await api.get("/v2/businesses/1001/nothing"))[0] == 404
    other = api.with_key(make_api_key(business_id=1002))
    assert (await other.post("/v2/businesses/1002/chats", {})).status == 200


@pytest.mark.parametrize("identifier", [1001, 100101])
async def test_moved_cabinet_answers_423(run: Run, identifier: int) -> None:
    _, api = await run(locked=[identifier])
    assert reason(await api.get(RETURNS))[0] == 423
    assert (await api.post(CHATS, {})).status == (423 if identifier == 1001 else 200)


async def test_423_as_a_fault(run: Run) -> None:
    faults = Faults(error_statuses=(423,))
    _, api = await run(faults=faults)
    faults.next("/chats", "error")
    assert reason(await api.post(CHATS, {}))[0] == 423
    assert (await api.post(CHATS, {})).status == 200


async def test_disabled_campaign_reports_the_reason(run: Run) -> None:
    simulator, api = await run()
    simulator.state.campaigns[100101].availability = "MANUALLY_DISABLED"
    reply = await api.get(RETURNS)
    assert (reply.status, reply.json["errors"][0]["code"]) == (403, "API_DISABLED")
    shown = (await api.get("/v2/campaigns/100101")).json["campaign"]
    assert shown["apiAvailability"] == "MANUALLY_DISABLED"


async def test_body_is_rejected_when_too_large_or_not_json(run: Run) -> None:
    _, api = await run()
    path = "/v2/businesses/1001/goods-feedback"
    headers = {"Content-Type": "application/json"}
    big = b'{"paid":' + b" " * (512 * 1024) + b"true}"
    assert reason(await api.call("POST", path, data=big, headers=headers))[0] == 413
    assert reason(await api.call("POST", path, data=b"{", headers=headers))[0] == 400
    assert reason(await api.call("POST", path, data=b"[]", headers=headers))[0] == 400
    assert reason(await api.call("POST", path, data=b"{}"))[0] == 415
    assert (await api.call("POST", path)).status == 200  # this body may be omitted
    assert reason(await api.call("POST", CHATS))[0] == 400  # and this one may not


async def test_businesses_have_cabinets_of_their_own(run: Run) -> None:
    simulator, api = await run(businesses=[1001, 1002])
    simulator.state_of(1002).arrive_feedback()
    counts = []
    for business in (1001, 1002):
        caller = Api(api.session, api.url, {"Api-Key": make_api_key(business_id=business)})
        path = f"/v2/businesses/{business}/goods-feedback"
        counts.append(len(await caller.read_all(path, "feedbacks", {}, limit=50)))
    assert counts == [200, 201]
    assert simulator.records()["feedbacks"] == 401


async def test_campaigns_are_paged_by_token(run: Run) -> None:
    _, api = await run(campaigns=5)
    reply = await api.get("/v2/campaigns", limit=2)
    first, token = reply.json["campaigns"], reply.json["paging"]["nextPageToken"]
    rest = (await api.get("/v2/campaigns", limit=100, pageToken=token)).json
    assert [one["id"] for one in first + rest["campaigns"]] == [*range(100101, 100106)]
    assert rest["paging"] == {}
    kinds = [one["placementType"] for one in first + rest["campaigns"]]
    assert kinds == ["FBS", "DBS", "FBY", "FBS", "DBS"]
    assert not any("clientId" in one for one in first)
    switched_off = (await api.get("/v2/campaigns", page=2, pageSize=2)).json
    assert switched_off == (await api.get("/v2/campaigns")).json
    assert (len(switched_off["campaigns"]), switched_off["paging"]) == (5, {})
    assert "pager" not in switched_off
    assert reason(await api.get("/v2/campaigns", limit=101))[0] == 400


async def test_spoiled_pages_have_nulls_new_values_and_undecodable_records(run: Run) -> None:
    faults = Faults(seed=3)
    _, api = await run(faults=faults)
    faults.next("/chats", "unknown_values")
    chats = (await api.post(CHATS, {})).json["result"]["chats"]
    assert all(re.match(r"newValue\d+", chat["status"]) for chat in chats)
    faults.next("/goods-feedback", "nulls")
    rows = (await api.post("/v2/businesses/1001/goods-feedback", {})).json["result"]["feedbacks"]
    assert any("media" in row for row in rows)
    assert all(row.get("media") is None and row.get("author") is None for row in rows)
    faults.next("/goods-questions", "bad_record")
    rows = (await api.questions()).json["result"]["questions"]
    bad = [row for row in rows if not (row["questionIdentifiers"] or {}).get("offerId")]
    assert len(bad) == 1


async def test_skewed_clock_shows_in_the_headers(run: Run, time: Time) -> None:
    _, api = await run(faults=Faults(clock_skew=3600))
    reply = await api.post(CHATS, {})
    assert reply.headers["Date"] == "Mon, 21 Sep 2026 15:13:20 GMT"
    assert reply.headers["X-RateLimit-Resource-Until"] == "Mon, 21 Sep 2026 16:13:20 GMT"
