"""Tests of the bot."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bot import REPLY, is_about_delivery, run

from wbym import Account, Action, Author, Chat, Inbox, Message, Noun, Ref
from wbym.testing import FakeAccount, Reply, eventually
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator


@asynccontextmanager
async def running(*accounts: Account, state: Path) -> AsyncGenerator[Inbox, None]:
    """Run the bot over accounts, until the block ends."""
    async with Inbox(*accounts, state=state) as inbox:
        task = asyncio.create_task(run(inbox))
        try:
            await eventually(
                lambda: bool(inbox.streams) and all(one.read_at for one in inbox.streams)
            )
            yield inbox
        finally:
            task.cancel()


@pytest.mark.parametrize(
    ("text", "expected"), [("Когда придёт заказ?", True), ("Спасибо!", False), (None, False)]
)
def test_is_about_delivery(text: str | None, expected: bool) -> None:
    """A plain test of a plain function, with a record of its own."""
    message = Message(
        ref=Ref("fake", "shop", Noun.MESSAGE, "1"),
        chat=Ref("fake", "shop", Noun.CHAT, "1"),
        author=Author.BUYER,
        sent_at=datetime.now(UTC),
        text=text,
    )
    assert is_about_delivery(message) is expected


async def test_account_in_memory() -> None:
    """Without HTTP: the account takes any record, and keeps what was sent."""
    chat = Chat(ref=Ref("fake", "fake", Noun.CHAT, "1"))
    shop = FakeAccount(chats=[chat])
    await shop.send(chat, REPLY)
    assert [delivery.text for delivery in shop.sent] == [REPLY]


async def test_both_marketplaces(
    wildberries_simulator: WildberriesSimulator,
    yandex_market_simulator: YandexMarketSimulator,
    tmp_path: Path,
) -> None:
    """Buyers write while the bot runs; only the question that it knows is answered."""
    wb, ym = wildberries_simulator, yandex_market_simulator
    accounts = (
        Wildberries(wb.token, name="wb", base_url=wb.url),
        YandexMarket(ym.token, name="ym", base_url=ym.url),
    )
    async with running(*accounts, state=tmp_path / "wbym.db"):
        asked = [simulator.buyers.write("Когда придёт заказ?") for simulator in (wb, ym)]
        for simulator in (wb, ym):
            simulator.buyers.write("Спасибо, всё подошло!")
        await eventually(lambda: bool(wb.replies and ym.replies))
    assert wb.replies == [Reply(Action.SEND, Noun.CHAT, asked[0], REPLY)]
    assert ym.replies == [Reply(Action.SEND, Noun.CHAT, asked[1], REPLY)]


async def test_lost_connection(wildberries_simulator: WildberriesSimulator, tmp_path: Path) -> None:
    """The message arrives, but the answer to the bot is lost: it is not sent again."""
    simulator = wildberries_simulator
    shop = Wildberries(simulator.token, name="wb", base_url=simulator.url)
    async with running(shop, state=tmp_path / "wbym.db") as inbox:
        simulator.faults.next("/message", "drop_after")
        chat = simulator.buyers.write("Когда придёт заказ?")

        async def confirmed() -> bool:
            return any(one.confirmed for one in await inbox.outbox.deliveries())

        await eventually(confirmed)
    assert [(reply.id, reply.text) for reply in simulator.replies] == [(chat, REPLY)]
