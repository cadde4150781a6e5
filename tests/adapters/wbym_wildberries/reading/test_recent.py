"""The number of chats that a reader keeps is bounded, and dropped chats can still be written to."""

import pytest
from msgspec.structs import replace

from tests.adapters.wbym_wildberries.reading.test_signatures import CHATS, arrive, asked, simulated
from tests.adapters.wbym_wildberries.shops import open_shop
from wbym_wildberries._reading.chats import ChatReader
from wbym_wildberries._reading.recent import RecentChats
from wbym_wildberries._reading.signatures import Signatures
from wbym_wildberries.api import chats as chats_api

KEPT = 5


class TestRecentChats:
    def test_least_recently_used_chat_is_dropped(self) -> None:
        kept: RecentChats[int] = RecentChats(2)
        kept.set("a", 1)
        kept.set("b", 2)
        assert kept.get("a") == 1
        kept.set("c", 3)
        assert [kept.get(chat) for chat in "abc"] == [1, None, 3]
        kept.set("a", 4)
        kept.set("d", 5)
        assert [kept.get(chat) for chat in "acd"] == [4, None, 5]
        assert len(kept) == 2

    def test_signatures_are_bounded(self) -> None:
        signatures = Signatures(KEPT)
        for number in range(100):
            signatures.add_chat(chats_api.Chat(chat_id=f"{number}", reply_sign="s"))
            signatures.set_began(f"b{number}", number)
            signatures.mark_searched(f"u{number}")
            signatures.forget(f"r{number}", "s")
        assert repr(signatures) == f"Signatures({KEPT} chats)"


class TestReader:
    async def test_newest_listed_chats_are_kept(self) -> None:
        async with simulated(chats=20) as simulator, open_shop(simulator) as shop:
            reader = ChatReader(shop.api, "shop", max_chats=KEPT)
            listed = (await reader.listed()).items
            assert len(listed) > 2 * KEPT
            times = {item.chat.ref.id: item.chat.updated_at for item in listed}
            newest = sorted(times, key=lambda chat_id: str(times[chat_id]))[-KEPT:]
            known = [chat_id for chat_id in times if reader.signatures.get(chat_id) is not None]
            assert sorted(known) == sorted(newest)

    async def test_signature_of_each_chat_is_found_although_few_are_kept(self) -> None:
        async with simulated(chats=20) as simulator, open_shop(simulator) as shop:
            reader = ChatReader(shop.api, "shop", max_chats=KEPT)
            listed = (await reader.listed()).items
            for item in listed:
                assert await reader.find_signature(item.chat) == item.wire.reply_sign
            assert asked(simulator, CHATS) <= 1 + len(listed)

    @pytest.mark.parametrize("is_begin_known", [True, False])
    async def test_unlisted_chat_is_found_in_the_feed_although_few_are_kept(
        self, is_begin_known: bool
    ) -> None:
        kept = 60  # more than the chats of a page of events
        async with simulated(chats=0) as simulator, open_shop(simulator) as shop:
            # Because of an automatic message, the whole feed is read for the chats that wait.
            simulator.state.chats.arrive("Спасибо за заказ", sender="wb")
            for _ in range(2 * kept):
                simulator.state.chats.arrive("Здравствуйте")
            unlisted = arrive(simulator)
            for _ in range(kept // 2):
                simulator.state.chats.arrive("Здравствуйте")
            reader = ChatReader(shop.api, "shop", max_chats=kept)
            chats = await reader.chats(waiting=True).all()
            (chat,) = (one for one in chats if one.ref.id == unlisted)
            assert chat.writable is not False
            created_at = chat.created_at if is_begin_known else None
            known = replace(chat, created_at=created_at)
            assert await reader.find_signature(known)
