"""State files with flipped bits: no foreign error, no hang, no reply sent twice."""

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from tests.wbym.feed.shop import Shop
from tests.wbym.feed.test_events import LONG_AGO, take
from wbym._sqlite import Connection
from wbym.domain import DeliveryState
from wbym.errors import InvalidInput, StateError
from wbym.feed import EventKind, Events, MemoryStore
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
