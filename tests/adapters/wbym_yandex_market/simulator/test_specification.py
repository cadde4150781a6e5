from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from wbym_yandex_market.simulator import YandexMarketSimulator
from wbym_yandex_market.simulator.data_returns import REASONS, REFUND_STATUSES, SHIPMENT_STATUSES
from wbym_yandex_market.simulator.limits import RESOURCES
from wbym_yandex_market.simulator.tokens import SCOPES, with_read_only

from .conftest import Api, Json, Reply, Run
from .schema import Schemas


@pytest.fixture(scope="session")
def document(published: Path) -> Json:
    return msgspec.json.decode((published / "specs/yandex-market/openapi.json").read_bytes())


@pytest.fixture
def schemas(document: Json) -> Schemas:
    return Schemas(document)


def methods() -> dict[str, tuple[str, str, int, bool]]:
    """Method, path, scopes and whether it writes, by resource."""
    return {
        route.bucket: (route.method, route.path, route.scope, route.writes)
        for route in YandexMarketSimulator(feedbacks=0, chats=0, returns=0, questions=0).routes()
        if route.bucket
    }


def test_every_required_method_is_served(published: Path) -> None:
    table = (published / "specs/coverage.tsv").read_text(encoding="utf-8").splitlines()
    rows = [row.split("\t") for row in table]
    wanted = {(row[1], row[2]) for row in rows if row[0] == "yandex_market" and row[3] == "yes"}
    assert len(wanted) == 25
    assert {(method, path) for method, path, _, _ in methods().values()} == wanted


def test_limits_scopes_and_lists_are_the_published_ones(document: Json) -> None:
    for name, (method, path, scope, writes) in methods().items():
        mask = scope if writes else with_read_only(scope)
        operation = document["paths"][path][method.lower()]
        assert operation["operationId"] == name
        limits = operation["x-resource-limit-config"]
        assert RESOURCES[name] == (limits["none"]["amount"], limits["medium"]["amount"])
        scopes = {scope for scope, bit in SCOPES.items() if mask & bit}
        assert scopes == set(operation["x-auth-scopes"]), name
    lists = document["components"]["schemas"]
    assert set(lists["RefundStatusType"]["enum"]) == REFUND_STATUSES
    assert lists["ReturnShipmentStatusType"]["enum"] == list(SHIPMENT_STATUSES)
    assert lists["ReturnRequestDecisionReasonType"]["enum"] == list(REASONS)


SWITCHED_OFF = {
    "GetChatInfoDTO.orderId",
    "ChatMessagesResultDTO.orderId",
    "ReturnDTO.refundAmount",
    "ReturnDecisionDTO.refundAmount",
    "ReturnDecisionDTO.partnerCompensation",
    "CampaignDTO.clientId",
    "GetCampaignsResponse.pager",
    *(
        f"FlippingPagerDTO.{field}"
        for field in ("total", "from", "to", "currentPage", "pagesCount", "pageSize")
    ),
}
"""Fields that Market removed in October 2026, and the file of August still has."""


