from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_wildberries.simulator.access import has_sandbox, takes_type
from wbym_wildberries.simulator.limits import (
    COSTLY,
    FULL,
    IN_SANDBOX,
    PING,
    SMALL,
    STOCKS_DELETE,
    Limit,
)
from wbym_wildberries.simulator.tokens import CATEGORIES, PERSONAL, SERVICE

from .cards import IMAGE, multipart, variant
from .conftest import START, Api, Json, Reply, Run, Time
from .schema import Schemas

FILES = ("api-information", "work-with-products", "user-communication")
SCOPES = {
    "all": 0,
    "commonapi": 0,
    "content": CATEGORIES["content"],
    "discountsandprices": CATEGORIES["prices"],
    "marketplace": CATEGORIES["marketplace"],
    "questionsandfeedback": CATEGORIES["feedbacks"],
    "buyerchat": CATEGORIES["chat"],
    "returns": CATEGORIES["returns"],
    "usermanagement": CATEGORIES["users"],
}
SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
TYPES = {"personal": PERSONAL, "service": SERVICE, "base": 1, "test": 2}
ROUTES = {
    (route.method, route.path): route
    for route in WildberriesSimulator(feedbacks=0, questions=0, chats=0, claims=0).routes()
}


@pytest.fixture(scope="session")
def documents(published: Path) -> dict[str, Json]:
    folder = published / "specs/wildberries"
    return {name: msgspec.json.decode((folder / f"{name}.json").read_bytes()) for name in FILES}


@pytest.fixture(scope="session")
def operations(documents: dict[str, Json]) -> dict[tuple[str, str], Json]:
    return {
        (method.upper(), path): operation
        for document in documents.values()
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in {"get", "post", "put", "patch", "delete"}
    }


def test_every_published_method_is_served(
    published: Path, operations: dict[tuple[str, str], Json]
) -> None:
    table = (published / "specs/coverage.tsv").read_text(encoding="utf-8").splitlines()
    rows = [row.split("\t") for row in table]
    wanted = {(row[1], row[2]) for row in rows if row[0] == "wildberries"}
    assert len(wanted) == 87
    assert set(ROUTES) == wanted
    assert set(operations) == wanted


def seconds(text: str) -> float:
    number, unit = text.split()
    return int(number) * SECONDS[unit]


def limit(row: Json) -> Limit:
    return Limit(int(row["limit"].split()[0]), seconds(row["period"]), int(row["burst"].split()[0]))


def test_limits_are_the_published_ones(operations: dict[tuple[str, str], Json]) -> None:
    judged = 0
    for key, operation in operations.items():
        group = ROUTES[key].bucket
        if group == PING:
            assert "3 requests every 30 seconds" in operation["x-wb-rate-limits"]["raw"]
            continue
        note = operation["x-wb-rate-limits"].get("note", "")
        # Documented for deleting stock since October 2026, after the file.
        assert (group in COSTLY) is ("4XX" in note or group == STOCKS_DELETE), key
        if "In Sandbox" in note:
            assert group in IN_SANDBOX, key
        for row in operation["x-wb-rate-limits"]["limits"]:
            name = row.get("type")
            published = limit(row)
            assert published.interval == pytest.approx(seconds(row["interval"]), rel=0.01)
            if name in {None, "Personal", "Service", "Base with secret"}:
                assert FULL[group] == published, key
            if name in {None, "Base"}:
                assert SMALL[group] == published, key
            judged += 1
    assert judged > 150


def test_scopes_types_and_flags_are_the_published_ones(
    operations: dict[tuple[str, str], Json],
) -> None:
    for key, operation in operations.items():
        route = ROUTES[key]
        assert route.scope == SCOPES[operation["x-category"]], key
        # One method is not marked although it writes.
        if "x-readonly-method" in operation:
            assert route.writes is not operation["x-readonly-method"], key
        allowed = operation.get("x-token-types")
        for name, acc in TYPES.items():
            assert takes_type(route, acc) is (allowed is None or name in allowed), key


