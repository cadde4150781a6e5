"""``examples/fastapi_service``."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from examples.fastapi_service.service import app
from tests.support.documents import config, environment
from wbym import Action, Noun
from wbym.testing import Reply
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_yandex_market.simulator import YandexMarketSimulator

pytestmark = [
    pytest.mark.wildberries_simulator(feedbacks=4, questions=3, chats=2, claims=2, open_share=1.0),
    pytest.mark.yandex_market_simulator(
        feedbacks=0, questions=3, chats=0, returns=0, open_share=1.0
    ),
]


@pytest.fixture
async def client(
    wildberries_simulator: WildberriesSimulator,
    yandex_market_simulator: YandexMarketSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[httpx.AsyncClient]:
    urls = wildberries_simulator.url, yandex_market_simulator.url
    for name, value in environment(*urls).items():
        monkeypatch.setenv(name, value)
    (tmp_path / "wbym.toml").write_text(config(*urls), "utf-8")
    monkeypatch.setenv("WBYM_CONFIG", str(tmp_path / "wbym.toml"))
    monkeypatch.setenv("WBYM_STATE", str(tmp_path / "wbym.db"))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as client,
    ):
        yield client


async def send(client: httpx.AsyncClient, ref: str, text: str, key: str) -> httpx.Response:
    body = {"ref": ref, "text": text}
    return await client.post("/reply", json=body, headers={"Idempotency-Key": key})


async def test_unanswered_items_of_all_accounts(
    client: httpx.AsyncClient, wildberries_simulator: WildberriesSimulator
) -> None:
    wildberries_simulator.buyers.write("Где заказ?")
    given = wildberries_simulator.buyers.give_feedback("Бьётся", rating=1)
    found = (await client.get("/unanswered")).json()
    assert found["errors"] == []
    kinds = {(item["account"], item["kind"]) for item in found["items"]}
    assert {("shop-wb", "feedback"), ("shop-wb", "question"), ("shop-ym", "question")} <= kinds
    [item] = [item for item in found["items"] if item["ref"].endswith(given)]
    assert (item["text"], item["rating"]) == ("Бьётся", 1)
    assert item["waiting_since"] is not None
    first = (await client.get("/unanswered?limit=1")).json()["items"]
    assert [item["kind"] for item in first] == ["return", "chat", "question", "feedback"]


async def test_one_account_fails(
    client: httpx.AsyncClient, wildberries_simulator: WildberriesSimulator
) -> None:
    wildberries_simulator.faults.error_statuses = (403,)
    wildberries_simulator.faults.error_rate = 1.0
    found = (await client.get("/unanswered")).json()
    assert {item["account"] for item in found["items"]} == {"shop-ym"}
    assert found["errors"]
    assert all("shop-wb" in error for error in found["errors"])


async def test_reply_is_sent_once(
    client: httpx.AsyncClient,
    wildberries_simulator: WildberriesSimulator,
    yandex_market_simulator: YandexMarketSimulator,
) -> None:
    wb, ym = wildberries_simulator, yandex_market_simulator
    asked, chat = ym.buyers.ask("Есть чехол?"), wb.buyers.write("Где заказ?")
    items = (await client.get("/unanswered")).json()["items"]
    [question] = [item["ref"] for item in items if item["text"] == "Есть чехол?"]
    [message] = [item["ref"] for item in items if item["text"] == "Где заказ?"]
    for _ in range(2):
        answered = await send(client, question, "Есть", "crm-1")
        sent = await send(client, message, "Завтра", "crm-2")
        assert (answered.status_code, sent.status_code) == (200, 200)
        assert sent.json()["ref"] == message
    assert ym.replies == [Reply(Action.ANSWER, Noun.QUESTION, asked, "Есть")]
    assert wb.replies == [Reply(Action.SEND, Noun.CHAT, chat, "Завтра")]

    again = await send(client, question, "Да, есть", "crm-3")  # it is answered already
    assert again.status_code == 409
    assert again.json()["state"] == "rejected"
    assert len(ym.replies) == 1


@pytest.mark.parametrize(
    ("ref", "text", "key", "status", "error"),
    [
        ("wildberries/other/feedback/1", "Да", "a", 404, "RefError"),
        ("feedback", "Да", "b", 404, "RefError"),
        ("wildberries/shop-wb/feedback/1", "", "c", 422, "InvalidInput"),
        ("wildberries/shop-wb/return/1", "Да", "d", 404, "RefError"),
    ],
)
async def test_errors(
    client: httpx.AsyncClient, ref: str, text: str, key: str, status: int, error: str
) -> None:
    response = await send(client, ref, text, key)
    assert (response.status_code, response.json()["error"]) == (status, error)


async def test_key_is_required(client: httpx.AsyncClient) -> None:
    response = await client.post("/reply", json={"ref": "a", "text": "b"})
    assert response.status_code == 422
