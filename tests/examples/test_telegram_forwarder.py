"""``examples/telegram_forwarder``, over a stub of Telegram's API."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiohttp import web

from examples.telegram_forwarder.forwarder import APPROVE, read, run
from wbym import Action, Inbox, Noun
from wbym.testing import Reply, eventually
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator

CHAT = -1001
ME = {"id": 1, "is_bot": True, "first_name": "Shop", "username": "shop_bot"}
ANNA = {"id": 2, "is_bot": False, "first_name": "Anna"}
JsonObject = Mapping[str, object]


class Telegram:
    """The methods of Telegram's API that the bot calls, and the acts of people in the chat."""

    def __init__(self) -> None:
        self.sent: list[JsonObject] = []
        """The bot's messages, in order."""
        self.url = ""
        self._updates: list[JsonObject] = []
        self._last_id = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._call)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}"
            yield
        finally:
            await runner.cleanup()

    def find(self, text: str) -> JsonObject:
        """The bot's message with a text."""
        return next(one for one in self.sent if text in str(one["text"]))

    def has(self, text: str) -> bool:
        return any(text in str(one["text"]) for one in self.sent)

    def press(self, message: JsonObject, *, chat: int = CHAT) -> None:
        """A person presses the button below a message."""
        there = {**message, "chat": {"id": chat, "type": "supergroup", "title": "Shop"}}
        query = {"from": ANNA, "chat_instance": "1", "data": APPROVE, "message": there}
        self._update(callback_query={"id": "1", **query})

    def answer(self, message: JsonObject, text: str) -> None:
        """A person replies to a message."""
        self._update(message=self._message(ANNA, text, reply_to_message=message))

    def _update(self, **fields: object) -> None:
        self._updates.append({"update_id": self._next_id(), **fields})

    def _message(self, author: JsonObject, text: object, **fields: object) -> JsonObject:
        chat = {"id": CHAT, "type": "supergroup", "title": "Shop"}
        base = {"message_id": self._next_id(), "date": 0, "chat": chat, "from": author}
        return {**base, "text": text, **fields}

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    async def _call(self, request: web.Request) -> web.Response:
        fields = await request.post()
        result: object = True
        match request.match_info["method"]:
            case "getMe":
                result = ME
            case "getUpdates":
                with suppress(TimeoutError):
                    await eventually(lambda: bool(self._updates), within=5)
                result, self._updates = self._updates, []
            case "sendMessage":
                message = self._message(ME, fields["text"])
                self.sent.append(message)
                result = message
        return web.json_response({"ok": True, "result": result})


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    telegram = Telegram()
    async with telegram.running():
        yield telegram


async def test_items_are_answered_from_the_chat(
    telegram: Telegram,
    wildberries_simulator: WildberriesSimulator,
    yandex_market_simulator: YandexMarketSimulator,
    tmp_path: Path,
) -> None:
    wb, ym = wildberries_simulator, yandex_market_simulator
    session = AiohttpSession(api=TelegramAPIServer.from_base(telegram.url))
    async with (
        Bot("1:token", session=session) as bot,
        Inbox(
            Wildberries(wb.token, name="wb", base_url=wb.url),
            YandexMarket(ym.token, name="ym", base_url=ym.url),
            state=tmp_path / "wbym.db",
        ) as inbox,
    ):
        running = asyncio.create_task(run(inbox, bot, CHAT))
        await eventually(lambda: wb.stats.requests > 0 and ym.stats.requests > 0)
        asked = wb.buyers.ask("Есть чехол?\nИли сумка?")
        given = ym.buyers.give_feedback("Отлично!")
        chat = wb.buyers.write("Где заказ?")
        texts = ("Есть чехол?", "Отлично!", "Где заказ?")
        await eventually(lambda: all(telegram.has(text) for text in texts))

        feedback = telegram.find("Отлично!")
        telegram.press(feedback, chat=CHAT - 1)  # of a stranger
        telegram.press(feedback)
        telegram.press(feedback)
        telegram.answer(telegram.find("Есть чехол?"), "Есть чёрный.")
        telegram.answer(telegram.find("Где заказ?"), "Завтра у вас.")
        await eventually(
            lambda: sum("Отправлено" in str(one["text"]) for one in telegram.sent) == 4
        )
        running.cancel()
        await asyncio.wait([running])
    assert ym.replies == [
        Reply(Action.ANSWER, Noun.FEEDBACK, given, read(str(feedback["text"]))[1])
    ]
    assert {*wb.replies} == {
        Reply(Action.ANSWER, Noun.QUESTION, asked, "Есть чёрный."),
        Reply(Action.SEND, Noun.CHAT, chat, "Завтра у вас."),
    }
