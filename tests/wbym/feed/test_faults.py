"""Faults of the state while feed and outbox run: they pass, or end the feed with an error."""

import asyncio
import gc
import logging
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.wbym.feed.child import child
from tests.wbym.feed.kept import delivery, step
from tests.wbym.feed.shop import Shop
from tests.wbym.feed.test_events import LONG_AGO, Kept, followed, idle, take, texts
from wbym._sqlite import Connection, Database
from wbym.domain import DeliveryState
from wbym.errors import FeedBusy, InboxNotOpen, StateError
from wbym.feed import EventKind, SqliteStore
from wbym.feed._schema import prepare
from wbym.inbox import Inbox
from wbym.limits import SqliteBans

FAULTS = {"locked": 12.0, "full": 6.0}


class Failing(Kept):
    """A store whose writes, or all of whose calls, fail while ``fault`` is set."""

    fault: str | None = None
    retryable = True
    reads_fail = False
    calls = 0

    def __init__(self) -> None:
        super().__init__()
        run, write = self._db.run, self._db.write

        async def failing_run(work: Callable[[Connection], object]) -> object:
            self._fail(self.reads_fail)
            return await run(work)

        async def failing_write(work: Callable[[Connection], object]) -> object:
            self._fail(True)
            return await write(work)

        self._db.run = failing_run  # type: ignore[method-assign, assignment]
        self._db.write = failing_write  # type: ignore[method-assign, assignment]

    def _fail(self, fails: bool) -> None:
        if fails and self.fault is not None:
            self.calls += 1
            raise StateError("toy.db", self.fault, retryable=self.retryable)


