from __future__ import annotations

import pytest

from wbym_wildberries.simulator import make_token
from wbym_wildberries.simulator.replies import BAD_REQUEST
from wbym_wildberries.simulator.tokens import CATEGORIES

from .conftest import START, Api, Json, Run, Time

NEWS = "/api/communications/v2/news"
COMMON = "/api/common/v1"
USERS = "/api/v1/users"
BRANDS = "/api/content/v1/brands"
RECOMMENDATIONS = "/api/content/v1/recommendations"
NM = 987_654_321


def service(api: Api) -> Api:
    return api.with_token(make_token(now=START, acc=4, scopes=CATEGORIES))


async def ping(api: Api, host: str = "", token: str = "") -> int:
    headers = {"Host": host} if host else {}
    caller = api.with_token(token) if token else api
    return (await caller.call("GET", "/ping", headers=headers)).status


async def test_ping_is_allowed_three_times_in_thirty_seconds(run: Run, time: Time) -> None:
    _, api = await run(limits=True)
    reply = await api.get("/ping")
    assert reply.json == {"TS": "2026-09-21T17:13:20+03:00", "Status": "OK"}
    assert reply.header("X-Ratelimit-Remaining") == "2"
    time.passed += 20
    assert [await ping(api) for _ in range(2)] == [200, 200]
    time.passed += 10  # the first call is thirty seconds old
    assert [await ping(api) for _ in range(2)] == [200, 429]
    time.passed += 59
    rejected = await api.get("/ping")
    assert (rejected.status, rejected.json["title"]) == (429, "too many requests")
    time.passed += 1
    assert await ping(api) == 200


async def test_ping_blocks_one_host_of_one_seller(run: Run) -> None:
    _, api = await run(limits=True, ping_block=600)
    content, prices = "content-api.wildberries.ru", "discounts-prices-api.wildberries.ru:443"
    assert [await ping(api, content) for _ in range(4)] == [200, 200, 200, 429]
    assert await ping(api, prices) == 200
    assert await ping(api) == 200
    other = make_token(now=START, sid="other", scopes=["content"])
    assert await ping(api, content, other) == 200
    assert (await api.call("GET", "/ping", headers={"Host": content})).header(
        "X-Ratelimit-Retry"
    ) == "600"


async def test_ping_requires_the_category_of_its_host(run: Run) -> None:
    _, api = await run()
    chat = make_token(now=START, scopes=["chat"])
    assert await ping(api, token=chat) == 200
    assert await ping(api, "common-api.wildberries.ru", chat) == 200
    assert await ping(api, "buyer-chat-api.wildberries.ru", chat) == 200
    assert await ping(api, "content-api.wildberries.ru", chat) == 401
    assert await ping(api, "nothing-api.wildberries.ru") == 401
    assert await ping(api, "buyer-chat-api-sandbox.wildberries.ru") == 401
    trial = make_token(now=START, test=True, scopes=["content"])
    assert await ping(api, token=trial) == 200
    assert await ping(api, "content-api-sandbox.wildberries.ru", trial) == 200
    assert await ping(api, "content-api.wildberries.ru", trial) == 401


async def test_news_are_read_by_id_or_date(run: Run) -> None:
    _, api = await run()
    seen: list[int] = []
    first = 0
    while page := (await api.get(NEWS, fromID=first)).json["data"]:
        seen += [one["id"] for one in page]
        first = seen[-1] + 1
        assert len(page) <= 100
    assert len(seen) == len(set(seen)) == 250
    page = (await api.get(NEWS, fromID=seen[7])).json["data"]
    assert page[0]["id"] == seen[7]
    recent = (await api.call("GET", NEWS, params={"from": "2026-09-20"})).json["data"]
    assert 0 < len(recent) < 8
    assert all(one["date"] >= "2026-09-20" for one in recent)
    for params in ({}, {"from": "20.09.2026"}, {"fromID": "x"}):
        assert (await api.call("GET", NEWS, params=params)).status == 400


async def test_seller_is_that_of_the_token(run: Run) -> None:
    _, api = await run()
    other = api.with_token(make_token(now=START, sid="other", scopes=["chat"]))
    seller = (await other.get("/api/v1/seller-info")).json
    assert (seller["sid"], seller["country"]) == ("other", "RU")
    trial = api.with_token(make_token(now=START, test=True))
    assert (await trial.get("/api/v1/seller-info")).status == 401


@pytest.mark.parametrize("path", ["rating", "subscriptions", "tariff-constructor/options"])
async def test_service_methods_reject_other_tokens(run: Run, path: str) -> None:
    _, api = await run()
    reply = await api.get(f"{COMMON}/{path}")
    assert (reply.status, reply.json["detail"]) == (403, "personal token is not allowed")
    assert (await service(api).get(f"{COMMON}/{path}")).status == 200


