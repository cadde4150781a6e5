from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from wcwidth import wcswidth

from tests.support.account import BareAccount
from tests.wbym.cli.conftest import Run, Simulated, flat, objects_of, rows_of
from wbym._config import AccountSource, SecretPlace
from wbym.account import Capability
from wbym.cli.accounts import having
from wbym.cli.options import day_or_moment, last_of_day_or_moment
from wbym.domain import Noun, Ref
from wbym.errors import ConfigError
from wbym_wildberries._mapping import MARKETPLACE
from wbym_wildberries.simulator import make_token

NOUNS = ("feedbacks", "questions", "chats", "returns")


def test_feedbacks_as_json_are_one_object_per_line(run: Run, shop: Simulated) -> None:
    every = objects_of(run("feedbacks", "--json"))
    assert len(every) == shop.records["feedbacks"]
    refs = [Ref.parse(item["ref"]) for item in every]
    assert {(ref.marketplace, ref.noun) for ref in refs} == {(MARKETPLACE, Noun.FEEDBACK)}
    assert run("feedbacks", "--json", "--limit", "2").stdout.count("\n") == 2


def test_feedbacks_are_chosen_by_the_options(run: Run, shop: Simulated) -> None:
    bad = objects_of(run("feedbacks", "--json", "--unanswered", "--rating", "1, 2"))
    assert bad
    assert all(item["rating"] in {1, 2} and item["answer"] is None for item in bad)
    every = objects_of(run("feedbacks", "--json"))
    middle = sorted(item["created_at"] for item in every)[75]
    late = objects_of(run("feedbacks", "--json", "--since", middle))
    early = objects_of(run("feedbacks", "--json", "--until", middle))
    assert late
    assert early
    assert all(item["created_at"] >= middle for item in late)
    assert all(item["created_at"] <= middle for item in early)
    assert all(item["answer"] for item in objects_of(run("feedbacks", "--json", "--answered")))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--since", "2026-01-31T10:00"], "has no time zone; add it, as in 2026-01-31T10:00+03:00"),
        (["--until", "yesterday"], "'yesterday' is not a date such as 2026-01-31"),
        (["--since", "0024-01-31"], "before the year 2000"),
        (["--since", "999999d"], "before the year 2000"),
        (["--rating", "1,6"], "'1,6' is not a list of ratings from 1 to 5"),
        (["--limit", "0"], "Invalid value for '--limit'"),
    ],
)
def test_invalid_options_are_rejected_first(arguments: list[str], expected: str, run: Run) -> None:
    result = run("feedbacks", *arguments)
    assert result.exit_code == 2
    assert expected in flat(result)


def test_dates_are_whole_days_in_utc() -> None:
    assert day_or_moment("2026-11-01") == datetime(2026, 11, 1, tzinfo=UTC)
    end = datetime(2026, 11, 1, 23, 59, 59, 999_999, tzinfo=UTC)
    assert last_of_day_or_moment("2026-11-01") == end
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert day_or_moment("2026-11-01T15:00+03:00") == noon


@pytest.mark.parametrize("parse", [day_or_moment, last_of_day_or_moment])
@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("7d", timedelta(days=7)),
        ("12h", timedelta(hours=12)),
        ("30m", timedelta(minutes=30)),
    ],
)
def test_durations_are_before_now(
    text: str, length: timedelta, parse: Callable[[str], datetime]
) -> None:
    before = datetime.now(UTC)
    assert before - length <= parse(text) <= datetime.now(UTC) - length
    with pytest.raises(typer.BadParameter):
        parse(f"-{text}")


def test_the_other_nouns_as_json(run: Run, shop: Simulated) -> None:
    questions = objects_of(run("questions", "--json", "--unanswered"))
    assert questions
    assert not any(item["answer"] for item in questions)
    chats = objects_of(run("chats", "--json", "--waiting"))
    assert chats
    assert all(item["status"] == "waiting_for_seller" for item in chats)
    claims = objects_of(run("returns", "--json", "--open"))
    assert claims
    assert all(item["status"] == "waiting_for_seller" for item in claims)


@pytest.mark.parametrize("noun", NOUNS)
def test_pipes_get_tab_separated_lines(noun: str, run: Run, shop: Simulated) -> None:
    rows = rows_of(run(noun))
    objects = objects_of(run(noun, "--json"))
    assert [row[0] for row in rows] == [item["ref"] for item in objects]
    assert len({len(row) for row in rows}) == 1
    if noun == "questions":
        assert [row[6] for row in rows] == [" ".join(item["text"].split()) for item in objects]


