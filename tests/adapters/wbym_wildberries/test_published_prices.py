"""Prices, warehouses and inventory against the published documents."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from tests.adapters.wbym_wildberries.api.scripted import body_of, scripted
from tests.drift import calls_wildberries
from tests.drift.calls_wildberries import Call
from tests.published import (
    Json,
    at,
    check_body,
    coverage,
    example,
    missing,
    quota_of,
    resolve,
    spec,
)
from wbym.calls import Endpoint, Request, Response
from wbym.calls import Json as JsonReply
from wbym_wildberries import Tier, Token
from wbym_wildberries.api import inventory, price_records, prices, warehouses
from wbym_wildberries.dialect import HOSTS, SANDBOX_HOSTS, WildberriesDialect
from wbym_wildberries.limits import BUCKETS
from wbym_wildberries.simulator.tokens import make_token

SPEC = "wildberries/work-with-products.json"
OURS = (*prices.ENDPOINTS, *warehouses.ENDPOINTS, *inventory.ENDPOINTS)
BY_ROUTE = {(str(endpoint.method), endpoint.path): endpoint for endpoint in OURS}

CALLS = calls_wildberries.PRICES

SCHEMAS: dict[str, type[msgspec.Struct]] = {
    "Good": price_records.NewPrice,
    "SizeGoodReq": price_records.SizePrice,
    "ClubDiscReq": price_records.ClubDiscount,
    "WholesaleDiscountThresholdReq": price_records.Threshold,
    "WholesaleDiscountThresholdRes": price_records.Threshold,
    "SellerTaskMetadata": price_records.UploadState,
    "SellerTaskMetadataBuffer": price_records.UploadState,
    "GoodHistory": price_records.UploadedGood,
    "GoodBufferHistory": price_records.UploadedGood,
    "ItemsList": price_records.Good,
    "SizeGood": price_records.Size,
    "QuarantineItems": price_records.Quarantined,
    "Office": warehouses.Office,
    "Warehouse": warehouses.Warehouse,
}

WHOLESALE = (
    "SuccessTrue",
    "MultiItemResponse",
    "DiscountMustIncreaseWithEachLevel",
    "DiscountMustInteger",
    "InvalidItemNoV3",
    "MaximumNumberOfLevels",
    "NewDiscountOutsideAllowedRange",
    "NewNumberItemsOutsideAllowedRange",
    "NumberItemsMustIncreaseWithEachLevel",
)
ENVELOPED = (
    "AllItemNosAreSpecifiedIncorrectlyOrPricesAndDiscounts",
    "CheckTheWBClubDiscount",
    "DuplicateItemNos",
    "InvalidPriceValue",
    "PriceAndDiscountNotSpecified",
    "Result409",
    "UnexpectedResult",
    "UploadLimitExceeded",
    "UploadLimitExceededV3",
)
CODED = (
    "CargoWarehouseRestrictionMGT",
    "DeliveryTypeRestriction",
    "IncorrectRequestBody",
    "ItemPropertyConflict",
    "NotFound",
    "SKUUploadDisabled",
    "StatusNotAcceptable",
    "StoreIsProcessing",
    "StoreIsProcessing1",
    "UploadDataLimit",
    "UploadDataLimitDbw",
    "WarehouseNameInvalid",
    "WarehouseStocksUpdateBlock",
)
"""Names of the published examples of answers."""


def _operation(document: Mapping[str, Json], endpoint: Endpoint[object]) -> Mapping[str, Json]:
    return at(document, "paths", endpoint.path, endpoint.method.lower())


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []


def _kept(wire: type[object], sample: Json) -> Json:
    decoded = msgspec.json.decode(msgspec.json.encode(sample), type=wire)
    kept: Json = msgspec.json.decode(msgspec.json.encode(decoded))
    return kept


class TestRoutes:
    def test_endpoints_when_compared_with_the_coverage_table(self, published: Path) -> None:
        mine = {HOSTS["prices"], HOSTS["marketplace"]}
        rows = [row for row in coverage(published, "wildberries") if row["host"] in mine]
        assert {(row["method"], row["path"]) for row in rows} == BY_ROUTE.keys()
        for row in rows:
            endpoint = BY_ROUTE[row["method"], row["path"]]
            assert HOSTS[endpoint.host] == row["host"]
            if row["sandbox_host"] != "-":
                assert SANDBOX_HOSTS[endpoint.host] == row["sandbox_host"]

    def test_limits_when_compared_with_each_method(self, published: Path) -> None:
        document = spec(published, SPEC)
        for endpoint in OURS:
            limits = at(_operation(document, endpoint), "x-wb-rate-limits")["limits"]
            (bucket,) = endpoint.buckets
            for limit in _list(limits):
                row = {name: str(value) for name, value in at(limit).items()}
                kind = row.get("type")
                tiers = list(Tier) if kind is None else [Tier.STANDARD]
                for tier in [Tier.BASE] if kind == "Base" else tiers:
                    assert quota_of(row) == BUCKETS[bucket][tier], (endpoint.name, row)

    def test_buckets_when_compared_with_what_shares_them(self, published: Path) -> None:
        document = spec(published, SPEC)
        scopes: dict[str, set[str]] = {}
        for endpoint in OURS:
            said = at(_operation(document, endpoint), "x-wb-rate-limits")["scope"]
            scopes.setdefault(str(said), set()).update(endpoint.buckets)
        assert [len(buckets) for buckets in scopes.values()] == [1] * 5
        assert len(set.union(*scopes.values())) == 5

    def test_costs_when_compared_with_each_note(self, published: Path) -> None:
        document = spec(published, SPEC)
        for endpoint in OURS:
            note = str(at(_operation(document, endpoint), "x-wb-rate-limits").get("note"))
            # Of deleting stock it is said since October 2026, which is after the file.
            cost = 10 if "4XX" in note or endpoint is inventory.DELETE else 1
            for status in (400, 404, 406, 409):
                assert endpoint.cost.of(status) == cost, endpoint.name
            assert (endpoint.cost.of(200), endpoint.cost.of(503)) == (1, 1)
        costs = {
            (row["method"], row["path"]): row["cost"] for row in coverage(published, "wildberries")
        }
        dear = {route for route, endpoint in BY_ROUTE.items() if endpoint.cost.of(400) == 10}
        dear.remove((inventory.DELETE.method, inventory.DELETE.path))
        assert dear == {route for route in BY_ROUTE if costs[route] == "4XX counts as 10"}

    def test_endpoints_when_they_write(self, published: Path) -> None:
        document = spec(published, SPEC)
        for endpoint in OURS:
            reads = _operation(document, endpoint)["x-readonly-method"]
            assert endpoint.writes is not reads, endpoint.name
        # What writes over the whole of something may be said twice.
        repeatable = [endpoint for endpoint in OURS if endpoint.writes and endpoint.repeatable]
        assert repeatable == [warehouses.SET_CONTACTS, inventory.UPDATE]


class TestRequests:
    def test_calls_when_all_methods_are_counted(self) -> None:
        assert CALLS.keys() == set(OURS)

    @pytest.mark.parametrize("endpoint", CALLS, ids=lambda endpoint: endpoint.name)
    async def test_request_when_compared_with_the_specification(
        self, published: Path, endpoint: Endpoint[object]
    ) -> None:
        request = await self._sent(CALLS[endpoint])
        document = spec(published, SPEC)
        operation = _operation(document, endpoint)
        url = urlsplit(request.url)
        assert f"{url.scheme}://{url.netloc}" == HOSTS[endpoint.host]
        assert request.method == endpoint.method
        assert url.path == endpoint.path.replace("{warehouseId}", "2")

        asked = dict(parse_qsl(url.query))
        parameters = [at(resolve(document, one)) for one in _list(operation.get("parameters"))]
        in_query = {str(one["name"]): one for one in parameters if one["in"] == "query"}
        assert asked.keys() == in_query.keys()
        for name, parameter in in_query.items():
            schema = at(parameter, "schema")
            assert schema["type"] == "integer"
            most = schema.get("maximum")
            assert int(asked[name]) <= (most if isinstance(most, int) else 2**63)

        if "requestBody" in operation:
            content = at(resolve(document, operation["requestBody"]), "content")
            assert request.headers["Content-Type"] == "application/json"
            schema = at(content, "application/json")["schema"]  # type: ignore[assignment]
            check_body(document, schema, body_of(request))
        else:
            assert request.body is None

    async def test_stocks_when_they_are_sent(self) -> None:
        # ``chrtId`` and ``amount``, and no ``sku`` any more.
        sent = await self._sent(CALLS[inventory.UPDATE])
        assert body_of(sent) == {"stocks": [{"chrtId": 7, "amount": 10}]}

    async def _sent(self, call: Call) -> Request:
        shop, transport = scripted(Response(418, {}, b"{}"))
        with pytest.raises(Exception, match="418"):
            await call(shop)
        return transport.requests[0]


class TestFields:
    @pytest.mark.parametrize("name", SCHEMAS)
    def test_schema_when_it_has_every_field(self, published: Path, name: str) -> None:
        document = spec(published, SPEC)
        sample = example(document, at(document, "components", "schemas")[name])
        assert isinstance(sample, Mapping)
        assert sample
        assert missing(sample, _kept(SCHEMAS[name], sample)) == []

    @pytest.mark.parametrize("endpoint", OURS, ids=lambda endpoint: endpoint.name)
    def test_reply_when_it_has_every_field(
        self, published: Path, endpoint: Endpoint[object]
    ) -> None:
        document = spec(published, SPEC)
        answers = at(_operation(document, endpoint), "responses")
        for status in answers.keys() & {"200", "201", "208"}:
            response = at(resolve(document, answers[status]))
            schema = at(response, "content", "application/json")["schema"]
            sample = example(document, schema)
            assert isinstance(endpoint.reply, JsonReply)
            assert missing(sample, _kept(endpoint.reply.wire, sample)) == []


def _example(published: Path, name: str) -> Json:
    return at(spec(published, SPEC), "components", "examples", name)["value"]


class TestExamples:
    @pytest.mark.parametrize("name", WHOLESALE)
    def test_wholesale_when_it_is_one_of_the_published(self, published: Path, name: str) -> None:
        sample = at(_example(published, name))
        reply = prices.SET_WHOLESALE.reply
        upload, _ = reply.decode("prices", msgspec.json.encode(sample))
        assert missing(sample, msgspec.json.decode(msgspec.json.encode(upload))) == []

    def test_wholesale_when_it_is_there_already(self, published: Path) -> None:
        sample = _example(published, "Result208V3")
        assert prices.SET_WHOLESALE.reply.accepts(208)
        upload, _ = prices.SET_WHOLESALE.reply.decode("prices", msgspec.json.encode(sample))
        assert upload.already_exists
        assert upload.detail == "This task already exists"

    @pytest.mark.parametrize("name", ENVELOPED)
    def test_refusal_when_prices_speak(self, published: Path, name: str) -> None:
        sample = at(_example(published, name))
        refusal = _dialect().refusal(Response(400, {}, msgspec.json.encode(sample)))
        assert refusal is not None
        assert str(sample.get("errorText") or sample["detail"]) in refusal.message

    @pytest.mark.parametrize("name", CODED)
    def test_refusal_when_the_marketplace_speaks(self, published: Path, name: str) -> None:
        sample = _example(published, name)
        error = at(sample[0] if isinstance(sample, list) else sample)
        refusal = _dialect().refusal(Response(409, {}, msgspec.json.encode(sample)))
        assert refusal is not None
        assert (refusal.message, refusal.code) == (error["message"], error["code"])


def _dialect() -> WildberriesDialect:
    return WildberriesDialect("shop", [Token(make_token())])