async def test_seller_without_subscription(run: Run) -> None:
    _, api = await run(subscribed=False)
    api = service(api)
    reply = await api.get(f"{COMMON}/subscriptions")
    assert (reply.status, reply.raw) == (200, b"")
    reply = await api.get(f"{COMMON}/tariff-constructor/options")
    assert (reply.status, reply.json["code"]) == (404, "OPTIONS_NOT_AVAILABLE")
    reply = await api.get(f"{COMMON}/tariff-constructor/options", locale="fr")
    assert (reply.status, reply.json["code"]) == (400, "INVALID_LOCALE")


async def test_user_is_invited_accepted_and_removed(run: Run) -> None:
    simulator, api = await run(users=4)
    active = (await api.get(USERS)).json
    assert (active["total"], active["countInResponse"]) == (4, 4)
    page = (await api.get(USERS, limit=2, offset=3)).json
    assert (page["total"], page["countInResponse"]) == (4, 1)
    access = [
        {"code": "finance", "disabled": True},
        {"code": "brands", "disabled": True},
        {"code": "brands", "disabled": False},
    ]
    invite = {"invite": {"phoneNumber": "79990000001", "position": "Юрист"}, "access": access}
    made = (await api.post("/api/v1/invite", invite)).json
    assert made["isSuccess"] is True
    (invited,) = (await api.get(USERS, isInviteOnly=True)).json["users"]
    assert invited["inviteeInfo"]["inviteUuid"] == made["inviteID"]
    rights = {one["code"]: one["disabled"] for one in invited["access"]}
    assert rights["finance"] is rights["brands"] is True
    assert rights["feedbacks"] is False
    assert "showcase" not in rights

    last = active["users"][-1]["id"]
    change = {"userId": last, "access": [{"code": "feedbacks", "disabled": True}]}
    assert (await api.send("PUT", f"{USERS}/access", {"usersAccesses": [change]})).status == 200
    rights = simulator.state.seller.users[last].access
    assert rights["feedbacks"] is True
    assert rights["finance"] is False
    assert (await api.call("DELETE", "/api/v1/user", params={"deletedUserID": last})).status == 200
    assert (await api.get(USERS)).json["total"] == 3


async def test_invalid_requests_about_users_are_400(run: Run) -> None:
    simulator, api = await run()
    owner = (await api.get(USERS)).json["users"][0]["id"]
    unknown = {"userId": 1, "access": []}
    permission = {"userId": owner, "access": [{"code": "all", "disabled": True}]}
    long = {"phoneNumber": "79990000001", "position": "x" * 151}
    wrong: list[tuple[str, str, Json]] = [
        ("PUT", f"{USERS}/access", {"usersAccesses": []}),
        ("PUT", f"{USERS}/access", {"usersAccesses": [unknown]}),
        ("PUT", f"{USERS}/access", {"usersAccesses": [permission]}),
        ("POST", "/api/v1/invite", {}),
        ("POST", "/api/v1/invite", {"invite": {"phoneNumber": "no"}}),
        ("POST", "/api/v1/invite", {"invite": long}),
        ("POST", "/api/v1/invite", {"invite": {"phoneNumber": "79990000001"}, "access": [1]}),
        ("DELETE", f"/api/v1/user?deletedUserID={owner}", None),
        ("DELETE", "/api/v1/user?deletedUserID=5", None),
        ("DELETE", "/api/v1/user", None),
        ("GET", f"{USERS}?limit=101", None),
        ("GET", f"{USERS}?isInviteOnly=maybe", None),
    ]
    for method, path, body in wrong:
        reply = await api.call(method, path, json=body)
        assert (reply.status, reply.json["origin"]) == (400, "public-acl"), (method, path)
        assert reply.json["detail"].startswith("bad request cause: ")
    assert not simulator.stats.effects


async def test_users_require_a_personal_token(run: Run) -> None:
    _, api = await run()
    assert (await service(api).get(USERS)).status == 403
    reader = api.with_token(make_token(now=START, scopes=["users"], read_only=True))
    assert (await reader.get(USERS)).status == 200
    assert (await reader.call("DELETE", "/api/v1/user")).status == 401


async def test_directories_have_their_languages(run: Run) -> None:
    _, api = await run()
    base = "/content/v2"
    parents = (await api.get(f"{base}/object/parent/all", locale="en")).json["data"]
    assert {"id": 760, "name": "Footwear", "isVisible": True} in parents
    first = (await api.get(f"{base}/object/all")).json["data"]
    rest = (await api.get(f"{base}/object/all", limit=1000, offset=30)).json["data"]
    assert len(first) == 30
    assert len({one["subjectID"] for one in (*first, *rest)}) == 40
    for name in ("крос", "SNEAK"):
        (found,) = (await api.get(f"{base}/object/all", name=name)).json["data"]
        assert (found["subjectID"], found["parentName"]) == (105, "Обувь")
    shoes = (await api.get(f"{base}/object/all", parentID=760)).json["data"]
    assert {one["parentID"] for one in shoes} == {760}
    characteristics = (await api.get(f"{base}/object/charcs/105", locale="en")).json["data"]
    size = next(one for one in characteristics if one["charcID"] == 54337)
    assert (size["name"], size["charcType"], size["subjectName"]) == ("Size", 4, "Sneakers")
    assert (size["existNamedField"], size["isVariable"], size["hasFilter"]) == (True, True, False)
    codes = f"{base}/directory/tnved"
    assert len((await api.get(codes, subjectID=105)).json["data"]) == 2
    (code,) = (await api.get(codes, subjectID=105, search=6404)).json["data"]
    assert code == {"tnved": "6404110000", "isKiz": True}
    for name in ("colors", "kinds", "countries", "seasons", "vat"):
        assert (await api.get(f"{base}/directory/{name}")).json["data"]


