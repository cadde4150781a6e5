import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from wbym.errors import StateError
from wbym.limits import BanStore, LimitSignal, MemoryBans, Scheduler, SqliteBans

from .support import call, charge, key, state


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BanStore:
    return MemoryBans() if request.param == "memory" else SqliteBans(tmp_path / "bans.db")


T = 4_000_000_000.0
"""Unix seconds; a ban that is long over may be forgotten."""


class TestStores:
    async def test_load_is_none_when_there_was_no_ban(self, store: BanStore) -> None:
        assert await store.load("a") is None

    async def test_load_returns_the_ban_of_the_key_when_several_are_kept(
        self, store: BanStore
    ) -> None:
        await store.save("a", T + 100.5)
        await store.save("b", T + 200)
        assert await store.load("a") == T + 100.5
        assert await store.load("b") == T + 200

    async def test_save_never_shortens_when_a_smaller_value_follows(self, store: BanStore) -> None:
        await store.save("a", T + 200)
        await store.save("a", T + 100)
        assert await store.load("a") == T + 200
        await store.save("a", T + 300)
        assert await store.load("a") == T + 300


class TestSqliteBans:
    async def test_ban_is_seen_when_another_object_opens_the_file(self, tmp_path: Path) -> None:
        await SqliteBans(tmp_path / "bans.db").save("a", T + 100)
        await SqliteBans(str(tmp_path / "bans.db")).save("a", T + 50)
        assert await SqliteBans(tmp_path / "bans.db").load("a") == T + 100

    async def test_error_is_raised_when_the_file_is_not_a_database(self, tmp_path: Path) -> None:
        (tmp_path / "bans.db").write_text("not a database, but long enough to be looked at" * 50)
        with pytest.raises(StateError, match=r"bans\.db: file is not a database: "):
            await SqliteBans(tmp_path / "bans.db").load("a")

    async def test_bans_that_are_over_are_deleted(self, tmp_path: Path) -> None:
        bans = SqliteBans(tmp_path / "bans.db")
        await bans.save("old", time.time() - 2 * 86400)
        await bans.save("recent", time.time() - 10)  # the clock may have jumped
        await bans.save("new", T)
        with closing(sqlite3.connect(tmp_path / "bans.db")) as db:
            assert {key for (key,) in db.execute("SELECT key FROM bans")} == {"recent", "new"}

    @pytest.mark.parametrize("until", ["'x'", "x'ff'", "1e999", "CAST(x'ff' AS TEXT)"])
    async def test_damaged_ban_is_passed_over(self, tmp_path: Path, until: str) -> None:
        bans = SqliteBans(tmp_path / "bans.db")
        for name in ("a", "b"):
            await bans.save(name, T + 100)
        with closing(sqlite3.connect(tmp_path / "bans.db", isolation_level=None)) as db:
            db.execute(f"UPDATE bans SET until = {until} WHERE key = 'a'")
        assert await bans.load("a") is None
        assert await bans.load("b") == T + 100
        assert await bans.current() == {"b": T + 100}


class TestLockedFile:
    async def test_call_does_not_wait_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setattr("wbym.limits._scheduler._STORE_WAIT", 0.02)
        path = tmp_path / "bans.db"
        await SqliteBans(path).save("other", 1)
        scheduler = Scheduler(bans=SqliteBans(path))
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        with closing(other):
            other.execute("BEGIN EXCLUSIVE")
            await call(scheduler, charge(), signal=LimitSignal(retry_after=3600))
            assert state(scheduler).banned_until is not None
            messages = [record.getMessage() for record in caplog.records]
            assert [message.rpartition(" could not be ")[2] for message in messages] == [
                "loaded",
                "read",
                "saved",
            ]
            assert "the store did not answer within 0.02 s" in caplog.text
            other.execute("ROLLBACK")
        for _ in range(6000):  # its thread is at it
            if await SqliteBans(path).load(str(key())) is not None:
                return
            await asyncio.sleep(0.01)
        pytest.fail("the ban was not saved")


class Silent(MemoryBans):
    """A shared store that never answers."""

    async def load(self, key: str) -> float | None:
        await asyncio.Event().wait()
        return None

    async def save(self, key: str, until: float) -> None:
        await asyncio.Event().wait()

    async def current(self) -> dict[str, float]:
        await asyncio.Event().wait()
        return {}


@pytest.mark.looptime
async def test_store_that_does_not_answer_delays_by_a_second_each() -> None:
    clock = asyncio.get_running_loop().time
    scheduler = Scheduler(bans=Silent())
    began = clock()
    await call(scheduler, charge())
    assert clock() - began == pytest.approx(2, abs=0.1)  # the load of this bucket, all bans
    began = clock()
    await call(scheduler, charge(), signal=LimitSignal(retry_after=5))
    assert clock() - began == pytest.approx(1, abs=0.1)
    began = clock()
    await call(scheduler, charge())
    assert clock() - began == pytest.approx(4, abs=0.3)  # the ban, and nothing else


class Broken:
    async def load(self, key: str) -> float | None:
        raise OSError("disk on fire")

    async def save(self, key: str, until: float) -> None:
        raise OSError("disk on fire")


class TestBrokenStore:
    async def test_call_goes_when_the_store_fails(self, caplog: pytest.LogCaptureFixture) -> None:
        scheduler = Scheduler(min_jitter=0.0, max_jitter=0.25, bans=Broken())
        await call(scheduler, charge(), signal=LimitSignal(retry_after=60))
        assert state(scheduler).banned_until is not None
        messages = [record.getMessage() for record in caplog.records]
        assert any(str(key()) in message and "loaded" in message for message in messages)
        assert any(str(key()) in message and "saved" in message for message in messages)
        assert {record.name for record in caplog.records} == {"wbym.limits"}
