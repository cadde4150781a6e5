"""Additional promises of the store in PostgreSQL."""

import asyncio
import pickle
import re
import socket
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.support.postgres import execute, fetch, schema_of
from tests.wbym.feed.kept import checkpoint, delivery, event, numbers, step
from tests.wbym.feed.shop import Shop
from tests.wbym.feed.test_events import LONG_AGO, take, texts
from wbym import _postgres
from wbym._postgres import Address
from wbym.account import Hint
from wbym.domain import DeliveryState
from wbym.errors import FeedBusy, LeaseLost, StateError
from wbym.feed import PostgresStore
from wbym.feed import _postgres as store_module
from wbym.feed._store import SeenRecord, Step
from wbym.inbox import Inbox

PENDING, SENDING, ACCEPTED, CONFIRMED, REJECTED, UNKNOWN = DeliveryState


class TestAddress:
    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("postgresql://wbym:pass@db:5433/wbym", "postgresql://wbym@db:5433/wbym"),
            ("postgres://wbym@db/wbym?schema=a", "postgresql://wbym@db/wbym"),
            ("postgresql://u:p%40ss@a:1,b:2/x?sslmode=require", "postgresql://u@a:1,b:2/x"),
            ("postgresql:///wbym?host=/var/run&password=pass", "postgresql:///wbym"),
            ("postgresql://[::1]:5432/x", "postgresql://[::1]:5432/x"),
        ],
    )
    def test_password_is_not_shown(self, url: str, shown: str) -> None:
        address = Address(url)
        assert str(address) == shown
        assert repr(address) == f"Address({shown!r})"
        assert repr(PostgresStore(url)) == f"PostgresStore({shown!r})"
        assert "ss" not in repr(vars(address))

    @pytest.mark.parametrize("password", ["pa/ss", "pa#ss", "pa?ss", "12/ss@x", "1#ss"])
    def test_password_with_special_characters_is_refused(self, password: str) -> None:
        with pytest.raises(StateError, match="percent-encoded") as raised:
            PostgresStore(f"postgresql://wbym:{password}@db/wbym")
        shown = "".join(
            traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()
        )
        assert str(raised.value).startswith("postgresql://***: ")
        assert "ss@" not in shown.replace(f"{password!r}", "").replace("ss@db", "", 1)

    @pytest.mark.parametrize("schema", ["", "A", "a b", 'a"b', "x" * 64, "a&schema=b"])
    def test_schema_is_a_plain_name(self, schema: str) -> None:
        with pytest.raises(StateError, match="the parameter schema must be one name"):
            PostgresStore(f"postgresql://db/wbym?schema={schema}")