@pytest.mark.parametrize("noun", NOUNS)
def test_accounts_are_merged_newest_first(
    noun: str, run: Run, shop: Simulated, market: Simulated
) -> None:
    key = "updated_at" if noun == "chats" else "created_at"
    found = objects_of(run(noun, "--json"))
    times = [item[key] for item in found]
    assert times == sorted(times, reverse=True)
    assert len({Ref.parse(item["ref"]).account for item in found}) == 2
    some = objects_of(run(noun, "--json", "--limit", "5"))
    assert [item["ref"] for item in some] == [item["ref"] for item in found[:5]]
    one = objects_of(run(noun, "--json", "--account", "yandex_market"))
    assert {Ref.parse(item["ref"]).account for item in one} == {"yandex_market"}


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("noun", NOUNS)
def test_records_fit_the_terminal(
    noun: str,
    columns: int,
    run: Run,
    shop: Simulated,
    market: Simulated,
    terminal: Callable[[int], None],
) -> None:
    refs = [item["ref"] for item in objects_of(run(noun, "--json", "--limit", "50"))]
    terminal(columns)
    result = run(noun)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    # A ref is whole, in a line of its own: a terminal wraps a longer one, and copies it as one.
    assert [line.strip() for line in lines if line.strip() in refs] == refs
    texts = [line for line in lines if line.strip() not in refs]
    assert all(0 < wcswidth(line) <= columns for line in texts)
    assert len(lines) <= 3 * len(refs)
    if noun == "feedbacks" and columns == 60:
        assert any(line.endswith("…") for line in texts)


def test_a_terminal_gets_the_newest_50(
    run: Run, shop: Simulated, terminal: Callable[[int], None]
) -> None:
    terminal(80)
    result = run("feedbacks")
    assert result.stdout.count("wildberries/wildberries/feedback/") == 50
    assert result.stderr == "the newest 50 of more feedbacks; --limit N shows more\n"
    one = run("feedbacks", "--limit", "1")
    assert len(one.stdout.splitlines()) <= 3
    assert one.stderr == "the newest 1 of more feedbacks; --limit N shows more\n"


def test_a_list_without_records(run: Run, shop: Simulated, terminal: Callable[[int], None]) -> None:
    nothing = ("feedbacks", "--until", "2001-01-01")
    for form in ((), ("--json",)):
        result = run(*nothing, *form)
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    terminal(80)
    result = run(*nothing)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no feedbacks\n")


def test_text_of_a_buyer_cannot_control_the_terminal(
    run: Run, own_shop: Simulated, terminal: Callable[[int], None]
) -> None:
    text = "[bold]ой[/]\x1b[2J\x07 \u202eоглавок\u202c 👨‍👩‍👧 שלום\n\ttab " * 10
    id_ = own_shop.act(act="give_feedback", text=text, rating=1)
    (row,) = (each for each in rows_of(run("feedbacks")) if each[0].endswith(id_))
    assert len(row) == 9
    assert row[7].count("[bold]ой[/]\N{REPLACEMENT CHARACTER}[2J") == 10
    terminal(60)
    printed = [
        run("feedbacks").stdout,
        run("show", f"wildberries/wildberries/feedback/{id_}").stdout,
    ]
    for output in printed:
        assert "\N{REPLACEMENT CHARACTER}[2J" in output
        assert not any(letter in output for letter in "\x1b\x07\u202e\u202c\t")
        lines = [line for line in output.splitlines() if "https://" not in line]  # kept whole
        assert not [line for line in lines if wcswidth(line) > 60]


def test_undecodable_records_are_counted_on_stderr(run: Run, shop: Simulated) -> None:
    shop.fault("/api/v1/feedbacks", "bad_record")
    result = run("feedbacks", "--json", "--unanswered")
    assert result.exit_code == 0
    assert "wildberries: 1 undecodable records omitted: feedbacks.list: " in result.stderr
    whole = run("feedbacks", "--json", "--unanswered")
    assert whole.stdout.count("\n") == result.stdout.count("\n") + 1
    assert whole.stderr == ""


def test_failed_account_does_not_stop_the_others(
    run: Run, simulated: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ""
    for name, token in (("old", make_token(expires_in=-60)), ("shop", simulated.token)):
        monkeypatch.setenv(f"{name.upper()}_TOKEN", token)
        config += f'[accounts.{name}]\nmarketplace = "wildberries"\n'
        config += f'secret_env = "{name.upper()}_TOKEN"\nbase_url = "{simulated.url}"\n'
    (tmp_path / "wbym.toml").write_text(config)
    result = run("feedbacks", "--limit", "3")
    assert result.exit_code == 3
    assert result.stderr.startswith("error: old: ")
    assert result.stderr.count("\n") == 1
    assert len(result.stdout.splitlines()) == 3
    assert all("/shop/" in line.split("\t")[0] for line in result.stdout.splitlines())
    alone = run("feedbacks", "--account", "old")
    assert (alone.exit_code, alone.stdout) == (2, "")


def test_account_without_the_noun_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    source = AccountSource("a", BareAccount, {"secret": [SecretPlace("A")]}, environ={})
    with pytest.raises(ConfigError, match="no account has feedbacks"):
        having([source], Capability.FEEDBACKS, "feedbacks")
    assert capsys.readouterr().err == "a: toy has no feedbacks\n"
