import asyncio
import errno
import os
import resource
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.support.account import BareAccount
from tests.wbym.export.support import BEGIN, Shop, feedback, ids_in, rows_in
from wbym import domain
from wbym.account import Account
from wbym.domain import Chat, Feedback, Ref, Return
from wbym.errors import AccountsFailed, ExportError, InvalidInput, QuotaExhausted
from wbym.export import Export, Exported, Noun, Stage, Suffix
from wbym.export._spool import Spool

pytestmark = pytest.mark.looptime

FUTURE = datetime(2999, 1, 1, tzinfo=UTC)


def ids(numbers: Sequence[int]) -> list[str]:
    return [f"{number:05}" for number in numbers]


def chat(number: str) -> Ref:
    return Ref("toy", "shop", domain.Noun.CHAT, number)


def left_behind(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def exhausted() -> QuotaExhausted:
    return QuotaExhausted("bucket", retry_at=FUTURE, wait=3600, max_wait=60)


def stop_before(page: int, error: Exception) -> "_Hook":
    return _Hook(page, error)


class _Hook:
    def __init__(self, page: int, error: Exception) -> None:
        self.page = page
        self.error = error

    def __call__(self, page: int) -> None:
        if page == self.page:
            raise self.error


@pytest.fixture(params=list(Suffix))
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"table.{request.param}"


async def export(
    path: Path,
    *accounts: Account,
    since: datetime | None = None,
    until: datetime | None = None,
    overlap: timedelta = timedelta(days=1),
    fresh: bool = False,
) -> Exported:
    work = Export(
        accounts, Noun.FEEDBACKS, path, since=since, until=until, overlap=overlap, fresh=fresh
    )
    return await work.run()


class TestFirstExport:
    async def test_file_when_new(self, path: Path) -> None:
        shop = Shop(records=[feedback(n) for n in range(10)])
        done = await export(path, shop)
        assert (done.rows, done.added, done.replaced, done.made) == (10, 10, 0, True)
        assert ids_in(path) == ids(range(10))
        assert left_behind(path.parent) == {path.name}

    async def test_file_without_records(self, path: Path) -> None:
        done = await export(path, Shop())
        assert (done.rows, done.made) == (0, True)
        assert rows_in(path, Noun.FEEDBACKS) == []
        again = await export(path, Shop(records=[feedback(1)]))
        assert (again.rows, again.added) == (1, 1)

    async def test_period(self, tmp_path: Path) -> None:
        shop = Shop(records=[feedback(n) for n in range(10)])
        since, until = BEGIN + timedelta(hours=3), BEGIN + timedelta(hours=7)
        path = tmp_path / "table.csv"
        await export(path, shop, since=since, until=until)
        assert shop.asked == [(since, until, None)]
        assert ids_in(path) == ids(range(3, 8))

    async def test_chats_and_returns_are_read_in_full(self, path: Path) -> None:
        shop = Shop()
        shop.kept_chats = [Chat(chat("1")), Chat(chat("2"))]
        await Export([shop], Noun.CHATS, path).run()
        shop.kept_chats = [Chat(chat("2"), last_text="да")]
        done = await Export([shop], Noun.CHATS, path).run()
        assert (done.rows, done.added, done.replaced) == (2, 0, 1)
        assert ids_in(path, Noun.CHATS) == ["1", "2"]
        other = path.with_name(f"returns{path.suffix}")
        shop.kept_returns = [Return(Ref("toy", "shop", domain.Noun.RETURN, "3"))]
        await Export([shop], Noun.RETURNS, other).run()
        assert ids_in(other, Noun.RETURNS) == ["3"]

    async def test_list_when_a_record_is_repeated(self, path: Path) -> None:
        shop = Shop()
        ref = chat("1")
        shop.kept_chats = [Chat(ref, last_text="раз"), Chat(ref, last_text="два")]
        done = await Export([shop], Noun.CHATS, path).run()
        assert done.rows == 1
        assert "два" in rows_in(path, Noun.CHATS)[0]

    async def test_mode_and_link_when_the_file_exists(self, tmp_path: Path) -> None:
        path, link = tmp_path / "table.csv", tmp_path / "link.csv"
        await export(path, Shop())
        path.chmod(0o640)
        link.symlink_to(path)
        await export(link, Shop(records=[feedback(1)]))
        assert link.is_symlink()
        assert ids_in(path) == ids([1])
        assert path.stat().st_mode & 0o777 == 0o640


class TestRepeatedExport:
    async def test_file_has_each_record_once_in_its_latest_state(self, path: Path) -> None:
        shop = Shop(records=[feedback(n) for n in range(60)])
        await export(path, shop)
        shop.records[5] = feedback(5, answer="поздно")  # too old to be read again
        shop.records[50] = feedback(50, answer="Спасибо!")
        shop.records += [feedback(60), feedback(61)]
        done = await export(path, shop)
        assert shop.asked[1][0] == BEGIN + timedelta(hours=59 - 24)
        assert (done.rows, done.added, done.replaced) == (62, 2, 25)
        assert sorted(ids_in(path)) == ids(range(62))
        answers = {row[2]: row[10] for row in rows_in(path, Noun.FEEDBACKS)}
        assert (answers["00005"], answers["00050"]) == (None, "Спасибо!")
        wide = await export(path, shop, overlap=timedelta(days=30))
        assert wide.replaced == 62
        answers = {row[2]: row[10] for row in rows_in(path, Noun.FEEDBACKS)}
        assert answers["00005"] == "поздно"

    async def test_since_when_the_file_has_the_account(self, tmp_path: Path) -> None:
        path = tmp_path / "table.csv"
        shop = Shop(records=[feedback(n) for n in range(100)])
        await export(path, shop, since=BEGIN)
        await export(path, shop, since=BEGIN)
        assert [since for since, _, _ in shop.asked] == [BEGIN, BEGIN + timedelta(hours=75)]

    async def test_nothing_is_read_when_until_was_reached(self, tmp_path: Path) -> None:
        path = tmp_path / "table.csv"
        shop = Shop(records=[feedback(n) for n in range(100)])
        await export(path, shop)
        before = path.stat().st_mtime_ns
        done = await export(path, shop, until=BEGIN + timedelta(hours=10))
        assert (done.rows, done.added, done.made) == (100, 0, False)
        assert len(shop.asked) == 1
        assert path.stat().st_mtime_ns == before

    async def test_accounts_continue_from_their_own_newest_record(self, path: Path) -> None:
        old = Shop("old", [feedback(n, account="old") for n in range(100)])
        await export(path, old)
        new = Shop("new", [feedback(n, account="new") for n in range(5)])
        done = await export(path, old, new)
        assert old.asked[1][0] == BEGIN + timedelta(hours=75)
        assert new.asked[0][0] is None
        assert (done.rows, done.added, done.replaced) == (105, 5, 25)
        assert len({tuple(row[:3]) for row in rows_in(path, Noun.FEEDBACKS)}) == 105

    async def test_file_when_started_over(self, path: Path) -> None:
        await export(path, Shop(records=[feedback(n) for n in range(10)]))
        done = await export(path, Shop(records=[feedback(3)]), fresh=True)
        assert (done.rows, done.added) == (1, 1)
        assert ids_in(path) == ids([3])

    async def test_file_when_of_another_noun(self, path: Path) -> None:
        await Export([Shop()], Noun.CHATS, path).run()
        await export(path.with_name(f"full{path.suffix}"), Shop(records=[feedback(1)]))
        full = path.with_name(f"full{path.suffix}")
        before = full.read_bytes()
        shop = Shop()
        with pytest.raises(ExportError, match="it has feedbacks, so returns cannot be added"):
            await Export([shop], Noun.RETURNS, full).run()
        assert full.read_bytes() == before
        assert left_behind(path.parent) == {path.name, full.name}


class TestStopped:
    async def test_reading_continues_after_the_last_page(self, path: Path) -> None:
        shop = Shop(records=[feedback(n) for n in range(10)])
        shop.hook = stop_before(1, exhausted())
        with pytest.raises(AccountsFailed) as caught:
            await export(path, shop)
        (error,) = caught.value.exceptions
        assert isinstance(error, QuotaExhausted)
        assert error.__notes__ == ["account: shop"]
        assert str(caught.value).startswith("1 of 1 accounts failed")
        assert left_behind(path.parent) == {f"{path.name}.part"}
        shop.hook = lambda _: None
        done = await export(path, shop)
        assert [cursor for _, _, cursor in shop.asked] == [None, "4"]
        assert done.rows == 10
        assert ids_in(path) == ids(range(10))
        assert left_behind(path.parent) == {path.name}

    async def test_other_accounts_are_written(self, path: Path) -> None:
        good = Shop("good", [feedback(n, account="good") for n in range(6)])
        bad = Shop("bad", [feedback(n, account="bad") for n in range(6)])
        bad.hook = stop_before(1, exhausted())
        reported: list[tuple[str, Exception]] = []
        work = Export(
            [good, bad],
            Noun.FEEDBACKS,
            path,
            on_error=lambda name, error: reported.append((name, error)),
        )
        done = await work.run()
        assert [name for name, _ in reported] == ["bad"]
        assert done.rows == 6
        assert {row[1] for row in rows_in(path, Noun.FEEDBACKS)} == {"good"}
        assert work.unfinished == path.with_name(f"{path.name}.part")
        assert [each.stage for each in work.progress] == [Stage.DONE, Stage.FAILED]
        bad.hook = lambda _: None
        again = await export(path, good, bad)
        assert bad.asked[1][2] == "4"
        assert (again.rows, again.added) == (12, 6)
        assert left_behind(path.parent) == {path.name}

    async def test_nothing_is_lost_when_restarted_and_stopped(self, path: Path) -> None:
        one = Shop("one", [feedback(n, account="one") for n in range(6)])
        two = Shop("two", [feedback(n, account="two") for n in range(6)])
        await export(path, one, two)
        before = path.read_bytes()
        two.hook = stop_before(1, exhausted())
        with pytest.raises(AccountsFailed):
            await export(path, one, two, fresh=True)
        assert path.read_bytes() == before
        # Without the failed account the new file is incomplete.
        done = await export(path, one)
        assert not done.made
        assert path.read_bytes() == before
        two.hook = lambda _: None
        two.records = two.records[:5]
        done = await export(path, one, two)
        assert done.rows == 11
        assert left_behind(path.parent) == {path.name}

    async def test_other_period_is_rejected(self, tmp_path: Path) -> None:
        path = tmp_path / "table.csv"
        shop = Shop(records=[feedback(n) for n in range(10)])
        shop.hook = stop_before(1, exhausted())
        with pytest.raises(AccountsFailed):
            await export(path, shop, since=BEGIN)
        shop.hook = lambda _: None
        with pytest.raises(ExportError, match=r"since=2026-05-01T00:00:00\+00:00 and until=none"):
            await export(path, shop)
        with pytest.raises(ExportError, match="an export of feedbacks was stopped"):
            await Export([shop], Noun.CHATS, path).run()
        done = await export(path, shop, fresh=True)
        assert done.rows == 10

    @pytest.mark.parametrize("steps", [*range(12), 15, 20, 30, 40, 60])
    async def test_cancelled_at_any_step(self, steps: int, path: Path) -> None:
        shop = Shop(records=[feedback(n) for n in range(12)])
        await export(path, shop, until=BEGIN + timedelta(hours=5))
        before = ids_in(path)
        task = asyncio.create_task(export(path, shop))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert ids_in(path) in (before, ids(range(12)))
        assert left_behind(path.parent) <= {path.name, f"{path.name}.part"}
        await export(path, shop)
        assert sorted(ids_in(path)) == ids(range(12))
        assert left_behind(path.parent) == {path.name}

    async def test_cancelled_while_it_writes(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = Shop(records=[feedback(n) for n in range(12)])
        await export(path, shop, until=BEGIN + timedelta(hours=5))
        before = path.read_bytes()
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(export(path, shop))
        fsync = os.fsync

        def cancel_then_sync(number: int) -> None:
            loop.call_soon_threadsafe(task.cancel)
            fsync(number)
            raise OSError(errno.EIO, "the disk is gone")

        monkeypatch.setattr("wbym.export._files.os.fsync", cancel_then_sync)
        await asyncio.wait([task])
        assert path.read_bytes() == before
        assert left_behind(path.parent) == {path.name, f"{path.name}.part"}
        monkeypatch.undo()
        done = await export(path, shop)
        assert done.rows == 12

    async def test_file_when_replaced_but_not_recorded(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = Shop(records=[feedback(n) for n in range(12)])

        def die(*_: object) -> None:
            raise ConnectionAbortedError

        monkeypatch.setattr(Spool, "forget", die)
        with pytest.raises(ConnectionAbortedError):
            await export(path, shop)
        monkeypatch.undo()
        done = await export(path, shop)
        assert (done.rows, done.added, done.replaced) == (12, 0, 12)
        assert sorted(ids_in(path)) == ids(range(12))


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """No file grows beyond this, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class TestFiles:
    async def test_disk_full_while_reading(self, path: Path) -> None:
        shop = Shop(records=[feedback(n) for n in range(4)])
        await export(path, shop)
        before = path.read_bytes()
        long = "х" * 60_000
        shop.records += [msgspec.structs.replace(feedback(n), text=long) for n in range(4, 12)]
        with at_most(100_000), pytest.raises(ExportError, match=r"part: disk I/O error: "):
            await export(path, shop)
        assert path.read_bytes() == before
        done = await export(path, shop)
        assert done.rows == 12

    async def test_disk_full_while_writing(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop = Shop(records=[feedback(n) for n in range(12)])
        await export(path, shop, until=BEGIN + timedelta(hours=5))
        before = path.read_bytes()

        def refuse(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("wbym.export._files.os.fsync", refuse)
        with pytest.raises(ExportError, match=f"{path.name}: No space left on device"):
            await export(path, shop)
        assert path.read_bytes() == before
        assert left_behind(path.parent) == {path.name, f"{path.name}.part"}
        monkeypatch.undo()
        done = await export(path, shop)
        assert done.rows == 12
        assert len(shop.asked) == 2  # the third run had all records

    async def test_damaged_file_is_reported_before_reading(self, path: Path) -> None:
        path.write_bytes(b"nothing of ours\n")
        shop = Shop()
        with pytest.raises(ExportError):
            await export(path, shop)
        assert shop.asked == []
        assert left_behind(path.parent) == {path.name}

    async def test_path_when_not_writable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(ExportError, match=r"the folder .* does not exist"):
            await export(tmp_path / "nowhere" / "table.csv", Shop())
        with pytest.raises(ExportError, match="it is not a regular file"):
            await export(tmp_path, Shop())
        with pytest.raises(ExportError, match="unknown format"):
            await export(tmp_path / "table.xlsx", Shop())
        monkeypatch.setattr(
            "wbym.export._files.os.access", lambda *_: False
        )  # root can write everywhere
        with pytest.raises(ExportError, match="is not writable"):
            await export(tmp_path / "table.csv", Shop())
        assert left_behind(tmp_path) == set()

    async def test_part_when_another_export_uses_it(self, tmp_path: Path) -> None:
        path = tmp_path / "table.csv"
        shop, reading = Shop(records=[feedback(n) for n in range(400)]), asyncio.Event()

        shop.hook = lambda _: reading.set()
        running = asyncio.create_task(export(path, shop))
        await asyncio.wait_for(reading.wait(), 60)
        with pytest.raises(ExportError, match="another export to this file is running"):
            await export(path, Shop())
        assert (await running).rows == 400

    @pytest.mark.parametrize("noun", ["feedbacks", domain.Noun.FEEDBACK, None])
    async def test_noun_when_not_of_an_export(self, tmp_path: Path, noun: Noun) -> None:
        with pytest.raises(InvalidInput, match=r"must be a wbym\.export\.Noun: feedbacks, "):
            Export([Shop()], noun, tmp_path / "table.csv")
        assert left_behind(tmp_path) == set()

    async def test_part_when_of_another_kind(self, tmp_path: Path) -> None:
        path, part = tmp_path / "table.csv", tmp_path / "table.csv.part"
        part.write_bytes(b"the half of a download " * 100)
        with pytest.raises(ExportError, match="it is not an unfinished export"):
            await export(path, Shop())
        part.unlink()
        with sqlite3.connect(part) as database:
            database.execute("CREATE TABLE precious (one TEXT)")
        database.close()
        with pytest.raises(ExportError, match="it is not an unfinished export of this version"):
            await export(path, Shop(), fresh=True)
        assert left_behind(tmp_path) == {part.name}

    async def test_part_of_an_earlier_version(self, tmp_path: Path) -> None:
        path, part = tmp_path / "table.csv", tmp_path / "table.csv.part"
        with sqlite3.connect(part) as database:
            database.execute("CREATE TABLE export (noun TEXT NOT NULL, fresh INTEGER NOT NULL)")
            database.execute("PRAGMA user_version = 1")
        database.close()
        for fresh in (False, True):
            with pytest.raises(
                ExportError, match=r"csv\.part: .* earlier version .*; remove it, and"
            ):
                await export(path, Shop(), fresh=fresh)
        assert left_behind(tmp_path) == {part.name}
        part.unlink()
        assert (await export(path, Shop(records=[feedback(1)]))).rows == 1

    async def test_lines_of_an_earlier_version(self, tmp_path: Path) -> None:
        path = tmp_path / "table.jsonl"
        old = (
            b'{"ref":{"marketplace":"toy","account":"shop","id":"%b"},'
            b'"created_at":"2026-05-01T0%b:00:00Z","text":"a","comments":%b,"answer":%b}\n'
        )
        answer = b'{"text":"b","status":"published"}'
        path.write_bytes(
            old % (b"00000", b"0", b"null", b"null")
            + old % (b"00001", b"1", b"2", b"null")
            + old % (b"00002", b"2", b"2", answer)
        )
        done = await export(path, Shop(records=[feedback(2), feedback(3)]))
        assert (done.rows, done.added, done.replaced) == (4, 1, 1)
        read = msgspec.json.Decoder(Feedback).decode_lines(path.read_bytes())
        assert [item.ref for item in read] == [feedback(n).ref for n in range(4)]
        assert [item.answer_known for item in read] == [True, False, True, True]
        assert [item.text for item in read] == ["a", "a", "отзыв 2", "отзыв 3"]


class TestInput:
    @pytest.mark.parametrize(
        ("since", "until", "rule"),
        [
            (datetime(2026, 1, 1), None, "since must be aware"),  # noqa: DTZ001
            (None, datetime(2026, 1, 1), "until must be aware"),  # noqa: DTZ001
            (FUTURE, None, "since must not be in the future"),
            (BEGIN + timedelta(days=1), BEGIN, "since must not be after until"),
        ],
    )
    async def test_period_when_invalid(
        self, since: datetime | None, until: datetime | None, rule: str, tmp_path: Path
    ) -> None:
        with pytest.raises(InvalidInput, match=rule):
            await export(tmp_path / "table.csv", Shop(), since=since, until=until)

    async def test_period_when_the_noun_does_not_take_it(self, tmp_path: Path) -> None:
        for noun in (Noun.CHATS, Noun.RETURNS):
            with pytest.raises(InvalidInput, match=f"is not for {noun}, which are read completely"):
                Export([Shop()], noun, tmp_path / "table.csv", since=BEGIN)

    async def test_overlap_when_negative(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="overlap must not be negative"):
            await export(tmp_path / "table.csv", Shop(), overlap=timedelta(-1))

    async def test_account_without_the_noun(self, tmp_path: Path) -> None:
        work = Export([BareAccount("a"), Shop("b")], Noun.FEEDBACKS, tmp_path / "table.csv")
        assert work.left_out == ["a"]
        assert [each.account for each in work.progress] == ["b"]

    async def test_progress_while_reading(self, tmp_path: Path) -> None:
        shop = Shop(records=[feedback(n) for n in range(10)])
        work = Export([shop], Noun.FEEDBACKS, tmp_path / "table.csv")
        seen = []
        shop.hook = lambda _: seen.append(work.progress[0])
        assert work.progress[0].stage is Stage.WAITING
        await work.run()
        assert [each.records for each in seen] == [0, 4, 8]
        assert {each.expected for each in seen} == {10}
        assert {each.stage for each in seen} == {Stage.READING}
        assert work.progress[0].records == 10
        assert work.written == (10, 10)
