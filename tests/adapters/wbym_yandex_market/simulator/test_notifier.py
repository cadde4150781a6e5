"""Changes in a cabinet are sent to a receiver as the published notifications."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from wbym_yandex_market.simulator import Notifier, YandexMarketSimulator
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.state_returns import Decision

from .conftest import Json
from .schema import Schemas


@pytest.fixture
def cabinet() -> Cabinet:
    return YandexMarketSimulator(feedbacks=5, questions=5, chats=12, returns=12).state


class Seller:
    """Answers with scripted statuses, and records the requests."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        """Statuses of the next responses; 200 after that."""
        self.got: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.server = TestServer(self._app())

    @property
    def url(self) -> str:
        return str(self.server.make_url("/notification"))

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/notification", self._take)
        return app

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append(msgspec.json.decode(await request.read()))
        self.headers.append(dict(request.headers))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    def kinds(self) -> list[str]:
        return [one["notificationType"] for one in self.got]


@pytest_asyncio.fixture
async def seller() -> AsyncIterator[Seller]:
    made = Seller()
    async with made.server:
        yield made


def happen(cabinet: Cabinet) -> None:
    """Every change that a cabinet notifies of."""
    cabinet.arrive_feedback()
    feedback = next(iter(cabinet.feedbacks.rows)).id
    cabinet.feedbacks.comment(feedback, "Спасибо!", None)
    cabinet.feedbacks.arrive_comment(feedback, "Не за что")
    question = cabinet.arrive_question()
    answer = cabinet.questions.create("QUESTION", question, "Да")
    cabinet.questions.create("ANSWER", answer.id, "Точно")
    for _ in range(20):  # one in four of those about returns is a dispute
        cabinet.arrive_message(context="RETURN")
    cabinet.arrive_message()
    cabinet.chats.open("ORDER", cabinet.orders.ids[500])
    for chat in list(cabinet.chats.rows):
        cabinet.chats.finish(chat.id)
    returned = cabinet.arrive_return(campaign_id=cabinet.business * 100 + 1)
    cabinet.arrive_return(redeemed=False)
    one = cabinet.returns.find(returned)
    assert one is not None
    decision = next(each for each in one.possible if each.bounds is None)
    reason = decision.reasons[0] if decision.reasons else None
    decisions = [Decision(item.id, decision.decision, reason, "ok") for item in one.items]
    cabinet.returns.submit(one, decisions)
    cabinet.returns.settle(returned)


async def test_notifications_have_the_published_shape(
    cabinet: Cabinet, seller: Seller, published: Path
) -> None:
    document = msgspec.json.decode(
        (published / "specs/yandex-market/notifications.json").read_bytes()
    )
    schemas = Schemas(document)
    references = document["components"]["schemas"]["SendNotificationRequest"]["discriminator"]
    async with Notifier(cabinet, seller.url) as notifier:
        happen(cabinet)
        assert await notifier.ping() == 200
        assert set(await notifier.deliver()) == {200}
    for one in seller.got:
        schema = {"$ref": references["mapping"][one["notificationType"]]}
        assert list(schemas.check(one, schema)) == []
    orders = {kind for kind in references["mapping"] if kind.startswith("ORDER_")}
    returns = {kind for kind in orders if "RETURN" in kind}
    assert set(seller.kinds()) == references["mapping"].keys() - orders | returns


async def test_each_change_is_notified_once_with_its_ids(cabinet: Cabinet, seller: Seller) -> None:
    async with Notifier(cabinet, seller.url, headers={"X-Forwarded-For": "5.45.207.1"}) as notifier:
        message = cabinet.arrive_message("Здравствуйте!")
        chat = next(c for c in cabinet.chats.rows if c.messages.find(message) is not None)
        cabinet.arrive_message("Вы тут?", chat_id=chat.id)
        assert len(await notifier.deliver()) == 3
        assert await notifier.deliver() == []
    assert seller.kinds() == ["CHAT_CREATED", "CHAT_MESSAGE_SENT", "CHAT_MESSAGE_SENT"]
    assert [one["chatId"] for one in seller.got] == [chat.id] * 3
    assert [one.get("messageId") for one in seller.got] == [None, str(message), str(message + 1)]
    assert {one["X-Forwarded-For"] for one in seller.headers} == {"5.45.207.1"}
    cabinet.arrive_message()
    assert not notifier.waiting


async def test_failed_notifications_are_resent_and_rejected_ones_are_not(
    cabinet: Cabinet, seller: Seller
) -> None:
    async with Notifier(cabinet, seller.url) as notifier:
        for _ in range(5):
            cabinet.arrive_question()
        seller.statuses = [200, 500, 400, 403, 200]
        assert await notifier.deliver() == [200, 500, 400, 403, 200]
        assert await notifier.deliver() == [200, 200]
        asked = [one["questionId"] for one in seller.got]
        assert asked[5:] == [asked[1], asked[3]]
        await seller.server.close()
        cabinet.arrive_question()
        assert await notifier.ping() == 0
        assert await notifier.deliver() == [0]
        assert len(notifier.waiting) == 1


async def test_duplicates_and_disorder_lose_no_notification(
    cabinet: Cabinet, seller: Seller
) -> None:
    async with Notifier(cabinet, seller.url, duplicates=0.5, disorder=True) as notifier:
        ids = [cabinet.arrive_question() for _ in range(40)]
        await notifier.deliver()
    got = [one["questionId"] for one in seller.got]
    counts = Counter(got)
    assert set(counts) == set(ids)
    assert set(counts.values()) == {1, 2}
    assert list(dict.fromkeys(got)) != ids
