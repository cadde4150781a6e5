from __future__ import annotations

import pytest

from .conftest import Json, Run

CLAIMS = "/api/v1/claims"
CLAIM = "/api/v1/claim"


async def test_list_shows_14_days_and_pages(run: Run) -> None:
    simulator, api = await run(claims=200)
    shown = {}
    for archived in (False, True):
        total = (await api.get(CLAIMS, is_archive=archived)).json["total"]
        rows: list[Json] = []
        for offset in range(0, total, 30):
            reply = await api.get(CLAIMS, is_archive=archived, limit=30, offset=offset)
            rows += reply.json["claims"]
        assert len(rows) == total
        shown[archived] = rows
    assert 120 < len(shown[False] + shown[True]) < 160 < len(simulator.state.claims)
    assert {row["status"] for row in shown[False]} == {0}
    assert {row["status"] for row in shown[True]} == {1, 2}
    assert all(row["actions"] == [] for row in shown[True])
    row = next(row for row in shown[False] if row["photos"])
    assert row["photos"][0].startswith("//photos.")
    assert "+" not in row["dt"]
    assert not row["dt"].endswith("Z")
    assert len((await api.get(CLAIMS, is_archive=False)).json["claims"]) == 50


async def test_list_filters(run: Run) -> None:
    _, api = await run(claims=100)
    rows = (await api.get(CLAIMS, is_archive=False, limit=200)).json["claims"]
    one = rows[3]
    assert (await api.get(CLAIMS, is_archive=False, id=one["id"])).json == {
        "claims": [one],
        "total": 1,
    }
    same = (await api.get(CLAIMS, is_archive=False, nm_id=one["nm_id"], limit=200)).json["claims"]
    assert same == [row for row in rows if row["nm_id"] == one["nm_id"]]


@pytest.mark.parametrize(
    ("params", "detail"),
    [
        ({}, "missing field `is_archive`"),
        ({"is_archive": "1"}, "not `true` or `false`"),
        ({"is_archive": "true", "limit": 201}, "`limit`"),
        ({"is_archive": "true", "limit": 0}, "`limit`"),
        ({"is_archive": "true", "offset": -1}, "`offset`"),
        ({"is_archive": "true", "id": "x"}, "UUID"),
    ],
)
async def test_invalid_query_is_400(run: Run, params: Json, detail: str) -> None:
    _, api = await run()
    reply = await api.get(CLAIMS, **params)
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert set(reply.json) == {"title", "detail", "requestId"}
    assert reply.json["title"] == "Invalid query params"
    assert detail in reply.json["detail"]


async def test_decision_is_taken_once(run: Run) -> None:
    simulator, api = await run()
    claim_id = simulator.state.claims.arrive(actions=["approve1", "rejectcustom"])
    reply = await api.send("PATCH", CLAIM, {"id": claim_id, "action": "approve1"})
    assert (reply.status, reply.raw) == (200, b"")
    (claim,) = (await api.get(CLAIMS, is_archive=True, id=claim_id)).json["claims"]
    assert (claim["status"], claim["actions"]) == (2, [])
    again = await api.send("PATCH", CLAIM, {"id": claim_id, "action": "approve1"})
    assert again.status == 400
    assert simulator.stats.effects["decision"] == 1
    assert simulator.state.claims.decisions == [(claim_id, "approve1", None)]
    (written,) = simulator.written()
    assert (written.kind, written.id, written.text) == ("decision", claim_id, "approve1")


async def test_rejected_claim_is_reopened(run: Run) -> None:
    simulator, api = await run()
    claim_id = simulator.state.claims.arrive(actions=["rejectcustom"])
    body = {"id": claim_id, "action": "rejectcustom", "comment": "Фото не того товара"}
    assert (await api.send("PATCH", CLAIM, body)).status == 200
    simulator.state.claims.reopen(claim_id)
    (claim,) = (await api.get(CLAIMS, is_archive=False, id=claim_id)).json["claims"]
    assert (claim["status"], claim["wb_comment"]) == (0, "Фото не того товара")
    assert claim["actions"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"action": "approve1"}, "The Id field is required."),
        ({"id": "{id}"}, "The Action field is required."),
        ({"id": "{id}", "action": "autorefund1"}, "not available"),
        ({"id": "{id}", "action": "rejectcustom"}, "The Comment field is required."),
        ({"id": "{id}", "action": "rejectcustom", "comment": "коротко"}, "between 10 and 1000"),
        ({"id": "{id}", "action": "rejectcustom", "comment": "д" * 1001}, "between 10 and 1000"),
        ({"id": "{id}", "action": "approve1", "comment": "достаточно длинно"}, "not allowed"),
        ({"id": "fe3e9337-e9f9-423c-8930-946a8ebef800", "action": "approve1"}, "not found"),
        ({"id": "fe3e", "action": "approve1"}, "UUID"),
    ],
)
async def test_decision_is_rejected_with_a_reason(run: Run, body: Json, detail: str) -> None:
    simulator, api = await run()
    claim_id = simulator.state.claims.arrive(actions=["approve1", "rejectcustom", "approvecc1"])
    body = {name: claim_id if value == "{id}" else value for name, value in body.items()}
    reply = await api.send("PATCH", CLAIM, body)
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
    assert reply.json["title"] == "Validation error"
    assert reply.json["detail"].startswith("Input model is not valid; Details: ")
    assert detail in reply.json["detail"]
    assert simulator.stats.effects["decision"] == 0


async def test_comment_is_sent_with_approvecc1(run: Run) -> None:
    simulator, api = await run()
    claim_id = simulator.state.claims.arrive(actions=["approvecc1"])
    body = {"id": claim_id, "action": "approvecc1", "comment": "Ждём вас в магазине"}
    assert (await api.send("PATCH", CLAIM, body)).status == 200
