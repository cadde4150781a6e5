"""The SDK matches the published files, and the check reports differences."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drift import report as reports
from tests.drift.deviations import KNOWN, Known
from tests.drift.report import compare, printed
from tests.support.published import Json

FEEDBACKS = "wildberries/user-communication.json"
PRODUCTS = "wildberries/work-with-products.json"
GENERAL = "wildberries/api-information.json"
MARKET = "yandex-market/openapi.json"


def test_sdk_matches_the_published_files(published: Path) -> None:
    found = compare(published / "specs")
    assert found.clean, printed(found)
    assert found.compared == 112
    assert not found.news


@pytest.fixture
def specs(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published / "specs", tmp_path / "specs", copy_function=shutil.copy))


def _change(specs: Path, name: str, path: str, change: Callable[[dict[str, Json]], object]) -> str:
    """The report after a change at a place of a file, whose keys are separated by ``>``."""
    file = specs / name
    document = json.loads(file.read_text("utf-8"))
    node = document
    for key in path.split(" > "):
        node = node[int(key) if isinstance(node, list) else key]
    change(node)
    file.chmod(0o644)
    file.write_text(json.dumps(document), "utf-8")
    found = compare(specs)
    assert not found.clean
    return printed(found)


LIST = "paths > /api/v1/feedbacks > get"
CHAT = "components > schemas > ChatMessageDTO"


@pytest.mark.parametrize(
    ("name", "path", "change", "line"),
    [
        (
            FEEDBACKS,
            f"{LIST} > parameters",
            lambda node: node.append(
                {"in": "query", "name": "brand", "schema": {"type": "string"}}
            ),
            "+ query.brand: string",
        ),
        (
            FEEDBACKS,
            f"{LIST} > parameters",
            lambda node: node.pop(0),
            "- query.isAnswered: boolean",
        ),
        (
            FEEDBACKS,
            f"{LIST} > parameters > 1",
            lambda node: node.update(required=True),
            "~ query.nmId: is required, and optional here",
        ),
        (
            FEEDBACKS,
            f"{LIST} > parameters > 0",
            lambda node: node.update(required=False),
            "~ query.isAnswered: may be left out, and we require it",
        ),
        (
            FEEDBACKS,
            f"{LIST} > parameters > 4 > schema > enum",
            lambda node: node.append("ratingDesc"),
            "+ query.order: the word ratingDesc",
        ),
        (
            FEEDBACKS,
            f"{LIST} > x-wb-rate-limits > limits > 0",
            lambda node: node.update(limit="2 requests"),
            "~ limit for standard: 2 per 1 s",
        ),
        (
            FEEDBACKS,
            "components > schemas > Sender > enum",
            lambda node: node.append("bot"),
            "+ enumeration Sender: the word bot",
        ),
        (
            FEEDBACKS,
            "components > parameters > limit > schema",
            lambda node: node.update(maximum=100),
            "~ query.limit: max 100 in the file, 200 here",
        ),
        (
            FEEDBACKS,
            "paths > /api/v1/claim",
            lambda node: node.pop("patch"),
            "- operation: is in no file",
        ),
        (
            PRODUCTS,
            "components > requestBodies > FilterPost > content > application/json > schema"
            " > properties > nmList",
            lambda node: node.update(maxItems=2000),
            "~ body.nmList: max 2000 in the file, 1000 here",
        ),
        (
            PRODUCTS,
            "components > schemas > ItemsList > properties",
            lambda node: node.update(isNew={"type": "boolean"}),
            "+ reply.data.listGoods[].isNew: boolean",
        ),
        (
            PRODUCTS,
            "paths > /api/v3/offices > get > x-wb-rate-limits",
            lambda node: node.update(note="One request with 4XX response codes is counted as 5"),
            "~ cost of 409",
        ),
        (
            PRODUCTS,
            "paths > /api/v3/offices > get",
            lambda node: node.update({"x-readonly-method": False}),
            "~ access: writes, and we say that it reads",
        ),
        (
            PRODUCTS,
            "paths > /api/v2/upload/task > post > x-wb-rate-limits",
            lambda node: node.pop("note"),
            "~ sandbox: has no other limit",
        ),
        (
            PRODUCTS,
            "paths > /api/v3/offices > get",
            lambda node: node.update(deprecated=True),
            "+ operation: is deprecated",
        ),
        (
            GENERAL,
            "paths > /ping > get",
            lambda node: node.update(description=node["description"].replace("advert-", "ads-")),
            "+ host: https://ads-api",
        ),
        (
            GENERAL,
            "components > schemas > createInviteRequest > properties > invite > properties"
            " > position",
            lambda node: node.update(maxLength=100),
            "~ body.invite.position: max 100 in the file, 150 here",
        ),
        (
            MARKET,
            "components > schemas > GoodsFeedbackCommentText",
            lambda node: node.pop("maxLength"),
            "- body.comment.text: at most 4096; the file has no such number",
        ),
        (
            MARKET,
            f"{CHAT} > properties",
            lambda node: node.update(editedAt={"type": "string"}),
            "+ reply.result.messages[].editedAt: string",
        ),
        (
            MARKET,
            f"{CHAT} > properties",
            lambda node: node.update(message={"type": "integer"}),
            "~ reply.result.messages[].message: may be integer, and we read string",
        ),
        (
            MARKET,
            f"{CHAT} > required",
            lambda node: node.remove("messageId"),
            "~ reply.result.messages[].messageId: may be left out, and we require it",
        ),
        (
            MARKET,
            "components > schemas > SendMessageToChatRequest > properties > message",
            lambda node: node.update(maxLength=2000),
            "~ body.message: max 2000 in the file, 4096 here",
        ),
        (
            MARKET,
            "components > schemas > SendMessageToChatRequest",
            lambda node: node["properties"].update(quick={"type": "boolean"}),
            "+ body.quick: boolean",
        ),
        (
            MARKET,
            "paths > /v2/businesses/{businessId}/chats > post > x-resource-limit-config > none",
            lambda node: node.update(amount=10),
            "~ limit for standard: 10 per 1 hours",
        ),
        (
            MARKET,
            "components > schemas > RefundStatusType > enum",
            lambda node: node.append("PAUSED"),
            "+ enumeration RefundStatusType: the word PAUSED",
        ),
    ],
)
def test_report_when_a_file_changed(
    specs: Path, name: str, path: str, change: Callable[[dict[str, Json]], object], line: str
) -> None:
    assert line in _change(specs, name, path, change)


def test_report_when_a_file_has_a_new_operation(specs: Path) -> None:
    file = specs / MARKET
    document = json.loads(file.read_text("utf-8"))
    document["paths"]["/v2/moon"] = {"get": {"responses": {}}}
    file.chmod(0o644)
    file.write_text(json.dumps(document), "utf-8")
    found = compare(specs)
    assert [str(route) for route in found.news] == ["yandex_market GET /v2/moon"]
    assert found.clean


def test_report_when_a_required_operation_is_missing(specs: Path) -> None:
    file = specs / "coverage.tsv"
    file.chmod(0o644)
    line = "/v1/campaigns/{campaignId}/returns/create\t"
    file.write_text(file.read_text("utf-8").replace(f"{line}no", f"{line}yes"), "utf-8")
    assert "+ operation: is required, and we lack it" in printed(compare(specs))


def test_report_when_a_known_deviation_is_stale(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Known("wildberries GET /ping", "+ query.host: string", "it was so once")
    monkeypatch.setattr(reports, "KNOWN", (*KNOWN, gone))
    found = compare(published / "specs")
    assert found.stale == [gone]
    assert not found.clean


def test_known_deviations_have_reasons() -> None:
    assert all(len(known.why) > 10 for known in KNOWN)
