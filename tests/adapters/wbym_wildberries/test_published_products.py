"""General and products against the published documents: routes, limits, requests, replies, errors.

Fields are checked against the simulator too, which was written apart, in
``api/test_content_live.py``.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from tests.adapters.wbym_wildberries.api.products import scripted_with
from tests.drift import calls_wildberries
from tests.drift.calls_wildberries import PNG, Call
from tests.published import (
    Json,
    at,
    coverage,
    example,
    missing,
    resolve,
    samples_of_seed,
    spec,
)
from wbym.calls import Endpoint, Part, Request, Response
from wbym.calls import Json as JsonReply
from wbym.limits import Quota
from wbym_wildberries import Tier, Token
from wbym_wildberries.api import (
    ENDPOINTS,
    card_lists,
    cards,
    content,
    directories,
    general,
    media,
    recommendations,
    tags,
    users,
)
from wbym_wildberries.dialect import WildberriesDialect
from wbym_wildberries.hosts import HOSTS, SANDBOX_HOSTS
from wbym_wildberries.limits import BUCKETS, SANDBOXED
from wbym_wildberries.simulator import make_token

PRODUCTS = "wildberries/work-with-products.json"
GENERAL = "wildberries/api-information.json"
SEEDS = ("003_4f572996b86d87aa.txt", "004_acfc193ec491d962.txt")

OTHER_PINGS = {ping for host, ping in general.PING.items() if host != "common"}
"""The documents have one row for the pings of all hosts."""
BY_ROUTE = {(it.method, it.path): it for it in ENDPOINTS if it not in OTHER_PINGS}
MINE = (*general.ENDPOINTS, *users.ENDPOINTS, *content.ENDPOINTS)


@pytest.fixture
def operations(published: Path) -> dict[Endpoint[object], Mapping[str, Json]]:
    """What the documents say of each endpoint of general and products."""
    documents = [spec(published, name) for name in (PRODUCTS, GENERAL)]
    found: dict[Endpoint[object], Mapping[str, Json]] = {}
    for (method, path), endpoint in BY_ROUTE.items():
        for document in documents:
            operation = at(document, "paths").get(path)
            if isinstance(operation, Mapping) and method.lower() in operation:
                found[endpoint] = _flat(document, at(operation, method.lower()))
    return found


def _flat(document: Mapping[str, Json], operation: Mapping[str, Json]) -> dict[str, Json]:
    """The operation without references at its edges."""
    flat = dict(operation)
    flat["document"] = document
    flat["parameters"] = [resolve(document, one) for one in _list(operation.get("parameters"))]
    if "requestBody" in operation:
        flat["requestBody"] = resolve(document, operation["requestBody"])
    return flat


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []


class TestRoutes:
    def test_endpoints_when_compared_with_the_coverage_table(self, published: Path) -> None:
        hosts = {url: name for name, url in HOSTS.items()}
        rows = coverage(published, "wildberries")
        assert {(row["method"], row["path"]) for row in rows} == BY_ROUTE.keys()
        assert sum(row["required"] == "yes" for row in rows) == 74
        for row in rows:
            endpoint = BY_ROUTE[row["method"], row["path"]]  # type: ignore[index]
            assert endpoint.host == hosts[row["host"]], endpoint.name
            if row["sandbox_host"] != "-":
                assert SANDBOX_HOSTS[endpoint.host] == row["sandbox_host"]

    def test_pings_when_compared_with_the_hosts_that_are_listed(
        self, operations: dict[Endpoint[object], Mapping[str, Json]]
    ) -> None:
        text = str(operations[general.PING["common"]]["description"])
        listed = set(re.findall(r"(https://\S+?)/ping", text))
        # The sandbox of Marketplace is named with its own methods only.
        ours = {*HOSTS.values(), *SANDBOX_HOSTS.values()} - {SANDBOX_HOSTS["marketplace"]}
        assert listed == ours
        assert general.PING.keys() == HOSTS.keys()
        assert all(ping.once for ping in general.PING.values())

    def test_limits_when_compared_with_each_method(
        self, operations: dict[Endpoint[object], Mapping[str, Json]]
    ) -> None:
        for endpoint, operation in operations.items():
            published = at(operation, "x-wb-rate-limits")
            if endpoint in general.PING.values():
                assert "3 requests every 30 seconds" in str(published["raw"])
                continue
            (bucket,) = endpoint.buckets
            for limit in _list(published["limits"]):
                assert isinstance(limit, Mapping)
                kind = limit.get("type")
                tiers = list(Tier) if kind is None else [_TIERS.get(str(kind), Tier.STANDARD)]
                for tier in tiers:
                    assert BUCKETS[bucket][tier] == _quota(limit), (endpoint.name, limit)
            if operation.get("x-token-types"):
                continue  # which leave out test tokens, and with them the sandbox
            noted = "In Sandbox" in str(published.get("note"))
            assert (bucket in SANDBOXED) is noted, endpoint.name

    def test_buckets_when_methods_are_counted_together(
        self, operations: dict[Endpoint[object], Mapping[str, Json]]
    ) -> None:
        together: dict[str, set[str]] = {}
        for endpoint, operation in operations.items():
            scope = str(at(operation, "x-wb-rate-limits")["scope"])
            if "for all" in scope or "Characteristics methods" in scope:
                together.setdefault(scope, set()).add(endpoint.buckets[0])
        assert len(together) == 7
        assert all(len(buckets) == 1 for buckets in together.values()), together

    def test_endpoints_when_they_write(
        self, operations: dict[Endpoint[object], Mapping[str, Json]]
    ) -> None:
        for endpoint, operation in operations.items():
            assert endpoint.writes is not operation.get("x-readonly-method", False), endpoint.name


_TIERS = {"Base": Tier.BASE}


def _quota(limit: Mapping[str, Json]) -> Quota:
    units = {"s": 1, "min": 60, "h": 3600}
    period, unit = str(limit["period"]).split()
    return Quota(
        limit=int(str(limit["limit"]).split()[0]),
        period=int(period) * units[unit],
        burst=int(str(limit["burst"]).split()[0]),
    )


CALLS = calls_wildberries.CONTENT


async def _sent(call: Call) -> Request:
    shop, transport = scripted_with(Response(418, {}, b"{}"))
    with pytest.raises(Exception, match="418"):
        await call(shop)
    return transport.requests[0]


class TestRequests:
    def test_calls_when_all_methods_are_counted(self) -> None:
        assert CALLS.keys() | OTHER_PINGS == set(MINE)

    @pytest.mark.parametrize("endpoint", CALLS, ids=lambda endpoint: endpoint.name)
    async def test_request_when_compared_with_the_specification(
        self,
        operations: dict[Endpoint[object], Mapping[str, Json]],
        endpoint: Endpoint[object],
    ) -> None:
        request = await _sent(CALLS[endpoint])
        operation = operations[endpoint]
        url = urlsplit(request.url)
        assert f"{url.scheme}://{url.netloc}" == HOSTS[endpoint.host]
        pattern = re.sub(r"\{\w+\}", r"\\d+", endpoint.path)
        assert request.method == endpoint.method
        assert re.fullmatch(pattern, url.path)

        asked = dict(parse_qsl(url.query))
        stated: dict[str, set[str]] = {"query": set(), "header": set(), "path": set()}
        for parameter in map(at, _list(operation["parameters"])):
            name, kind = str(parameter["name"]), at(parameter, "schema").get("type")
            stated[str(parameter["in"])].add(name)
            if parameter["in"] == "query":
                value = asked[name]
                assert kind != "integer" or value.isdigit()
                assert kind != "boolean" or value in {"true", "false"}
        assert asked.keys() == stated["query"]
        assert stated["header"] <= request.headers.keys()
        assert stated["path"] == set(re.findall(r"\{(\w+)\}", endpoint.path))

        if "requestBody" not in operation:
            assert request.body is None
            assert not request.parts
            return
        contents = at(operation, "requestBody", "content")
        document = at(operation, "document")
        if "multipart/form-data" in contents:
            schema = at(contents, "multipart/form-data", "schema", "properties")
            assert {part.name for part in request.parts} == schema.keys()
        else:
            stated_body = at(contents, "application/json")
            body = msgspec.json.decode(request.body or b"null")
            _check_body(document, resolve(document, stated_body["schema"]), body)
            if "example" in stated_body:
                assert _shape(stated_body["example"], body) == []

    async def test_bodies_when_cards_are_merged_separated_and_updated(self) -> None:
        merge, separate, update = [
            msgspec.json.decode((await _sent(call)).body or b"")
            for call in (
                CALLS[cards.MOVE],
                lambda shop: shop.api.content.cards.separate([837459235]),
                CALLS[cards.UPDATE],
            )
        ]
        assert merge == {"targetIMT": 123, "nmIDs": [837459235, 828572090]}
        assert separate == {"nmIDs": [837459235]}
        (card,) = update
        assert card["sizes"] == [
            {
                "chrtID": 5,
                "techSize": "M",
                "wbSize": "42",
                "price": 5000,
                "skus": ["88005553535"],
            }
        ]
        assert card["documents"]["items"][0]["type"] == 2
        assert card["documents"]["excludeDocuments"] is False

    async def test_upload_when_compared_with_the_published_example(self, published: Path) -> None:
        document = spec(published, PRODUCTS)
        (group,) = _list(at(document, "components", "examples", "creatingOneListing")["value"])
        sent = msgspec.json.decode((await _sent(CALLS[cards.UPLOAD])).body or b"")
        assert len(sent) == 1
        (card,) = sent[0]["variants"]
        assert sent[0]["subjectID"] == at(group)["subjectID"]
        (stated,) = map(at, _list(at(group)["variants"]))
        assert card.keys() - UNSTATED == stated.keys() - UNSTATED
        for name in card.keys() - UNSTATED - {"characteristics", "sizes"}:
            assert card[name] == stated[name], name

    async def test_merging_when_its_schemas_are_followed(self, published: Path) -> None:
        document = spec(published, PRODUCTS)
        for name, call in (
            ("requestMoveNmsImtConn", CALLS[cards.MOVE]),
            ("requestMoveNmsImtDisconn", lambda shop: shop.api.content.cards.separate([1])),
        ):
            schema = at(document, "components", "schemas", name)
            body = msgspec.json.decode((await _sent(call)).body or b"")
            assert body.keys() == at(schema, "properties").keys()
            assert at(schema, "properties", "nmIDs")["maximum"] == cards.MERGED_MOST

    async def test_media_when_its_headers_are_sent(self) -> None:
        request = await _sent(CALLS[media.UPLOAD])
        assert request.headers["X-Nm-Id"] == "213864079"
        assert request.headers["X-Photo-Number"] == "2"
        assert request.parts == (Part("uploadfile", PNG.content, "a.png", "image/png"),)


UNSTATED = frozenset({"documents", "gtin", "wholesale"})
"""What cards have and the file does not say of some of their methods; see the drift check."""


def _check_body(document: Mapping[str, Json], schema: Json, body: Json) -> None:
    schema = resolve(document, schema)
    if not isinstance(schema, Mapping):
        return
    if schema.get("type") == "array":
        for item in _list(body):
            _check_body(document, schema.get("items"), item)
    elif isinstance(properties := schema.get("properties"), Mapping):
        assert isinstance(body, Mapping)
        assert set(body) - UNSTATED <= set(properties)
        required = schema.get("required")
        assert {str(name) for name in _list(required)} <= set(body)
        for name in body.keys() & properties.keys():
            _check_body(document, properties[name], body[name])


def _shape(stated: Json, sent: Json) -> list[str]:
    """Keys of the published example that are not sent, or the reverse."""
    if isinstance(stated, Mapping) and isinstance(sent, Mapping):
        wrong = [str(name) for name in stated.keys() ^ sent.keys()]
        for name in stated.keys() & sent.keys():
            wrong += _shape(stated[name], sent[name])
        return wrong
    return []


class TestReplies:
    async def test_examples_when_they_are_decoded(
        self, operations: dict[Endpoint[object], Mapping[str, Json]]
    ) -> None:
        seen = set()
        for endpoint in set(MINE) & operations.keys():
            document = at(operations[endpoint], "document")
            answers = at(operations[endpoint], "responses")
            answer = at(resolve(document, answers["200"]))
            if not isinstance(endpoint.reply, JsonReply) or "content" not in answer:
                continue
            told = at(answer, "content", "application/json")
            samples = [told.get("example")]
            if endpoint is not tags.LIST:  # whose schema, unlike its example, has no list
                samples.append(example(document, told.get("schema")))
            for sample in samples:
                if not isinstance(sample, Mapping):
                    continue
                kept = _kept(endpoint.reply.wire, sample)
                assert missing(sample, kept) == [], endpoint.name
                if sample.get("error") is not True:  # as a made-up one has it
                    endpoint.reply.decode(endpoint.name, msgspec.json.encode(sample))
                seen.add(endpoint)
        assert {directories.BRANDS, card_lists.FAILED, general.TARIFF_OPTIONS} < seen
        assert {recommendations.LIST, recommendations.SET, users.INVITE, general.RATING} < seen
        assert {general.SELLER, general.PING["common"], users.LIST} < seen

    @pytest.mark.parametrize("seed", SEEDS)
    def test_seed_when_its_samples_are_decoded(self, published: Path, seed: str) -> None:
        text = (published / "seeds" / seed).read_text("utf-8").replace("• ", "- ")
        by_path = {endpoint.path: endpoint for endpoint in MINE if endpoint not in OTHER_PINGS}
        seen = set()
        for title, path, samples in samples_of_seed(text):
            endpoint = by_path.get(path)
            if endpoint is None or not samples or not isinstance(endpoint.reply, JsonReply):
                continue
            sample = samples[-1]
            assert missing(sample, _kept(endpoint.reply.wire, sample)) == [], title
            _, aside = endpoint.reply.decode(endpoint.name, msgspec.json.encode(sample))
            assert not aside
            seen.add(path)
        assert len(seen) == {SEEDS[0]: 3, SEEDS[1]: 26}[seed]

    def test_plan_when_it_is_the_published_one(self, published: Path) -> None:
        document = spec(published, GENERAL)
        value = at(document, "components", "examples", "PlanBuilderSuccess", "value")
        assert value.keys() >= {"options", "totalCommissionRate"}
        assert missing(value, _kept(general.TariffOptions, value)) == []

    async def test_subscription_when_there_never_was_one(self) -> None:
        shop, _ = scripted_with(Response(200, {}, b""))
        assert await shop.api.general.subscription() is None

    async def test_subscription_when_there_is_one(self, published: Path) -> None:
        schema = at(spec(published, GENERAL), "components", "schemas", "SubscriptionsJamInfo")
        sample = example(spec(published, GENERAL), schema)
        shop, _ = scripted_with(Response(200, {}, msgspec.json.encode(sample)))
        found = await shop.api.general.subscription()
        kept: Json = msgspec.json.decode(msgspec.json.encode(found))
        assert missing(sample, kept) == []


def _kept(wire: type[object], sample: Json) -> Json:
    decoded = msgspec.json.decode(msgspec.json.encode(sample), type=wire)
    kept: Json = msgspec.json.decode(msgspec.json.encode(decoded))
    return kept


class TestErrors:
    @pytest.mark.parametrize("name", [PRODUCTS, GENERAL])
    def test_refusal_when_it_is_one_of_the_published(self, published: Path, name: str) -> None:
        document = spec(published, name)
        dialect = WildberriesDialect("shop", [Token(make_token())])
        seen = 0
        for title, stated in at(document, "components", "examples").items():
            body = at(stated)["value"]
            if isinstance(body, Mapping) and (body.get("errorText") or body.get("detail")):
                refusal = dialect.refusal(Response(400, {}, msgspec.json.encode(body)))
                assert refusal is not None
                assert str(body.get("errorText") or body.get("detail")) in refusal.message, title
                assert refusal.request_id == body.get("requestId")
                assert refusal.code == body.get("code")
                for text in _texts(body.get("additionalErrors")):
                    assert text in refusal.message
                seen += 1
        assert seen >= {PRODUCTS: 35, GENERAL: 2}[name]


def _texts(value: Json) -> list[str]:
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    return [value] if isinstance(value, str) else []
