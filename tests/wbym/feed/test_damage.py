"""State files with flipped bits: no foreign error, no hang, no reply sent twice."""

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from tests.wbym.feed.kept import dead_letter, step
from tests.wbym.feed.shop import Shop
from tests.wbym.feed.test_events import LONG_AGO, take
from tests.wbym.feed.test_schema import sql
from wbym._sqlite import Connection
from wbym.domain import DeliveryState
from wbym.errors import InvalidInput, StateError
from wbym.feed import DeadLetters, EventKind, Events, MemoryStore, SqliteStore
from wbym.feed._schema import prepare
from wbym.inbox import Inbox

FILES = int(os.environ.get("WBYM_DAMAGED_FILES", "40"))
"""1,000 take some minutes."""
CHATS = 30


def load(db: Connection, data: bytes) -> None:
    # Not in WAL mode, which needs files.
    db._live().deserialize(data[:18] + b"\1\1" + data[20:])
    prepare(db)


class Image(MemoryStore):
    """A store in memory that begins with the bytes of a file."""

    def __init__(self, data: bytes | None = None) -> None:
        super().__init__()
        if data is not None:
            self._connection.close()
            self._connection.open(lambda db: load(db, data))

    def image(self) -> bytes:
        return self._connection.run(lambda db: db._live().serialize())

    async def aclose(self) -> None:
        pass


async def answer(inbox: Inbox, events: Events) -> None:
    async for event in events:
        if event.kind is EventKind.MESSAGE and event.from_buyer:
            text = f"Ответ на {event.message.text}"
            try:
                await inbox.send(event.chat, text, idempotency_key=event.id)
            except InvalidInput:
                continue


