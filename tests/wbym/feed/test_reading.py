"""The reader lock of an account, and liveness of owners."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from tests.support.postgres import own_schema
from tests.wbym.feed.child import child
from wbym.errors import FeedBusy
from wbym.feed import MemoryStore, PostgresStore, SqliteStore, Store


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store that stays open."""
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "postgres":
        server = request.getfixturevalue("postgres_server")
        async with own_schema(server) as url, PostgresStore(url) as opened:
            yield opened
    else:
        async with SqliteStore(tmp_path / "state.db") as opened:
            yield opened


class TestReading:
    async def test_reader_lock_is_exclusive(self, store: Store) -> None:
        async with store.reading("shop", wait=False):
            with pytest.raises(FeedBusy, match="shop: its events are read by this process"):
                async with store.reading("shop", wait=False):
                    pytest.fail("two have it")
            async with store.reading("other", wait=False):
                pass
        async with store.reading("shop", wait=False):
            pass

    async def test_lock_is_released_when_its_holder_fails(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError):
            async with store.reading("shop", wait=False):
                raise ZeroDivisionError
        async with store.reading("shop", wait=False):
            pass

    async def test_lock_is_waited_for(self, store: Store) -> None:
        order: list[str] = []

        async def waiter() -> None:
            async with store.reading("shop", wait=True):
                order.append("second")

        async with store.reading("shop", wait=True):
            task = asyncio.create_task(waiter())
            await asyncio.sleep(0.02)
            order.append("first")
        await task
        assert order == ["first", "second"]

    async def test_waiter_that_gives_up_changes_nothing(self, store: Store) -> None:
        async def waiter() -> None:
            async with store.reading("shop", wait=True):
                pytest.fail("two have it")

        async with store.reading("shop", wait=False):
            task = asyncio.create_task(waiter())
            await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            with pytest.raises(FeedBusy):
                async with store.reading("shop", wait=False):
                    pytest.fail("two have it")
        async with store.reading("shop", wait=False):
            pass

    async def test_lock_without_wait_fails_at_once(self, store: Store) -> None:
        """Not even while the lock is being passed on."""
        held, release = asyncio.Event(), asyncio.Event()

        async def waiter() -> None:
            async with store.reading("shop", wait=True):
                held.set()
                await release.wait()

        async with store.reading("shop", wait=False):
            task = asyncio.create_task(waiter())
            await asyncio.sleep(0.02)
        try:
            async with asyncio.timeout(5), store.reading("shop", wait=False):
                assert not held.is_set()
        except FeedBusy:
            pass
        await held.wait()
        release.set()
        await task

    async def test_lock_is_released_by_another_task(self, store: Store) -> None:
        right = store.reading("shop", wait=False)
        await asyncio.create_task(_awaited(right.__aenter__()))
        await asyncio.create_task(_awaited(right.__aexit__(None, None, None)))
        async with store.reading("shop", wait=False):
            pass

    @pytest.mark.parametrize("turns", range(8))
    async def test_no_lock_is_held_after_a_cancelled_start(self, store: Store, turns: int) -> None:
        async def reader() -> None:
            async with store.reading("shop", wait=True):
                await asyncio.sleep(60)

        task = asyncio.create_task(reader())
        for _ in range(turns):
            await asyncio.sleep(0.0005)
        task.cancel()
        await asyncio.wait([task])
        async with store.reading("shop", wait=False):
            pass

    @pytest.mark.parametrize("name", ["магазин на диване " * 40, "../a/b", "a\nb", "."])
    async def test_lock_names_of_any_kind(self, store: Store, name: str) -> None:
        async with store.reading(name, wait=False):
            with pytest.raises(FeedBusy):
                async with store.reading(name, wait=False):
                    pytest.fail("two have it")


async def _awaited(awaitable: Awaitable[object]) -> None:
    await awaitable


class TestReadingOfOneFile:
    async def test_reader_lock_is_exclusive_among_stores(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as one, SqliteStore(path) as two:
            async with one.reading("shop", wait=False):
                with pytest.raises(FeedBusy, match="by this process"):
                    async with two.reading("shop", wait=False):
                        pytest.fail("two have it")
            async with two.reading("shop", wait=False):
                pass

    async def test_closing_releases_the_lock(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        one = SqliteStore(path)
        async with one, SqliteStore(path) as two, one.reading("shop", wait=False):
            await one.aclose()
            async with two.reading("shop", wait=False):
                pass

    async def test_reader_lock_is_exclusive_among_processes(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        with child("read", path) as other:
            assert await asyncio.to_thread(other.line)
            async with SqliteStore(path) as store:
                with pytest.raises(FeedBusy, match=f"by process {other.pid};"):
                    async with store.reading("shop", wait=False):
                        pytest.fail("two have it")
                asyncio.get_running_loop().call_later(0.05, other.kill)
                async with store.reading("shop", wait=True):
                    pass


class TestAlive:
    async def test_store_knows_its_own_owner(self, store: Store) -> None:
        assert await store.alive(store.owner)
        assert not await store.alive("")
        assert not await store.alive("4711-none")

    async def test_another_open_store_is_alive(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as one:
            async with SqliteStore(path) as two:
                assert one.owner != two.owner
                assert await one.alive(two.owner)
                assert await two.alive(one.owner)
            assert not await one.alive(two.owner)
            assert await one.alive(one.owner)

    async def test_another_process_is_alive_until_killed(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        locks = tmp_path / "state.db.locks"
        with child("own", path) as other:
            owner = await asyncio.to_thread(other.line)
            async with SqliteStore(path) as store:
                assert await store.alive(owner)
                assert (locks / f"{owner}.lock").exists()
                other.kill()
                assert not await store.alive(owner)
                assert not await store.alive(owner)
                assert [file.stem for file in locks.iterdir()] == [store.owner]
        assert not list(locks.iterdir())

    async def test_memory_is_dead_when_closed(self) -> None:
        memory = MemoryStore()
        await memory.aclose()
        assert not await memory.alive(memory.owner)
