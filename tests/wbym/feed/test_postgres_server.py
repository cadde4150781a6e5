"""The store in PostgreSQL with servers that stop, and processes that are killed or stopped."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from tests.support.postgres import execute
from tests.support.postgres_cluster import PASSWORD, Cluster, cluster, pgbouncer
from tests.wbym.feed.child import Child
from tests.wbym.feed.follower import follower
from tests.wbym.feed.kept import delivery, numbers, step
from tests.wbym.feed.shop import Shop
from tests.wbym.feed.test_events import LONG_AGO, take, texts
from tests.wbym.feed.test_postgres import assert_no_secret
from wbym.errors import FeedBusy, StateError
from wbym.feed import PostgresStore
from wbym.inbox import Inbox

pytestmark = pytest.mark.server


class TestProcesses:
    """Nothing is lost; an event in hand may come again, as the feed promises."""

    async def test_killed_reader_has_a_successor(self, postgres: str) -> None:
        def run() -> tuple[list[int], list[int]]:
            begin = time.time()
            with followers(postgres, begin) as (first, second):
                before = [number(first) for _ in range(5)]
                first.kill()
                rest = [int(line.split()[0]) for line in iter(first.line, "")]
                return before + rest, [number(second) for _ in range(10)]

        ours, theirs = await asyncio.to_thread(run)
        assert_complete(ours, theirs)

    async def test_stopped_reader_does_not_continue_beside_its_successor(
        self, postgres: str
    ) -> None:
        def run() -> tuple[list[int], list[int], list[int]]:
            begin = time.time()
            with followers(postgres, begin) as (first, second):
                before = [number(first) for _ in range(5)]
                lines: list[str] = []
                reading = threading.Thread(target=lambda: lines.extend(iter(first.line, "")))
                reading.start()
                os.kill(first.pid, signal.SIGSTOP)
                theirs = [number(second) for _ in range(3)]
                time.sleep(0.2)  # until what it had written is read
                ours = before + [int(line.split()[0]) for line in lines]
                told = len(lines)
                os.kill(first.pid, signal.SIGCONT)
                theirs += [number(second) for _ in range(20)]
                late = [int(line.split()[0]) for line in lines[told:]]
                first.kill()
                reading.join()
                return ours, theirs, late

        ours, theirs, late = await asyncio.to_thread(run)
        assert_complete(ours, theirs)
        assert late == []


@contextmanager
def followers(url: str, begin: float) -> Iterator[tuple[Child, Child]]:
    with follower(url, begin) as first:
        assert first.line() == "ready"
        first.line()
        with follower(url, begin) as second:
            assert second.line() == "ready"
            yield first, second


def number(child: Child) -> int:
    return int(child.line().split()[0])


def assert_complete(ours: list[int], theirs: list[int]) -> None:
    assert ours == sorted(set(ours))
    assert theirs == sorted(set(theirs))
    assert theirs[0] in {ours[-1], ours[-1] + 1}, "the last may not have been confirmed"
    whole = sorted({*ours, *theirs})
    assert whole == list(range(whole[0], whole[-1] + 1))


@pytest.fixture
async def server() -> AsyncIterator[Cluster]:
    async with cluster() as made:
        yield made


class TestServer:
    async def test_server_that_is_stopped_delays(
        self, server: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("wbym.feed._patience._MAX_PAUSE", 0.5)
        shop = Shop(every=0.01)
        async with Inbox(shop, state=server.url) as inbox:
            events = inbox.events(since=LONG_AGO)
            shop.arrive("0")
            await take(events, 2)
            shop.trouble.append("unreached")
            await inbox.send(shop.chat(), "Да", idempotency_key="k")
            await server.stop()
            shop.arrive("1")
            waiting = asyncio.create_task(anext(events))
            with pytest.raises(StateError) as raised:
                await inbox.send(shop.chat(), "Нет", idempotency_key="other")
            assert raised.value.retryable
            assert_no_secret(raised.value, PASSWORD)
            assert not waiting.done()
            await server.start()
            assert (await waiting).message.text == "1"
            async with asyncio.timeout(60):
                assert texts(await take(events, 1)) == ["Да"]
            assert shop.sent == [("1", "Да")]
        assert PASSWORD not in caplog.text

    async def test_wrong_password_and_missing_rights(self, server: Cluster) -> None:
        with pytest.raises(StateError, match=r"password authentication failed .*PGPASSWORD") as bad:
            await PostgresStore(f"postgresql://owner:wr0ng@{server.place}").__aenter__()
        assert not bad.value.retryable
        assert_no_secret(bad.value, "wr0ng")
        await execute(server.url, "CREATE USER guest PASSWORD 'gu3st'")
        guest = f"postgresql://guest:gu3st@{server.place}"
        with pytest.raises(StateError, match=r"permission denied .*: grant the user") as denied:
            await PostgresStore(guest).__aenter__()
        assert not denied.value.retryable
        assert_no_secret(denied.value, "gu3st")
        async with PostgresStore(server.url):
            pass
        # As docs/more-than-one-process.md says.
        await execute(
            server.url,
            "GRANT USAGE ON SCHEMA wbym TO guest;"
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA wbym TO guest",
        )
        async with PostgresStore(guest) as store, store.reading("shop", wait=False):
            await store.write(step(1))
            assert await numbers(store) == ["1"]

    async def test_database_without_utf8_is_refused(self, server: Cluster) -> None:
        await execute(
            server.url, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
        )
        with pytest.raises(StateError, match="its encoding is LATIN1; use a database"):
            await PostgresStore(server.url.replace("/postgres", "/latin")).__aenter__()

    async def test_pgbouncer_in_transaction_mode(self, server: Cluster) -> None:
        async with (
            pgbouncer(server) as url,
            PostgresStore(url) as one,
            PostgresStore(url) as two,
            one.reading("shop", wait=False),
        ):
            with pytest.raises(FeedBusy):
                async with two.reading("shop", wait=False):
                    pytest.fail("two have it")

            async def use(store: PostgresStore, number: int) -> None:
                key = f"{number}"
                await one.write(step(number, seen_records=[key]))
                assert await store.enter(delivery(key), b"work", owner=store.owner) is None
                assert await store.work(key) == b"work"
                assert (await store.seen_records("shop", "chats", [key])).keys() == {key}
                assert await store.alive(one.owner)

            await asyncio.gather(*(use(store, n) for n, store in enumerate([one, two] * 20)))
            assert len(await numbers(two)) == 40
            assert len(await two.deliveries()) == 40