async def used() -> tuple[Shop, bytes]:
    """A shop and its state file, with events and deliveries in many states."""
    shop, store = Shop(every=5), Image()
    async with Inbox(shop, state=store) as inbox:
        events = inbox.events(since=LONG_AGO, auto_ack=False)
        for number in range(CHATS):
            shop.arrive(f"вопрос {number}", chat=f"{number}")
        for number, event in enumerate(await take(events, 2 * CHATS)):
            if event.kind is EventKind.MESSAGE and number < CHATS:
                shop.trouble.append([None, "lost after", "unreached", None][number // 2 % 4])  # type: ignore[arg-type]
                text = f"Ответ на {event.message.text}"
                await inbox.send(event.chat, text, idempotency_key=event.id)
            if number < CHATS // 2:
                await event.ack()
    return shop, store.image()


def damage(data: bytes, seed: int) -> bytes:
    noise, damaged = random.Random(seed), bytearray(data)
    for _ in range(noise.randint(1, 200) if seed % 2 else noise.randint(1, 8)):
        damaged[noise.randrange(len(damaged))] ^= 1 << noise.randrange(8)
    return bytes(damaged)


def again(shop: Shop) -> Shop:
    copy = Shop(every=5)
    copy.log, copy.sent = list(shop.log), list(shop.sent)
    return copy


@pytest.mark.looptime
async def test_flipped_bits_send_nothing_twice(
    caplog: pytest.LogCaptureFixture,
    _no_blocking_calls: BlockBuster,  # noqa: PT019
) -> None:
    _no_blocking_calls.deactivate()
    shop, whole = await used()
    ended: Counter[str] = Counter()
    for seed in range(FILES):
        copy = again(shop)
        try:
            async with (
                asyncio.timeout(2000),
                Inbox(copy, state=Image(damage(whole, seed))) as inbox,
            ):
                answering = asyncio.create_task(answer(inbox, inbox.events(since=LONG_AGO)))
                await asyncio.wait([answering], timeout=1000)
                if answering.done():
                    answering.result()
                answering.cancel()
                unknown = await inbox.outbox.deliveries(DeliveryState.UNKNOWN)
                ended["rows passed over" if unknown else "read"] += 1
        except StateError:
            ended["StateError"] += 1
        twice = [one for one, count in Counter(copy.sent).items() if count > 1]
        assert not twice, seed
        errors = [
            record
            for record in caplog.records
            if record.exc_info and not isinstance(record.exc_info[1], StateError)
        ]
        assert not errors, (seed, errors[0].getMessage())
        caplog.clear()
    print(dict(ended))  # noqa: T201 - figures, with -s
    assert ended.total() == FILES


@pytest.mark.parametrize("seed", range(6))
def test_damaged_file_is_opened_or_refused(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "state.db"
    Connection(path, StateError).open(prepare).close()
    path.write_bytes(damage(path.read_bytes(), seed))
    with suppress(StateError):
        Connection(path, StateError).open(prepare).close()


SECRET = "тайный текст"
BAD_TEXT = "CAST(x'ff' AS TEXT)"


class TestRows:
    """Each damaged value costs its row, and the log names the row without its text."""

    @pytest.mark.parametrize(
        "change",
        [
            "kind = 'nonsense'",
            f"kind = {BAD_TEXT}",
            "at = 'x'",
            "at = 9223372036854775807",
            "at = 1.5e300",
            "record = x'c1'",
            "record = 'text'",
            "record = substr(record, 1, length(record) - 5)",
            "id = 'toy/shop/message/9'",
            f"id = {BAD_TEXT}",
            "id = 7",
            "chat = x'c1'",
            "chat = 5",
            "sent_as = x'00'",
            "sent_as = 'other'",
            "at = at + 1",
            f"record = CAST(replace(CAST(record AS TEXT), '{SECRET} 1', '{SECRET} 7') AS BLOB)",
            "chat = CAST(replace(CAST(chat AS TEXT), 'toy', 'tou') AS BLOB)",
            "checksum = NULL",
        ],
    )
    async def test_event(
        self, tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        path, shop = tmp_path / "state.db", Shop(every=0.01)
        for text in (f"{SECRET} 1", f"{SECRET} 2"):
            shop.arrive(text)
        async with Inbox(shop, state=path) as inbox:
            events = inbox.events(since=LONG_AGO, auto_ack=False)
            await take(events, 3)
        sql(path, f"UPDATE event SET {change} WHERE seq = 2")
        async with Inbox(shop, state=path) as inbox:
            kinds = [event.kind for event in await take(inbox.events(), 3)]
        assert kinds == [EventKind.CHAT, EventKind.UNDECODABLE, EventKind.MESSAGE]
        assert "cannot be delivered" in caplog.text
        assert SECRET not in caplog.text

    @pytest.mark.parametrize(
        "change",
        [
            "body = '{}'",
            f"body = {BAD_TEXT}",
            "body = 7",
            "body = replace(body, '2026', '2126')",
            "state = 'nonsense'",
            f"state = {BAD_TEXT}",
            "state = 'pending'",
            "target = 'x'",
            "updated_at = 'x'",
            "work = x'c1'",
            "work = 'text'",
            "digest = NULL",
        ],
    )
    async def test_delivery_keeps_its_key(
        self, tmp_path: Path, change: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        path, shop = tmp_path / "state.db", Shop(every=0.01)
        async with Inbox(shop, state=path) as inbox:
            await inbox.send(shop.chat(), SECRET, idempotency_key="k")
            await inbox.send(shop.chat(), f"{SECRET} 2", idempotency_key="other")
        sql(path, f"UPDATE delivery SET {change} WHERE key = 'k'")
        async with Inbox(shop, state=path) as inbox:
            for _ in range(2):
                again = await inbox.send(shop.chat(), SECRET, idempotency_key="k")
                assert again.state is DeliveryState.UNKNOWN
                assert "damaged" in (again.note or "")
            other = await inbox.outbox.delivery("other")
            assert other is not None
            assert other.state is DeliveryState.ACCEPTED
            await inbox.outbox.resolve("k", DeliveryState.CONFIRMED)
            saved = await inbox.outbox.delivery("k")
            assert saved is not None
            assert saved.state is DeliveryState.CONFIRMED
        assert len(shop.sent) == 2
        assert "the delivery 'k', which is unknown now, cannot be decoded" in caplog.text
        assert SECRET not in caplog.text

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE stream SET since = 'x'",
            "UPDATE stream SET state = 'text'",
            "UPDATE stream SET state = x'c1'",
            "UPDATE stream SET digest = NULL",
            "UPDATE stream SET retained_since = 1.5e300",
            "UPDATE seen_record SET at = 'x'",
            "UPDATE seen_record SET revision = 'x'",
            f"UPDATE seen_record SET version = {BAD_TEXT}",
            "UPDATE seen_record SET version = 'other'",
            "UPDATE seen_record SET revision = 7",
            "UPDATE seen_record SET checksum = NULL",
        ],
    )
    async def test_position_and_seen_records(self, tmp_path: Path, change: str) -> None:
        path, shop = tmp_path / "state.db", Shop(every=0.01)
        shop.arrive("1")
        async with Inbox(shop, state=path) as inbox:
            await take(inbox.events(since=LONG_AGO), 3 - 1)
        sql(path, "DELETE FROM event", change)
        shop.arrive("2")
        async with asyncio.timeout(20), Inbox(shop, state=path) as inbox:
            (event,) = await take(inbox.events(since=LONG_AGO), 1)
            assert event.message.text == "2"

    async def test_changed_version_is_told(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as store:
            await store.write(step(seen_records=["message/1", "message/2"]))
        sql(path, "UPDATE seen_record SET version = '7' WHERE key = 'message/1'")
        async with SqliteStore(path) as store:
            for _ in range(2):
                found = await store.seen_records("shop", "chats", ["message/1", "message/2"])
                assert [found[f"message/{n}"].version for n in (1, 2)] == ["", "1"]
        assert caplog.text.count("what is known of 'message/1' cannot be decoded") == 1

    async def test_reader_of_a_damaged_name_is_none(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as store:
            sql(path, "INSERT INTO reader VALUES ('shop', '../../7-0123456789ab')")
            async with store.reading("shop", wait=False):
                assert sql(path, "SELECT owner FROM reader") == [(store.owner,)]
            assert sql(path, "SELECT owner FROM reader") == []

    async def test_dead_letter(self, tmp_path: Path) -> None:
        path = tmp_path / "state.db"
        async with SqliteStore(path) as store:
            await store.write(step(1))
            (one,) = await store.events(["shop"], after=0, limit=1)
            await store.lay_aside(dead_letter(one))
        sql(path, "UPDATE dead_letter SET body = x'c1' || body")
        async with SqliteStore(path) as store:
            (letter,) = await DeadLetters(store).all()
            assert letter.event.id == one.id
            assert letter.event.kind is EventKind.UNDECODABLE
            assert letter.error == "its row in the state file is damaged"
            await DeadLetters(store).retry(one.id)
            (again,) = await store.events(["shop"], after=0, limit=1)
            assert again.id == one.id

    async def test_key_that_only_the_index_has(self, tmp_path: Path) -> None:
        path, shop = tmp_path / "state.db", Shop(every=0.01)
        async with Inbox(shop, state=path) as inbox:
            await inbox.send(shop.chat(), SECRET, idempotency_key="key-number-1")
        data = bytearray(path.read_bytes())
        places = [
            place for place in range(len(data)) if data[place : place + 12] == b"key-number-1"
        ]
        for number, place in enumerate(places):
            damaged = bytearray(data)
            damaged[place + 11] ^= 4
            path.write_bytes(damaged)
            async with Inbox(shop, state=path) as inbox:
                again = await inbox.send(shop.chat(), SECRET, idempotency_key="key-number-1")
                assert again.idempotency_key == "key-number-1", number
        assert len(places) >= 3
        assert len(shop.sent) == 1
