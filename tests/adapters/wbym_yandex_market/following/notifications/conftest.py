"""A receiver in another application, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Protocol, TypeAlias

import aiohttp
import msgspec
import pytest
from aiohttp import web

from tests.adapters.wbym_yandex_market.shops import KEY
from wbym.account import Hint, TrustedProxy
from wbym_yandex_market import YandexMarket

BUSINESS = 1001
CAMPAIGN = 100101
OURS = ("127.0.0.1",)
"""The address of the tests' own requests."""

Mishap: TypeAlias = Callable[[], Awaitable[None]]


class Reply(msgspec.Struct):
    status: int
    content_type: str
    body: bytes

    @property
    def error(self) -> tuple[str, str]:
        """The type and message of an error response."""
        shape = dict[str, dict[str, str]]
        assert self.content_type == "application/json"
        decoded = msgspec.json.decode(self.body, type=shape)
        assert set(decoded) == {"error"}
        assert set(decoded["error"]) == {"type", "message"}
        return decoded["error"]["type"], decoded["error"]["message"]


class Receiving:
    """A running receiver, and its stored hints."""

    runner: web.AppRunner

    def __init__(self) -> None:
        self.url = ""
        self.port = 0
        self.hints: list[Hint] = []
        self.mishap: Mishap | None = None
        """A replacement for storing."""

    async def store(self, hints: Sequence[Hint]) -> None:
        if self.mishap is not None:
            await self.mishap()
        self.hints += hints

    async def post(
        self,
        body: object,
        path: str = "/shop/notification",
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    ) -> Reply:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url + path, data=data, headers=headers) as answer,
        ):
            return Reply(answer.status, answer.content_type, await answer.read())


class Receive(Protocol):
    async def __call__(
        self,
        account: YandexMarket | None = None,
        *,
        proxy: TrustedProxy | None = None,
        networks: Sequence[str] = OURS,
        rate: float = 100,
        within: web.Application | None = None,
    ) -> Receiving: ...


@pytest.fixture
async def receive() -> AsyncIterator[Receive]:
    """Starts receivers; by default of an account whose shops are given.

    It opens the accounts, and closes them after the receivers.
    """
    async with AsyncExitStack() as stack:

        async def start(
            account: YandexMarket | None = None,
            *,
            proxy: TrustedProxy | None = None,
            networks: Sequence[str] = OURS,
            rate: float = 100,
            within: web.Application | None = None,
        ) -> Receiving:
            if account is None:
                account = YandexMarket(
                    KEY, name="shop", business_id=BUSINESS, campaign_ids=[CAMPAIGN]
                )
            await stack.enter_async_context(account)
            app = within or web.Application()
            made = Receiving()
            taker = account.receiver(made.store, proxy=proxy, networks=networks, rate=rate)
            app.add_subapp("/shop", taker)
            # As in production: aiohttp's own test server cancels handlers whose client is gone.
            made.runner = web.AppRunner(app, access_log=None)
            stack.push_async_callback(made.runner.cleanup)
            await made.runner.setup()
            await web.TCPSite(made.runner, "127.0.0.1", 0).start()
            made.port = made.runner.addresses[0][1]
            made.url = f"http://127.0.0.1:{made.port}"
            return made

        yield start


def chat_created(chat_id: int = 5, business_id: int = BUSINESS) -> dict[str, object]:
    return {"notificationType": "CHAT_CREATED", "chatId": chat_id, "businessId": business_id}


PING = {"notificationType": "PING", "time": "2025-01-16T10:09:49.759084017Z"}
CHAT_5 = Hint("shop", "chats", "5")


async def forever() -> None:
    await asyncio.Event().wait()
