from __future__ import annotations

import re

import pytest

from wbym.testing import Faults
from wbym_wildberries.simulator import make_token

from .conftest import START, Run, Time

LIST = {"isAnswered": "false", "take": "5", "skip": "0"}
GATEWAY = {"title", "detail", "code", "requestId", "origin", "status", "statusText", "timestamp"}


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        ("", "empty Authorization"),
        ("abc", "invalid number of segments"),
        ("Bearer {good}", "could not base64 decode header"),
        ("a.b!.c", "could not base64 decode"),
        ("{expired}", "token is expired"),
        ("{chat only}", "token scope not allowed"),
    ],
)
async def test_invalid_token_is_401(run: Run, token: str, detail: str) -> None:
    _, api = await run()
    tokens = {
        "{good}": api.token,
        "{expired}": make_token(now=START, expires_in=-1),
        "{chat only}": make_token(now=START, scopes=["chat"]),
    }
    for name, value in tokens.items():
        token = token.replace(name, value)
    reply = await api.with_token(token).get("/api/v1/feedbacks", **LIST)
    assert reply.status == 401
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert set(reply.json) == GATEWAY
    assert reply.json["origin"] == "s2s-api-auth-catalog"
    assert reply.json["statusText"] == "Unauthorized"
    assert detail in reply.json["detail"]


async def test_read_only_token_cannot_write(run: Run) -> None:
    simulator, api = await run()
    api = api.with_token(make_token(now=START, read_only=True))
    assert (await api.get("/api/v1/feedbacks", **LIST)).status == 200
    body = {"id": "x", "text": "Спасибо"}
    reply = await api.send("POST", "/api/v1/feedbacks/answer", body)
    assert reply.status == 401
    assert reply.json["detail"] == "read-only token scope not allowed for this route"
    assert not simulator.stats.ignored


async def test_disallowed_type_is_403_and_unpaid_service_402(run: Run) -> None:
    _, api = await run(rejected_types={1}, unpaid_services=True)
    base = await api.with_token(make_token(now=START, acc=1)).get("/api/v1/seller/chats")
    assert (base.status, base.json["detail"]) == (403, "base token is not allowed")
    service = await api.with_token(make_token(now=START, acc=4)).get("/api/v1/seller/chats")
    assert (service.status, service.json["title"]) == (402, "payment required")


async def test_denied_feedbacks_are_403_in_their_own_shape(run: Run) -> None:
    _, api = await run(deny_feedbacks=True)
    reply = await api.get("/api/v1/feedbacks", **LIST)
    assert (reply.status, reply.json["errorText"]) == (403, "Ошибка авторизации")
    assert (await api.get("/api/v1/seller/chats")).status == 200


async def test_sandbox_token_works_only_on_sandbox_hosts(run: Run) -> None:
    _, api = await run()
    api = api.with_token(make_token(now=START, test=True))
    assert (await api.get("/api/v1/feedbacks", **LIST)).status == 200
    for path in ("/api/v1/seller/chats", "/api/feedbacks/v1/pins", "/api/v1/claims"):
        reply = await api.get(path, is_archive="false")
        assert (reply.status, reply.json["detail"]) == (401, "token scope not allowed")


async def test_unknown_path_is_404_in_the_gateways_shape(run: Run) -> None:
    _, api = await run()
    reply = await api.get("/api/v9/nothing")
    assert (reply.status, reply.json["title"]) == (404, "path not found")
    assert (await api.call("DELETE", "/api/v1/questions")).status == 404


async def test_sellers_have_cabinets_of_their_own(run: Run) -> None:
    simulator, api = await run(sellers=["one", "two"])
    simulator.state_of("one").arrive_feedback()
    counts = []
    for sid in ("one", "two", "three"):
        token = make_token(now=START, sid=sid)
        reply = await api.with_token(token).get("/api/v1/feedbacks/count", isAnswered=False)
        counts.append(reply.json.get("data"))
    assert counts == [81, 80, None]


async def test_token_carries_the_claims_of_a_real_one() -> None:
    import base64

    import msgspec

    part = make_token(acc=4, scopes={"chat", "returns"}, read_only=True).split(".")[1]
    claims = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert claims["s"] == 1 << 9 | 1 << 11 | 1 << 30
    assert isinstance(claims["oid"], int)
    assert claims["for"].startswith("asid:")
    assert "iat" not in claims
    assert "acc" not in msgspec.json.decode(
        base64.urlsafe_b64decode(make_token(acc=None).split(".")[1] + "==")
    )


