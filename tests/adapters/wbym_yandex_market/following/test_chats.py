"""The stream of chats against the simulator, over real HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.adapters.wbym_yandex_market.following.chat_shops import (
    EPOCH,
    ChatShop,
    begin,
    lately,
    open_chat_shop,
    settle,
)
from tests.adapters.wbym_yandex_market.following.follower import Follower, Time, watched_shop
from wbym.domain import Author, Chat, Message
from wbym.limits import Window
from wbym_yandex_market.simulator import YandexMarketSimulator


@pytest.fixture
async def shop() -> AsyncIterator[ChatShop]:
    async with open_chat_shop() as it:
        yield it


class TestRounds:
    async def test_begin_when_chats_are_old(self, shop: ChatShop) -> None:
        follower = shop.follower
        rows = shop.market.state.chats.rows
        recent = lately(shop)
        await follower.round()
        assert not follower.events
        assert shop.counted() == {"chats": 1, "history": 1}
        assert {one.split("/")[0] for one in follower.versions} == {"chat", "message"}
        assert follower.retained_since == follower.since - timedelta(hours=1)
        assert {f"chat/{chat.id}" for chat in rows} <= follower.versions.keys()
        shop.time.passed += 5
        shop.write(recent, "Ещё вопрос")
        await follower.round()
        assert follower.texts == ["Ещё вопрос"]

    async def test_begin_when_followed_from_the_beginning(self, shop: ChatShop) -> None:
        shop.follower.since = EPOCH
        await shop.follower.round()
        for chat in shop.market.state.chats.rows:
            shown = [m.ref.id for m in shop.follower.messages if m.chat.id == str(chat.id)]
            assert shown == [str(message.id) for message in chat.messages]
            assert len(shown) == 12
        assert {type(one) for one in shop.follower.events} == {Chat, Message}
        assert shop.counted() == {"chats": 1, "history": 6}
        shop.time.passed += 600
        await shop.follower.round()
        # The newest chat is read again, since its second may not have ended at the first read.
        assert shop.counted() == {"chats": 1, "history": 1}

    async def test_round_without_changes(self, shop: ChatShop) -> None:
        await begin(shop)
        assert not await shop.follower.round()
        assert shop.counted() == {"chats": 1}

    async def test_round_when_old_chats_continue(self, shop: ChatShop) -> None:
        """A chat with only a position delivers messages after it."""
        old = min(shop.market.state.chats.rows, key=lambda chat: chat.updated)
        await shop.follower.round()
        assert f"chat/{old.id}" in shop.follower.versions
        shop.time.passed += 5
        shop.write(old.id, "Ещё вопрос")
        await shop.follower.round()
        assert shop.follower.texts == ["Ещё вопрос"]

    async def test_round_when_followed_since_a_later_time(self, shop: ChatShop) -> None:
        """The position counts, not the time when following began."""
        await begin(shop)
        shop.write(text="Второе")
        shop.time.passed += 86400
        shop.follower.since = shop.time.now
        await shop.follower.round()
        assert shop.follower.texts == ["Первое", "Второе"]

    async def test_batch_when_a_chat_is_new(self, shop: ChatShop) -> None:
        await begin(shop)
        first = shop.write(text="Раз")
        chat = shop.chat_of(first)
        shop.write(chat, "Два")
        (batch,) = await shop.follower.round()
        assert [type(s.record) for s in batch.observations] == [Chat, Message, Message]
        seen = batch.observations[0].record
        assert (seen.ref.id, seen.ref.account) == (str(chat), "shop")
        assert [s.chat for s in batch.observations] == [None, seen, seen]
        messages = [s.record for s in batch.observations[1:]]
        assert [m.text for m in messages if isinstance(m, Message)] == ["Раз", "Два"]
        assert batch.state is None

    async def test_round_when_a_history_has_pages(self, shop: ChatShop) -> None:
        chat = await begin(shop)
        for number in range(250):
            shop.write(chat, str(number))
        (batch,) = await shop.follower.round()
        assert len(batch.observations) == 251
        assert shop.follower.texts[1:] == [str(number) for number in range(250)]
        assert shop.counted() == {"chats": 1, "history": 3}

    async def test_round_when_two_messages_have_the_same_second(self, shop: ChatShop) -> None:
        chat = await begin(shop)
        shop.write(chat, "Раз")
        await shop.follower.round()
        shop.write(chat, "Два")
        await shop.follower.round()  # too early for any event
        assert shop.follower.texts == ["Первое", "Раз"]
        shop.time.passed += 1
        await shop.follower.round()
        assert shop.follower.texts == ["Первое", "Раз", "Два"]
        await settle(shop)
        assert shop.counted() == {"chats": 6, "history": 3}

    async def test_round_when_the_same_second_continues_after_a_hint(self, shop: ChatShop) -> None:
        """A chat that is reread within its second is still marked."""
        chat = await begin(shop)
        shop.write(chat, "Раз")
        await shop.follower.round()
        await shop.follower.round(due=False, hints=[str(chat)])
        shop.write(chat, "Два")
        await settle(shop)
        assert shop.follower.texts == ["Первое", "Раз", "Два"]

    async def test_round_when_restarted_within_the_second(self, shop: ChatShop) -> None:
        chat = await begin(shop)
        shop.write(chat, "Раз")
        await shop.follower.round()
        again = shop.follower.restarted()
        await again.round()
        shop.write(chat, "Два")
        await settle(shop._replace(follower=again))
        assert again.texts == ["Первое", "Раз", "Два"]

    async def test_round_when_the_chat_was_answered_at_once(self, shop: ChatShop) -> None:
        """The chat does not wait, so that only a full round finds it."""
        chat = await begin(shop)
        shop.write(chat, "Где заказ?")
        shop.reply(chat, "В пути")
        shop.time.passed += 60
        await shop.follower.round()
        assert shop.follower.texts == ["Первое"]
        shop.time.passed += 540
        await shop.follower.round()
        assert shop.follower.texts == ["Первое", "Где заказ?", "В пути"]
        assert [m.author for m in shop.follower.messages[1:]] == [Author.BUYER, Author.SELLER]

    async def test_chat_when_it_was_opened_without_messages(self, shop: ChatShop) -> None:
        await begin(shop)
        order = shop.market.state.orders.ids[500]
        chat = shop.market.state.chats.open("ORDER", order)
        await shop.follower.round()
        shop.write(chat.id, "В ту же секунду")
        shop.time.passed += 1
        await shop.follower.round()
        assert shop.follower.texts[1:] == ["В ту же секунду"]

    async def test_known_is_called_once_per_page(self, shop: ChatShop) -> None:
        for _ in range(30):
            shop.write()
        await shop.follower.round()
        assert [len(ids) for ids in shop.follower.asked] == [20, 16]

    async def test_histories_when_read_concurrently(self, shop: ChatShop) -> None:
        await begin(shop)
        shop.market.faults.latency = 0.05
        follower = Follower(shop.follower.shop, "chats", shop.time, EPOCH, at_once=2)
        shop.market.stats.clear()
        await follower.round()
        assert shop.market.stats.peak_in_flight == 2


class TestClocks:
    async def all_read(self, shop: ChatShop) -> bool:
        """Whether a round is full; then it stores when the next one is due."""
        return any(batch.state is not None for batch in await shop.follower.round())

    async def test_all_chats_after_ten_minutes(self, shop: ChatShop) -> None:
        assert await self.all_read(shop)
        shop.time.passed += 599
        assert not await self.all_read(shop)
        shop.time.passed += 1
        assert await self.all_read(shop)
        assert not await self.all_read(shop)

    @pytest.mark.parametrize("jump", [-86400, 86400])
    async def test_all_chats_when_the_clock_jumps(self, shop: ChatShop, jump: float) -> None:
        await begin(shop)
        shop.time.jumped = jump
        assert await self.all_read(shop)
        assert not await self.all_read(shop)
        shop.time.jumped = 0
        chat = shop.chat_of(shop.write(text="Второе"))
        shop.reply(chat, "Ответ")
        shop.time.passed += 600
        await shop.follower.round()
        assert shop.follower.texts == ["Первое", "Второе", "Ответ"]

    async def test_forget_when_a_chat_has_a_time_in_the_future(self, shop: ChatShop) -> None:
        await begin(shop)
        odd = shop.market.state.chats.get(shop.chat_of(shop.write()))
        odd.updated += 10 * 365 * 86400
        odd.changed()
        shop.time.passed += 10 * 86400
        await shop.follower.round()
        assert shop.follower.retained_since == shop.time.now - timedelta(days=2)

    async def test_every_when_quotas_differ(self) -> None:
        time = Time()
        async with YandexMarketSimulator(chats=90, limits=False, wall=time.market) as market:
            quotas = {"chats.list": Window(limit=60, period=3600)}
            account, _ = watched_shop(market, quotas)
            usual, _ = watched_shop(market)
            async with account, usual:
                assert Follower(usual, "chats", time, time.now).stream.every == 5
                follower = Follower(account, "chats", time, time.now)
                assert follower.stream.every == 120
                await follower.round()
                await follower.round()
                waiting = -(-market.state.chats.waiting // 20)
                assert waiting > 1
                assert follower.stream.every == 120 * waiting
                # Five pages of all chats may take a quarter of the budget: the interval is longer.
                time.passed += 600
                await follower.round()
                assert follower.state is not None
                assert b"1200.0]" in follower.state


class TestHints:
    async def test_hint_when_the_chat_was_answered_at_once(self, shop: ChatShop) -> None:
        chat = await begin(shop)
        shop.write(chat, "Где заказ?")
        shop.reply(chat, "В пути")
        await shop.follower.round(due=False, hints=[str(chat)])
        assert shop.follower.texts == ["Первое", "Где заказ?", "В пути"]
        assert shop.counted() == {"chats": 1, "chat": 1, "history": 1}
        assert not await shop.follower.round(due=False, hints=[str(chat)])

    async def test_hint_when_the_chat_waits(self, shop: ChatShop) -> None:
        """The chat is among the waiting ones, which one request lists."""
        chat = await begin(shop)
        shop.write(chat, "Где заказ?")
        await shop.follower.round(due=False, hints=[str(chat)])
        assert shop.follower.texts == ["Первое", "Где заказ?"]
        assert shop.counted() == {"chats": 1, "history": 1}

    async def test_hint_when_the_time_is_unchanged(self, shop: ChatShop) -> None:
        """The history is read even if the chat's time is unchanged."""
        chat = await begin(shop)
        updated = shop.market.state.chats.get(chat).updated
        shop.write(chat, "Второе")
        shop.market.state.chats.get(chat).updated = updated
        await shop.follower.round(due=False, hints=[str(chat)])
        assert shop.follower.texts == ["Первое", "Второе"]

    async def test_hint_when_the_chat_is_new(self, shop: ChatShop) -> None:
        await begin(shop)
        chat = shop.chat_of(shop.write(text="Новый чат"))
        await shop.follower.round(due=False, hints=[str(chat)])
        assert shop.follower.texts == ["Первое", "Новый чат"]

    @pytest.mark.parametrize("odd", ["999", "no-id", "0", "9" * 25])
    async def test_hint_when_the_chat_does_not_exist(
        self, shop: ChatShop, odd: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", "wbym.yandex_market")
        chat = await begin(shop)
        shop.write(chat, "Второе")
        await shop.follower.round(due=False, hints=[odd, str(chat)])
        assert shop.follower.texts == ["Первое", "Второе"]
        assert "hint" in caplog.text

    async def test_hint_without_an_id(self, shop: ChatShop) -> None:
        chat = await begin(shop)
        shop.write(chat, "Второе")
        shop.time.passed += 3600
        (batch,) = await shop.follower.round(due=False, hints=[""])
        assert batch.state is None, "only those that wait are listed"
        assert shop.follower.texts == ["Первое", "Второе"]
        assert shop.counted() == {"chats": 1, "history": 1}
        assert not await shop.follower.round(due=False)

    async def test_hint_when_a_round_is_due_too(self, shop: ChatShop) -> None:
        chat = await begin(shop)
        shop.write(chat, "Второе")
        shop.reply(chat, "Ответ")
        shop.write(text="Другой чат")
        await shop.follower.round(hints=[str(chat)])
        assert shop.follower.texts == ["Первое", "Другой чат", "Второе", "Ответ"]
        assert shop.counted() == {"chat": 1, "chats": 1, "history": 2}