@pytest.mark.looptime
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("reads_fail", [False, True])
class TestPassing:
    async def test_feed_is_delayed(
        self, fault: str, reads_fail: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop, store = Shop(), Failing()
        store.reads_fail = reads_fail
        async with followed(shop, store) as (_, events):
            await idle(events)
            store.fault = fault
            for number in range(3):
                shop.arrive(f"{number}")
            await idle(events, FAULTS[fault])
            store.fault = None
            async with asyncio.timeout(5.5):
                assert texts(await take(events, 4)) == ["0", "1", "2"]
            store.fault = fault
            waiting = asyncio.create_task(anext(events))
            await asyncio.sleep(FAULTS[fault])
            assert not waiting.done()
            store.fault = None
            shop.arrive("3")
            assert (await waiting).message.text == "3"
            await asyncio.sleep(6)
        assert store.calls < 40, "with backoff"
        told = [record.getMessage() for record in caplog.records if "state" in record.getMessage()]
        assert [message.partition(",")[0] for message in told] == [
            "the state fails",
            "the state works again",
        ] * 2

    async def test_fault_is_shown_and_reported_once(self, fault: str, reads_fail: bool) -> None:
        shop, store = Shop(), Failing()
        store.reads_fail = reads_fail
        reported: list[tuple[str, Exception]] = []
        inbox = Inbox(
            shop, state=store, on_error=lambda name, error: reported.append((name, error))
        )
        async with inbox, inbox.events(since=LONG_AGO) as events:
            await idle(events)
            assert {stream.state_error for stream in inbox.streams} == {None}
            for round_ in (1, 2):
                store.fault = fault
                shop.arrive(f"{round_}")
                await idle(events, FAULTS[fault])
                (shown,) = {stream.state_error for stream in inbox.streams}
                assert shown == f"StateError: {reported[-1][1]}"
                assert fault in shown
                store.fault = None
                await take(events, 1)
                await asyncio.sleep(6)
                assert {stream.state_error for stream in inbox.streams} == {None}
                assert [name for name, _ in reported] == [""] * round_

    async def test_on_error_that_fails_ends_nothing(
        self, fault: str, reads_fail: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(name: str, error: Exception) -> None:
            raise ValueError("a mistake")

        shop, store = Shop(), Failing()
        store.reads_fail = reads_fail
        inbox = Inbox(shop, state=store, on_error=fail)
        async with inbox, inbox.events(since=LONG_AGO) as events:
            await idle(events)
            store.fault = fault
            shop.arrive("x")
            await idle(events, FAULTS[fault])
            store.fault = None
            await take(events, 1)
        assert "a mistake" in caplog.text

    async def test_outbox_is_delayed(
        self, fault: str, reads_fail: bool, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop, store = Shop(), Failing()
        store.reads_fail = reads_fail
        shop.trouble.append("unreached")
        async with Inbox(shop, state=store) as inbox:
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            store.fault = fault
            await asyncio.sleep(FAULTS[fault])
            assert shop.sent == []
            with pytest.raises(StateError, match=fault):
                await inbox.send(shop.chat(), "Нет", idempotency_key="other")
            store.fault = None
            await asyncio.sleep(20)
            assert shop.sent == [("1", "Да")]
        told = [record.getMessage() for record in caplog.records if "state" in record.getMessage()]
        assert [message.partition(",")[0] for message in told] == [
            "the state fails",
            "the state works again",
        ]

    async def test_sent_reply_is_reported_as_accepted(self, fault: str, reads_fail: bool) -> None:
        shop, store = Shop(), Failing()
        store.reads_fail = reads_fail
        send = shop._send
        shop.hidden = True

        async def failing(*args: object) -> object:
            receipt = await send(*args)  # type: ignore[arg-type]
            store.fault = fault
            return receipt

        shop._send = failing  # type: ignore[method-assign, assignment]
        async with Inbox(shop, state=store) as inbox:
            sent = await inbox.send(shop.chat(), "Да", idempotency_key="k")
            assert sent.state is DeliveryState.ACCEPTED
            await asyncio.sleep(FAULTS[fault])
            store.fault = None
            await asyncio.sleep(10)
            saved = await store.delivery("k")
            assert saved is not None
            assert saved.state is DeliveryState.ACCEPTED
            # It is not visible, and yet not sent again.
            await asyncio.sleep(2000)
        assert shop.sent == [("1", "Да")]


@pytest.mark.looptime
class TestEnded:
    async def test_lasting_fault_ends_the_loop_and_another_begins(self) -> None:
        shop, store = Shop(), Failing()
        async with Inbox(shop, state=store) as inbox:
            events = inbox.events(since=LONG_AGO)
            await idle(events)
            store.fault, store.retryable = "it is broken", False
            shop.arrive("x")
            with pytest.raises(StateError, match="broken"):
                await anext(events)
            store.fault = None
            assert texts(await take(inbox.events(), 2)) == ["x"]
            async with Inbox(Shop(), state=store) as other:
                with pytest.raises(FeedBusy):
                    await anext(other.events())

    async def test_loop_that_raised_gives_the_accounts_back(self) -> None:
        shop = Shop()
        for number in range(3):
            shop.arrive(f"{number}")
        seen: list[str] = []
        async with Inbox(shop, state=Kept()) as inbox:
            for _ in range(4):
                try:
                    async for event in inbox.events(since=LONG_AGO):
                        seen.append(event.id)
                        if event.kind is EventKind.MESSAGE:
                            raise ZeroDivisionError
                except ZeroDivisionError:
                    gc.collect()
            # Confirmed events do not come again.
            assert [one for one in seen if "/chat/" in one] == ["toy/shop/chat/1"]
            assert seen.count("toy/shop/message/1") == 4

    async def test_block_of_a_refused_loop_does_not_end_the_first(self) -> None:
        shop = Shop()
        async with followed(shop, Kept()) as (inbox, events):
            await idle(events)
            with pytest.raises(FeedBusy):
                async with inbox.events() as second:
                    await anext(second)
            shop.arrive("x")
            assert texts(await take(events, 2)) == ["x"]

    async def test_settled_delivery_is_not_reported_as_undecodable(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop = Shop()

        class Settled(Kept):
            async def work(self, key: str) -> bytes:
                found = await self.delivery(key)
                assert found is not None
                await self.write(step(deliveries=[delivery(key, DeliveryState.CONFIRMED)]))
                return await super().work(key)

        shop.trouble.append("unreached")
        async with Inbox(shop, state=Settled()) as inbox:
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            caplog.clear()
            await asyncio.sleep(100)
        assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


class TestIdentity:
    async def test_link_leads_to_the_same_locks(self, tmp_path: Path) -> None:
        path, link = tmp_path / "state.db", tmp_path / "other" / "link.db"
        link.parent.mkdir()
        link.symlink_to(path)
        async with SqliteStore(link) as one, SqliteStore(path) as two:
            async with one.reading("shop", wait=False):
                with pytest.raises(FeedBusy):
                    async with two.reading("shop", wait=False):
                        pytest.fail("two have it")
            assert await one.alive(two.owner)

    async def test_hard_link_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path):
            pass
        os.link(path, tmp_path / "copy.db")
        for one in (path, tmp_path / "copy.db"):
            with pytest.raises(StateError, match="another name"):
                async with SqliteStore(one):
                    pytest.fail("it was opened")

    @pytest.mark.parametrize("replaced", [False, True])
    async def test_deleted_file_is_noticed_at_once(self, tmp_path: Path, replaced: bool) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as store:
            await store.write(step(1))
            path.rename(tmp_path / "moved.db")
            if replaced:
                path.touch()
            for call in (
                store.enter(delivery(), b""),
                store.write(step(2)),
                store.events(["shop"], after=0, limit=1),
            ):
                with pytest.raises(StateError, match="deleted or replaced") as raised:
                    await call
                assert not raised.value.retryable

    @pytest.mark.parametrize("kind", ["device", "fifo", "folder", "link to a device"])
    @pytest.mark.parametrize("bans", [False, True])
    async def test_only_regular_files_are_opened(
        self, tmp_path: Path, kind: str, bans: bool
    ) -> None:
        path = tmp_path / "state.db"
        match kind:
            case "device":
                path = Path("/dev/null")
            case "fifo":
                os.mkfifo(path)
            case "folder":
                path.mkdir()
            case _:
                path.symlink_to("/dev/null")
        mode = stat.S_IMODE(path.stat().st_mode)
        with pytest.raises(StateError, match="not a regular file"):
            if bans:
                await SqliteBans(path).load("x")
            else:
                async with SqliteStore(path):
                    pytest.fail("it was opened")
        assert stat.S_IMODE(path.stat().st_mode) == mode


class TestPassingFaults:
    def test_locks_and_full_disks_pass(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        db = Connection(path, StateError, waits=False).open(prepare)
        with sqlite3.connect(path, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StateError, match="locked") as raised:
                db.execute("DELETE FROM event")
            other.execute("ROLLBACK")
        other.close()
        assert raised.value.retryable
        db.query("PRAGMA max_page_count = 1")
        with pytest.raises(StateError, match="full") as raised:
            db.execute("INSERT INTO reader VALUES ('a', ?)", ("x" * 100_000,))
        assert raised.value.retryable
        with pytest.raises(StateError) as raised:
            db.execute("nonsense")
        assert not raised.value.retryable
        db.close()

    async def test_locked_file_delays(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wbym._sqlite.BUSY_TIMEOUT", 0.05)
        monkeypatch.setattr("wbym.feed._patience._MIN_PAUSE", 0.01)
        path, shop = tmp_path / "state.db", Shop(every=0.01)
        shop.arrive("x")
        async with Inbox(shop, state=path) as inbox:
            with child("lock", path) as other:
                assert await asyncio.to_thread(other.line) == "locked"
                waiting = asyncio.create_task(anext(inbox.events(since=LONG_AGO)))
                await asyncio.sleep(0.3)
                assert not waiting.done()
            assert (await waiting).kind is EventKind.CHAT


class TestFork:
    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    async def test_child_of_an_inbox_gets_an_error(self) -> None:
        shop = Shop()
        async with Inbox(shop, state=Kept()) as inbox:
            child = os.fork()
            if child == 0:
                wrong = 0
                for use in (
                    lambda: inbox.events(),
                    lambda: inbox.accounts,
                    lambda: inbox.send(shop.chat(), "Да").send(None),
                    lambda: inbox.aclose().send(None),
                ):
                    try:
                        use()
                    except InboxNotOpen as error:
                        wrong += "parent" not in str(error)
                    except BaseException:  # noqa: BLE001 - the child must end
                        wrong += 1
                    else:
                        wrong += 1
                os._exit(wrong)
            _, status = await asyncio.to_thread(os.waitpid, child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            assert inbox.accounts

    async def test_child_gets_an_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "state.db"
        parent = os.getpid()
        database = Database(Connection(tmp_path / "other.db", StateError))
        async with SqliteStore(path) as store:
            await database.open(lambda _: None)
            with monkeypatch.context() as patch:
                patch.setattr(os, "getpid", lambda: parent + 1)
                for call in (store.backlog(), store.alive("x"), store.aclose()):
                    with pytest.raises(StateError, match="opened by the parent"):
                        await call
                with pytest.raises(StateError, match="opened by the parent"):
                    await database.aclose(lambda: None)
            assert await store.backlog() == {}
            await database.aclose(lambda: None)
