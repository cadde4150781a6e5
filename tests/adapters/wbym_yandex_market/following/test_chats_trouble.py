"""The stream of chats with failures: nothing is lost or delivered twice."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.adapters.wbym_yandex_market.following.chat_shops import (
    Breaking,
    ChatShop,
    begin,
    lately,
    open_chat_shop,
    settle,
)
from wbym.calls import Request, TransportError
from wbym.errors import ConnectionFailed
from wbym_yandex_market.simulator.records import write_token


@pytest.fixture
async def shop() -> AsyncIterator[ChatShop]:
    async with open_chat_shop() as it:
        yield it


class TestTrouble:
    async def test_round_when_a_history_fails(
        self, shop: ChatShop, caplog: pytest.LogCaptureFixture
    ) -> None:
        await begin(shop)
        chats = [shop.chat_of(shop.write(text=f"Чат {number}")) for number in range(5)]
        shop.transport.before = Breaking(f"chatId={chats[2]}")
        with pytest.raises(ConnectionFailed):
            await shop.follower.round()
        assert sorted(map(str, shop.follower.texts[1:])) == ["Чат 0", "Чат 1", "Чат 3", "Чат 4"]
        assert f"chat/{chats[2]}" not in shop.follower.versions
        assert f"chats {chats[2]} could not be read" in caplog.text
        shop.transport.before = lambda request: None
        await shop.follower.round()
        assert shop.follower.texts[-1] == "Чат 2"

    async def test_round_when_all_histories_fail(
        self, shop: ChatShop, caplog: pytest.LogCaptureFixture
    ) -> None:
        await begin(shop)
        for number in range(3):
            shop.write(text=f"Чат {number}")

        def before(request: Request) -> None:
            if "/history" in request.url:
                raise TransportError(request.url, sent=False, timeout=False)

        shop.transport.before = before
        with pytest.raises(ConnectionFailed) as raised:
            await shop.follower.round()
        logged = [record.getMessage() for record in caplog.records]
        failed = [line for line in logged if "could not be read" in line]
        assert len(failed) == 3
        assert failed[0].endswith(str(raised.value)), "the first one is raised"

    async def test_round_when_a_history_breaks_off(self, shop: ChatShop) -> None:
        """A chat of which one page failed delivers nothing."""
        chat = await begin(shop)
        before = dict(shop.follower.versions)
        for number in range(150):
            shop.write(chat, str(number))
        shop.transport.before = Breaking("pageToken=" + _token(shop, chat, 99))
        with pytest.raises(ConnectionFailed):
            await shop.follower.round()
        assert shop.follower.versions == before
        assert shop.follower.texts == ["Первое"]

    async def test_begin_when_a_history_fails(self, shop: ChatShop) -> None:
        """The first round starts again, or the failed chat would count as new later."""
        shop.transport.before = Breaking(f"chatId={lately(shop)}")
        with pytest.raises(ConnectionFailed):
            await shop.follower.round()
        assert not shop.follower.state
        assert shop.follower.retained_since is None
        shop.transport.before = lambda request: None
        await shop.follower.round()
        assert shop.follower.state is not None
        assert not shop.follower.events

    async def test_forget_when_a_chat_was_not_read(self, shop: ChatShop) -> None:
        """The horizon never passes unread messages."""
        chat = await begin(shop)
        retained_since = shop.follower.retained_since
        shop.write(chat, "Давно")
        shop.transport.before = Breaking(f"chatId={chat}")
        for _ in range(5):
            shop.time.passed += 86400
            shop.write()
            with pytest.raises(ConnectionFailed):
                await shop.follower.round()
        assert shop.follower.retained_since == retained_since
        shop.transport.before = lambda request: None
        shop.time.passed += 600
        await shop.follower.round()
        assert "Давно" in shop.follower.texts
        assert shop.follower.retained_since is not None
        assert shop.time.now - shop.follower.retained_since < timedelta(days=2, minutes=11)

    async def test_list_when_a_chat_is_undecodable(self, shop: ChatShop) -> None:
        await begin(shop)
        retained_since = shop.follower.retained_since
        for _ in range(3):
            shop.time.passed += 86400
            shop.write()
            shop.market.faults.next("/chats", "bad_record")
            await shop.follower.round()
            assert shop.follower.retained_since == retained_since
        shop.time.passed += 600
        await shop.follower.round()
        assert shop.follower.retained_since != retained_since

    async def test_history_when_the_last_message_was_deleted(self, shop: ChatShop) -> None:
        chat = await begin(shop)
        shop.time.passed += 3 * 86400
        last = shop.write(chat, "Второе")
        await settle(shop)
        shop.market.state.chats.delete(chat, last)
        shop.write(chat, "Третье")
        await shop.follower.round()
        assert shop.follower.texts == ["Первое", "Второе", "Третье"]
        first = shop.follower.messages[0]
        assert shop.follower.shown[f"message/{first.ref.id}"] == 1, "it is older than a day"
        await settle(shop)
        shop.counted()
        await shop.follower.round()
        assert shop.counted() == {"chats": 1}

    async def test_history_when_it_resumes_elsewhere(self, shop: ChatShop) -> None:
        """Market may return nothing after an unknown message, without an error."""
        chat = await begin(shop)
        key = f"chat/{chat}"
        last = shop.follower.messages[-1].ref.id
        assert last in shop.follower.versions[key]
        shop.follower.versions[key] = shop.follower.versions[key].replace(last, "9" * 15)
        shop.write(chat, "Второе")
        await shop.follower.round()
        assert shop.follower.texts == ["Первое", "Второе"]

    async def test_history_when_reread_and_times_go_back(self, shop: ChatShop) -> None:
        chat = await begin(shop)
        last = shop.write(chat, "Второе")
        await settle(shop)
        shop.market.state.chats.delete(chat, last)
        shop.time.start -= 3600
        shop.write(chat, "Третье")
        await shop.follower.round(due=False, hints=[str(chat)])
        assert shop.follower.texts == ["Первое", "Второе", "Третье"]

    async def test_history_when_all_messages_were_deleted(self, shop: ChatShop) -> None:
        chat = await begin(shop)
        (only,) = shop.market.state.chats.get(chat).messages
        shop.market.state.chats.delete(chat, only.id)
        assert await shop.follower.round(due=False, hints=[str(chat)])
        shop.write(chat, "Второе")
        await settle(shop)
        assert shop.follower.texts == ["Первое", "Второе"]

    @pytest.mark.parametrize("fault", ["nulls", "unknown_values"])
    async def test_round_when_the_data_are_odd(self, shop: ChatShop, fault: str) -> None:
        setattr(shop.market.faults, fault, 1.0)
        chat = await begin(shop)
        shop.write(chat, "Второе")
        await settle(shop)
        assert len(shop.follower.messages) == 2


def _token(shop: ChatShop, chat: int, place: int) -> str:
    messages = list(shop.market.state.chats.get(chat).messages)
    return write_token(messages[place].key)
