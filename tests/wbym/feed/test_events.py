import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.account import BareAccount
from tests.wbym.feed.shop import Shop
from wbym.account import Hint
from wbym.domain import Answer, Author
from wbym.errors import (
    ConnectionFailed,
    FeedBusy,
    InvalidInput,
    QuotaExhausted,
    StateError,
    Unauthorized,
)
from wbym.feed import Event, EventKind, Events, MemoryStore, StreamStatus
from wbym.feed._store import Step
from wbym.inbox import Inbox
from wbym.observe import Observer, set_observer

pytestmark = pytest.mark.looptime

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
DOWN = ConnectionFailed("down", marketplace="toy", account="shop", endpoint="x")


class Kept(MemoryStore):
    """A store that survives its closing, for the next run."""

    def __init__(self) -> None:
        super().__init__()
        self.confirms = 0
        self.broken = False

    async def aclose(self) -> None:
        pass

    async def confirm(self, seqs: object) -> None:
        self.confirms += 1
        await asyncio.sleep(0)
        await super().confirm(seqs)  # type: ignore[arg-type]

    async def write(self, step: Step) -> None:
        if self.broken:
            raise StateError("toy.db", "the disk is full")
        await super().write(step)


@asynccontextmanager
async def followed(
    shop: Shop, store: MemoryStore, **how: bool
) -> AsyncIterator[tuple[Inbox, Events]]:
    async with Inbox(shop, state=store) as inbox:
        yield inbox, inbox.events(since=LONG_AGO, **how)


async def take(events: Events, count: int) -> list[Event]:
    async with asyncio.timeout(10_000):
        return [await anext(events) for _ in range(count)]