class TestPostgresStore:
    async def test_step_is_atomic(self, postgres: str) -> None:
        async with PostgresStore(postgres) as store, store.reading("shop", wait=False):
            await store.enter(standing := delivery(), b"work")
            await store.write(step(1, state=b"1"))
            await execute(
                postgres, f"ALTER TABLE {schema_of(postgres)}.event ADD CHECK (id <> 'bad')"
            )
            bad = msgspec.structs.replace(event(2), id="bad")
            with pytest.raises(StateError, match="violates check constraint") as raised:
                await store.write(
                    Step(
                        checkpoint(state=b"2"),
                        [event(2), bad],
                        {"a": SeenRecord("")},
                        None,
                        [delivery(state=CONFIRMED)],
                    )
                )
            assert not raised.value.retryable
            assert await store.checkpoint("shop", "chats") == checkpoint(state=b"1")
            assert await numbers(store) == ["1"]
            assert await store.seen_records("shop", "chats", ["a"]) == {}
            assert await store.deliveries() == [standing]
            await store.write(step(3))
            assert await numbers(store) == ["1", "3"]

    async def test_closed_store_raises(self, postgres: str) -> None:
        store = PostgresStore(postgres)
        for _ in range(2):
            with pytest.raises(StateError, match=r"test: it is closed$"):
                await store.backlog()
            await store.aclose()
            async with store:
                await store.hint([])
        await store.aclose()
        with pytest.raises(StateError, match="it is closed"):
            async with store.reading("shop", wait=True):
                pytest.fail("it was not kept")

    async def test_call_completes_when_the_caller_is_cancelled(self, postgres: str) -> None:
        async with PostgresStore(postgres) as store:
            calls = [asyncio.create_task(store.hint([Hint("a", "b", f"{n}")])) for n in range(5)]
            await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
            await store.aclose()
        async with PostgresStore(postgres) as store:
            assert len(await store.hints(["a"])) == 5

    async def test_key_is_entered_by_one_of_two_stores(self, postgres: str) -> None:
        async with PostgresStore(postgres) as one, PostgresStore(postgres) as two:
            for number in range(10):
                key = f"{number}"
                ours, theirs = await asyncio.gather(
                    one.enter(delivery(key), b"1", owner="one"),
                    two.enter(delivery(key), b"2", owner="two"),
                )
                assert [ours, theirs].count(None) == 1
                assert (ours or theirs) == await one.delivery(key)
                moved = await asyncio.gather(
                    one.move(delivery(key, ACCEPTED), was=[SENDING]),
                    two.move(delivery(key, REJECTED), was=[SENDING]),
                )
                assert sorted(moved) == [False, True]

    async def test_text_of_any_kind_is_stored(self, postgres: str) -> None:
        keys = ["a\0b", "␀", "␀0", "␀1\0", "𝄞", "'\"\\"]
        async with PostgresStore(postgres) as store, store.reading("a\0", wait=False):
            await store.write(step(account="a\0", seen_records=keys))
            assert (await store.seen_records("a\0", "chats", keys)).keys() == set(keys)
            with pytest.raises(StateError, match="a value cannot be stored") as raised:
                await store.seen_records("a", "chats", ["\ud800"])
            assert not raised.value.retryable

    async def test_undecodable_delivery_becomes_unknown(
        self, postgres: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with PostgresStore(postgres) as store:
            await store.enter(delivery(), b"work", owner="me")
            await execute(postgres, f"UPDATE {schema_of(postgres)}.delivery SET body = 'secret'")
            assert await store.open_deliveries(["shop"]) == []
            (found,) = await store.deliveries([UNKNOWN])
            assert (found.idempotency_key, found.state) == ("key", UNKNOWN)
            assert await store.move(delivery(state=CONFIRMED), was=[UNKNOWN])
        assert "the delivery 'key', which is unknown now, cannot be decoded" in caplog.text
        assert "secret" not in caplog.text


class TestSchema:
    async def test_many_stores_create_the_tables_at_once(self, postgres: str) -> None:
        stores = [PostgresStore(postgres) for _ in range(6)]
        await asyncio.gather(*(store.__aenter__() for store in stores))
        await asyncio.gather(*(store.aclose() for store in stores))
        rows = await fetch(postgres, f"SELECT number FROM {schema_of(postgres)}.wbym_version")
        assert [tuple(row) for row in rows] == [(1,)]

    async def test_isolation_of_the_role_does_not_matter(self, postgres: str) -> None:
        url = f"{postgres}&default_transaction_isolation=serializable"
        stores = [PostgresStore(url) for _ in range(6)]
        await asyncio.gather(*(store.__aenter__() for store in stores))
        await asyncio.gather(*(store.aclose() for store in stores))

    async def test_newer_tables_are_refused(self, postgres: str) -> None:
        async with PostgresStore(postgres):
            pass
        table = f"{schema_of(postgres)}.wbym_version"
        await execute(postgres, f"UPDATE {table} SET number = 99")
        with pytest.raises(StateError, match="it has version 99, and this wbym knows") as raised:
            await PostgresStore(postgres).__aenter__()
        assert not raised.value.retryable

    async def test_tables_of_another_program_are_refused(self, postgres: str) -> None:
        schema = schema_of(postgres)
        await execute(postgres, f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.event (x int)")
        with pytest.raises(StateError, match="another program uses the schema"):
            await PostgresStore(postgres).__aenter__()
        rows = await fetch(
            postgres, "SELECT tablename FROM pg_tables WHERE schemaname = $1", schema
        )
        assert [tuple(row) for row in rows] == [("event",)]

    async def test_deleted_tables_are_not_created_again(self, postgres: str) -> None:
        async with PostgresStore(postgres) as store:
            await execute(postgres, f"DROP SCHEMA {schema_of(postgres)} CASCADE")
            with pytest.raises(StateError, match="tables were deleted"):
                await store.backlog()
            await execute(postgres, f"SELECT {_END_ALL}")
            for _ in range(2):
                with pytest.raises(StateError, match="tables were deleted"):
                    await store.backlog()

    async def test_old_server_is_refused(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_postgres, "MIN_VERSION", 99)
        with pytest.raises(StateError, match=r"the server is PostgreSQL \d+\.\d+; use version 99"):
            await PostgresStore(postgres).__aenter__()


_END_ALL = (
    "count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'wbym' AND query LIKE '%{}%'"
)


async def end_sessions(url: str) -> None:
    """End the sessions of the stores of this schema, as a restart of the server does."""
    await execute(url, f"SELECT {_END_ALL.format(schema_of(url))}")


class TestFence:
    async def test_successor_is_not_written_over(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_module, "_LEASE", 0.3)
        monkeypatch.setattr(store_module, "_RENEWED_EVERY", 100.0)
        async with PostgresStore(postgres) as first, PostgresStore(postgres) as second:
            async with first.reading("shop", wait=False):
                await first.write(step(1, state=b"1"))
                await asyncio.sleep(0.4)
                # Late, but nobody has taken its place.
                await first.write(step(2, state=b"2"))
                assert not await second.alive(first.owner)
                await second.hold()
                async with second.reading("shop", wait=False):
                    await second.write(step(3, state=b"3"))
                    for _ in range(2):
                        with pytest.raises(LeaseLost, match="shop: another process follows it"):
                            await first.write(step(4, state=b"4", seen_records=["x"]))
                    with pytest.raises(LeaseLost, match="shop: another process follows it"):
                        await first.hold()
                    assert await second.checkpoint("shop", "chats") == checkpoint(state=b"3")
                    assert await numbers(second) == ["1", "2", "3"]
                    assert await second.seen_records("shop", "chats", ["x"]) == {}
                    # What was handled is handled.
                    await first.confirm([1])
                    assert await numbers(second) == ["2", "3"]
            await second.hold()
            async with second.reading("shop", wait=False):
                pass

    async def test_store_that_is_late_continues_if_nobody_took_over(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_module, "_LEASE", 0.2)
        async with PostgresStore(postgres) as store, store.reading("shop", wait=False):
            await asyncio.sleep(0.3)
            assert store.alive_until < asyncio.get_running_loop().time()
            monkeypatch.setattr(store_module, "_LEASE", 60.0)  # the server may be slow
            await store.hold()
            assert store.alive_until > asyncio.get_running_loop().time()
            await store.write(step(1))

    async def test_write_without_the_account_is_refused(self, postgres: str) -> None:
        async with PostgresStore(postgres) as store:
            with pytest.raises(LeaseLost):
                await store.write(step(1))
            assert await numbers(store) == []

    async def test_reader_of_another_process_is_named(self, postgres: str) -> None:
        async with PostgresStore(postgres) as one, PostgresStore(postgres) as two:
            table = f"{schema_of(postgres)}"
            async with one.reading("shop", wait=False):
                with pytest.raises(FeedBusy, match="are read by this process"):
                    async with two.reading("shop", wait=False):
                        pytest.fail("two have it")
                await execute(
                    postgres,
                    f"UPDATE {table}.reader SET owner = '7-x@web-2';"
                    f"INSERT INTO {table}.owner VALUES ('7-x@web-2', now() + interval '1 hour')",
                )
                with pytest.raises(FeedBusy, match="are read by process 7 on web-2"):
                    async with two.reading("shop", wait=False):
                        pytest.fail("two have it")

    async def test_clock_of_the_machine_does_not_matter(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with PostgresStore(postgres) as one, PostgresStore(postgres) as two:
            now = time.time
            monkeypatch.setattr(time, "time", lambda: now() + 600)
            async with one.reading("shop", wait=False):
                assert await two.alive(one.owner)
                with pytest.raises(FeedBusy):
                    async with two.reading("shop", wait=False):
                        pytest.fail("two have it")


class TestDoubt:
    """The connection is lost after a statement has had its effect, and before its answer."""

    @pytest.fixture
    async def store(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator["Doubtful"]:
        async with Doubtful(postgres, monkeypatch) as store, store.reading("shop", wait=False):
            yield store

    async def test_step_is_stored_once(self, store: "Doubtful") -> None:
        store.lose = 1
        await store.write(step(1, 2, state=b"1", seen_records=["a"]))
        assert store.lose == 0
        assert await numbers(store) == ["1", "2"]
        # The answers of all attempts are lost, and the feed repeats the step.
        second = step(3, state=b"2")
        store.lose = 99
        with pytest.raises(StateError, match="the connection was lost") as raised:
            await store.write(second)
        assert raised.value.retryable
        store.lose = 0
        await store.confirm([3])
        await store.write(second)
        assert await numbers(store) == ["1", "2"], "it was confirmed, and is not stored again"
        await store.write(step(3, state=b"2"))
        assert await numbers(store) == ["1", "2", "3"], "another step"

    async def test_reply_is_entered_once(self, store: "Doubtful") -> None:
        store.lose = 1
        assert await store.enter(delivery(), b"work", owner=store.owner) is None
        assert await store.enter(delivery(), b"work", owner=store.owner) == delivery()

    async def test_reply_that_could_not_be_saved_is_gone(self, store: "Doubtful") -> None:
        store.lose = 99
        with pytest.raises(StateError):
            await store.enter(delivery(), b"work", owner=store.owner)
        store.lose = 0
        assert await stored(store) == [("key", None)]
        assert await store.delivery("key") is None
        assert await store.open_deliveries(["shop"]) == []
        assert await store.enter(delivery(note="again"), b"", owner=store.owner) is None
        store.lose = 99
        with pytest.raises(StateError):
            await store.enter(delivery("other"), b"work", owner=store.owner)
        store.lose = 0
        await store._drop_ghosts()
        assert await stored(store) == [("key", "again")]

    async def test_statement_that_arrives_late_changes_nothing(
        self, store: "Doubtful", postgres: str
    ) -> None:
        schema = schema_of(postgres)
        store.lose = 99
        with pytest.raises(StateError):
            await store.enter(delivery(), b"work", owner=store.owner)
        store.lose = 0
        await execute(postgres, f"CREATE TABLE {schema}.late AS SELECT * FROM {schema}.delivery")
        await store._drop_ghosts()
        assert await stored(store) == []
        await execute(
            postgres,
            f"INSERT INTO {schema}.delivery OVERRIDING SYSTEM VALUE SELECT * FROM {schema}.late",
        )
        assert await store.open_deliveries(["shop"]) == []
        await store._drop_ghosts()
        assert await stored(store) == []

    async def test_reply_that_could_not_be_saved_is_sent_once_if_it_is_repeated(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop, store = Shop(), Doubtful(postgres, monkeypatch)
        async with store, Inbox(shop, state=store) as inbox:
            store.lose = 99
            with pytest.raises(StateError, match="the connection was lost"):
                await inbox.send(shop.chat(), "Да", idempotency_key="k")
            store.lose = 0
            sent = await inbox.send(shop.chat(), "Да", idempotency_key="k")
            assert sent.state is DeliveryState.ACCEPTED
            await store._drop_ghosts()
            again = await inbox.send(shop.chat(), "Да", idempotency_key="k")
            assert again == sent
        assert [text for _, text in shop.sent] == ["Да"]

    async def test_closing_deletes_what_could_not_be_saved(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with Doubtful(postgres, monkeypatch) as store:
            store.lose = 99
            with pytest.raises(StateError):
                await store.enter(delivery(), b"work", owner=store.owner)
            store.lose = 0
        async with PostgresStore(postgres) as next_one:
            assert await stored(next_one) == []

    async def test_move_is_noticed(self, store: "Doubtful") -> None:
        await store.enter(delivery(), b"work", owner="me")
        store.lose = 1
        assert await store.move(delivery(state=PENDING), was=[SENDING], held_by="me", owner="you")
        assert not await store.move(delivery(state=PENDING), was=[SENDING], held_by="me")
        store.lose = 1
        assert not await store.move(delivery(state=ACCEPTED), was=[SENDING], held_by="you")

    async def test_account_is_taken_once(self, store: "Doubtful") -> None:
        store.lose = 1
        async with store.reading("other", wait=False):
            await store.write(step(1, account="other"))


async def stored(store: PostgresStore) -> list[tuple[str, str | None]]:
    """Keys and notes of all stored deliveries."""
    rows = (await store._run("SELECT key, body::json->>'note' FROM {delivery} ORDER BY 1")).rows
    return [(key, note) for key, note in rows]


class Doubtful(PostgresStore):
    """A store that loses the answers of its next statements."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(url)
        self.lose = 0
        execute = self._db._execute
        monkeypatch.setattr(_postgres, "_RECONNECT", (0.0, 0.0))

        async def losing(*args: object) -> object:
            found = await execute(*args)  # type: ignore[arg-type]
            if self.lose and args[2] is self._db._idle:
                self.lose -= 1
                for connection in self._db._idle:
                    connection.terminate()
                return self._db._failed(ConnectionResetError("the connection was lost"))
            return found

        monkeypatch.setattr(self._db, "_execute", losing)


class TestFaults:
    async def test_ended_sessions_are_not_noticed(self, postgres: str) -> None:
        shop = Shop(every=0.01)
        async with Inbox(shop, state=postgres) as inbox:
            events = inbox.events(since=LONG_AGO)
            for number in range(3):
                shop.arrive(f"{number}")
                await end_sessions(postgres)
                found = await take(events, 2 if number == 0 else 1)
                assert texts(found) == [f"{number}"]

    @pytest.mark.parametrize("code", ["53100", "53300", "57P03", "25006", "58030"])
    async def test_fault_of_the_server_passes(
        self,
        postgres: str,
        code: str,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        monkeypatch.setattr("wbym.feed._patience._MIN_PAUSE", 0.02)
        monkeypatch.setattr(_postgres, "_RECONNECT", (0.0,))
        shop, schema = Shop(every=0.01), schema_of(postgres)
        async with Inbox(shop, state=postgres) as inbox:
            events = inbox.events(since=LONG_AGO)
            shop.arrive("0")
            await take(events, 2)
            await execute(
                postgres,
                f"CREATE FUNCTION {schema}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" RAISE EXCEPTION 'no luck' USING ERRCODE = '{code}'; END $$;"
                f"CREATE TRIGGER fail BEFORE INSERT ON {schema}.event EXECUTE FUNCTION"
                f" {schema}.fail();"
                f"CREATE TRIGGER fail BEFORE INSERT ON {schema}.delivery EXECUTE FUNCTION"
                f" {schema}.fail()",
            )
            shop.arrive("1")
            waiting = asyncio.create_task(anext(events))
            await logged(caplog, "the state fails")
            with pytest.raises(StateError, match="no luck: ") as raised:
                await inbox.send(shop.chat(), "Да", idempotency_key="k")
            assert raised.value.retryable
            assert not waiting.done()
            await execute(postgres, f"DROP FUNCTION {schema}.fail CASCADE")
            assert (await waiting).message.text == "1"
            await logged(caplog, "the state works again")

    async def test_unreachable_server(self) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
            store = PostgresStore(f"postgresql://wbym:pass@127.0.0.1:{port}/wbym")
            with pytest.raises(StateError, match="check that the server runs") as raised:
                await store.__aenter__()
        assert str(raised.value).startswith(f"postgresql://wbym@127.0.0.1:{port}/wbym: ")
        assert raised.value.retryable
        assert_no_secret(raised.value, "pass")

    async def test_unknown_database(self, postgres: str) -> None:
        url = re.sub(r"/\w+\?", "/wbym_nowhere?", postgres)
        with pytest.raises(StateError, match="create the database, or name another") as raised:
            await PostgresStore(url).__aenter__()
        assert not raised.value.retryable


async def logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Wait until a text is logged."""
    async with asyncio.timeout(60):
        while text not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def assert_no_secret(error: BaseException, secret: str) -> None:
    """Assert that neither the error nor a traceback with locals shows a password."""
    assert error.__cause__ is None
    assert error.__context__ is None
    assert secret not in f"{error!r} {pickle.loads(pickle.dumps(error))!r}"
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [frame for frame in frames if "/tests/" not in frame.f_code.co_filename]
    assert ours
    for frame in ours:
        assert secret not in repr(frame.f_locals), frame


@asynccontextmanager
async def proxy(url: str) -> AsyncIterator["Proxy"]:
    """A network between a store and its server, which can be cut."""
    made = Proxy(url)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.cut = False
        server.close()
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


class Proxy:
    """Forwards bytes; while ``cut``, it keeps connections open and forwards nothing."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = 0
        self.cut = False
        self.tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        path = self.url.partition("://")[2].partition("/")[2]
        return f"postgresql://127.0.0.1:{self.port}/{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = self.url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        host, _, port = place.partition(":")
        there, back = await asyncio.open_connection(host, int(port or 5432))
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._forward(source, sink))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                if self.cut:
                    continue  # lost
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()


class TestNetwork:
    async def test_cut_network_passes_the_account_on(
        self, postgres: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store_module, "_LEASE", 1.0)
        monkeypatch.setattr(store_module, "_RENEWED_EVERY", 0.2)
        monkeypatch.setattr(store_module, "_RENEWAL_TIMEOUT", 0.5)
        monkeypatch.setattr(_postgres, "TIMEOUT", 1.0)
        monkeypatch.setattr(_postgres, "_CONNECT_TIMEOUT", 1.0)
        shops = [Shop(every=0.01), Shop(every=0.01)]
        async with (
            proxy(postgres) as network,
            Inbox(shops[0], state=network.address) as cut,
            Inbox(shops[1], state=postgres) as other,
        ):
            first = cut.events(since=LONG_AGO, wait=True)
            for shop in shops:
                shop.arrive("0")
            assert texts(await take(first, 2)) == ["0"]
            waiting = asyncio.create_task(anext(first))
            await asyncio.sleep(0.1)
            standby = other.events(since=LONG_AGO, wait=True)
            taking = asyncio.create_task(anext(standby))
            await asyncio.sleep(0.3)
            assert not taking.done()
            network.cut = True
            for shop in shops:
                shop.arrive("1")
            assert (await taking).message.text == "1"
            network.cut = False
            for shop in shops:
                shop.arrive("2")
            assert texts(await take(standby, 1)) == ["2"]
            await asyncio.sleep(1.0)
            assert not waiting.done(), "it waits for its successor"
            await standby.aclose()
            assert (await waiting).message.text == "2", "it was not confirmed"
