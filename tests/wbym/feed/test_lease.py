"""Feed and outbox on a store that counts as alive for a limited time."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager

import pytest

from tests.wbym.feed.shop import Shop
from tests.wbym.feed.test_events import LONG_AGO, Kept, idle, take, texts
from wbym.domain import DeliveryState
from wbym.errors import FeedBusy, LeaseLost, StateError
from wbym.feed._store import Step
from wbym.inbox import Inbox

pytestmark = pytest.mark.looptime


class Leased(Kept):
    """A store with a lease of 4 s, which is renewed by ``hold`` unless ``cut``."""

    def __init__(self) -> None:
        super().__init__()
        self.renewed_at = 0.0
        self.cut = False
        self.taken_over = False
        self.busy = False

    @property
    def alive_until(self) -> float:
        return self.renewed_at + 4

    def renew(self) -> None:
        self.renewed_at = asyncio.get_running_loop().time()

    async def hold(self) -> None:
        if self.cut:
            raise StateError("toy", "no answer in time", retryable=True)
        self.renew()
        if self.taken_over:
            raise LeaseLost("toy", "shop: another process follows it now")

    async def write(self, step: Step) -> None:
        if self.taken_over:
            raise LeaseLost("toy", "shop: another process follows it now")
        await super().write(step)

    def reading(self, account: str, *, wait: bool) -> AbstractAsyncContextManager[None]:
        self.taken_over = False
        if self.busy:
            raise FeedBusy(account, "process 7 on other")
        return super().reading(account, wait=wait)


class TestFeed:
    async def test_no_event_is_given_until_the_lease_is_renewed(self) -> None:
        shop, store = Shop(), Leased()
        for number in range(3):
            shop.arrive(f"{number}")
        async with Inbox(shop, state=store) as inbox:
            events = inbox.events(since=LONG_AGO)
            assert texts(await take(events, 2)) == ["0"]
            store.cut = True
            await asyncio.sleep(10)
            waiting = asyncio.create_task(anext(events))
            await asyncio.sleep(10)
            assert not waiting.done()
            store.cut = False
            assert (await waiting).message.text == "1"
            assert texts(await take(events, 1)) == ["2"]

    @pytest.mark.parametrize("is_idle", [False, True])
    async def test_account_that_was_taken_over_is_followed_again(
        self, is_idle: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop, store = Shop(), Leased()
        for number in range(3):
            shop.arrive(f"{number}")
        async with Inbox(shop, state=store) as inbox:
            events = inbox.events(since=LONG_AGO)
            assert texts(await take(events, 2)) == ["0"]
            store.taken_over = True
            if is_idle:
                await asyncio.sleep(5)
            else:
                shop.arrive("3")
            # The event in hand was handled and is confirmed; the others come once.
            assert texts(await take(events, 2)) == ["1", "2"]
            shop.arrive("late")
            assert texts(await take(events, 1 if is_idle else 2))[-1] == "late"
            await idle(events)
        (told,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
        assert told == "toy: shop: another process follows it now; following again"

    async def test_account_with_another_reader_ends_the_loop(self) -> None:
        shop, store = Shop(), Leased()
        async with Inbox(shop, state=store) as inbox:
            events = inbox.events(since=LONG_AGO)
            await idle(events)
            store.taken_over = store.busy = True
            with pytest.raises(FeedBusy, match="process 7 on other"):
                await anext(events)

    async def test_reader_that_waits_holds_no_later_account(self) -> None:
        store = Kept()
        async with Inbox(Shop("b"), Shop("c"), Shop("a"), state=store) as inbox:
            async with store.reading("b", wait=False):
                waiting = asyncio.create_task(anext(inbox.events(wait=True)))
                await asyncio.sleep(1)
                with pytest.raises(FeedBusy):
                    async with store.reading("a", wait=False):
                        pytest.fail("two have it")
                # Another reader may hold it while it waits for a.
                async with store.reading("c", wait=False):
                    await asyncio.sleep(1)
            await asyncio.sleep(1)
            for name in ("a", "b", "c"):
                with pytest.raises(FeedBusy):
                    async with store.reading(name, wait=False):
                        pytest.fail("two have it")
            waiting.cancel()
            await asyncio.wait([waiting])


class TestOutbox:
    async def test_reply_is_not_sent_after_the_lease_has_ended(self) -> None:
        shop, store = Shop(), Leased()
        turn = asyncio.Event()
        send = shop._send

        async def waits_for_its_limit(*args: object) -> object:
            await turn.wait()
            return await send(*args)  # type: ignore[arg-type]

        shop._send = waits_for_its_limit  # type: ignore[method-assign, assignment]
        async with Inbox(shop, state=store, confirmation_timeout=60) as inbox:
            store.renew()
            sending = asyncio.create_task(inbox.send(shop.chat(), "Да", idempotency_key="k"))
            await asyncio.sleep(3)
            store.renew()
            await asyncio.sleep(3)
            assert not sending.done()
            await asyncio.sleep(2)
            turn.set()
            sent = await sending
            assert sent.state is DeliveryState.SENDING
            assert sent.note == "the state could not be reached while it was being sent"
            assert shop.sent == []
            # It is sent again once it is certain that it is not there.
            for _ in range(100):
                store.renew()
                await asyncio.sleep(1)
            assert shop.sent == [("1", "Да")]

    async def test_process_that_slept_does_not_send(self) -> None:
        shop, store = Shop(), Leased()
        async with Inbox(shop, state=store) as inbox:
            store.renewed_at = asyncio.get_running_loop().time() - 5
            sent = await inbox.send(shop.chat(), "Да", idempotency_key="k")
            assert sent.state is DeliveryState.SENDING
            assert shop.sent == []

    async def test_cancelled_caller_is_cancelled(self) -> None:
        shop, store = Shop(), Leased()
        shop._send = lambda *_: asyncio.sleep(100)  # type: ignore[method-assign]
        async with Inbox(shop, state=store) as inbox:
            store.renew()
            sending = asyncio.create_task(inbox.send(shop.chat(), "Да", idempotency_key="k"))
            await asyncio.sleep(1)
            sending.cancel()
            await asyncio.wait([sending])
            assert sending.cancelled()

    async def test_delivery_of_another_owner_is_left_to_it(self) -> None:
        shop, store = Shop(), Leased()
        shop.trouble.append("unreached")
        async with Inbox(shop, state=store) as inbox:
            store.renew()
            pending = await inbox.send(shop.chat(), "Да", idempotency_key="k")
            assert pending.state is DeliveryState.PENDING
            assert await store.move(pending, was=[pending.state], owner="7-0123456789ab")
            store._locks.take("7-0123456789ab")
            await asyncio.sleep(100)
            assert shop.sent == []
            store._locks.free("7-0123456789ab")
            for _ in range(60):
                store.renew()
                await asyncio.sleep(1)
            assert shop.sent == [("1", "Да")]