async def idle(events: Events, seconds: float = 10) -> None:
    """Assert that no event arrives for a time."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            pytest.fail(f"{await anext(events)} arrived")


def texts(events: list[Event]) -> list[str | None]:
    return [event.message.text for event in events if event.kind is EventKind.MESSAGE]


class TestEvents:
    async def test_events_come_in_order(self) -> None:
        shop = Shop()
        shop.arrive("Здравствуйте!")
        shop.arrive("Ответим", author=Author.SELLER)
        shop.review("f1")
        async with followed(shop, Kept()) as (_, events):
            first, message, reply, feedback = await take(events, 4)
            assert first.kind is EventKind.CHAT
            assert first.chat.ref == message.chat.ref == reply.chat.ref
            assert (message.id, message.kind) == ("toy/shop/message/1", EventKind.MESSAGE)
            assert (message.from_buyer, reply.from_buyer) == (True, False)
            assert message.at == shop.log[0].sent_at
            assert message.account == "shop"
            assert (feedback.id, feedback.kind) == ("toy/shop/feedback/f1", EventKind.FEEDBACK)
            assert feedback.from_buyer
            assert feedback.feedback == shop.items["f1"]

    async def test_a_change_is_an_event_of_its_own(self) -> None:
        shop = Shop()
        item = shop.review("f1")
        async with followed(shop, Kept()) as (_, events):
            await take(events, 1)
            for number, reply_text in ((2, "Спасибо"), (3, "Спасибо!"), (4, "Спасибо")):
                shop.items["f1"] = type(item)(
                    ref=item.ref, created_at=item.created_at, answer=Answer(reply_text)
                )
                (changed,) = await take(events, 1)
                assert changed.kind is EventKind.ANSWER
                assert changed.id == f"toy/shop/feedback/f1#{number}"
                assert changed.feedback.answer == Answer(reply_text)
                assert not changed.from_buyer

    async def test_event_of_another_kind_has_no_such_record(self) -> None:
        shop = Shop()
        shop.review("f1")
        async with followed(shop, Kept()) as (_, events):
            (event,) = await take(events, 1)
            for read in ("chat", "message", "question", "return_request"):
                with pytest.raises(TypeError, match=r"toy/shop/feedback/f1 is a feedback"):
                    getattr(event, read)

    async def test_events_start_from_now(self) -> None:
        shop = Shop()
        shop.arrive("old", at=LONG_AGO)
        shop.review("f0", at=LONG_AGO)
        async with Inbox(shop, state=Kept()) as inbox:
            events = inbox.events()
            await idle(events)
            shop.arrive("new")
            assert texts(await take(events, 1)) == ["new"]

    async def test_records_created_during_downtime_make_events(self) -> None:
        shop, store = Shop(), Kept()
        shop.arrive("old", at=LONG_AGO)
        shop.failing.append(
            ConnectionFailed("down", marketplace="toy", account="shop", endpoint="x")
        )
        async with Inbox(shop, state=store) as inbox:
            # The first round fails, so nothing was read when the run ends.
            await idle(inbox.events(), 0.5)
        shop.arrive("during downtime")
        async with Inbox(shop, state=store) as inbox:
            events = inbox.events()
            assert texts(await take(events, 1)) == ["during downtime"]

    async def test_event_arrives_within_one_poll(self) -> None:
        shop = Shop(every=7)
        async with followed(shop, Kept()) as (_, events):
            await idle(events, 20)
            clock = asyncio.get_running_loop().time
            arrived = clock()
            shop.arrive("now")
            await take(events, 2)
            assert clock() - arrived <= 7.05

    async def test_events_need_a_state(self) -> None:
        async with Inbox(Shop()) as inbox:
            with pytest.raises(InvalidInput, match="state"):
                inbox.events()
            with pytest.raises(InvalidInput, match="state"):
                await inbox.send(Shop().chat(), "x", idempotency_key="k")

    async def test_since_must_be_aware(self) -> None:
        async with Inbox(Shop(), state=Kept()) as inbox:
            with pytest.raises(InvalidInput, match="aware"):
                inbox.events(since=datetime(2026, 1, 1))  # noqa: DTZ001 - the point

    async def test_backlog_is_told_until_it_is_none(self) -> None:
        told: list[int] = []

        class Noting(Observer):
            def backlog(self, *, account: str, count: int) -> None:
                told.append(count)

        shop = Shop()
        shop.arrive("x")
        set_observer(Noting())
        try:
            async with Inbox(shop, state=Kept()) as inbox, inbox.events(since=LONG_AGO) as events:
                await anext(events)
                await asyncio.sleep(20)
                assert told[-1] == 2
                await anext(events)
                await idle(events, 30)
                assert told[-1] == 0
                shop.arrive("y")
                await anext(events)
                await asyncio.sleep(20)
                assert told[-1] == 1
            assert told[-1] == 0  # it does not follow the account any more
        finally:
            set_observer(None)

    async def test_accounts_have_one_reader_at_a_time(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "wbym.feed")
        store = Kept()
        async with followed(Shop(), store) as (inbox, events):
            await idle(events, 1)
            with pytest.raises(FeedBusy, match="this inbox"):
                await anext(inbox.events())
            async with Inbox(Shop(), state=store) as second:
                with pytest.raises(FeedBusy, match="shop"):
                    await anext(second.events())
                waiting = asyncio.create_task(anext(second.events(wait=True)))
                await asyncio.sleep(5)
                told = "shop: this process reads its events; waiting for the end of that"
                assert told in caplog.text
                await events.aclose()
                second.accounts["shop"].arrive("x")  # type: ignore[attr-defined]
                assert (await waiting).account == "shop"

    async def test_loop_that_was_left_is_named(self) -> None:
        shop = Shop()
        shop.arrive("x")
        async with Inbox(shop, state=Kept()) as inbox:
            left = inbox.events(since=LONG_AGO)
            async for _ in left:
                break
            with pytest.raises(FeedBusy, match=r"another events.* or call its aclose"):
                await anext(inbox.events())
            await left.aclose()
            assert (await anext(inbox.events())).kind is EventKind.CHAT

    async def test_events_need_an_account(self) -> None:
        async with Inbox(BareAccount("bare"), state=Kept()) as inbox:
            with pytest.raises(InvalidInput, match="can be followed"):
                await anext(inbox.events())

    async def test_events_can_be_restarted_after_a_failed_start(self) -> None:
        shop, store = Shop(), Kept()
        streams, shop.streams = shop.streams, lambda: 1 / 0  # type: ignore[method-assign, assignment, return-value]
        shop.arrive("x")
        async with followed(shop, store) as (inbox, events):
            with pytest.raises(ZeroDivisionError):
                await anext(events)
            shop.streams = streams  # type: ignore[method-assign]
            assert len(await take(inbox.events(since=LONG_AGO), 2)) == 2


class TestConfirming:
    async def test_leaving_the_body_confirms(self) -> None:
        shop, store = Shop(), Kept()
        for number in range(5):
            shop.arrive(str(number))
        async with followed(shop, store) as (_, events):
            await take(events, 4)
        async with followed(shop, store) as (_, events):
            # The fourth was unconfirmed when the first run ended.
            assert texts(await take(events, 3)) == ["2", "3", "4"]
            await idle(events)

    async def test_body_that_raises_does_not_confirm(self) -> None:
        shop, store = Shop(), Kept()
        shop.arrive("hard")
        seen = 0
        async with followed(shop, store) as (inbox, events):
            with pytest.raises(ZeroDivisionError):
                async with events:
                    async for event in events:
                        if event.kind is EventKind.MESSAGE:
                            seen += 1
                            1 / 0  # noqa: B018
            again = inbox.events()
            assert texts(await take(again, 1)) == ["hard"]

    async def test_loop_resumes_with_the_unconfirmed_event(self) -> None:
        shop, store = Shop(), Kept()
        for number in range(3):
            shop.arrive(str(number))
        async with followed(shop, store) as (_, events):
            received: list[Event] = []
            for _ in range(3):
                async for event in events:
                    received.append(event)
                    if event.kind is EventKind.MESSAGE:
                        break
            assert texts(received) == ["0", "0", "0"]
            async for event in events:
                await event.ack()
                break
            assert texts(await take(events, 2)) == ["1", "2"]

    async def test_ack_confirms_at_once(self) -> None:
        shop, store = Shop(), Kept()
        shop.arrive("a")
        async with followed(shop, store, auto_ack=False) as (_, events):
            chat, message = await take(events, 2)
            await message.ack()
            assert await store.backlog() == {"shop": 1}
            await idle(events)
        async with followed(shop, store) as (_, events):
            assert [event.id for event in await take(events, 1)] == [chat.id]
            await idle(events)

    async def test_parallel_acks_share_commits(self) -> None:
        shop, store = Shop(), Kept()
        for number in range(99):
            shop.arrive(str(number))
        async with followed(shop, store, auto_ack=False) as (_, events):
            taken = await take(events, 100)
            await asyncio.gather(*(event.ack() for event in taken))
            assert await store.backlog() == {}
            assert store.confirms < 10

    async def test_a_slow_consumer_is_confirmed_before_the_next_event(self) -> None:
        shop, store = Shop(), Kept()
        for number in range(3):
            shop.arrive(str(number))
        async with followed(shop, store) as (_, events):
            for left in (4, 3, 2):
                await anext(events)
                assert await store.backlog() == {"shop": left}
                await asyncio.sleep(1)

    async def test_a_fast_consumer_is_confirmed_in_batches(self) -> None:
        shop, store = Shop(page=1000), Kept()
        for number in range(2000):
            shop.arrive(str(number))
        async with followed(shop, store) as (_, events):
            await take(events, 2001)
            assert store.confirms < 20
            await idle(events)
            assert await store.backlog() == {}


class TestTrouble:
    async def test_failed_account_is_retried_and_the_others_continue(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        ill, well = Shop("ill"), Shop("well")
        ill.failing.extend([DOWN] * 4)
        reported: list[tuple[str, Exception]] = []
        ill.arrive("late")
        async with Inbox(
            ill, well, state=Kept(), on_error=lambda name, error: reported.append((name, error))
        ) as inbox:
            events = inbox.events(since=LONG_AGO)
            well.arrive("at once")
            clock = asyncio.get_running_loop().time
            began = clock()
            assert [event.account for event in await take(events, 2)] == ["well", "well"]
            assert clock() - began < 1
            assert texts(await take(events, 2)) == ["late"]
            assert clock() - began == pytest.approx(1 + 2 + 4 + 8, abs=1)
            assert reported == [("ill", DOWN)] * 4
            assert "ill: polling chats failed (ConnectionFailed: " in caplog.text

    async def test_rejected_credentials_are_not_retried(self) -> None:
        shop = Shop()
        rejected = Unauthorized("no", marketplace="toy", account="shop", endpoint="x", status=401)
        shop.failing.append(rejected)
        async with followed(shop, Kept()) as (inbox, events):
            await idle(events, 290)
            assert shop.polls == 1
            status = next(one for one in inbox.streams if one.stream == "chats")
            assert status.error == f"Unauthorized: {rejected}"
            shop.arrive("again")
            assert texts(await take(events, 2)) == ["again"]

    async def test_exhausted_quota_is_waited_for(self) -> None:
        shop = Shop()
        retry_at = datetime.now(UTC) + timedelta(hours=1)
        shop.failing.append(QuotaExhausted("chats", retry_at=retry_at, wait=3600, max_wait=300))
        shop.arrive("patience")
        async with followed(shop, Kept()) as (_, events):
            await idle(events, 59)
            assert shop.polls == 1
            await take(events, 2)

    async def test_failed_page_does_not_move_the_checkpoint(self) -> None:
        shop = Shop(page=2)
        for number in range(6):
            shop.arrive(str(number))
        shop.failing.extend([None, None, DOWN])
        async with followed(shop, Kept()) as (_, events):
            assert texts(await take(events, 7)) == [str(number) for number in range(6)]
            assert [request.state for request in shop.requests][:2] == [None, b"4"]
            await idle(events)

    async def test_a_broken_state_ends_the_loop(self) -> None:
        shop, store = Shop(), Kept()
        async with followed(shop, store) as (_, events):
            await idle(events)
            store.broken = True
            shop.arrive("x")
            with pytest.raises(StateError, match="full"):
                await anext(events)
            store.broken = False
        async with followed(shop, store) as (_, events):
            assert texts(await take(events, 2)) == ["x"]

    async def test_bug_in_a_stream_is_reported_and_does_not_stop_the_others(self) -> None:
        shop = Shop()
        shop.items["x"] = "no feedback"  # type: ignore[assignment]
        shop.arrive("on")
        reported: list[Exception] = []
        async with Inbox(
            shop, state=Kept(), on_error=lambda _, error: reported.append(error)
        ) as inbox:
            events = inbox.events(since=LONG_AGO)
            assert texts(await take(events, 2)) == ["on"]
            await idle(events, 1)
        assert isinstance(reported[0], AttributeError)

    async def test_removed_account_makes_no_events(self) -> None:
        stays, goes = Shop("stays"), Shop("goes")
        for number in range(5):
            goes.arrive(str(number))
        async with Inbox(stays, goes, state=Kept()) as inbox:
            events = inbox.events(since=LONG_AGO)
            await take(events, 2)
            await inbox.remove("goes")
            stays.arrive("x")
            assert {event.account for event in await take(events, 2)} == {"stays"}
            await idle(events)
            assert {status.account for status in inbox.streams} == {"stays"}

    async def test_account_without_streams_is_skipped(self) -> None:
        shop = Shop()
        shop.arrive("x")
        async with Inbox(BareAccount("bare"), shop, state=Kept()) as inbox:
            assert len(await take(inbox.events(since=LONG_AGO), 2)) == 2

    async def test_no_task_runs_after_closing(self) -> None:
        shop = Shop()
        async with followed(shop, Kept()) as (_, events):
            await idle(events)
        polls = shop.polls
        await asyncio.sleep(100)
        assert shop.polls == polls
        assert asyncio.all_tasks() == {asyncio.current_task()}

    async def test_cancelling_the_consumer_loses_nothing(self) -> None:
        shop, store = Shop(), Kept()
        async with followed(shop, store) as (_, events):
            waiting = asyncio.create_task(anext(events))
            await asyncio.sleep(3.5)
            waiting.cancel()
            shop.arrive("x")
            assert texts(await take(events, 2)) == ["x"]


class TestHints:
    async def test_hints_wake_the_stream_and_are_dropped(self) -> None:
        shop, store = Shop(every=1000), Kept()
        async with followed(shop, store) as (inbox, events):
            await idle(events)
            shop.arrive("x", chat="7")
            clock = asyncio.get_running_loop().time
            before = clock()
            await inbox.hint([Hint("shop", "chats", "7"), Hint("nobody", "chats", "7")])
            await take(events, 2)
            assert clock() - before < 1.1
            assert (shop.requests[-1].hints, shop.requests[-1].due) == (frozenset({"7"}), False)
            await idle(events, 1)
            assert await store.hints(["shop"]) == []

    async def test_hints_survive_a_failed_round_and_a_restart(self) -> None:
        shop, store = Shop(every=1000), Kept()
        async with followed(shop, store) as (inbox, events):
            await idle(events)
            shop.failing.append(DOWN)
            await inbox.hint([Hint("shop", "chats", "7")])
            await asyncio.sleep(0.5)
            assert len(await store.hints(["shop"])) == 1
        async with followed(shop, store) as (_, events):
            await idle(events)
            assert any("7" in request.hints for request in shop.requests[2:])
            assert await store.hints(["shop"]) == []

    async def test_hints_of_unknown_streams_are_dropped(self) -> None:
        store = Kept()
        async with followed(Shop(), store) as (inbox, events):
            await inbox.hint([Hint("shop", "parcels", "7")])
            await idle(events)
            assert await store.hints(["shop"]) == []


class TestStatus:
    async def test_streams_report_rate_and_last_round(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO, "wbym.feed")
        async with followed(Shop(every=3600), Kept()) as (inbox, events):
            await idle(events)
            status = inbox.streams[0]
            assert isinstance(status, StreamStatus)
            assert (status.account, status.stream, status.every) == ("shop", "chats", 3600)
            assert status.read_at is not None
            assert status.error is None
        assert "shop: polling chats every 3600 s" in caplog.text
