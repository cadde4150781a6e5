"""A shop whose chats are followed, for tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from tests.adapters.wbym_yandex_market.following.follower import (
    Follower,
    Time,
    Watched,
    watched_shop,
)
from wbym.calls import Request, TransportError
from wbym_yandex_market.simulator import YandexMarketSimulator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ChatShop(NamedTuple):
    market: YandexMarketSimulator
    transport: Watched
    time: Time
    follower: Follower

    def counted(self) -> dict[str, int]:
        """Requests since the last call, by the last part of their path."""
        found = dict(self.transport.asked)
        self.transport.asked.clear()
        return found

    @property
    def chats(self) -> list[int]:
        """Oldest first; Market lists the newest first."""
        return [chat.id for chat in self.market.state.chats.rows]

    def write(self, chat: int | None = None, text: str = "Здравствуйте!") -> int:
        return self.market.state.arrive_message(text, chat_id=chat)

    def reply(self, chat: int, text: str) -> None:
        chats = self.market.state.chats
        chats.send(chats.get(chat), text, None)

    def chat_of(self, message: int) -> int:
        return next(c.id for c in self.market.state.chats.rows if c.messages.find(message))


@asynccontextmanager
async def open_chat_shop(*, chats: int = 6, messages: int = 12) -> AsyncIterator[ChatShop]:
    """A shop with chats without recent messages."""
    time = Time()
    async with YandexMarketSimulator(
        chats=chats, messages_per_chat=messages, limits=False, wall=time.market
    ) as market:
        account, transport = watched_shop(market)
        async with account:
            yield ChatShop(market, transport, time, Follower(account, "chats", time, time.now))


async def begin(shop: ChatShop) -> int:
    """A chat that was read, after the follower's first round."""
    await shop.follower.round()
    chat = shop.chat_of(shop.write(text="Первое"))
    await settle(shop)
    shop.counted()
    return chat


def lately(shop: ChatShop) -> int:
    """A chat with a message half an hour before the follower starts."""
    chat = shop.market.state.chats.rows.last()
    assert chat is not None
    shop.write(chat.id, "До того")
    shop.time.passed += 1800
    shop.follower.since = shop.time.now
    return chat.id


async def settle(shop: ChatShop) -> None:
    for _ in range(3):
        shop.time.passed += 5
        await shop.follower.round()


class Breaking:
    """Drop the requests whose address contains a text."""

    def __init__(self, part: str) -> None:
        self.part = part

    def __call__(self, request: Request) -> None:
        if f"{self.part}&" in f"{request.url}&":
            raise TransportError(f"lost {self.part}", sent=False, timeout=False)