class Judge:
    """Calls methods by their operation and checks the answers."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.known: set[str] = set()
        self.called: set[str] = set()

    def __call__(self, name: str, reply: Reply) -> Json:
        method, path, _, _ = methods_by_name[name]
        responses = self.schemas.document["paths"][path][method.lower()]["responses"]
        assert reply.status == 200, reply.raw
        schema = responses["200"]["content"]["application/json"]["schema"]
        self.known |= self.schemas.fields(schema)
        self.called.add(name)
        assert list(self.schemas.check(reply.json, schema)) == []
        return reply.json.get("result")


methods_by_name = methods()


async def pages(judge: Judge, api: Api, name: str, path: str, body: Json, part: str) -> list[Json]:
    """Every record of a list; each page is checked."""
    records: list[Json] = []
    params: Json = {}
    while True:
        how: Json = {} if body is None else {"json": body}
        reply = await api.call(methods_by_name[name][0], path, params=params, **how)
        result = judge(name, reply)
        records += result[part]
        if "nextPageToken" not in result["paging"]:
            return records
        params["pageToken"] = result["paging"]["nextPageToken"]


async def test_every_response_fits_its_schema_and_every_field_occurs(
    run: Run, schemas: Schemas
) -> None:
    simulator, api = await run(feedbacks=120, questions=60, chats=30, returns=70)
    judge = Judge(schemas)
    v2, v1 = "/v2/businesses/1001", "/v1/businesses/1001"

    await pages(judge, api, "getGoodsFeedbacks", f"{v2}/goods-feedback", {}, "feedbacks")
    feedbacks = await api.read_all(f"{v2}/goods-feedback", "feedbacks", {})
    for feedback in feedbacks:
        if feedback["statistics"]["commentsCount"]:
            judge(
                "getGoodsFeedbackComments",
                await api.post(
                    f"{v2}/goods-feedback/comments", {"feedbackId": feedback["feedbackId"]}
                ),
            )
    some = feedbacks[0]["feedbackId"]
    update = {"feedbackId": some, "comment": {"text": "Спасибо!"}}
    made = judge(
        "updateGoodsFeedbackComment",
        await api.post(f"{v2}/goods-feedback/comments/update", update),
    )
    judge(
        "deleteGoodsFeedbackComment",
        await api.post(f"{v2}/goods-feedback/comments/delete", {"id": made["id"]}),
    )
    judge(
        "skipGoodsFeedbacksReaction",
        await api.post(f"{v2}/goods-feedback/skip-reaction", {"feedbackIds": [some]}),
    )

    listed = await pages(judge, api, "getGoodsQuestions", f"{v1}/goods-questions", {}, "questions")
    identifier, query = 0, {"chatId": 0}
    for question in listed:
        identifier = question["questionIdentifiers"]["id"]
        judge(
            "getGoodsQuestionAnswers",
            await api.post(f"{v1}/goods-questions/answers", {"questionId": identifier}),
        )
    creation = {
        "operationType": "CREATE",
        "parentEntityId": {"id": identifier, "type": "QUESTION"},
        "text": "Да",
    }
    judge("updateGoodsQuestionTextEntity", await api.post(f"{v1}/goods-questions/update", creation))

    for chat in await pages(judge, api, "getChats", f"{v2}/chats", {}, "chats"):
        query = {"chatId": chat["chatId"]}
        judge("getChat", await api.get(f"{v2}/chat", **query))
        history = judge("getChatHistory", await api.post(f"{v2}/chats/history", {}, **query))
        last = history["messages"][-1]["messageId"]
        judge("getChatMessage", await api.get(f"{v2}/chats/message", **query, messageId=last))
    judge("sendMessageToChat", await api.post(f"{v2}/chats/message", {"message": "Да"}, **query))
    form = {"file": b"picture"}
    judge(
        "sendFileToChat",
        await api.call("POST", f"{v2}/chats/file/send", params=query, data=multipart(form)),
    )
    order = {"context": {"type": "ORDER", "id": simulator.state.orders.ids[500]}}
    judge("createChat", await api.post(f"{v2}/chats/new", order))

    for campaign in (100101, 100102):
        base = f"/v2/campaigns/{campaign}"
        for one in await pages(judge, api, "getReturns", f"{base}/returns", None, "returns"):
            judge("getReturn", await api.get(f"{base}/orders/{one['orderId']}/returns/{one['id']}"))
            wanted = {"campaignId": campaign, "returnId": one["id"]}
            judge(
                "getReturnAvailableDecisions",
                await api.post(f"{v1}/returns/decisions", wanted),
            )
        judge("getCampaign", await api.get(base))
    judge("getCampaigns", await api.get("/v2/campaigns"))
    judge("getCampaigns", await api.get("/v2/campaigns", limit=1))
    judge("getAuthTokenInfo", await api.post("/v2/auth/token"))

    without_schema = {"getReturnApplication", "getReturnPhoto"}
    assert set(methods_by_name) - judge.called == {
        *without_schema,
        "setReturnDecision",
        "submitReturnDecision",
    }
    assert judge.known - schemas.seen == SWITCHED_OFF
    assert schemas.nulls


def multipart(files: dict[str, bytes]) -> Json:
    import aiohttp

    form = aiohttp.FormData()
    for name, content in files.items():
        form.add_field(name, content, filename=f"{name}.png", content_type="image/png")
    return form
