"""A state file of version 2 is upgraded without loss."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tests.wbym.feed.test_schema import sql
from wbym.domain import Noun, Ref, UndecodableRecord
from wbym.feed import EventKind, SqliteStore
from wbym.feed import _schema as schema
from wbym.feed._serialization import decode_record
from wbym.feed._store import SeenRecord
from wbym.paging._parts import stamp

REF = Ref("toy", "shop", Noun.UNDECODABLE, "0123456789abcdef")
OLD = {"ref": REF, "where": "chats.list chats[3]", "reason": "no id", "data": b"{}"}
AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture
async def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state file of version 2, with an undecodable record that was not handled yet."""
    path = tmp_path / "state.db"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        async with SqliteStore(path):
            pass
    at = stamp(AT)
    record = msgspec.msgpack.encode(OLD).hex()
    sql(
        path,
        f"INSERT INTO stream VALUES (1, 'shop', 'chats', {at}, x'61', 1, {at})",
        f"INSERT INTO memo VALUES (1, 'unreadable/{REF.id}', '', 1, {at})",
        f"INSERT INTO memo VALUES (1, 'chat/unreadable/1', '', 1, {at})",
        "INSERT INTO event (id, account, kind, at, record)"
        f" VALUES ('toy/shop/unreadable/{REF.id}', 'shop', 'unreadable', {at}, x'{record}')",
        "INSERT INTO event (id, account, kind, at, record)"
        f" VALUES ('toy/shop/unreadable/spoiled', 'shop', 'unreadable', {at}, x'c1')",
    )
    return path


async def test_event_keeps_its_id(path: Path) -> None:
    async with SqliteStore(path) as store:
        (event,) = await store.events(["shop"], after=0, limit=9)
    assert (event.id, event.kind) == (f"toy/shop/unreadable/{REF.id}", EventKind.UNDECODABLE)
    assert decode_record(event) == UndecodableRecord(REF, "chats.list", "chats[3]", "no id", b"{}")


async def test_known_record_stays_known(path: Path) -> None:
    async with SqliteStore(path) as store:
        keys = [f"undecodable/{REF.id}", "chat/unreadable/1"]
        known = await store.seen_records("shop", "chats", keys)
        checkpoint = await store.checkpoint("shop", "chats")
    assert known == dict.fromkeys(keys, SeenRecord("", 1, AT))
    assert checkpoint is not None
    assert (checkpoint.state, checkpoint.retained_since) == (b"a", AT)


async def test_undecodable_row_is_named(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with SqliteStore(path):
        pass
    (warning,) = caplog.messages
    assert "toy/shop/unreadable/spoiled" in warning