def test_sandbox_hosts_are_the_published_ones(published: Path) -> None:
    table = (published / "specs/coverage.tsv").read_text(encoding="utf-8").splitlines()
    names = table[0].split("\t")
    for line in table[1:]:
        row = dict(zip(names, line.split("\t"), strict=True))
        if row["marketplace"] == "wildberries" and row["path"] != "/ping":
            route = ROUTES[row["method"], row["path"]]
            assert has_sandbox(route) is (row["sandbox_host"] not in {"", "-"}), route.path


def test_texts_of_errors_are_the_published_ones(documents: dict[str, Json]) -> None:
    from wbym_wildberries.simulator import card_rules, handlers_labels, handlers_prices, replies

    published = str(documents["work-with-products"]["components"]["examples"])
    texts = [
        *(getattr(handlers_prices, name) for name in ("BAD_FORMAT", "EMPTY", "TOO_MANY", "TWICE")),
        *(getattr(handlers_prices, name) for name in ("SIZES_TWICE", "NOT_WHOLE", "NONE_KNOWN")),
        *(getattr(handlers_prices, name) for name in ("ALREADY_SET", "CLUB_NONE_KNOWN")),
        *(getattr(card_rules, name) for name in ("NO_VENDOR_CODE", "NO_SUBJECT", "INCOMPLETE")),
        card_rules.VENDOR_CODE_IN_USE,
        *(getattr(handlers_labels, name) for name in ("NO_LABEL", "TAKEN", "TOO_MANY", "BAD_NAME")),
        replies.BAD_REQUEST,
    ]
    assert [one for one in texts if one not in published] == []


EXCUSED = {
    ("GET", "/api/v1/seller-info"): ("$: unknown country",),  # since October, after the file
    ("GET", "/content/v2/tags"): ("$.data: [",),  # the file's own example has the list
}
"""Prefixes of known flaws of the files."""


class Judge:
    """Calls methods and checks their responses."""

    def __init__(self, api: Api, documents: dict[str, Json]) -> None:
        self.api = api
        self.documents = documents
        self.called: set[tuple[str, str]] = set()
        self.seen: set[str] = set()

    async def __call__(
        self, method: str, path: str, *, api: Api | None = None, **how: Json
    ) -> Json:
        reply = await (api or self.api).call(method, path, **how)
        return self.judge(method, path, reply)

    def judge(self, method: str, path: str, reply: Reply) -> Json:
        key = next(
            key
            for key in ROUTES
            if key[0] == method and re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", key[1]), path)
        )
        self.called.add(key)
        for document in self.documents.values():
            if key[1] in document["paths"]:
                break
        schemas = Schemas(document)
        response = document["paths"][key[1]][key[0].lower()]["responses"][str(reply.status)]
        _, response = schemas.merged(response)
        if "content" not in response:
            assert reply.raw == b"", key
            return None
        content_type = reply.headers["Content-Type"].partition(";")[0]
        published = response["content"][content_type]
        excused = EXCUSED.get(key, ())
        found = [one for one in schemas.check(reply.json, published["schema"]) if one not in NEWER]
        assert [one for one in found if not one.startswith(excused)] == [], key
        self.seen |= schemas.seen
        return reply.json


NM = 987_654_321
NEWER = frozenset({"$.cards[]: unknown documents", "$.cards[]: unknown gtin"})
"""Additions since the published file of August 2026."""


