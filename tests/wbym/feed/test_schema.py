"""State files: which are accepted, upgraded, or rejected unchanged."""

import asyncio
import os
import random
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import wbym._sqlite
from tests.wbym.feed.child import LATER, child
from tests.wbym.feed.kept import delivery, event, step
from wbym._sqlite import Connection
from wbym.account import Hint
from wbym.errors import StateError
from wbym.feed import SqliteStore
from wbym.feed import _schema as schema
from wbym.feed import _sqlite as sqlite_store
from wbym.feed._store import StoredEvent
from wbym.limits import SqliteBans


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


async def filled(path: Path, events: int = 400) -> list[StoredEvent]:
    """Create a state file of about 30 pages."""
    async with SqliteStore(path) as store:
        await store.write(
            step(*range(events), state=b"place", seen_records=[f"{n}" for n in range(400)])
        )
        await store.enter(delivery(), b"work")
        await store.hint([Hint("shop", "chats", "1")])
        return await store.events(["shop"], after=0, limit=events)


async def everything(path: Path) -> tuple[object, ...]:
    """Check that a state file works."""
    async with SqliteStore(path) as store:
        return (
            await store.checkpoint("shop", "chats"),
            await store.seen_records("shop", "chats", [f"{n}" for n in range(400)]),
            await store.events(["shop"], after=0, limit=999),
            await store.backlog(),
            await store.deliveries(),
            await store.work("key"),
            await store.hints(["shop"]),
        )


def sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """The last row of the result."""
    rows: list[tuple[object, ...]] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            rows = db.execute(statement).fetchall()
    return rows


