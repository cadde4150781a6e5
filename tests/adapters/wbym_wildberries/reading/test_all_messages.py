"""The list of the messages of all chats, which lookups of lost messages share."""

from datetime import UTC, datetime

from tests.adapters.wbym_wildberries.reading.test_signatures import EVENTS, asked, simulated
from tests.adapters.wbym_wildberries.shops import open_shop
from wbym.domain import Message

BEGIN = datetime(2000, 1, 1, tzinfo=UTC)


async def test_messages_of_all_chats_are_those_of_each() -> None:
    async with simulated() as simulator, open_shop(simulator) as shop:
        listing = shop._all_messages(BEGIN)
        assert asked(simulator, EVENTS) == 0
        found = await listing.all()
        single: list[Message] = []
        for chat in {message.chat for message in found}:
            single += await shop.messages(chat).all()
        assert {message.ref for message in found} == {message.ref for message in single}
        assert len(found) == len(single) == len(simulator.state.chats._events)


async def test_messages_of_all_chats_since_a_time() -> None:
    async with simulated() as simulator, open_shop(simulator) as shop:
        every = await shop._all_messages(BEGIN).all()
        since = every[len(every) // 2].sent_at
        found = await shop._all_messages(since).all()
        expected = {message.ref for message in every if message.sent_at >= since}
        assert {message.ref for message in found} == expected


async def test_undecodable_messages_are_reported() -> None:
    async with simulated() as simulator, open_shop(simulator) as shop:
        simulator.faults.next("/events", "bad_record")
        pages = [page async for page in shop._all_messages(BEGIN).pages()]
        (bad,) = [one for page in pages for one in page.undecodable]
        assert b"chatID" in bad.data


async def test_listing_ends_while_messages_keep_arriving() -> None:
    async with simulated() as simulator, open_shop(simulator) as shop:
        chat = (await shop.chats().all())[0]
        simulator.faults.clock_skew = 400  # seconds: what arrives now is newer than the skew allows
        read = 0
        async for _ in shop.messages(chat).pages():
            simulator.buyers.write("Где заказ?")
            read += 1
            assert read < 10
