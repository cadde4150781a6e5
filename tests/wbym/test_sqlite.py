"""One connection to SQLite, direct and in another thread."""

import asyncio
import gc
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from wbym._sqlite import MEMORY, Connection, Database
from wbym.errors import ExportError, StateError

TABLE = "CREATE TABLE IF NOT EXISTS word (word TEXT UNIQUE)"
INSERT = "INSERT INTO word VALUES (?)"


def prepare(db: Connection) -> None:
    db.execute(TABLE)


def words(db: Connection) -> list[str]:
    return [word for (word,) in db.query("SELECT word FROM word ORDER BY rowid")]


@pytest.fixture(params=["file", "memory"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / "words.db" if request.param == "file" else MEMORY


def cursors() -> list[object]:
    return [one for one in gc.get_objects() if isinstance(one, sqlite3.Cursor)]


class TestNoCursor:
    """Freed in another thread, a cursor breaks the work of its connection on CPython 3.11."""

    @pytest.mark.parametrize(
        "work",
        [
            lambda db: db.query("SELECT 1 UNION SELECT 2"),
            lambda db: db.query("INSERT INTO word VALUES ('b') RETURNING word"),
            lambda db: db.execute("SELECT 1"),
            lambda db: db.execute("PRAGMA journal_mode"),
            lambda db: db.executemany(INSERT, [("b",), ("c",)]),
            lambda db: db.execute("nonsense"),
            lambda db: db.execute(INSERT, ("a",)),
            lambda db: db.executemany(INSERT, [("b",), ("a",)]),
            lambda db: db.query("INSERT INTO word VALUES ('a') RETURNING word"),
            # Fails at its second row.
            lambda db: db.query("SELECT abs(column1) FROM (VALUES (1), (-9223372036854775808))"),
        ],
    )
    async def test_no_cursor_leaves_its_thread(
        self,
        path: Path,
        work: Callable[[Connection], object],
        _no_blocking_calls: BlockBuster,  # noqa: PT019
    ) -> None:
        _no_blocking_calls.deactivate()  # its frames keep references to the cursors
        database = Database(Connection(path, StateError))
        gc.collect()
        before = cursors()
        await database.open(prepare)
        await database.write(lambda db: db.execute(INSERT, ("a",)))
        kept: list[object] = []
        try:
            kept.append(await database.write(work))
        except StateError as error:
            kept.append(error)  # with the frames of its traceback
        assert kept
        assert [one for one in cursors() if one not in before] == []
        await database.aclose(lambda: None)

    def test_no_cursor_is_returned_by_a_public_method(self, path: Path) -> None:
        db = Connection(path, StateError).open(prepare)
        assert db.query("SELECT 1, 'a' UNION SELECT 2, NULL") == [(1, "a"), (2, None)]
        assert db.query("DELETE FROM word") == []
        assert db.execute(INSERT, ("a",)) == 1
        assert db.executemany(INSERT, [("b",), ("c",)]) == 2
        assert db.execute("DELETE FROM word") == 3
        given = [getattr(db, name) for name in dir(db) if not name.startswith("_")]
        assert not [one for one in given if type(one).__module__ == "sqlite3"]
        db.close()


class TestConnection:
    def test_transaction_is_atomic(self, path: Path) -> None:
        db = Connection(path, StateError).open(prepare)
        with db.transaction():
            db.execute(INSERT, ("a",))
        with pytest.raises(ZeroDivisionError), db.transaction():
            db.execute(INSERT, ("b",))
            raise ZeroDivisionError
        with pytest.raises(StateError, match="UNIQUE"), db.transaction():
            db.executemany(INSERT, [("c",), ("a",)])
        with db.transaction():
            db.execute(INSERT, ("d",))
            db.execute("ROLLBACK")
        assert words(db) == ["a"]
        db.close()

    def test_error_has_the_owners_type_path_and_remedy(self, tmp_path: Path) -> None:
        path = tmp_path / "words.db"
        path.write_bytes(b"no database " * 100)
        db = Connection(path, ExportError, remedies={"not a database": "look elsewhere"})
        with pytest.raises(ExportError) as raised:
            db.open(prepare)
        assert str(raised.value) == f"{path}: file is not a database: look elsewhere"
        assert isinstance(raised.value.__cause__, sqlite3.DatabaseError)
        assert not db.is_open

    def test_undecodable_data_is_an_error_of_the_file(self, path: Path) -> None:
        db = Connection(path, StateError).open(prepare)
        with pytest.raises(StateError, match=r"malformed, .*IndexError.* restore it from a copy"):
            db.run(lambda _: next(iter(words(db)), "")[0])
        with pytest.raises(TypeError):
            db.run(lambda _: len(1))  # type: ignore[arg-type]
        db.close()

    def test_failed_preparation_closes_it(self, path: Path) -> None:
        db = Connection(path, StateError)
        with pytest.raises(TypeError):
            db.open(lambda _: len(1))  # type: ignore[arg-type]
        with pytest.raises(StateError, match="it is closed"):
            db.execute(TABLE)
        db.close()

    def test_connection_without_wait_fails_at_once(self, tmp_path: Path) -> None:
        path = tmp_path / "words.db"
        one = Connection(path, StateError).open(prepare)
        other = Connection(path, StateError, waits=False).open(prepare)
        with one.transaction(), pytest.raises(StateError, match="locked: another process"):
            other.execute(INSERT, ("a",))
        one.close()
        other.close()


class TestDatabase:
    async def test_file_is_used_in_one_other_thread(self, tmp_path: Path) -> None:
        database = Database(Connection(tmp_path / "words.db", StateError))
        await database.open(prepare)
        threads = {await database.run(lambda _: threading.get_ident()) for _ in range(9)}
        assert len(threads) == 1
        assert threading.get_ident() not in threads
        await database.aclose(lambda: None)

    async def test_memory_needs_no_thread(self) -> None:
        database = Database(Connection(MEMORY, StateError))
        await database.open(prepare)
        assert await database.run(lambda _: threading.get_ident()) == threading.get_ident()
        await database.aclose(lambda: None)
        with pytest.raises(StateError, match=":memory:: it is closed"):
            await database.run(words)

    async def test_cancelled_call_completes_before_the_next(self, tmp_path: Path) -> None:
        database = Database(Connection(tmp_path / "words.db", StateError))
        await database.open(prepare)
        begun, go = threading.Event(), threading.Event()

        def work(db: Connection) -> None:
            begun.set()
            go.wait(60)
            db.execute(INSERT, ("a",))

        task = asyncio.create_task(database.write(work))
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go.set()
        assert await database.run(words) == ["a"]
        await database.aclose(lambda: None)