async def rejected(path: Path, match: str) -> None:
    """Assert that the file is rejected by name, and unchanged."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StateError, match=match) as raised:
        async with SqliteStore(path):
            pytest.fail("it was opened")
    assert str(raised.value).startswith(f"{path}: ")
    assert (path.read_bytes() if path.is_file() else None) == before


class TestForeignFile:
    async def test_newer_version(self, path: Path) -> None:
        await filled(path)
        sql(path, "PRAGMA user_version = 7")
        await rejected(path, "has version 7, and .* up to 5; use the newer wbym that wrote it")

    @pytest.mark.parametrize("size", [2, 100, 600, 100_000])
    async def test_file_of_garbage(self, path: Path, size: int) -> None:
        path.write_bytes(random.Random(size).randbytes(size))
        await rejected(path, "not a database: .* use another file, or restore a copy")

    @pytest.mark.parametrize(
        "mark",
        [
            "CREATE TABLE theirs (id)",
            "PRAGMA application_id = 7",
            "PRAGMA user_version = 4",
            "CREATE TABLE bans (id); CREATE TABLE theirs (id)",
        ],
    )
    @pytest.mark.parametrize("mode", ["wal", "delete"])
    async def test_database_of_another_program(self, path: Path, mark: str, mode: str) -> None:
        sql(path, f"PRAGMA journal_mode = {mode}", *mark.split(";"))
        await rejected(path, "a database of another program; use another file")

    async def test_path_is_a_folder(self, path: Path) -> None:
        path.mkdir()
        await rejected(path, "not a regular file: it must be a file, in a folder that exists")

    async def test_missing_folder(self, tmp_path: Path) -> None:
        await rejected(tmp_path / "none" / "state.db", "No such file .* in a folder that exists")
        assert not list(tmp_path.iterdir())


class TestStateFile:
    async def test_empty_file_becomes_a_state_file(self, path: Path) -> None:
        path.touch()
        assert await filled(path)
        assert sql(path, "PRAGMA user_version") == [(5,)]

    async def test_empty_database_becomes_a_state_file(self, path: Path) -> None:
        sql(path, "CREATE TABLE gone (id)", "DROP TABLE gone")
        assert path.stat().st_size
        assert await filled(path)

    async def test_bans_are_kept_in_the_same_file(self, path: Path) -> None:
        bans = SqliteBans(path)
        await bans.save("bucket", 5.0)
        async with SqliteStore(path) as store:
            assert await bans.load("bucket") == 5.0
            await bans.save("bucket", 7.0)
            await store.write(step(1))
        assert await bans.load("bucket") == 7.0
        await filled(path)
        assert await bans.load("bucket") == 7.0


class TestBroken:
    async def test_truncated_file(self, path: Path) -> None:
        await filled(path)
        whole = path.read_bytes()
        odd = random.Random(1).sample(range(2, len(whole)), 20)
        for size in [*range(4096, len(whole), 4096), *odd]:
            path.write_bytes(whole[:size])
            await rejected(path, "restore")

    async def test_file_with_an_overwritten_page(self, path: Path) -> None:
        await filled(path)
        whole, sane = path.read_bytes(), await everything(path)
        noise, found = random.Random(2), 0
        for start in range(4096, len(whole), 4096):
            broken = whole[:start] + noise.randbytes(4096) + whole[start + 4096 :]
            path.write_bytes(broken)
            try:
                assert await everything(path) == sane
            except StateError:
                found += 1
            assert path.read_bytes() == broken
        assert found > 15


class TestReadOnly:
    """With a read-only connection, since root can write everywhere."""

    @pytest.mark.parametrize("new", [True, False])
    async def test_error_when_read_only(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, *, new: bool
    ) -> None:
        connect = sqlite3.connect

        def read_only(path: Path, **settings: object) -> sqlite3.Connection:
            db: sqlite3.Connection = connect(f"file:{path}?mode=ro", uri=True, **settings)  # type: ignore[call-overload]
            return db

        path.touch()
        if not new:
            await filled(path)
        monkeypatch.setattr(sqlite3, "connect", read_only)
        await rejected(path, "readonly database: .* both must be writable")


class TestFullDisk:
    async def test_writing_continues_when_space_is_free(self, path: Path) -> None:
        async with SqliteStore(path) as store:
            await store.write(step(1, state=b"1"))

            def limit(pages: int) -> Callable[[Connection], object]:
                return lambda db: db.query(f"PRAGMA max_page_count = {pages}")

            await store._db.run(limit(1))  # all of them
            with pytest.raises(StateError, match="full: free some space"):
                await store.write(step(*range(2, 2000), state=b"2"))
            assert len(await store.events(["shop"], after=0, limit=9999)) == 1
            with pytest.raises(StateError, match="full"):
                await store.enter(delivery(), bytes(100_000))
            assert await store.deliveries() == []
            await store._db.run(limit(100_000))
            await store.write(step(*range(2, 2000), state=b"2"))
            await store.enter(delivery(), bytes(100_000))
        async with SqliteStore(path) as store:
            assert len(await store.events(["shop"], after=0, limit=9999)) == 1999

    async def test_new_file_is_created_when_space_is_free(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        connect = sqlite3.connect

        def cramped(path: Path, **settings: object) -> sqlite3.Connection:
            db: sqlite3.Connection = connect(path, **settings)  # type: ignore[call-overload]
            db.execute("PRAGMA max_page_count = 5")
            return db

        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", cramped)
            with pytest.raises(StateError, match="full: free some space"):
                async with SqliteStore(path):
                    pytest.fail("it was opened")
        assert await filled(path)


class TestBusy:
    async def test_error_when_another_process_keeps_writing(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wbym._sqlite, "BUSY_TIMEOUT", 0.05)
        monkeypatch.setattr(sqlite_store, "OPEN_TIMEOUT", 0.1)
        await filled(path)
        async with SqliteStore(path) as store:
            with child("lock", path) as other:
                assert await asyncio.to_thread(other.line) == "locked"
                await rejected(path, "locked: another process has been writing .* or stop it")
                with pytest.raises(StateError, match="locked: another process"):
                    await store.write(step(1))
                assert len(await store.events(["shop"], after=0, limit=999)) == 400
            await store.write(step(1))

    async def test_opening_waits_for_a_writer(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr(wbym._sqlite, "BUSY_TIMEOUT", 0.01)
        await filled(path)
        async with SqliteStore(path):  # keeps the file in WAL mode
            with child("lock", path) as other:
                assert await asyncio.to_thread(other.line) == "locked"
                opening = asyncio.create_task(SqliteStore(path).__aenter__())
                for _ in range(1000):
                    if "locked" in caplog.text:
                        break
                    await asyncio.sleep(0.01)
            store = await opening
            assert len(await store.events(["shop"], after=0, limit=999)) == 400
            await store.aclose()
        assert f"{path}: database is locked: another process" in caplog.text
        assert "the file is tried again for 60 s" in caplog.text


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(path: Path) -> dict[str, int]:
    """Modes of the file and its companions."""
    return {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}


PRIVATE = {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600, "state.db.locks": 0o700}


class TestModes:
    async def test_new_file_is_private_to_its_owner(self, path: Path) -> None:
        with umask(0):
            async with SqliteStore(path) as store:
                await store.write(step(1))
                assert modes(path) == PRIVATE

    async def test_ban_file_becomes_private_to_its_owner(self, path: Path) -> None:
        with umask(0):
            await SqliteBans(path).save("bucket", 5.0)
            assert modes(path) == {"state.db": 0o644}
            async with SqliteStore(path) as store:
                await store.write(step(1))
                assert modes(path) == PRIVATE

    async def test_mode_of_a_state_file_is_unchanged(self, path: Path) -> None:
        await filled(path)
        path.chmod(0o640)
        async with SqliteStore(path) as store:
            await store.write(step(1))
            assert modes(path)["state.db"] == modes(path)["state.db-wal"] == 0o640


class TestMigration:
    async def test_data_is_kept(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        await filled(path)
        before = await everything(path)
        with monkeypatch.context() as patch:
            patch.setattr(schema, "MIGRATIONS", LATER)
            assert await everything(path) == before
            assert await everything(path) == before
        assert sql(path, "PRAGMA user_version") == [(6,)]
        assert sql(path, "SELECT * FROM late") == []
        await rejected(path, "has version 6, and this wbym knows versions up to 5")

    async def test_checksums_are_added(self, path: Path) -> None:
        events = await filled(path)
        before = await everything(path)
        sql(path, "UPDATE event SET record = 'text' WHERE seq = 7")
        for table in ("event", "seen_record"):
            sql(path, f"ALTER TABLE {table} DROP COLUMN checksum")
        sql(path, "DROP TABLE dead_letter")
        sql(path, "PRAGMA user_version = 4")
        _, _, found, *others = await everything(path)
        assert isinstance(found, list)
        assert found[:6] + found[7:] == events[:6] + events[7:]
        assert found[6].id == "damaged/7"
        assert before == (before[0], before[1], before[2], *others)
        assert sql(path, "PRAGMA user_version") == [(5,)]

    async def test_new_file_runs_all_migrations(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(schema, "MIGRATIONS", LATER)
        await filled(path)
        assert sql(path, "PRAGMA user_version") == [(6,)]
        assert sql(path, "SELECT * FROM late") == []

    async def test_two_processes_at_once(self, path: Path) -> None:
        await filled(path)
        before = await everything(path)
        with child("upgrade", path) as one, child("upgrade", path) as two:
            for other in (one, two):
                assert await asyncio.to_thread(other.line) == "ready"
            one.go()
            two.go()
            assert [await asyncio.to_thread(other.end) for other in (one, two)] == [0, 0]
        sql(path, "PRAGMA user_version = 5", "DROP TABLE late")
        assert await everything(path) == before

    @pytest.mark.parametrize("bad", ["SELECT nonsense", "INSERT INTO stream (id) VALUES (NULL)"])
    async def test_failed_migration_leaves_the_old_version(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
    ) -> None:
        await filled(path)
        before = await everything(path)
        with monkeypatch.context() as patch:
            patch.setattr(schema, "MIGRATIONS", (*LATER[:-1], f"CREATE TABLE late (id); {bad}"))
            await rejected(path, "nonsense|NOT NULL")
        assert await everything(path) == before
        assert sql(path, "SELECT name FROM sqlite_master WHERE name = 'late'") == []

    async def test_many_processes_create_one_file_at_once(self, tmp_path: Path) -> None:
        for turn in range(15):
            path = tmp_path / f"{turn}.db"
            stores = [SqliteStore(path) for _ in range(6)]
            await asyncio.gather(*(store.__aenter__() for store in stores))
            await asyncio.gather(*(store.write(step(1)) for store in stores))
            assert await stores[0].backlog() == {"shop": 6}
            await asyncio.gather(*(store.aclose() for store in stores))


async def test_second_store_of_a_process_does_not_free_the_locks_of_the_first(path: Path) -> None:
    """Closing any handle of a file drops all locks of the process on it."""
    leave_wal = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], timeout=0)\n"
        "print(db.execute('PRAGMA journal_mode = DELETE').fetchone()[0])"
    )
    async with SqliteStore(path) as store:
        await store.write(step(1))
        second = Connection(path, StateError)
        await asyncio.to_thread(second.open, schema.prepare)
        command = [sys.executable, "-c", leave_wal, str(path)]
        other = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
        second.close()
        assert "database is locked" in other.stderr
        await store.write(step(2))
    assert [one.id for one in await _events(path)] == [event(1).id, event(2).id]


async def _events(path: Path) -> list[StoredEvent]:
    async with SqliteStore(path) as store:
        return await store.events(["shop"], after=0, limit=9)
