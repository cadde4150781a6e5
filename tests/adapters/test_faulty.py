"""Gateways, odd headers and bad bytes over real HTTP: no reply and no event is lost."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.adapters.wbym_wildberries.shops import open_shop as open_wildberries
from tests.adapters.wbym_yandex_market.shops import open_shop as open_yandex_market
from wbym.account import Account
from wbym.domain import Chat, Delivery, DeliveryState, Feedback, Message, Question
from wbym.feed import EventKind
from wbym.inbox import Inbox
from wbym.testing import FaultKind, Faults, SimulatorServer
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_yandex_market.simulator import YandexMarketSimulator

STATUSES = Faults().gateway_statuses
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATHS = {
    "wildberries": ("/seller/message", "/feedbacks/answer"),
    "yandex_market": ("/chats/message", "/comments/update"),
}
OPEN = (DeliveryState.PENDING, DeliveryState.SENDING)


class Shop:
    """A seller at a simulator, and an inbox with its state in a file.

    Args:
        simulator: The marketplace.
        account: The seller's account.
        state: The file.
    """

    def __init__(self, simulator: SimulatorServer, account: Account, state: Path) -> None:
        self.simulator = simulator
        self.account = account
        self.send_path, self.answer_path = PATHS[account.marketplace]
        self._state = state

    @asynccontextmanager
    async def inbox(self) -> AsyncIterator[Inbox]:
        async with (
            asyncio.timeout(60),
            Inbox(self.account, state=self._state, confirmation_timeout=0.1) as inbox,
        ):
            yield inbox

    async def chat(self) -> Chat:
        """A chat in which a buyer has written."""
        self.simulator.buyers.write("Где заказ?")
        return (await self.account.chats().all())[0]

    @property
    def received(self) -> Counter[str]:
        """How often buyers got each text."""
        return Counter(message.text for message in self.simulator.sent())


@pytest.fixture(params=PATHS)
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    state = tmp_path / "state.db"
    if request.param == "wildberries":
        async with WildberriesSimulator(
            feedbacks=0, questions=0, chats=0, claims=0, limits=False
        ) as wb:
            yield Shop(wb, open_wildberries(wb), state)
    else:
        async with YandexMarketSimulator(
            feedbacks=0, questions=0, chats=0, returns=0, limits=False
        ) as ym:
            yield Shop(ym, open_yandex_market(ym, business_id=1001), state)


async def settled(inbox: Inbox, deliveries: int) -> list[Delivery]:
    """The deliveries when that many are not open any more."""
    while True:
        found = await inbox.outbox.deliveries()
        if sum(one.state not in OPEN for one in found) == deliveries:
            return found
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(("kind", "attempts"), [("gateway_before", 2), ("gateway_after", 1)])
class TestGateway:
    async def test_message(self, shop: Shop, kind: FaultKind, attempts: int) -> None:
        async with shop.inbox() as inbox:
            chat = await shop.chat()
            for number, status in enumerate(STATUSES, 1):
                shop.simulator.faults.gateway_statuses = (status,)
                shop.simulator.faults.next(shop.send_path, kind)
                first = await inbox.send(chat, f"Ответ {status}", idempotency_key=f"k{status}")
                assert first.state in OPEN
                assert str(status) in (first.note or "")
                await settled(inbox, number)
            found = await inbox.outbox.deliveries()
        assert shop.received == Counter(f"Ответ {status}" for status in STATUSES)
        assert all(one.accepted for one in found)
        assert {one.attempts for one in found} == {attempts}

    async def test_answer(self, shop: Shop, kind: FaultKind, attempts: int) -> None:
        for status in STATUSES:
            shop.simulator.buyers.give_feedback(f"Отзыв {status}")
        async with shop.inbox() as inbox:
            items = await shop.account.feedbacks(answered=False).all()
            before = shop.simulator.stats.effects.copy()
            for number, (status, item) in enumerate(zip(STATUSES, items, strict=True), 1):
                shop.simulator.faults.gateway_statuses = (status,)
                shop.simulator.faults.next(shop.answer_path, kind)
                first = await inbox.answer(item, "Спасибо!", idempotency_key=f"k{status}")
                assert first.state in OPEN
                await settled(inbox, number)
            found = await inbox.outbox.deliveries()
        made = shop.simulator.stats.effects - before
        assert made.total() == len(STATUSES)
        assert all(one.accepted for one in found)
        assert {one.attempts for one in found} == {attempts}


async def test_gateway_that_lasts_is_told(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.simulator.faults.gateway_statuses = (499,)
    async with shop.inbox() as inbox:
        chat = await shop.chat()
        shop.simulator.faults.next(shop.send_path, "gateway_before", times=10_000)
        await inbox.send(chat, "Ответ", idempotency_key="k1")

        def told() -> list[str]:
            return [
                record.getMessage()
                for record in caplog.records
                if record.levelno == logging.WARNING and "'k1' is pending" in record.getMessage()
            ]

        while True:
            pending = await inbox.outbox.deliveries(DeliveryState.PENDING)
            if pending and len(told()) > 1:
                break
            await asyncio.sleep(0.001)
        assert all(shop.account.name in text and "499" in text for text in told())
        assert [one.idempotency_key for one in pending] == ["k1"]
        assert "499" in (pending[0].note or "")
        assert shop.received.total() == 0
        shop.simulator.faults.script.clear()
        (delivery,) = await settled(inbox, 1)
    assert delivery.accepted
    assert shop.received == {"Ответ": 1}


async def test_odd_headers_on_an_accepted_reply(shop: Shop) -> None:
    shop.simulator.faults.odd_headers = 1.0
    async with shop.inbox() as inbox:
        chat = await shop.chat()
        for number in range(20):
            sent = await inbox.send(chat, f"Ответ {number}", idempotency_key=f"k{number}")
            assert (sent.accepted, sent.attempts) == (True, 1)
        shop.simulator.buyers.give_feedback("Отзыв")
        (item,) = await shop.account.feedbacks(answered=False).all()
        assert (await inbox.answer(item, "Спасибо!", idempotency_key="k")).accepted
    assert shop.received == Counter(f"Ответ {number}" for number in range(20))


def write(shop: Shop, text: str) -> str:
    return shop.simulator.buyers.write(text)


def give(shop: Shop, text: str) -> str:
    return shop.simulator.buyers.give_feedback(text)


def ask(shop: Shop, text: str) -> str:
    return shop.simulator.buyers.ask(text)


@pytest.mark.parametrize(
    ("act", "kind"),
    [(write, EventKind.MESSAGE), (give, EventKind.FEEDBACK), (ask, EventKind.QUESTION)],
)
@pytest.mark.parametrize("seed", range(4))
async def test_bad_bytes_cost_no_neighbour(
    shop: Shop, act: Callable[[Shop, str], str], kind: EventKind, seed: int
) -> None:
    for number in range(8):
        act(shop, f"Текст {number}")
    shop.simulator.faults.random.seed(seed)
    shop.simulator.faults.bad_bytes = 1.0
    seen: list[str] = []
    undecodable = 0
    async with shop.inbox() as inbox:
        async for event in inbox.events(since=EPOCH):
            undecodable += event.kind is EventKind.UNDECODABLE
            if event.kind is kind:
                assert isinstance(event.record, Message | Feedback | Question)
                seen.append((event.record.text or "").replace("\N{REPLACEMENT CHARACTER}", ""))
            if len(seen) + undecodable == 8:
                break
    assert undecodable <= 1
    assert len(set(seen)) == len(seen)
    assert set(seen) <= {f"Текст {number}" for number in range(8)}
    assert shop.simulator.stats.faults["bad_bytes"]
