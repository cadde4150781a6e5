import os
import signal
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec
import pytest
from rich.console import Console

from tests.wbym.cli.conftest import Run, Simulated, flat, rows_of
from tests.wbym.export.support import ids_in, rows_in
from wbym.cli.options import day_or_moment, last_of_day_or_moment
from wbym.cli.show_export import ExportBars, ExportLines, duration_text, state_text
from wbym.domain import Ref
from wbym.errors import QuotaExhausted
from wbym.export import LAYOUTS, AccountProgress, Noun, Stage
from wbym.export._reading import AnyListing, Reading
from wbym.export._spool import Entry, Spool
from wbym_wildberries.simulator import make_token

READING: Final = AccountProgress(
    account="shop",
    stage=Stage.READING,
    start=None,
    records=12_000,
    expected=200_000,
    rate=15_000.4,
    rate_limited=0,
    left=125.0,
    banned_until=None,
)


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_feedbacks_are_exported_and_later_updated(suffix: str, run: Run, shop: Simulated) -> None:
    to = Path(f"feedbacks.{suffix}")
    count = shop.records["feedbacks"]
    result = run("export", "feedbacks", "--since", "2020-01-01", "--to", str(to))
    assert result.exit_code == 0, result.stderr
    assert result.stdout == f"{to}: {count} feedbacks, {count} of them new, 0 read again\n"
    assert result.stderr == ""
    assert len(set(ids_in(to))) == count
    again = run("export", "feedbacks", "--since", "2020-01-01", "--to", str(to))
    assert again.exit_code == 0, again.stderr
    assert again.stdout.startswith(f"{to}: {count} feedbacks, 0 of them new, ")
    assert again.stderr.startswith("wildberries: read from ")
    assert len(set(ids_in(to))) == count
    assert sorted(each.name for each in Path().iterdir()) == [to.name]


