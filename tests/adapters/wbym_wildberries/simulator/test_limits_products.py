from __future__ import annotations

import pytest

from wbym.testing import Faults
from wbym_wildberries.simulator import make_token
from wbym_wildberries.simulator.tokens import CATEGORIES

from .conftest import START, Json, Reply, Run, Time

WAREHOUSES = "/api/v3/warehouses"
STOCKS = "/api/v3/stocks/100201"
REMAINING = "X-Ratelimit-Remaining"


async def test_4xx_of_warehouses_costs_ten(run: Run, time: Time) -> None:
    _, api = await run(limits=True)
    assert (await api.get(WAREHOUSES)).header(REMAINING) == "19"
    wrong = await api.call("DELETE", f"{WAREHOUSES}/5")
    assert (wrong.status, wrong.header(REMAINING)) == (404, "9")
    assert (await api.get("/api/v3/offices")).header(REMAINING) == "8"  # one bucket
    assert (await api.post(WAREHOUSES, {})).header(REMAINING) == "0"  # two below empty
    limited = await api.get(WAREHOUSES)
    assert (limited.status, limited.header("X-Ratelimit-Retry")) == (429, "1")
    assert limited.header("X-Ratelimit-Reset") == "5"  # 22 requests of 0.2 s
    time.passed += 1
    assert (await api.get(WAREHOUSES)).header(REMAINING) == "2"


async def test_4xx_of_stocks_costs_ten_of_deleting_too(run: Run) -> None:
    _, api = await run(limits=True)
    body = {"stocks": [{"chrtId": 5, "amount": 1}]}
    assert (await api.send("PUT", STOCKS, body)).header(REMAINING) == "10"
    assert (await api.post(STOCKS, {"chrtIds": [5]})).header(REMAINING) == "9"
    assert (await api.get(WAREHOUSES)).header(REMAINING) == "19"
    assert (await api.send("DELETE", STOCKS, {"chrtIds": [5]})).header(REMAINING) == "1"
    wrong = await api.send("DELETE", STOCKS, {})
    assert (wrong.status, wrong.header(REMAINING)) == (400, "0")
    limited = await api.send("DELETE", STOCKS, {"chrtIds": [5]})
    assert (limited.status, limited.header("X-Ratelimit-Retry")) == (429, "60")


async def test_failures_and_lost_responses_are_charged_by_their_status(run: Run) -> None:
    faults = Faults()
    _, api = await run(limits=True, faults=faults)
    faults.next("/warehouses", "error")
    assert (await api.get(WAREHOUSES)).header(REMAINING) == "19"  # 5XX costs one
    weak = api.with_token(make_token(now=START, scopes=["chat"]))
    assert (await weak.get(WAREHOUSES)).status == 401
    faults.next("/warehouses", "error_after")
    await api.call("DELETE", f"{WAREHOUSES}/5")  # its 404 is lost and was charged
    assert (await api.get(WAREHOUSES)).header(REMAINING) == "8"


async def test_lifted_limits_charge_nothing(run: Run) -> None:
    _, api = await run()
    replies = [await api.call("DELETE", f"{WAREHOUSES}/5") for _ in range(9)]
    assert {reply.header(REMAINING) for reply in replies} == {"20"}


@pytest.mark.parametrize(
    ("method", "path", "burst", "retry"),
    [
        ("POST", "/content/v2/get/cards/list", 5, "1"),
        ("POST", "/content/v2/get/cards/trash", 5, "1"),
        ("POST", "/content/v2/cards/upload", 5, "6"),
        ("POST", "/content/v2/cards/upload/add", 5, "6"),
        ("POST", "/content/v2/cards/update", 5, "6"),
        ("POST", "/content/v2/cards/error/list", 5, "6"),
        ("GET", "/content/v2/cards/limits", 5, "1"),
        ("POST", "/content/v2/cards/delete/trash", 5, "1"),
        ("POST", "/content/v2/cards/recover", 5, "20"),
        ("GET", "/content/v2/directory/colors", 5, "1"),
        ("GET", "/content/v2/tags", 5, "1"),
        ("POST", "/content/v3/media/save", 5, "1"),
        ("GET", "/api/content/v1/brands", 5, "1"),
        ("GET", "/api/v2/buffer/tasks", 5, "1"),
        ("GET", "/api/communications/v2/news", 10, "60"),
        ("GET", "/api/v1/seller-info", 10, "60"),
        ("GET", "/api/v1/users", 5, "1"),
        ("DELETE", "/api/v1/user", 10, "1"),
    ],
)
async def test_each_group_has_its_bucket(
    run: Run, method: str, path: str, burst: int, retry: str
) -> None:
    _, api = await run(limits=True)
    replies: list[Reply] = [await api.call(method, path, json={}) for _ in range(burst + 1)]
    assert [reply.status == 429 for reply in replies] == [False] * burst + [True]
    assert replies[-1].header("X-Ratelimit-Retry") == retry
    assert (await api.get(WAREHOUSES)).status == 200


@pytest.mark.parametrize(
    "paths",
    [
        ("/content/v2/directory/colors", "/content/v2/directory/kinds"),
        ("/content/v2/object/all", "/content/v2/directory/countries"),
        ("/api/v2/buffer/tasks", "/api/v2/list/goods/filter"),
        ("/content/v2/tags", "/content/v2/tags"),
    ],
)
async def test_methods_of_a_group_share_their_bucket(run: Run, paths: tuple[str, str]) -> None:
    _, api = await run(limits=True)
    left = [(await api.get(path)).header(REMAINING) for path in (*paths, *paths)]
    assert left == ["4", "3", "2", "1"]


@pytest.mark.parametrize(
    ("path", "retry"),
    [
        ("/api/v2/quarantine/goods", "900"),
        ("/content/v2/directory/vat", "1800"),
        ("/content/v2/tags", "1800"),
        ("/api/content/v1/brands", "3600"),
        ("/api/communications/v2/news", "3600"),
        ("/api/v1/seller-info", "86400"),
    ],
)
@pytest.mark.parametrize("acc", [1, None])
async def test_base_token_has_a_low_limit(run: Run, path: str, retry: str, acc: Json) -> None:
    _, api = await run(limits=True)
    api = api.with_token(make_token(now=START, acc=acc, scopes=CATEGORIES))
    assert (await api.get(path)).status != 429
    limited = await api.get(path)
    assert (limited.status, limited.header("X-Ratelimit-Retry")) == (429, retry)


async def test_sandbox_allows_one_request_a_second_in_total(run: Run, time: Time) -> None:
    _, api = await run(limits=True)
    api = api.with_token(make_token(now=START, test=True, scopes=CATEGORIES))
    assert (await api.get("/content/v2/object/all")).status == 200
    assert (await api.get(WAREHOUSES)).status == 429
    time.passed += 1
    assert (await api.get("/api/v2/list/goods/filter", limit=1)).status == 200
