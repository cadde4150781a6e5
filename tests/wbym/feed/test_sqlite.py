"""Additional promises of the SQLite store."""

import asyncio
import sqlite3
from pathlib import Path
from typing import cast

import pytest

from tests.wbym.feed.child import child
from tests.wbym.feed.kept import BEGIN, at, checkpoint, delivery, event, numbers, step
from wbym.domain import DeliveryState
from wbym.errors import StateError
from wbym.feed import SqliteStore
from wbym.feed._store import SeenRecord, Step, StoredEvent

PENDING, SENDING, ACCEPTED, CONFIRMED, REJECTED, UNKNOWN = DeliveryState


class TestSqliteStore:
    async def test_step_is_atomic(self, tmp_path: Path) -> None:
        async with SqliteStore(tmp_path / "state.db") as store:
            await store.enter(standing := delivery(), b"work")
            await store.write(step(1, state=b"1"))
            bad = StoredEvent(cast(str, None), "shop", event(1).kind, BEGIN, b"1")
            seen = [delivery(state=CONFIRMED)]
            seen_records = {"a": SeenRecord("")}
            with pytest.raises(StateError, match="NOT NULL"):
                await store.write(
                    Step(checkpoint(state=b"2"), [event(2), bad], seen_records, at(9), seen)
                )
            assert await store.checkpoint("shop", "chats") == checkpoint(state=b"1")
            assert await numbers(store) == ["1"]
            assert await store.seen_records("shop", "chats", ["a"]) == {}
            assert await store.deliveries() == [standing]
            await store.write(step(3))
            assert await numbers(store) == ["1", "3"]

    async def test_call_completes_when_the_caller_is_cancelled(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as store:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            begun = asyncio.create_task(store.write(step(1, state=b"1")))
            queued = asyncio.create_task(store.write(step(2, state=b"2")))
            await asyncio.sleep(0.02)
            for task in (begun, queued):
                task.cancel()
            await asyncio.wait([begun, queued])
            assert begun.cancelled()
            assert queued.cancelled()
            following = asyncio.create_task(store.write(step(3, state=b"3")))
            looked = asyncio.create_task(store.checkpoint("shop", "chats"))
            await asyncio.sleep(0.02)
            other.execute("ROLLBACK")
            other.close()
            await following
            assert await looked == checkpoint(state=b"3")
            assert await numbers(store) == ["1", "2", "3"]

    async def test_closing_waits_for_running_calls(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as store:
            other = sqlite3.connect(path, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            begun = asyncio.create_task(store.write(step(1)))
            await asyncio.sleep(0.02)
            closing = asyncio.create_task(store.aclose())
            await asyncio.sleep(0.02)
            other.execute("ROLLBACK")
            other.close()
            await asyncio.gather(begun, closing)
        async with SqliteStore(path) as store:
            assert await numbers(store) == ["1"]

    async def test_closed_store_raises(self, tmp_path: Path) -> None:
        store = SqliteStore(tmp_path / "state.db")
        with pytest.raises(StateError, match=r"state\.db: it is closed"):
            await store.backlog()
        await store.aclose()
        async with store:
            await store.write(step(1))
        await store.aclose()
        with pytest.raises(StateError, match="it is closed"):
            await store.write(step(2))
        with pytest.raises(StateError, match="it is closed"):
            await store.alive(store.owner)
        with pytest.raises(StateError, match="it is closed"):
            async with store.reading("shop", wait=True):
                pytest.fail("it was not kept")
        async with store:
            assert await numbers(store) == ["1"]

    async def test_two_stores_see_each_others_writes(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as one, SqliteStore(str(path)) as two:
            await asyncio.gather(*(one.write(step(n)) for n in range(20)))
            await asyncio.gather(
                *(store.enter(delivery(f"{n}"), b"") for n in range(20) for store in (one, two))
            )
            assert await numbers(two) == [f"{n}" for n in range(20)]
            assert len(await two.deliveries()) == 20

    async def test_key_is_entered_by_one_of_two_stores(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as one, SqliteStore(path) as two:
            for number in range(20):
                key = f"{number}"
                ours, theirs = await asyncio.gather(
                    one.enter(delivery(key), b"1", owner="one"),
                    two.enter(delivery(key), b"2", owner="two"),
                )
                assert [ours, theirs].count(None) == 1, "one has written, the other sees that"
                assert (ours or theirs) == await one.delivery(key)
                moved = await asyncio.gather(
                    one.move(delivery(key, ACCEPTED), was=[SENDING]),
                    two.move(delivery(key, REJECTED), was=[SENDING]),
                )
                assert sorted(moved) == [False, True]

    async def test_killed_writer_leaves_complete_steps(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        done = 0
        with child("crash", path) as other:
            assert await asyncio.to_thread(other.line) == "ready"
            for _ in range(20):
                other.go()
                assert await asyncio.to_thread(other.line) == "killed"
                async with SqliteStore(path) as store:
                    last = await store.checkpoint("shop", "chats")
                    found = await store.events(["shop"], after=0, limit=1_000_000)
                    await store.confirm([one.seq for one in found])
                reached = int(last.state or b"0") if last else 0
                expected = [number for number in range(done + 1, reached + 1) for _ in range(3)]
                assert [int(one.record) for one in found] == expected
                done = reached
        assert done > 20