async def test_page_is_gzipped_when_client_accepts_it(run: Run) -> None:
    simulator, api = await run(feedbacks=500)
    plain = await api.call(
        "GET",
        "/api/v1/feedbacks",
        params={**LIST, "take": "500"},
        headers={"Accept-Encoding": "identity"},
    )
    zipped = await api.get("/api/v1/feedbacks", **{**LIST, "take": "500"})
    assert plain.header("Content-Encoding") is None
    assert zipped.header("Content-Encoding") == "gzip"
    assert int(zipped.headers["Content-Length"]) < len(plain.raw) / 3
    assert zipped.raw == plain.raw
    simulator.faults.gzip = False
    assert (await api.get("/api/v1/feedbacks", **LIST)).header("Content-Encoding") is None


async def test_error_under_200_when_scripted(run: Run) -> None:
    faults = Faults()
    _, api = await run(faults=faults)
    faults.next("/feedbacks", "soft_error")
    reply = await api.get("/api/v1/feedbacks", **LIST)
    assert (reply.status, reply.json["error"], reply.json["data"]) == (200, True, None)
    assert (await api.get("/api/v1/feedbacks", **LIST)).json["error"] is False


async def test_spoiled_page_has_nulls_new_values_and_an_undecodable_record(run: Run) -> None:
    faults = Faults(seed=4)
    _, api = await run(faults=faults)
    faults.next("/feedbacks", "nulls")
    rows = (await api.get("/api/v1/feedbacks", **LIST)).json["data"]["feedbacks"]
    assert all(row["bables"] is None and row["video"] is None for row in rows)
    faults.next("/feedbacks", "unknown_values")
    rows = (await api.get("/api/v1/feedbacks", **LIST)).json["data"]["feedbacks"]
    assert all(re.match(r"newValue\d+", row["state"]) and "newField" in row for row in rows)
    faults.next("/feedbacks", "bad_record")
    rows = (await api.get("/api/v1/feedbacks", **LIST)).json["data"]["feedbacks"]
    assert sum(not isinstance(row["id"], str) for row in rows) == 1


async def test_skewed_clock_shows_in_date_and_errors(run: Run, time: Time) -> None:
    _, api = await run(faults=Faults(clock_skew=3600))
    reply = await api.with_token("").get("/api/v1/seller/chats")
    assert reply.json["timestamp"] == "2026-09-21T15:13:20Z"
    assert reply.headers["Date"] == "Mon, 21 Sep 2026 15:13:20 GMT"


@pytest.mark.parametrize(
    ("method", "path", "shape"),
    [
        ("GET", "/content/v2/tags", {"data", "error", "errorText", "additionalErrors"}),
        ("GET", "/api/v2/quarantine/goods", {"data", "error", "errorText"}),
    ],
)
async def test_products_have_errors_under_200_too(
    run: Run, method: str, path: str, shape: set[str]
) -> None:
    faults = Faults()
    _, api = await run(faults=faults)
    faults.next(path, "soft_error")
    reply = await api.call(method, path)
    assert (reply.status, set(reply.json)) == (200, shape)
    assert (reply.json["error"], reply.json["data"]) == (True, None)


async def test_records_of_products_are_spoiled(run: Run) -> None:
    faults = Faults(seed=4)
    _, api = await run(faults=faults)
    settings = {"filter": {"withPhoto": -1}}
    for method, path, body, part, name in (
        ("GET", "/api/v3/warehouses", None, (), "id"),
        ("POST", "/content/v2/get/cards/list", {"settings": settings}, ("cards",), "nmID"),
        ("GET", "/api/v2/list/goods/filter?limit=9", None, ("data", "listGoods"), "nmID"),
        ("GET", "/content/v2/directory/colors", None, ("data",), "name"),
    ):
        faults.next(path.partition("?")[0], "bad_record")
        rows = (await api.call(method, path, json=body)).json
        for key in part:
            rows = rows[key]
        kinds = {type(row[name]) for row in rows}
        assert len(kinds) == 2, path