def test_other_nouns(run: Run, shop: Simulated) -> None:
    for noun in ("questions", "returns", "chats"):
        to = Path(f"{noun}.csv")
        result = run("export", noun, "--to", str(to))
        assert result.exit_code == 0, result.stderr
        assert rows_in(to, Noun(noun))
        listed = run(noun, "--json").stdout.count("\n")
        assert len(rows_in(to, Noun(noun))) == listed


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_messages_of_all_chats(suffix: str, run: Run, shop: Simulated) -> None:
    to = Path(f"messages.{suffix}")
    result = run("export", "messages", "--to", str(to))
    assert result.exit_code == 0, result.stderr
    rows = rows_in(to, Noun.MESSAGES)
    names = LAYOUTS[Noun.MESSAGES].names
    assert len({row[3] for row in rows}) >= shop.records["chats"]
    assert {row[names.index("author")] for row in rows} >= {"buyer", "seller"}
    assert len({row[2] for row in rows}) == len(rows)
    times = sorted(row[4] for row in rows)  # type: ignore[type-var]
    again = run("export", "messages", "--to", str(to))
    assert again.exit_code == 0, again.stderr
    assert again.stdout.startswith(f"{to}: {len(rows)} messages, 0 of them new, ")
    half = times[len(times) // 2]
    assert isinstance(half, datetime)
    part = Path(f"part.{suffix}")
    run("export", "messages", "--since", half.isoformat(), "--to", str(part))
    assert sorted(row[4] for row in rows_in(part, Noun.MESSAGES)) == [  # type: ignore[type-var]
        each for each in times if isinstance(each, datetime) and each >= half
    ]


def test_all_nouns_in_one_folder(run: Run, shop: Simulated) -> None:
    result = run("export", "all", "--since", "2020-01-01", "--to", "archive")
    assert result.exit_code == 0, result.stderr
    files = {each.name for each in Path("archive").iterdir()}
    assert files == {f"{noun}.jsonl" for noun in Noun}
    assert len(result.stdout.splitlines()) == len(Noun)
    assert "chats are read completely" in flat(result)
    for noun in Noun:
        assert rows_in(Path("archive") / f"{noun}.jsonl", noun)
    again = run("export", "all", "--since", "2020-01-01", "--to", "archive")
    assert again.exit_code == 0, again.stderr
    assert again.stdout.count(", 0 of them new, ") == len(Noun)


def test_all_goes_on_when_one_file_is_bad(run: Run, shop: Simulated) -> None:
    Path("archive").mkdir()
    Path("archive/questions.csv").write_text("not,a,table\n")
    result = run("export", "all", "--format", "csv", "--to", "archive")
    assert result.exit_code == 3
    assert "error: " in result.stderr
    assert Path("archive/questions.csv").read_text() == "not,a,table\n"
    files = {each.name for each in Path("archive").iterdir()}
    assert files == {f"{noun}.csv" for noun in Noun}
    for noun in set(Noun) - {Noun.QUESTIONS}:
        assert rows_in(Path("archive") / f"{noun}.csv", noun)


def test_all_needs_a_folder(run: Run, shop: Simulated) -> None:
    Path("file").touch()
    result = run("export", "all", "--to", "file")
    assert result.exit_code == 1
    assert result.stderr == "error: file: it is not a folder\n"


def test_period_by_days(run: Run, shop: Simulated) -> None:
    every = [(row[0], row[1][:10]) for row in rows_of(run("feedbacks"))]
    days = sorted({day for _, day in every})
    first, last = days[2], days[4]
    run("export", "feedbacks", "--since", first, "--until", last, "--to", "some.csv")
    expected = {Ref.parse(ref).id for ref, day in every if first <= day <= last}
    assert set(ids_in(Path("some.csv"))) == expected


def test_format_when_given(run: Run, shop: Simulated) -> None:
    result = run("export", "questions", "--to", "questions.txt", "--format", "jsonl")
    assert result.exit_code == 0, result.stderr
    assert Path("questions.txt").read_bytes().startswith(b'{"ref":')


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "2026-02-30"], "'2026-02-30' is not a date"),
        (["--since", "2026-01-31T10:00"], "has no time zone; add it, as in 2026-01-31T10:00+03"),
        (["--until", "yesterday"], "'yesterday' is not a date"),
        (["--since", "0001-01-01T00:00+03:00"], "is not a valid time in UTC"),
        (["--since", "0024-01-01"], "'0024-01-01' is before the year 2000"),
        (["--until", "0024-01-01T00:00Z"], "is before the year 2000"),
        (["--overlap", "7"], "'7' is not a duration such as 7d, 12h or 30m"),
        (["--max-wait", "-1"], "Invalid value for '--max-wait'"),
        (["--format", "xlsx"], "Invalid value for '--format'"),
    ],
)
def test_invalid_options_are_rejected_first(
    arguments: Sequence[str], message: str, run: Run
) -> None:
    result = run("export", "feedbacks", "--to", "x.csv", *arguments)
    assert result.exit_code == 2
    assert message in flat(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["feedbacks", "--to", "x.xlsx"], "use one of the suffixes .jsonl, .csv, .parquet"),
        (["feedbacks", "--to", "nowhere/x.csv"], "does not exist"),
        (["feedbacks", "--since", "2999-01-01", "--to", "x.csv"], "must not be in the future"),
        (
            ["feedbacks", "--since", "2026-02-01", "--until", "2026-01-01", "--to", "x.csv"],
            "since must not be after until",
        ),
        (["chats", "--since", "2026-02-01", "--to", "x.csv"], "which are read completely"),
    ],
)
def test_error_is_one_line(
    arguments: Sequence[str], message: str, run: Run, shop: Simulated
) -> None:
    result = run("export", *arguments)
    assert result.exit_code == (1 if arguments[-1].startswith(("x.xlsx", "nowhere")) else 2)
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert list(Path().iterdir()) == []