async def test_every_response_fits_its_schema(
    run: Run, time: Time, documents: dict[str, Json]
) -> None:
    simulator, api = await run(feedbacks=5, questions=5, chats=1, claims=1, price_delay=5)
    judge = Judge(api, documents)
    service = api.with_token(make_token(now=START, acc=4, scopes=CATEGORIES))
    content, v2, v3 = "/content/v2", "/api/v2", "/api/v3"

    await judge("GET", "/ping")
    await judge("GET", "/api/communications/v2/news", params={"from": "2026-09-01"})
    await judge("GET", "/api/v1/seller-info")
    common = "/api/common/v1"
    await judge("GET", f"{common}/rating", api=service)
    await judge("GET", f"{common}/subscriptions", api=service)
    for locale in ("ru", "fr"):
        params = {"locale": locale}
        await judge("GET", f"{common}/tariff-constructor/options", api=service, params=params)
    invite = {"invite": {"phoneNumber": "79990000001", "position": "Менеджер"}}
    await judge("POST", "/api/v1/invite", json=invite)
    await judge("POST", "/api/v1/invite", json={})
    await judge("GET", "/api/v1/users", params={"isInviteOnly": "true"})
    users = await judge("GET", "/api/v1/users")
    last = users["users"][-1]["id"]
    access = {
        "usersAccesses": [{"userId": last, "access": [{"code": "finance", "disabled": True}]}]
    }
    await judge("PUT", "/api/v1/users/access", json=access)
    await judge("DELETE", "/api/v1/user", params={"deletedUserID": last})
    await judge("DELETE", "/api/v1/user", params={"deletedUserID": last})

    await judge("GET", f"{content}/object/parent/all")
    await judge("GET", f"{content}/object/all")
    await judge("GET", f"{content}/object/charcs/105")
    await judge("GET", f"{content}/object/charcs/1")
    for name in ("colors", "kinds", "countries", "seasons", "vat"):
        await judge("GET", f"{content}/directory/{name}")
    await judge("GET", f"{content}/directory/tnved", params={"subjectID": 105})
    brands = "/api/content/v1/brands"
    await judge("GET", brands, params={"subjectId": 105})
    await judge("GET", brands, params={"subjectId": "x"})
    await judge("GET", brands, params={"subjectId": 1})

    await judge("GET", f"{content}/cards/limits")
    await judge("POST", f"{content}/barcodes", json={"count": 2})
    group = {"subjectID": 105, "variants": [variant("new"), variant("bad", title="я" * 61)]}
    await judge("POST", f"{content}/cards/upload", json=[group])
    await judge("POST", f"{content}/cards/upload", json=[])
    failed = await judge("POST", f"{content}/cards/error/list", json={})
    assert failed["data"]["items"][0]["vendorCodes"] == ["bad"]
    listed = {"settings": {"cursor": {"limit": 100}, "filter": {"withPhoto": -1}}}
    cards = (await judge("POST", f"{content}/get/cards/list", json=listed))["cards"]
    shoes = [card for card in cards if card["subjectID"] == 105]
    added = {"imtID": shoes[0]["imtID"], "cardsToAdd": [variant("added")]}
    await judge("POST", f"{content}/cards/upload/add", json=added)
    edit = {**variant("new"), "nmID": shoes[0]["nmID"], "sizes": [{"techSize": "43"}]}
    await judge("POST", f"{content}/cards/update", json=[edit])
    some = [cards[-1]["nmID"], cards[-2]["nmID"]]
    await judge("POST", f"{content}/cards/moveNm", json={"nmIDs": some[:1]})
    await judge("POST", f"{content}/cards/moveNm", json={"nmIDs": [1]})
    await judge("POST", f"{content}/cards/delete/trash", json={"nmIDs": some})
    await judge("POST", f"{content}/cards/delete/trash", json={"nmIDs": some})
    await judge("POST", f"{content}/get/cards/trash", json={})
    await judge("POST", f"{content}/cards/recover", json={"nmIDs": some[:1]})
    headers = {"X-Nm-Id": str(NM), "X-Photo-Number": "1"}
    form = multipart(IMAGE)
    await judge("POST", "/content/v3/media/file", headers=headers, data=form)
    links = {"nmId": NM, "data": ["https://example.com/1.jpg"]}
    await judge("POST", "/content/v3/media/save", json=links)
    await judge("POST", "/content/v3/media/save", json={"data": []})
    await judge("POST", f"{content}/tag", json={"name": "Новый", "color": "DEF1DD"})
    await judge("POST", f"{content}/tag", json={"name": "Новый", "color": "DEF1DD"})
    tag = (await judge("GET", f"{content}/tags"))["data"][0]
    await judge(
        "POST", f"{content}/tag/nomenclature/link", json={"nmID": NM, "tagsIDs": [tag["id"]]}
    )
    new = {"name": "Скидка", "color": "E4EAFF"}
    await judge("PATCH", f"{content}/tag/{tag['id']}", json=new)
    await judge("DELETE", f"{content}/tag/{tag['id']}")
    await judge("DELETE", f"{content}/tag/{tag['id']}")
    recommendations = "/api/content/v1/recommendations"
    items = [{"nmId": NM, "recommendations": [{"recomNm": NM + 1}, {"recomNm": 1}]}]
    for replace in (True, False):
        body = {"recList": items, "replace": replace}
        await judge("POST", f"{recommendations}/set", json=body)
    await judge("POST", f"{recommendations}/set", json={"recList": [{"nmId": NM + 9}]})
    await judge("POST", f"{recommendations}/list", json={"limit": 3})
    await judge("POST", f"{recommendations}/list", json={"search": "x" * 73})

    changes = {"data": [{"nmID": NM, "price": 777}]}
    task = (await judge("POST", f"{v2}/upload/task", json=changes))["data"]["id"]
    again = await judge("POST", f"{v2}/upload/task", json=changes)
    assert again["data"] == {"id": task, "alreadyExists": True}
    goods = await judge("GET", f"{v2}/list/goods/filter", params={"limit": 1000})
    by_size = next(good for good in goods["data"]["listGoods"] if good["editableSizePrice"])
    size = {"nmID": by_size["nmID"], "sizeID": by_size["sizes"][0]["sizeID"], "price": 501}
    await judge("POST", f"{v2}/upload/task/size", json={"data": [size]})
    club = {"data": [{"nmID": NM + 1, "clubDiscount": 7}]}
    await judge("POST", f"{v2}/upload/task/club-discount", json=club)
    await judge("POST", f"{v2}/upload/task/club-discount", json={"data": []})
    page = {"uploadID": task, "limit": 10}
    await judge("GET", f"{v2}/buffer/tasks", params=page)
    await judge("GET", f"{v2}/buffer/goods/task", params=page)
    time.passed += 6
    await judge("GET", f"{v2}/history/tasks", params=page)
    await judge("GET", f"{v2}/history/goods/task", params=page)
    await judge("GET", f"{v2}/buffer/tasks", params=page)
    await judge("GET", f"{v2}/buffer/tasks")
    await judge("POST", f"{v2}/list/goods/filter", json={"nmList": [NM]})
    await judge("GET", f"{v2}/list/goods/size/nm", params={"limit": 9, "nmID": by_size["nmID"]})
    await judge("GET", f"{v2}/quarantine/goods", params={"limit": 9})
    levels = [{"level": 1, "minQuantity": 10, "wholesaleDiscount": 5}]
    wholesale = {"data": [{"nmId": NM, "wholesaleDiscountThreshold": levels}]}
    path = "/api/discounts-prices/v1/upload/task/b2b/wholesale"
    await judge("POST", path, json=wholesale)
    await judge("POST", path, json={})

    await judge("GET", f"{v3}/offices")
    courier = (await judge("GET", f"{v3}/warehouses"))[1]["id"]
    made = await judge("POST", f"{v3}/warehouses", json={"name": "Новый", "officeId": 17})
    one = f"{v3}/warehouses/{made['id']}"
    await judge("PUT", one, json={"name": "Другой", "officeId": 18})
    await judge("PUT", one, json={"name": "", "officeId": 18})
    await judge("PUT", one, json={"name": "Другой", "officeId": 15})
    stocks = f"{v3}/stocks/{made['id']}"
    chrt = cards[0]["sizes"][0]["chrtID"]
    await judge("PUT", stocks, json={"stocks": [{"chrtId": chrt, "amount": 4}]})
    await judge("PUT", stocks, json={"stocks": [{"chrtId": 1, "amount": 4}]})
    await judge("PUT", stocks, json={"stocks": [{"sku": "1", "amount": 4}]})
    simulator.state.warehouses.blocked = "banned"
    await judge("PUT", stocks, json={"stocks": [{"chrtId": chrt, "amount": 4}]})
    await judge("POST", stocks, json={"chrtIds": [chrt]})
    await judge("DELETE", stocks, json={"chrtIds": [chrt]})
    await judge("DELETE", f"{v3}/stocks/1", json={"chrtIds": [chrt]})
    await judge("DELETE", one)
    await judge("DELETE", one)
    contacts = f"{v3}/dbw/warehouses/{courier}/contacts"
    people = [{"phone": "+79990000001", "comment": "С 10 до 21"}]
    await judge("PUT", contacts, json={"contacts": people})
    await judge("PUT", contacts, json={"contacts": people * 6})
    await judge("GET", contacts)

    documented = documents["user-communication"]["paths"]
    assert {key for key in ROUTES if key[1] not in documented} - judge.called == set()
    assert len(judge.seen) > 100
