"""Handlers: which one gets an event, order, concurrency, failures, and the end of a run."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import pytest

from tests.wbym.feed.shop import Shop
from wbym.account import Batch, Observation
from wbym.domain import Author, Chat, Feedback, Message, Question, Return, UndecodableRecord
from wbym.errors import ChatNotReady, FeedBusy, InvalidInput, LeaseLost, StateError
from wbym.feed import Event, EventKind, MemoryStore
from wbym.feed._store import StoredDeadLetter
from wbym.inbox import Handlers, Inbox

pytestmark = pytest.mark.looptime

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Kept(MemoryStore):
    """A store that survives its closing, for the next run."""

    failures = 0

    async def aclose(self) -> None:
        pass

    async def confirm(self, seqs: object) -> None:
        self._fail()
        await super().confirm(seqs)  # type: ignore[arg-type]

    async def lay_aside(self, letter: StoredDeadLetter) -> None:
        self._fail()
        await super().lay_aside(letter)

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StateError("toy.db", "the disk is full", retryable=True)


@asynccontextmanager
async def running(
    handlers: Handlers, shop: Shop, store: MemoryStore
) -> AsyncIterator[tuple[Inbox, asyncio.Task[None]]]:
    """Run handlers for the block; at its end they are stopped."""
    async with Inbox(shop, state=store) as inbox:
        task = asyncio.create_task(handlers.run(inbox, since=LONG_AGO))
        try:
            yield inbox, task
            handlers.stop()
            await task
        finally:
            task.cancel()
            await asyncio.wait([task])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10_000):
        while not condition():  # noqa: ASYNC110 - of any kind
            await asyncio.sleep(0.1)


async def idle(store: MemoryStore) -> None:
    """Wait until no event is stored."""
    async with asyncio.timeout(10_000):
        await asyncio.sleep(2)
        while await store.backlog():  # noqa: ASYNC110 - of another task
            await asyncio.sleep(0.1)


class TestMatching:
    async def test_each_kind_has_its_handlers(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        shop.review("f1")
        shop.arrive("Здравствуйте!")
        shop.arrive("Ответим", author=Author.SELLER)
        seen: list[str] = []

        @handlers.chat()
        async def on_chat(event: Event[Chat]) -> None:
            seen.append(f"chat {event.record.ref.id}")

        @handlers.feedback()
        async def on_feedback(event: Event[Feedback]) -> None:
            seen.append(f"feedback {event.record.ref.id}")

        @handlers.message()
        async def on_message(event: Event[Message]) -> None:
            seen.append(f"buyer: {event.record.text}")

        @handlers.message(from_buyer=False)
        async def on_own_message(event: Event[Message]) -> None:
            seen.append(f"shop: {event.message.text}")

        async with running(handlers, shop, store):
            await idle(store)
        assert sorted(seen) == ["buyer: Здравствуйте!", "chat 1", "feedback f1", "shop: Ответим"]
        assert seen.index("buyer: Здравствуйте!") < seen.index("shop: Ответим")

    async def test_first_match_wins(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        for text in ("а", "аб", "абв", "г"):
            shop.arrive(text)
        seen: list[tuple[str, str | None]] = []

        @handlers.message(lambda event: "а" in event.chat.ref.id, lambda event: 1 / 0 > 0)
        async def never(event: Event[Message]) -> None:
            seen.append(("never", event.message.text))

        @handlers.message(
            lambda event: "а" in (event.message.text or ""),
            lambda event: "б" in (event.message.text or ""),
        )
        async def both(event: Event[Message]) -> None:
            seen.append(("both", event.message.text))

        @handlers.message(lambda event: "а" in (event.message.text or ""), from_buyer=None)
        async def one(event: Event[Message]) -> None:
            seen.append(("one", event.message.text))

        async with running(handlers, shop, store) as (inbox, _):
            await idle(store)
            assert await inbox.dead_letters.all() == []
        assert seen == [("one", "а"), ("both", "аб"), ("both", "абв")]

    async def test_undecodable_records_without_a_handler_are_kept(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        bad = UndecodableRecord.of("toy", "shop", "feedbacks", "7", "no id", b"{}")
        show_undecodable(shop, bad)
        async with running(handlers, shop, store) as (inbox, _):
            await idle(store)
            (letter,) = await inbox.dead_letters.all()
        assert letter.event.undecodable == bad
        assert letter.error == "no handler is registered for undecodable records"
        assert letter.attempts == 0

    async def test_undecodable_records_with_a_handler(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        bad = UndecodableRecord.of("toy", "shop", "feedbacks", "7", "no id", b"{}")
        show_undecodable(shop, bad)
        seen: list[UndecodableRecord] = []

        @handlers.undecodable()
        async def on_undecodable(event: Event[UndecodableRecord]) -> None:
            seen.append(event.record)

        async with running(handlers, shop, store) as (inbox, _):
            await idle(store)
            assert await inbox.dead_letters.all() == []
        assert seen == [bad]

    def test_wrong_handlers_are_rejected(self) -> None:
        handlers = Handlers()

        def plain(event: Event[Feedback]) -> None: ...

        async def handler(event: Event[Feedback]) -> None: ...

        with pytest.raises(InvalidInput, match=r"must be an async function"):
            handlers.feedback()(plain)  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match=r"write @Handlers.feedback\(\)"):
            handlers.feedback(handler)  # type: ignore[arg-type]
        for wrong in ({"concurrency": 0}, {"attempts": 0}, {"grace": -1}, {"grace": "x"}):
            with pytest.raises(InvalidInput, match=next(iter(wrong))):
                Handlers(**wrong)


def show_undecodable(shop: Shop, bad: UndecodableRecord) -> None:
    class Bad:
        name = "bad"
        every = 1.0

        async def poll(self, request: object) -> AsyncIterator[Batch]:
            yield Batch([Observation(bad, datetime.now(UTC))])

    shop._streams = lambda: [Bad()]  # type: ignore[method-assign, list-item]


class TestOrder:
    async def test_chats_are_handled_concurrently_and_each_in_order(self) -> None:
        shop, store, handlers = Shop(page=100), Kept(), Handlers(concurrency=3)
        for number in range(20):
            shop.arrive(str(number), chat=str(number % 5))
        seen: dict[str, list[str | None]] = {}
        now = most = 0

        @handlers.message()
        async def slow(event: Event[Message]) -> None:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(1)
            seen.setdefault(event.chat.ref.id, []).append(event.message.text)
            now -= 1

        async with running(handlers, shop, store):
            await idle(store)
        assert most == 3
        assert seen == {
            f"{chat}": [f"{number}" for number in range(chat, 20, 5)] for chat in range(5)
        }

    async def test_a_failing_chat_waits_and_the_others_continue(self) -> None:
        shop, store, handlers = Shop(page=100), Kept(), Handlers(attempts=3)
        for text, chat in (("bad", "1"), ("next", "1"), ("other", "2")):
            shop.arrive(text, chat=chat)
        clock = asyncio.get_running_loop().time
        seen: list[tuple[str | None, int]] = []

        @handlers.message()
        async def handle(event: Event[Message]) -> None:
            seen.append((event.message.text, round(clock() - began)))
            if event.message.text == "bad":
                raise ValueError("no such order")

        began = clock()
        async with running(handlers, shop, store) as (inbox, _):
            await until(lambda: len(seen) == 5)
            await idle(store)
            (letter,) = await inbox.dead_letters.all()
        assert sorted(seen) == [("bad", 0), ("bad", 1), ("bad", 3), ("next", 3), ("other", 0)]
        assert letter.event.message.text == "bad"
        assert (letter.attempts, letter.error) == (3, "ValueError: no such order")

    async def test_events_read_ahead_are_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("wbym.inbox._dispatch._MAX_HELD", 5)
        shop, store, handlers = Shop(page=100), Kept(), Handlers(attempts=2)
        for number in range(30):
            shop.arrive(str(number))
        seen: list[str | None] = []

        @handlers.message()
        async def handle(event: Event[Message]) -> None:
            if event.message.text == "3" and "3" not in seen:
                seen.append("3")
                raise ValueError
            seen.append(event.message.text)

        async with running(handlers, shop, store):
            await idle(store)
        assert seen == ["0", "1", "2", "3", *(str(number) for number in range(3, 30))]


class Leased(Kept):
    """A store whose lease has to be renewed, and may be lost."""

    def __init__(self) -> None:
        super().__init__()
        self.until = float("inf")
        self.is_lost = False
        self.handled: list[str | None] = []
        self.handled_before: list[int] = []
        """Number of handled messages whenever the account was taken."""

    @property
    def alive_until(self) -> float:
        return self.until

    def reading(self, account: str, *, wait: bool) -> AbstractAsyncContextManager[None]:
        self.is_lost = False  # the successor has ended
        self.handled_before.append(len(self.handled))
        return super().reading(account, wait=wait)

    async def hold(self) -> None:
        self.until = asyncio.get_running_loop().time() + 10
        if self.is_lost:
            raise LeaseLost("toy.db", "shop: another process follows it now; nothing was written")


class TestTakeover:
    @pytest.mark.parametrize("is_lost", [True, False])
    async def test_events_read_ahead_are_not_handled_beside_a_successor(
        self, is_lost: bool
    ) -> None:
        shop, store, handlers = Shop(page=100), Leased(), Handlers(concurrency=1)
        for number in range(3):
            shop.arrive(str(number), chat=str(number))

        @handlers.message()
        async def handle(event: Event[Message]) -> None:
            store.handled.append(event.message.text)
            if len(store.handled) == 1:
                await asyncio.sleep(5)  # until the others are read
                store.until, store.is_lost = 0.0, is_lost  # the process stood still

        async with running(handlers, shop, store):
            await until(lambda: bool(store.handled))
            await idle(store)
        assert sorted(str(text) for text in store.handled) == ["0", "1", "2"]
        assert store.handled_before == ([0, 1] if is_lost else [0])


class TestFailures:
    async def test_errors_are_logged_and_told(self, caplog: pytest.LogCaptureFixture) -> None:
        told: list[tuple[str, str]] = []

        def tell(event: Event, error: Exception) -> None:
            told.append((event.id, str(error)))
            raise ZeroDivisionError

        shop, store, handlers = Shop(), Kept(), Handlers(attempts=2, on_error=tell)
        shop.review("f1")

        @handlers.feedback()
        async def handle(event: Event[Feedback]) -> None:
            raise ValueError("no such order")

        async with running(handlers, shop, store):
            await idle(store)
        assert told == [("toy/shop/feedback/f1", "no such order")] * 2
        ours = [one for one in caplog.records if one.name == "wbym.handlers"]
        assert [one.levelno for one in ours] == [
            logging.WARNING,
            logging.ERROR,
            logging.ERROR,
            logging.ERROR,
        ]
        failed = "shop: handling toy/shop/feedback/f1 failed"
        assert ours[0].getMessage() == (
            f"{failed}, attempt 1: ValueError('no such order'); it will be tried again"
        )
        assert "it is a dead letter now" in ours[2].getMessage()

    async def test_error_that_would_occur_again_is_not_repeated(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        shop.arrive("Здравствуйте!")
        calls = 0

        @handlers.message()
        async def handle(event: Event[Message]) -> None:
            nonlocal calls
            calls += 1
            await inbox.send(event.chat, "х" * 5000)

        async with running(handlers, shop, store) as (inbox, _):
            await idle(store)
            (letter,) = await inbox.dead_letters.all()
        assert calls == letter.attempts == 1
        assert letter.error.startswith("InvalidInput: ")

    async def test_retry_after_is_heeded(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        shop.arrive("Здравствуйте!")
        clock = asyncio.get_running_loop().time
        calls: list[float] = []

        @handlers.message()
        async def handle(event: Event[Message]) -> None:
            calls.append(clock())
            if len(calls) == 1:
                raise ChatNotReady("r", method="send", reason="it is not listed", retry_after=40)

        async with running(handlers, shop, store):
            await idle(store)
        assert calls[1] - calls[0] == pytest.approx(40, abs=1)

    async def test_handler_that_is_cancelled_from_within_has_failed(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers(attempts=1)
        shop.review("f1")

        @handlers.feedback()
        async def handle(event: Event[Feedback]) -> None:
            work = asyncio.create_task(asyncio.sleep(1))
            work.cancel()
            await work

        async with running(handlers, shop, store) as (inbox, _):
            await idle(store)
            (letter,) = await inbox.dead_letters.all()
        assert letter.error == "RuntimeError: the handler awaited something that was cancelled"

    @pytest.mark.parametrize("fails", [True, False])
    async def test_passing_fault_of_the_state_does_not_repeat_the_handler(
        self, fails: bool
    ) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers(attempts=1)
        shop.review("f1")
        calls = 0

        @handlers.feedback()
        async def handle(event: Event[Feedback]) -> None:
            nonlocal calls
            calls += 1
            store.failures = 3
            if fails:
                raise ValueError

        async with running(handlers, shop, store) as (inbox, _):
            await idle(store)
            assert len(await inbox.dead_letters.all()) == fails
        assert calls == 1

    async def test_other_fault_of_the_state_ends_the_run(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        shop.review("f1")

        @handlers.feedback()
        async def handle(event: Event[Feedback]) -> None: ...

        async with Inbox(shop, state=store) as inbox:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(store, "confirm", _broken)
                with pytest.raises(StateError, match="broken"):
                    await handlers.run(inbox, since=LONG_AGO)
            shop.review("f2")
            # The confirmation was not lost.
            assert (await anext(inbox.events())).id == "toy/shop/feedback/f2"


async def _broken(_: object) -> None:
    raise StateError("toy.db", "it is broken")


class TestDeadLetters:
    async def test_letters_survive_and_are_delivered_again(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers(attempts=1)
        shop.review("f1")
        shop.review("f2")
        seen: list[str] = []
        broken = True

        @handlers.feedback()
        async def handle(event: Event[Feedback]) -> None:
            if broken:
                raise ValueError
            seen.append(event.id)

        async with running(handlers, shop, store):
            await idle(store)
        broken = False
        async with running(handlers, shop, store) as (inbox, _):
            await idle(store)
            assert seen == []
            first, second = await inbox.dead_letters.all()
            assert await inbox.dead_letters.all("other") == []
            await inbox.dead_letters.retry(second.event.id)
            await until(lambda: bool(seen))
            await inbox.dead_letters.drop(first.event.id)
            assert await inbox.dead_letters.all() == []
            for method in (inbox.dead_letters.retry, inbox.dead_letters.drop):
                with pytest.raises(InvalidInput, match="must be the id of a dead letter"):
                    await method(first.event.id)
        assert seen == [second.event.id]

    async def test_letter_that_another_process_retries_is_delivered(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers(attempts=1)
        shop.review("f1")
        seen: list[str] = []

        @handlers.feedback()
        async def handle(event: Event[Feedback]) -> None:
            seen.append(event.id)
            if len(seen) == 1:
                raise ValueError

        async with running(handlers, shop, store):
            await idle(store)
            assert await store.redeliver("toy/shop/feedback/f1")
            await asyncio.sleep(16)
        assert seen == ["toy/shop/feedback/f1"] * 2

    async def test_event_of_a_loop_is_laid_aside(self) -> None:
        shop, store = Shop(), Kept()
        shop.review("f1")
        shop.review("f2")
        async with Inbox(shop, state=store) as inbox:
            events = inbox.events(since=LONG_AGO)
            first = await anext(events)
            await first.lay_aside("not for us")
            await anext(events)
            (letter,) = await inbox.dead_letters.all()
            assert (letter.event.id, letter.error) == (first.id, "not for us")
            await events.aclose()
        assert await store.backlog() == {"shop": 1}


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    async def test_signal_lets_running_handlers_finish(self, number: signal.Signals) -> None:
        shop, store, handlers = Shop(page=100), Kept(), Handlers(concurrency=2)
        for text in ("1", "2", "3"):
            shop.arrive(text, chat=text)
        shop.arrive("later", chat="1")
        seen: list[str | None] = []
        before = signal.getsignal(number)

        @handlers.message()
        async def handle(event: Event[Message]) -> None:
            seen.append(f"begin {event.message.text}")
            await asyncio.sleep(3)
            seen.append(f"end {event.message.text}")

        async with Inbox(shop, state=store) as inbox:
            task = asyncio.create_task(handlers.run(inbox, since=LONG_AGO))
            await until(lambda: len(seen) == 2)
            signal.raise_signal(number)
            await task
        assert seen[:2] == ["begin 1", "begin 2"]
        assert sorted(map(str, seen[2:])) == ["end 1", "end 2"]
        assert await store.backlog() == {"shop": 3}  # the third chat, its message, and "later"
        assert signal.getsignal(number) is before

    async def test_handler_that_hangs_is_reported(self, caplog: pytest.LogCaptureFixture) -> None:
        shop, handlers = Shop(), Handlers(concurrency=2)
        shop.review("f1")
        begun: list[str] = []

        @handlers.feedback()
        async def hang(event: Event[Feedback]) -> None:
            begun.append(event.id)
            await asyncio.sleep(1e6)

        async with running(handlers, shop, Kept()):
            await until(lambda: bool(begun))
            await asyncio.sleep(59)
            assert "has been running" not in caplog.text
            await asyncio.sleep(600)
            [line] = [one for one in caplog.messages if "has been running" in one]
            text = f"shop: a handler of {begun[0]} has been running for 60 s"
            assert line == f"{text}; 1 of 2 handlers are busy"

    async def test_slow_handlers_are_cancelled(self, caplog: pytest.LogCaptureFixture) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers(grace=5)
        shop.review("f1")
        shop.review("f2")
        begun: list[str] = []

        @handlers.feedback()
        async def handle(event: Event[Feedback]) -> None:
            begun.append(event.id)
            await asyncio.sleep(60)

        clock = asyncio.get_running_loop().time
        async with running(handlers, shop, store) as (_, task):
            await until(lambda: len(begun) == 2)
            stopped = clock()
            handlers.stop()
            await task
            assert clock() - stopped == pytest.approx(5, abs=0.1)
        assert await store.backlog() == {"shop": 2}
        assert "2 handlers did not finish within 5 s" in caplog.text

    async def test_failing_event_does_not_delay_the_end(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        shop.review("f1")
        calls: list[str] = []

        @handlers.feedback()
        async def handle(event: Event[Feedback]) -> None:
            calls.append(event.id)
            raise ValueError

        clock = asyncio.get_running_loop().time
        async with running(handlers, shop, store) as (_, task):
            await until(lambda: len(calls) == 4)
            stopped = clock()
            handlers.stop()
            await task
            assert clock() - stopped < 0.1
        assert await store.backlog() == {"shop": 1}

    async def test_cancelled_run_leaves_nothing(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        shop.review("f1")
        begun = asyncio.Event()

        @handlers.feedback()
        async def handle(event: Event[Feedback]) -> None:
            begun.set()
            await asyncio.sleep(60)

        async with Inbox(shop, state=store) as inbox:
            await asyncio.sleep(1)
            before = asyncio.all_tasks()
            task = asyncio.create_task(handlers.run(inbox, since=LONG_AGO))
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert asyncio.all_tasks() == before
            assert (await anext(inbox.events())).id == "toy/shop/feedback/f1"

    async def test_one_run_per_inbox(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        async with running(handlers, shop, store) as (inbox, _):
            await asyncio.sleep(1)
            with pytest.raises(FeedBusy):
                await handlers.run(inbox)
            with pytest.raises(InvalidInput, match="must be of type Inbox"):
                await handlers.run(shop)  # type: ignore[arg-type]

    async def test_partial_functions_and_methods_are_handlers(self) -> None:
        shop, store, handlers = Shop(), Kept(), Handlers()
        shop.review("f1")
        shop.arrive("x")
        seen: list[str] = []

        async def handle(prefix: str, event: Event[Feedback]) -> None:
            seen.append(f"{prefix} {event.record.ref.id}")

        class Service:
            async def on_message(self, event: Event) -> None:
                seen.append(event.kind)

        handlers.feedback()(partial(handle, "got"))
        handlers.message()(Service().on_message)
        async with running(handlers, shop, store):
            await idle(store)
        assert sorted(seen) == ["got f1", EventKind.MESSAGE]


def test_a_function_handles_several_kinds() -> None:
    handlers = Handlers()

    @handlers.answer(lambda event: event.record.answer is not None)
    async def on_change(event: Event[Question | Feedback]) -> None: ...

    async def on_return(event: Event[Return]) -> None: ...

    handlers.return_request()(on_return)
    handlers.return_changed()(on_return)
    assert len(handlers._rules) == 3