def test_file_of_another_noun_is_unchanged(run: Run, shop: Simulated) -> None:
    run("export", "questions", "--to", "x.csv")
    before = Path("x.csv").read_bytes()
    result = run("export", "feedbacks", "--to", "x.csv")
    assert result.exit_code == 1
    assert "x.csv: it has questions, so feedbacks cannot be added" in result.stderr
    assert Path("x.csv").read_bytes() == before
    assert run("export", "feedbacks", "--to", "x.csv", "--fresh").exit_code == 0
    assert len(ids_in(Path("x.csv"))) == shop.records["feedbacks"]


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """A shell makes background processes ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_keeps_progress(run: Run, shop: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    note = Spool.note
    notes = []

    def interrupt(spool: Spool, account: tuple[str, str], entry: Entry, *rest: object) -> None:
        note(spool, account, entry, *rest)  # type: ignore[arg-type]
        notes.append(entry)
        if len(notes) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Spool, "note", interrupt)
    result = run("export", "feedbacks", "--to", "x.parquet")
    assert result.exit_code == 130
    kept = Path("x.parquet.part").resolve()
    assert result.stderr == f"records are kept in {kept}: the same command resumes from there\n"
    assert [each.name for each in Path().iterdir()] == ["x.parquet.part"]
    result = run("export", "feedbacks", "--to", "x.parquet")
    assert result.exit_code == 0
    assert len(set(ids_in(Path("x.parquet")))) == shop.records["feedbacks"]
    assert [each.name for each in Path().iterdir()] == ["x.parquet"]


def test_export_stops_when_a_limit_exceeds_max_wait(
    run: Run, shop: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float | None] = []

    def refuse(_: Reading, __: Entry, max_wait: float | None) -> AnyListing:
        waits.append(max_wait)
        at = datetime(2999, 1, 1, tzinfo=UTC)
        raise QuotaExhausted("bucket", retry_at=at, wait=3600, max_wait=60)

    monkeypatch.setattr(Reading, "listing", refuse)
    result = run("export", "feedbacks", "--to", "x.csv", "--max-wait", "60")
    assert result.exit_code == 1
    assert waits == [60]
    assert result.stderr.startswith("error: bucket: the limit allows the next call in 3600.0 s")
    assert result.stdout == ""
    assert list(Path().iterdir()) == []


def test_failed_account_does_not_stop_the_others(
    run: Run, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ""
    for name, token in (("old", make_token(expires_in=-60)), ("shop", simulated.token)):
        monkeypatch.setenv(f"{name.upper()}_TOKEN", token)
        config += f'[accounts.{name}]\nmarketplace = "wildberries"\n'
        config += f'secret_env = "{name.upper()}_TOKEN"\nbase_url = "{simulated.url}"\n'
    Path("wbym.toml").write_text(config)
    result = run("export", "questions", "--to", "x.csv")
    assert result.exit_code == 3
    assert result.stderr.startswith("error: old: ")
    assert {row[1] for row in rows_in(Path("x.csv"), Noun.QUESTIONS)} == {"shop"}
    before = Path("x.csv").read_bytes()
    fresh = run("export", "questions", "--to", "x.csv", "--fresh")
    assert fresh.exit_code == 1
    assert fresh.stdout == ""
    assert Path("x.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (125, "2 min 05 s"), (3900, "1 h 05 min")],
)
def test_time_left_duration_text(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_state_text_when_banned() -> None:
    assert state_text(READING) == "about 2 min 05 s left"
    assert state_text(msgspec.structs.replace(READING, left=None)) == "reading"
    ban = datetime(2026, 5, 1, 14, 30, tzinfo=UTC)
    banned = msgspec.structs.replace(READING, banned_until=ban, left=3660.0)
    assert state_text(banned) == ("banned until 14:30:00Z, about 1 h 01 min left")
    assert state_text(msgspec.structs.replace(READING, stage=Stage.FAILED)) == "failed"


def test_progress_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with ExportLines(Console(), Noun.FEEDBACKS) as view:
        view.show([READING, msgspec.structs.replace(READING, stage=Stage.DONE)], None)
        view.show([READING], (5_000, 20_000))
    assert capsys.readouterr().out.splitlines() == [
        "shop: 12,000 of 200,000 feedbacks, 15,000/s, 0 rate limited, about 2 min 05 s left",
        "writing: 5,000 of 20,000 rows",
    ]


def test_progress_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(force_terminal=True, width=140, color_system=None)
    with ExportBars(console) as view:
        view.show([msgspec.structs.replace(READING, expected=None, rate_limited=2)], None)
        view.show([READING, msgspec.structs.replace(READING, account="b")], (5_000, 20_000))
    shown = capsys.readouterr().out
    assert "12,000 of 200,000" in shown
    assert "about 2 min 05 s left" in shown
    assert "5,000 of 20,000" in shown


def test_days_are_whole_and_in_utc() -> None:
    assert day_or_moment("2026-01-31") == datetime(2026, 1, 31, tzinfo=UTC)
    end = last_of_day_or_moment("2026-01-31")
    assert end + timedelta(microseconds=1) == datetime(2026, 2, 1, tzinfo=UTC)
    assert last_of_day_or_moment("2026-01-31T10:00+03:00").hour == 7
