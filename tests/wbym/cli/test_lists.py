from pathlib import Path

import msgspec
import pytest
from typer.testing import Result

from tests.support.account import BareAccount
from tests.wbym.cli.conftest import Run, Simulated, flat
from wbym._config import AccountSource, SecretPlace
from wbym.account import Capability
from wbym.cli.lists import list_records
from wbym.cli.show import FEEDBACKS, show_records
from wbym.cli.terminal import output
from wbym.domain import Chat, Feedback, Question, Return
from wbym_wildberries._mapping import MARKETPLACE
from wbym_wildberries.simulator import make_token


def feedbacks_of(result: Result) -> list[Feedback]:
    assert result.exit_code == 0, result.stderr
    return msgspec.json.Decoder(Feedback).decode_lines(result.stdout)


def test_feedbacks_as_json_are_one_neutral_object_per_line(run: Run, shop: Simulated) -> None:
    every = feedbacks_of(run("feedbacks", "--json"))
    assert len(every) == shop.records["feedbacks"]
    assert {item.ref.marketplace for item in every} == {MARKETPLACE}
    some = feedbacks_of(run("feedbacks", "--json", "--limit", "2"))
    assert len(some) == 2
    assert run("feedbacks", "--json", "--limit", "2").stdout.count("\n") == 2


def test_feedbacks_are_chosen_by_the_options(run: Run, shop: Simulated) -> None:
    bad = feedbacks_of(run("feedbacks", "--json", "--unanswered", "--rating", "1, 2"))
    assert bad
    assert all(item.rating in {1, 2} and not item.answered for item in bad)
    every = feedbacks_of(run("feedbacks", "--json"))
    middle = sorted(item.created_at for item in every)[75]
    late = feedbacks_of(run("feedbacks", "--json", "--since", middle.isoformat()))
    early = feedbacks_of(run("feedbacks", "--json", "--until", middle.isoformat()))
    assert late
    assert early
    assert all(item.created_at >= middle for item in late)
    assert all(item.created_at <= middle for item in early)
    assert all(item.answered for item in feedbacks_of(run("feedbacks", "--json", "--answered")))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--since", "2026-01-31"], "has no time zone; add it, as in 2026-01-31T00:00:00+03:00"),
        (["--until", "yesterday"], "'yesterday' is not an ISO time"),
        (["--rating", "1,6"], "'1,6' is not a list of ratings from 1 to 5"),
        (["--limit", "0"], "Invalid value for '--limit'"),
    ],
)
def test_invalid_options_are_rejected_first(arguments: list[str], expected: str, run: Run) -> None:
    result = run("feedbacks", *arguments)
    assert result.exit_code == 2
    assert expected in flat(result)


def test_the_other_nouns_as_json(run: Run, shop: Simulated) -> None:
    lines = run("questions", "--json", "--unanswered").stdout
    questions = msgspec.json.Decoder(Question).decode_lines(lines)
    assert questions
    assert not any(item.answered for item in questions)
    chats = msgspec.json.Decoder(Chat).decode_lines(run("chats", "--json", "--waiting").stdout)
    assert all(item.waiting_for_seller for item in chats)
    claims = msgspec.json.Decoder(Return).decode_lines(run("returns", "--json", "--open").stdout)
    assert claims
    assert all(item.waiting_for_seller for item in claims)


def test_tables_show_what_is_needed_to_answer(run: Run, shop: Simulated) -> None:
    (first,) = feedbacks_of(run("feedbacks", "--json", "--limit", "1"))
    result = run("feedbacks", "--limit", "1")
    assert first.ref.id in result.stdout
    note = "wildberries: the first 1 feedbacks; --limit shows more, --json prints all\n"
    assert result.stderr == note
    for noun in ("questions", "chats", "returns"):
        result = run(noun)
        assert result.exit_code == 0
        assert "wildberries" in result.stdout


def test_text_of_a_buyer_is_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    ref = {"marketplace": "m", "account": "a", "noun": "feedback", "id": "1"}
    record = {"ref": ref, "created_at": "2026-01-01T00:00:00Z", "text": "[bold]ой[/] \x1b[2J"}
    show_records(output(), FEEDBACKS, [msgspec.convert(record, Feedback)])
    assert "[bold]ой[/] \N{REPLACEMENT CHARACTER}[2J" in capsys.readouterr().out


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
    result = run("feedbacks", "--json", "--limit", "3")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: old: ")
    found = msgspec.json.Decoder(Feedback).decode_lines(result.stdout)
    assert {item.ref.account for item in found} == {"shop"}
    one = run("answer", "question", "1", "Здравствуйте!")
    assert one.exit_code == 1
    assert one.stderr == "error: answer: choose an account with --account: old, shop\n"


async def test_account_without_the_noun_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    source = AccountSource("a", BareAccount, {"secret": [SecretPlace("A")]}, environ={})
    code = await list_records(
        [source],
        Capability.FEEDBACKS,
        FEEDBACKS,
        lambda account: account.feedbacks(),
        limit=None,
        as_json=True,
    )
    assert code == 0
    assert capsys.readouterr().err == "a: toy has no feedbacks\n"


def test_a_feedback_is_answered_once(run: Run, shop: Simulated) -> None:
    (item,) = feedbacks_of(run("feedbacks", "--json", "--unanswered", "--limit", "1"))
    result = run("answer", "feedback", item.ref.id, "-", input="Спасибо за отзыв!\n")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith(f"answered feedback {item.ref}\n")
    assert "  answer: Спасибо за отзыв!\n" in result.stdout
    again = run("answer", "feedback", item.ref.id, "Спасибо!")
    assert again.exit_code == 1
    assert "already has an answer: 'Спасибо за отзыв!'; use edit_answer" in again.stderr


def test_a_question_is_answered(run: Run, shop: Simulated) -> None:
    lines = run("questions", "--json", "--unanswered", "--limit", "1").stdout
    (item,) = msgspec.json.Decoder(Question).decode_lines(lines)
    short = run("answer", "question", item.ref.id, "")
    assert short.exit_code == 1
    assert short.stderr.startswith("error: ")
    result = run("answer", "question", item.ref.id, "Да, есть в наличии.")
    assert result.exit_code == 0, result.stderr
    assert "answered question" in result.stdout
    left = run("questions", "--json", "--unanswered").stdout
    assert item.ref.id not in left


def test_answer_when_the_record_does_not_exist(run: Run, shop: Simulated) -> None:
    result = run("answer", "feedback", "nothing", "Спасибо за отзыв!")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: wildberries/wildberries feedbacks.get: 422")
