"""The adapter against the published documents: fields, parameters, limits, host, seeds."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from tests.fakes import ScriptedTransport
from tests.published import Json, at, coverage, example, missing, resolve, spec
from tests.support.yandex_market_calls import CALLS, OTHERS, Call
from wbym.calls import Binary, Count, Endpoint, Request, Response, Upload
from wbym.calls import Json as JsonReply
from wbym.limits import Scheduler, Window
from wbym_yandex_market import Tier, YandexMarket, mapping
from wbym_yandex_market.api import bounds, chats, feedbacks, operations, questions
from wbym_yandex_market.api import returns as records
from wbym_yandex_market.dialect import HOSTS
from wbym_yandex_market.limits import BUCKETS

SPEC = "yandex-market/openapi.json"
NEW_CHAT_SEED = "001_864cfbfb7cbe434f.txt"
CHAT_SEED = "002_f86065a318a415cf.txt"
KEY = "ACMA:secret"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = date(2026, 5, 1)
PNG = Upload("a.png", b"\x89PNG\r\n\x1a\n....")

ROWS = {one.name: one for one in operations()}
ENDPOINTS = {name: one.endpoint for name, one in ROWS.items()}
BY_ROUTE = {(endpoint.method, endpoint.path): endpoint for endpoint in ENDPOINTS.values()}

REPLIES = {
    "CreateChatResponse": "chats.new",
    "GetChatsResponse": "chats.list",
    "GetChatResponse": "chats.get",
    "GetChatHistoryResponse": "chats.history",
    "GetChatMessageResponse": "chats.message",
    "GetGoodsFeedbackResponse": "feedbacks.list",
    "GetGoodsFeedbackCommentsResponse": "feedbacks.comments",
    "UpdateGoodsFeedbackCommentResponse": "feedbacks.update_comment",
    "GetQuestionsResponse": "questions.list",
    "GetAnswersResponse": "questions.answers",
    "UpdateGoodsQuestionTextEntityResponse": "questions.update",
    "GetReturnsResponse": "returns.list",
    "GetReturnResponse": "returns.get",
    "GetReturnAvailableDecisionsResponse": "returns.decisions",
    "GetCampaignsResponse": "campaigns.list",
    "GetCampaignResponse": "campaigns.get",
    "GetTokenInfoResponse": "auth.token",
}
"""What the methods answer with a body of their own."""
DOWNLOADS = {"returns.application", "returns.photo"}

_NUMBERS = msgspec.json.Encoder(decimal_format="number")


def _kept(wire: type[object], sample: Json) -> Json:
    decoded = msgspec.json.decode(msgspec.json.encode(sample), type=wire)
    kept: Json = msgspec.json.decode(_NUMBERS.encode(decoded))
    return kept


class TestFields:
    @pytest.mark.parametrize("name", REPLIES)
    def test_reply_when_it_has_every_field(self, published: Path, name: str) -> None:
        document = spec(published, SPEC)
        sample = example(document, at(document, "components", "schemas")[name])
        endpoint = ENDPOINTS[REPLIES[name]]
        assert isinstance(endpoint.reply, JsonReply)
        assert missing(sample, _kept(endpoint.reply.wire, sample)) == []
        value, aside = endpoint.reply.decode(endpoint.name, msgspec.json.encode(sample))
        assert value is not None
        assert not aside

    def test_replies_when_all_are_counted(self) -> None:
        binary = {name for name, one in ENDPOINTS.items() if isinstance(one.reply, Binary)}
        assert binary == DOWNLOADS
        empty = {
            "chats.send",
            "chats.send_file",
            "feedbacks.delete_comment",
            "feedbacks.skip_reaction",
            "returns.set_decision",
            "returns.submit_decision",
        }
        assert binary | empty | set(REPLIES.values()) == set(ENDPOINTS)

    @pytest.mark.parametrize(
        ("name", "wire"),
        [
            ("GetChatInfoDTO", chats.Chat),
            ("ChatMessageDTO", chats.Message),
            ("GoodsFeedbackDTO", feedbacks.Feedback),
            ("GoodsFeedbackCommentDTO", feedbacks.Comment),
            ("QuestionDTO", questions.Question),
            ("AnswerDTO", questions.Answer),
            ("ReturnDTO", records.Return),
            ("ReturnAvailableDecisionDTO", records.AvailableDecision),
        ],
    )
    def test_record_when_only_its_required_fields_come(
        self, published: Path, name: str, wire: type[msgspec.Struct]
    ) -> None:
        document = spec(published, SPEC)
        sample = example(document, at(document, "components", "schemas")[name])
        required = {str(field) for field in _list(_schema(document, name).get("required"))}
        assert isinstance(sample, Mapping)
        bare = {field: value for field, value in sample.items() if field in required}
        msgspec.convert(bare, wire)
        # Nothing is required that the specification lets be absent.
        needed = {f.encode_name for f in msgspec.structs.fields(wire) if f.required}
        assert needed <= required

    def test_seeds_when_their_samples_are_decoded(self, published: Path) -> None:
        text = (published / "seeds" / CHAT_SEED).read_text("utf-8")
        sample = _sample_after(text, "200 OK")
        assert isinstance(ENDPOINTS["chats.get"].reply, JsonReply)
        assert missing(sample, _kept(ENDPOINTS["chats.get"].reply.wire, sample)) == []
        chat, _ = ENDPOINTS["chats.get"].reply.decode("chats.get", msgspec.json.encode(sample))
        assert isinstance(chat, chats.Chat)
        assert chat.context is not None
        assert (chat.chat_id, chat.context.return_id, chat.order_id) == (1, 1, 1)

        text = (published / "seeds" / NEW_CHAT_SEED).read_text("utf-8")
        asked = _sample_after(text, "application/json")
        assert isinstance(asked, Mapping)
        context = msgspec.convert(asked["context"], chats.ChatContext)
        assert context == chats.ChatContext(type="ORDER", id=1)
        opened = {"status": "OK", "result": {"chatId": 1}}
        reply, _ = ENDPOINTS["chats.new"].reply.decode("chats.new", msgspec.json.encode(opened))
        assert reply == chats.NewChat(chat_id=1)


def _sample_after(text: str, title: str) -> Json:
    place = text.index("{", text.index(title))
    value: Json
    value, _ = json.JSONDecoder(strict=False).raw_decode(text, place)
    return value


def _schema(document: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    return at(document, "components", "schemas", name)


class TestRoutes:
    def test_endpoints_when_compared_with_the_coverage_table(self, published: Path) -> None:
        rows = [row for row in coverage(published, "yandex_market") if row["required"] == "yes"]
        assert len(rows) == len(ENDPOINTS) == 25
        for row in rows:
            endpoint = BY_ROUTE[row["method"], row["path"]]  # type: ignore[index]
            assert HOSTS[endpoint.host] == row["host"]
            (bucket,) = endpoint.buckets
            assert bucket == endpoint.name
            assert BUCKETS[bucket][Tier.STANDARD] == _window(row["limit"])
            other = row["limit_base_token_or_subscription"]
            assert other.endswith(" with subscription")
            assert BUCKETS[bucket][Tier.SUBSCRIPTION] == _window(other)
            scopes = row["token_category"].split(",")
            assert endpoint.scope in scopes or (endpoint.scope == "any" and len(scopes) > 5)
            assert endpoint.writes is (f"{endpoint.scope}:read-only" not in scopes) or (
                endpoint.scope in {"any", "communication"}
            )
        assert BUCKETS.keys() == set(ENDPOINTS)

    def test_endpoints_when_they_page(self, published: Path) -> None:
        document = spec(published, SPEC)
        for name, row in ROWS.items():
            found = {str(p["name"]): p for p in _parameters(document, row.endpoint)}
            if "pageToken" not in found:
                assert row.shape is None
                continue
            assert row.shape is not None
            most = at(resolve(document, found["limit"]["schema"]))["maximum"]
            assert row.shape.scheme.max_size == most, name

    def test_endpoints_when_they_write(self) -> None:
        writing = {endpoint.name for endpoint in ENDPOINTS.values() if endpoint.writes}
        assert writing == {
            "chats.new",
            "chats.send",
            "chats.send_file",
            "feedbacks.update_comment",
            "feedbacks.delete_comment",
            "feedbacks.skip_reaction",
            "questions.update",
            "returns.set_decision",
            "returns.submit_decision",
        }
        # Opening a chat answers with the one that is there, and skipping twice is skipping.
        again = {one.name for one in ENDPOINTS.values() if one.writes and one.idempotent}
        assert again == {"chats.new", "feedbacks.skip_reaction"}
        assert all(one.idempotent for one in ENDPOINTS.values() if not one.writes)

    def test_bounds_when_compared_with_the_specification(self, published: Path) -> None:
        document = spec(published, SPEC)
        message = at(_schema(document, "SendMessageToChatRequest"), "properties", "message")
        comment = _schema(document, "GoodsFeedbackCommentText")
        answer = _schema(document, "QuestionsTextContent")
        for text, bound in (
            (message, bounds.MESSAGE),
            (comment, bounds.COMMENT),
            (answer, bounds.ANSWER),
        ):
            assert (text["minLength"], text["maxLength"]) == (bound.min, bound.max)
        filters = at(_schema(document, "GetGoodsFeedbackRequest"), "properties")
        for name, field in (
            ("rating_values", "ratingValues"),
            ("offer_ids", "offerIds"),
            ("feedback_ids", "feedbackIds"),
        ):
            published_bounds = at(filters[field])
            found = {one.name: one for one in ROWS["feedbacks.list"].parameters}[name]
            (count,) = [mark for mark in found.marks if isinstance(mark, Count)]
            assert (count.min, count.max) == (
                published_bounds["minItems"],
                published_bounds["maxItems"],
            )
        skipped = at(_schema(document, "SkipGoodsFeedbackReactionRequest"), "properties")
        (parameter, _) = ROWS["feedbacks.skip_reaction"].parameters
        (count,) = [mark for mark in parameter.marks if isinstance(mark, Count)]
        assert at(skipped["feedbackIds"])["maxItems"] == count.max

    def test_words_when_compared_with_the_specification(self, published: Path) -> None:
        document = spec(published, SPEC)

        def words(name: str) -> set[str]:
            return {str(word) for word in _list(_schema(document, name)["enum"])}

        assert {*mapping.WAITING_CHATS, *mapping.OTHER_CHATS} == words("ChatStatusType")
        assert {*mapping.OPEN_RETURNS, *mapping.CLOSED_RETURNS} == words("RefundStatusType")
        assert set(mapping.WAITING_RETURNS) == {
            "WAITING_FOR_DECISION",
            "PREMODERATION_DECISION_WAITING",
        }
        assert words("ReturnRequestDecisionType") >= {
            bounds.DECLINE,
            bounds.PARTIAL,
            *bounds.COMMENT_REQUIRED,
        }


def _window(text: str) -> Window:
    found = re.match(r"(\d+) per 1 h", text)
    assert found is not None
    return Window(limit=int(found[1]), period=3600)


def _parameters(
    document: Mapping[str, Json], endpoint: Endpoint[object]
) -> list[Mapping[str, Json]]:
    operation = at(document, "paths", endpoint.path, endpoint.method.lower())
    return [at(resolve(document, one)) for one in _list(operation.get("parameters"))]


DEPRECATED_FIELDS = {"orderId", "orderIds"}
"""In chats: ``context`` and ``contexts`` replaced them; they were switched off in October 2026."""


async def _sent(call: Call) -> Request:
    transport = ScriptedTransport(Response(418, {}, b"{}"))
    shop = YandexMarket(KEY, 11, transport=transport, scheduler=Scheduler())
    with pytest.raises(Exception, match="418"):
        await call(shop)
    return transport.requests[0]


class TestRequests:
    def test_calls_when_all_methods_are_counted(self) -> None:
        assert CALLS.keys() | DOWNLOADS == set(ENDPOINTS)

    @pytest.mark.parametrize("name", CALLS)
    async def test_request_when_compared_with_the_specification(
        self, published: Path, name: str
    ) -> None:
        request = await _sent(CALLS[name])
        endpoint = ENDPOINTS[name]
        document = spec(published, SPEC)
        url = urlsplit(request.url)
        assert f"{url.scheme}://{url.netloc}" == HOSTS[endpoint.host]
        assert request.method == endpoint.method
        pattern = re.sub(r"\\\{\w+\\\}", r"\\d+", re.escape(endpoint.path))
        assert re.fullmatch(pattern, url.path)
        assert request.headers["Api-Key"] == KEY
        assert "Authorization" not in request.headers

        asked = dict(parse_qsl(url.query))
        offered = [
            parameter
            for parameter in _parameters(document, endpoint)
            if parameter["in"] == "query" and not parameter.get("deprecated")
        ]
        assert asked.keys() == {str(parameter["name"]) for parameter in offered}
        for parameter in offered:
            schema = at(resolve(document, parameter["schema"]))
            value = asked[str(parameter["name"])]
            if schema.get("type") == "integer":
                assert value.isdigit()
            if "enum" in schema:
                assert value in _list(schema["enum"])
            if schema.get("type") == "array":
                choices = at(resolve(document, schema["items"])).get("enum")
                assert choices is None or set(value.split(",")) <= set(map(str, _list(choices)))
            if schema.get("format") == "date":
                date.fromisoformat(value)

        self._check_content(document, endpoint, request, whole=True)

    @pytest.mark.parametrize(("name", "call"), OTHERS)
    async def test_request_when_the_method_takes_another_body(
        self, published: Path, name: str, call: Call
    ) -> None:
        request = await _sent(call)
        self._check_content(spec(published, SPEC), ENDPOINTS[name], request, whole=False)

    def _check_content(
        self,
        document: Mapping[str, Json],
        endpoint: Endpoint[object],
        request: Request,
        *,
        whole: bool,
    ) -> None:
        operation = at(document, "paths", endpoint.path, endpoint.method.lower())
        if "requestBody" not in operation:
            assert request.body is None
            assert not request.parts
            return
        contents = at(operation, "requestBody", "content")
        if "multipart/form-data" in contents:
            schema = at(resolve(document, at(contents["multipart/form-data"])["schema"]))
            assert {part.name for part in request.parts} == at(schema, "properties").keys()
            return
        assert request.headers["Content-Type"] == "application/json"
        body = msgspec.json.decode(request.body or b"null")
        self._check_body(document, at(contents["application/json"])["schema"], body)
        alternatives = {
            "feedbacks.list",
            "feedbacks.comments",
            "questions.answers",
            "questions.update",
        }
        if whole and endpoint.name not in alternatives:
            schema = at(resolve(document, at(contents["application/json"])["schema"]))
            assert set(body) == at(schema, "properties").keys() - DEPRECATED_FIELDS

    def _check_body(self, document: Mapping[str, Json], schema: Json, body: Json) -> None:
        schema = at(resolve(document, schema))
        kind = schema.get("type")
        if "enum" in schema:
            assert body in _list(schema["enum"])
        elif kind == "array":
            assert isinstance(body, list)
            for item in body:
                self._check_body(document, schema["items"], item)
        elif "properties" in schema:
            assert isinstance(body, Mapping)
            properties = at(schema, "properties")
            assert set(body) <= set(properties)
            assert {str(name) for name in _list(schema.get("required"))} <= set(body)
            for name, value in body.items():
                self._check_body(document, properties[name], value)
        elif kind == "integer":
            assert isinstance(body, int)
        elif kind == "number":
            assert isinstance(body, int | float)
        elif kind == "string":
            assert isinstance(body, str)
            if schema.get("format") == "date-time":
                assert datetime.fromisoformat(body).tzinfo is not None
            if schema.get("format") == "date":
                date.fromisoformat(body)
        elif kind == "boolean":
            assert isinstance(body, bool)

    async def test_amount_when_it_is_sent_with_its_digits(self) -> None:
        request = await _sent(CALLS["returns.set_decision"])
        assert b'"value":100.10' in (request.body or b"")

    @pytest.mark.parametrize("what", ["application", "photo"])
    async def test_download_when_opened(self, what: str) -> None:
        transport = ScriptedTransport(Response(200, {}, b"x"))
        shop = YandexMarket(KEY, transport=transport, scheduler=Scheduler())
        if what == "application":
            opened = shop.api.returns.application(3, 4, 5)
            tail = "application"
        else:
            opened = shop.api.returns.photo(3, 4, 5, 6, "a/b")
            tail = "decision/6/image/a%2Fb"
        async with opened as file:
            assert await file.read() == b"x"
        place = "/v2/campaigns/3/orders/4/returns/5/"
        assert transport.requests[0].url == HOSTS["market"] + place + tail


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []


def test_names_when_shown_to_people() -> None:
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) for name in ENDPOINTS)


def test_catalog_when_listed() -> None:
    rows = {row.name: row for row in YandexMarket.catalog()}
    assert len(rows) == 25
    row = rows["feedbacks.list"]
    assert row.host == "https://api.partner.market.yandex.ru"
    assert (row.limit, row.lower_limit) == ("10000 per 1 h", "5000 per 1 h")