@pytest.mark.parametrize(
    "path",
    [
        "/content/v2/object/all?limit=1001",
        "/content/v2/object/all?locale=fr",
        "/content/v2/object/charcs/1",
        "/content/v2/object/charcs/x",
        "/content/v2/directory/tnved",
        "/content/v2/directory/colors?locale=fr",
    ],
)
async def test_invalid_directory_request_is_400(run: Run, path: str) -> None:
    _, api = await run()
    reply = await api.get(path)
    assert (reply.status, reply.json["errorText"]) == (400, BAD_REQUEST)


async def test_brands_are_read_by_next_until_it_is_absent(run: Run) -> None:
    _, api = await run()
    seen: list[int] = []
    params: Json = {"subjectId": 105}
    while True:
        page = (await api.get(BRANDS, **params)).json
        seen += [one["id"] for one in page["brands"]]
        if "next" not in page:
            break
        params["next"] = page["next"]
    assert len(seen) == len(set(seen)) == page["total"] == 250


async def test_recommendations_are_added_replaced_and_removed(run: Run) -> None:
    simulator, api = await run(cards=200)
    listed = (await api.post(f"{RECOMMENDATIONS}/list", {"limit": 200})).json["data"]
    with_photo = [one["nmId"] for one in listed if one["picsCount"]]
    without = next(one["nmId"] for one in listed if not one["picsCount"])

    async def put(
        *recommended: int | tuple[int, int], nm: int = NM, replace: bool = False
    ) -> tuple[int, Json]:
        recommendations = [
            {"recomNm": one} if isinstance(one, int) else {"recomNm": one[0], "sort": one[1]}
            for one in recommended
        ]
        item = {"nmId": nm, "recommendations": recommendations}
        body = {"recList": [item], "replace": replace}
        reply = await api.post(f"{RECOMMENDATIONS}/set", body)
        return reply.status, reply.json

    async def shown() -> list[int]:
        reply = await api.post(f"{RECOMMENDATIONS}/list", {"search": str(NM)})
        (row,) = reply.json["data"]
        assert row["recomCount"] == len(row["recomPics"])
        numbers: list[int] = row["recomNms"]
        return numbers

    one, two, three, *more = with_photo[1:]
    assert await put(one, two) == (200, {"isError": False, "errors": []})
    assert (await put(two))[0] == 208
    await put(three)
    assert await shown() == [one, two, three]
    await put((one, 2), (three, 1), (two, 0), replace=True)
    assert await shown() == [three, one, two]
    await put(two, replace=True)
    assert await shown() == [two]
    await put((three, 0))
    await put((one, 1))
    assert await shown() == [one, two, three]
    assert [(await put((one, sort)))[0] for sort in (-1, 21)] == [400, 400]
    await put()
    assert await shown() == []
    status, answer = await put(one, without, 1)
    assert (status, answer["isError"]) == (200, True)
    messages = [error["message"] for error in answer["errors"]]
    assert messages == ["The item has no photo", "The item is not found"]
    assert await shown() == [one]
    assert (await put(*more[:21]))[0] == 400
    assert simulator.stats.effects["recommendation"] == 8
    bodies: list[Json] = [{}, {"recList": []}, {"recList": [{}] * 5001}]
    for body in bodies:
        assert (await api.post(f"{RECOMMENDATIONS}/set", body)).json["origin"] == "recoms"
    base = api.with_token(make_token(now=START, acc=1, scopes=["content"]))
    assert (await base.post(f"{RECOMMENDATIONS}/list", {})).status == 403


async def test_recommendations_are_read_by_the_last_item(run: Run) -> None:
    _, api = await run(cards=50)
    path = f"{RECOMMENDATIONS}/list"
    seen: list[int] = []
    after = 0
    while page := (await api.post(path, {"limit": 20, "next": after})).json["data"]:
        seen += [one["nmId"] for one in page]
        after = seen[-1]
    assert seen == list(range(NM, NM + 50))
    some = (await api.post(path, {"subjectIds": [105], "brandNames": ["Лад"]})).json["data"]
    assert {(one["subjectName"], one["brandName"]) for one in some} <= {("Кроссовки", "Лад")}
    for wrong in ({"limit": 5001}, {"search": "x" * 73}, {"brandNames": ["x"] * 31}):
        assert (await api.post(path, wrong)).status == 400
