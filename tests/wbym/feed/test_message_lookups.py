"""Lookups of lost messages where one list has the messages of all chats."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import ClassVar, NoReturn

import anyio
import msgspec
import pytest

from tests.wbym.feed.kept import step
from tests.wbym.feed.shop import Shop, Trouble
from tests.wbym.feed.test_events import Kept
from tests.wbym.feed.test_outbox import TIMEOUT, open_inbox, state_of
from wbym.account import Account, Capabilities, Capability, Hint, Support, Supported
from wbym.domain import Action, Author, Delivery, DeliveryState, Message, Noun
from wbym.errors import StateError, WbymError
from wbym.feed import MemoryStore, Store
from wbym.feed._message_lookups import MessageLookups
from wbym.feed._resolution import NOT_FOUND, Resolution, confirmed
from wbym.paging import Listing, Page, Reading

pytestmark = pytest.mark.looptime

LOST = 200


class OneList(Shop):
    """A shop with one list of the messages of all chats; a page takes a second."""

    def __init__(self) -> None:
        super().__init__(every=5)
        self.readings = 0
        self.pages_read = 0
        self.failures: list[WbymError] = []
        self.arriving: timedelta | None = None
        """How far each new page moves the time of a new message, if messages keep arriving."""

    def _all_messages(self, since: datetime) -> Listing[Message]:
        async def read(reading: Reading) -> AsyncGenerator[Page[Message], None]:
            self.readings += 1
            place = 0
            while True:
                await asyncio.sleep(1)
                if self.failures:
                    raise self.failures.pop()
                self.pages_read += 1
                if self.arriving is not None:
                    at = datetime.now(UTC) + self.pages_read * self.arriving
                    self.arrive("...", "new", at=at)
                kept = [message for message in self.log if message.sent_at >= since]
                found = kept[place : place + self.page]
                place += len(found)
                yield Page(found, "", str(place) if found else None, None)
                if not found:
                    return

        return Listing(read)

    def sending(self, key: str) -> Delivery:
        """A message to the chat of this number, whose answer was lost."""
        at = datetime.now(UTC)
        return Delivery(
            self.ref(Noun.CHAT, key),
            Action.SEND,
            "Да",
            DeliveryState.SENDING,
            at,
            at,
            at,
            idempotency_key=key,
            note="lost",
        )


class TestOutbox:
    @pytest.mark.parametrize("follow", [True, False], ids=["followed", "not followed"])
    @pytest.mark.parametrize("trouble", ["lost before", "lost after"])
    async def test_many_lost_messages_share_the_readings_of_the_list(
        self, follow: bool, trouble: Trouble
    ) -> None:
        shop = OneList()
        async with open_inbox(shop, Kept(), follow=follow) as (inbox, _):
            shop.trouble.extend([trouble] * LOST)
            for number in range(LOST):
                chat = shop.chat(str(number))
                await inbox.send(chat, "Да", idempotency_key=f"k{number}")
            await asyncio.sleep(TIMEOUT + 100)
            assert len(shop.sent) == LOST
            states = [await state_of(inbox, f"k{number}") for number in range(LOST)]
            assert set(states) == {DeliveryState.CONFIRMED}
        # Those sent again are accepted, and looked up, in a few groups.
        times = 1 if follow else 3
        assert shop.readings <= times + (10 if trouble == "lost before" and not follow else 0)

    async def test_message_shown_late_is_not_sent_again(self) -> None:
        # It is shown at a time that the feed has passed: only a reading of the list finds it.
        shop = OneList()
        shop.trouble.append("lost after")
        shop.hidden = True
        shop.arrive("Здравствуйте")
        async with open_inbox(shop, Kept()) as (inbox, _):
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            sent = datetime.now(UTC)
            await asyncio.sleep(TIMEOUT - 100)
            shop.log.insert(0, message(shop, "late", sent))
            await asyncio.sleep(1000)
            assert await state_of(inbox, "k") is DeliveryState.UNKNOWN
        assert shop.sent == [("1", "Да")]


def message(shop: Shop, number: str, at: datetime) -> Message:
    return Message(
        ref=shop.ref(Noun.MESSAGE, number),
        chat=shop.ref(Noun.CHAT, "1"),
        author=Author.SELLER,
        sent_at=at,
        text="Да",
    )


async def never_followed(account: str, stream: str, id_: str) -> bool:
    return False


def lookups_in(store: Store) -> MessageLookups:
    """Lookups of a process that follows no account."""
    return MessageLookups(
        store, poll_now=never_followed, limiter=lambda _: anyio.CapacityLimiter(1)
    )


class Notified(OneList):
    """A shop whose chats are read when something says that they have changed."""

    CAPABILITIES: ClassVar[Capabilities] = {
        **OneList.CAPABILITIES,
        Capability.NOTIFICATIONS: Supported(Support.NATIVE),
    }

    def _receiver(self, *_: object, **__: object) -> NoReturn:
        raise NotImplementedError


class TestHints:
    """The process that follows the account reads the chat, too, if another one has replied."""

    @pytest.mark.parametrize("is_followed", [True, False], ids=["followed", "never followed"])
    async def test_reader_is_told(self, *, is_followed: bool) -> None:
        shop, lost = Notified(), Notified().sending("1")
        async with MemoryStore() as store, store.reading("shop", wait=False):
            if is_followed:
                await store.write(step())
            lookups = lookups_in(store)
            await lookups.find(shop, lost, lost.target, is_last=False)
            told = [hint for _, hint in await store.hints(["shop"])]
        assert told == ([Hint("shop", "chats", "1")] if is_followed else [])

    async def test_chat_is_read_although_the_reader_cannot_be_told(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Full(MemoryStore):
            async def hint(self, hints: object) -> None:
                raise StateError("postgresql://db", "the disk is full", retryable=True)

        shop, lost = Notified(), Notified().sending("1")
        async with Full() as store, store.reading("shop", wait=False):
            await store.write(step())
            found = await lookups_in(store).find(shop, lost, lost.target, is_last=False)
        assert found is NOT_FOUND
        assert "may be read late: postgresql://db: the disk is full" in caplog.text

    async def test_reader_of_a_complete_list_is_not_told(self) -> None:
        shop, lost = OneList(), OneList().sending("1")
        async with MemoryStore() as store, store.reading("shop", wait=False):
            await store.write(step())
            lookups = lookups_in(store)
            await lookups.find(shop, lost, lost.target, is_last=False)
            assert not await store.hints(["shop"])


class TestSharing:
    @pytest.fixture
    def shop(self) -> OneList:
        return OneList()

    @pytest.fixture
    def lookups(self) -> MessageLookups:
        limiter = anyio.CapacityLimiter(8)

        def limiter_of(_: Account) -> anyio.CapacityLimiter:
            return limiter

        return MessageLookups(MemoryStore(), poll_now=never_followed, limiter=limiter_of)

    async def test_lookups_during_a_reading_share_the_next(
        self, shop: OneList, lookups: MessageLookups
    ) -> None:
        for number in range(30):
            shop.arrive("...", str(number))
        first = find(lookups, shop, "1")
        await asyncio.sleep(1.5)
        others = [find(lookups, shop, str(number)) for number in range(2, 20)]
        found = await asyncio.gather(first, *others)
        assert set(found) == {NOT_FOUND}
        assert shop.readings == 2

    async def test_message_shown_during_a_reading_is_found_by_the_next(
        self, shop: OneList, lookups: MessageLookups
    ) -> None:
        for number in range(30):
            shop.arrive("...", str(number))
        store = MemoryStore()
        delivery = shop.sending("1")
        await store.enter(delivery, b"")
        lookups = lookups_in(store)
        first = find(lookups, shop, "2")
        await asyncio.sleep(2.5)
        # Two pages are read; it is shown on the first.
        shop.log.insert(0, message(shop, "ours", datetime.now(UTC)))
        second = asyncio.create_task(lookups.find(shop, delivery, delivery.target, is_last=True))
        assert (await first).state is None
        assert await second == confirmed("ours")

    @pytest.mark.parametrize("is_confirmed", [True, False], ids=["confirmed", "open"])
    async def test_message_that_is_sent_during_a_reading_makes_no_doubt(
        self, shop: OneList, *, is_confirmed: bool
    ) -> None:
        # Another process replies in the same chat.
        store = MemoryStore()
        lookups = lookups_in(store)
        lost = shop.sending("1")
        await store.enter(lost, b"")
        finding = asyncio.create_task(lookups.find(shop, lost, lost.target, is_last=True))
        await asyncio.sleep(0.5)
        number = shop.arrive("Нет", author=Author.SELLER)
        other = msgspec.structs.replace(
            lost, text="Нет", idempotency_key="other", note=None, updated_at=datetime.now(UTC)
        )
        if is_confirmed:
            other = msgspec.structs.replace(other, state=DeliveryState.CONFIRMED, id=number)
        await store.enter(other, b"")
        assert await finding == NOT_FOUND

    async def test_message_with_the_same_text_that_is_sent_during_a_reading_makes_a_doubt(
        self, shop: OneList
    ) -> None:
        # It may be the lost message as well, shown late.
        store = MemoryStore()
        lookups = lookups_in(store)
        lost = shop.sending("1")
        finding = asyncio.create_task(lookups.find(shop, lost, lost.target, is_last=True))
        await asyncio.sleep(0.5)
        shop.arrive("Да", author=Author.SELLER)
        await store.enter(msgspec.structs.replace(lost, idempotency_key="other", note=None), b"")
        assert (await finding).state is DeliveryState.UNKNOWN

    async def test_message_of_a_person_during_a_reading_makes_a_doubt(
        self, shop: OneList, lookups: MessageLookups
    ) -> None:
        finding = find(lookups, shop, "1")
        await asyncio.sleep(0.5)
        shop.arrive("Нет", author=Author.SELLER)
        assert (await finding).state is DeliveryState.UNKNOWN

    async def test_reading_ends_while_messages_keep_arriving(
        self, shop: OneList, lookups: MessageLookups
    ) -> None:
        shop.arriving = timedelta(minutes=1)
        assert await find(lookups, shop, "1") == NOT_FOUND
        # Until about 5 minutes after the answer was lost.
        assert shop.pages_read <= 6

    async def test_error_of_a_reading_is_raised_in_all_its_lookups(
        self, shop: OneList, lookups: MessageLookups
    ) -> None:
        first = find(lookups, shop, "1")
        await asyncio.sleep(0.5)
        others = [find(lookups, shop, str(number)) for number in range(2, 5)]
        await first
        shop.failures.append(WbymError("down"))
        found = await asyncio.gather(*others, return_exceptions=True)
        assert [type(one) for one in found] == [WbymError] * 3
        assert await find(lookups, shop, "1") == NOT_FOUND
        assert shop.readings == 3

    async def test_cancelled_reading_is_repeated_for_the_others(
        self, shop: OneList, lookups: MessageLookups
    ) -> None:
        first = find(lookups, shop, "1")
        await asyncio.sleep(0.5)
        second, third, fourth = (find(lookups, shop, number) for number in "234")
        await first
        await asyncio.sleep(0.5)
        third.cancel()  # it waits for the reading
        second.cancel()  # it reads for all
        assert await fourth == NOT_FOUND
        assert shop.readings == 3
        assert await find(lookups, shop, "5") == NOT_FOUND
        assert shop.readings == 4


def find(lookups: MessageLookups, shop: OneList, key: str) -> "asyncio.Task[Resolution]":
    delivery = shop.sending(key)
    return asyncio.create_task(lookups.find(shop, delivery, delivery.target, is_last=True))
