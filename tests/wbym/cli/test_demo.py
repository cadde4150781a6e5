import re
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tests.support.account import BareAccount
from tests.wbym.cli.conftest import Run
from wbym.account import Account, CatalogRow
from wbym.cli import demo_assistant, demo_command
from wbym.cli.assistant import answer_to
from wbym.cli.assistant_process import Served, judge
from wbym.cli.demo import DemoError, Outcome
from wbym.cli.demo_assistant import Survived, run_assistant
from wbym.cli.progress import Bars, Lines, Quiet
from wbym.cli.show_demo import show_outcome
from wbym.cli.tally import (
    PathCounts,
    Result,
    SimulatorStats,
    Tally,
    problems,
    requests_by_noun,
)
from wbym.testing import ReceivedMessage

MODULE = "wbym_wildberries.simulator"
BOTH = {"wildberries": MODULE, "yandex_market": "wbym_yandex_market.simulator"}
SMALL = ["--feedbacks", "0", "--questions", "0", "--chats", "1", "--returns", "0"]


class Noun(msgspec.Struct):
    records: int
    expected: int | None
    written: int


class AccountLine(msgspec.Struct):
    nouns: dict[str, Noun]


class Line(msgspec.Struct, kw_only=True):
    assistant: Survived | None = None
    records: int
    requests: int
    refused: int
    seconds: float
    bound_seconds: float
    problems: list[str]
    accounts: list[AccountLine]


@pytest.fixture(autouse=True)
def _simulators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_command, "simulators", lambda: {"wildberries": MODULE})


def test_demo_reads_everything_without_a_rate_limit(run: Run) -> None:
    # Few enough for the limits' first burst: no call waits.
    sizes = ["--feedbacks", "5", "--questions", "5", "--chats", "8", "--returns", "10"]
    result = run("demo", "--json", "--no-assistant", *sizes)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("\n") == 1
    line = msgspec.json.decode(result.stdout, type=Line)
    (account,) = line.accounts
    assert line.problems == []
    assert line.assistant is None
    assert line.refused == 0
    assert account.nouns["feedbacks"] == Noun(2, 2, 2)
    assert account.nouns["questions"] == Noun(2, 2, 2)
    assert account.nouns["messages"].written == 2
    assert account.nouns["returns"].written == 1
    assert line.records == sum(noun.records for noun in account.nouns.values())
    assert line.requests >= 12
    assert 0 <= line.bound_seconds <= line.seconds


def test_demo_runs_both_marketplaces(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_command, "simulators", lambda: BOTH)
    sizes = ["--feedbacks", "5", "--questions", "5", "--chats", "8", "--returns", "30"]
    result = run("demo", "--json", "--no-assistant", *sizes)
    assert result.exit_code == 0, result.stderr
    line = msgspec.json.decode(result.stdout, type=Line)
    assert len(line.accounts) == 2
    for account in line.accounts:
        assert all(noun.records for noun in account.nouns.values())
        assert all(account.nouns[noun].written for noun in ("feedbacks", "messages", "returns"))


def test_demo_ends_with_a_table(run: Run) -> None:
    result = run(
        "demo",
        "--no-assistant",
        *SMALL,
        *["--feedbacks", "5"],
    )
    assert result.exit_code == 0, result.stderr
    assert "wildberries: simulated shop at http://127.0.0.1:" in result.stdout
    assert "wildberries feedbacks: 2 read, 2 written, 0." in result.stdout
    for head in ("calls", "limited"):
        assert f" {head} " in result.stdout
    assert "No shop is touched" in result.stdout
    assert "The limits allow 0.0 s at best." in result.stdout
    assert "wbym simulate wildberries" in result.stdout


def test_figures_are_whole_on_sixty_columns() -> None:
    tallies = [Tally("yandex_market", "feedbacks", 20_000, written=500, seconds=123.4)]
    tallies[0].read = 19_999
    stats = SimulatorStats(2_345, 0)
    counts = {"feedbacks": PathCounts(2_345, 0)}
    result = Result("yandex_market", "yandex_market", tallies, stats, counts, 1.0, 0)
    console = Console(file=StringIO(), width=60)
    show_outcome(console, Outcome([result], 123.4, 100.0, []))
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert "…" not in text
    for figure in ("19,999", "20,000", " 500 ", "2345", "123.4"):
        assert figure in text


def test_demo_without_a_simulator_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for known, code, message in (
        ({}, 1, "error: no simulator is installed"),
        ({"ozon": MODULE}, 2, "error: no adapter 'ozon' is installed; installed: "),
        ({"wildberries": "json.no_such"}, 1, "error: the simulator of wildberries did not start"),
    ):
        monkeypatch.setattr(demo_command, "simulators", lambda known=known: known)
        result = run("demo", "--json")
        assert result.exit_code == code
        assert result.stdout == ""
        assert result.stderr.startswith(message)


def test_assistant_answers_each_once_although_killed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_command, "simulators", lambda: BOTH)
    result = run("demo", *SMALL)
    assert result.exit_code == 0, result.stdout + result.stderr
    story = result.stdout.partition("A shop assistant on wildberries and yandex_market\n")[2]
    killed = story.index(" s  KILLED with SIGKILL")
    assert re.search(r" s  [456] of 6 buyers have a reply; the assistant learned of [345]", story)
    assert "<- already delivered before the crash: found in the chat, not sent again" in story
    assert "s  12 of 12 replies are confirmed" in story
    assert killed < story.index("the assistant runs again") < story.index("Next")
    assert not result.stderr
    rows = [line.split() for line in story.splitlines()]
    assert ["wildberries", "6", "6", "0", "0"] in rows
    assert ["yandex_market", "6", "6", "0", "0"] in rows


async def test_demo_ends_when_the_assistant_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "wbym.db").write_text("no state of anything, and too long to be empty" * 20)
    shown = StringIO()
    with pytest.raises(DemoError, match="the assistant did not start"):
        await run_assistant({"wildberries": MODULE}, tmp_path, Lines(Console(file=shown)))
    assert shown.getvalue().splitlines()[-1].startswith("starting the assistant")


async def test_demo_skips_accounts_without_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(_: str) -> type[Account]:
        return BareAccount

    monkeypatch.setattr(demo_assistant, "load_adapter", load)
    survived = await run_assistant({"toy": "none"}, tmp_path, Quiet())
    assert (survived.served, survived.problems) == ([], [])


def test_answers_are_compared_with_questions() -> None:
    asked, thanked = "Какой размер?", "Спасибо!"
    size, thanks = answer_to(asked), answer_to(thanked)
    written = [("1", asked), ("1", asked), ("1", thanked), ("2", asked), ("3", asked)]
    sent = [
        *[ReceivedMessage("1", size)] * 3,  # one duplicate
        ReceivedMessage("1", thanks),
        ReceivedMessage("2", thanks),  # the answer to another message
        ReceivedMessage("3", size),
        ReceivedMessage("4", size),  # not asked
    ]
    served = judge("shop", written, sent)
    assert served == Served("shop", 5, once=3, twice=1, unanswered=1, unasked=2)
    assert Survived([served], 1, 0.0).problems == [
        "shop: 1 messages were answered more than once",
        "shop: 1 messages were not answered",
        "shop: 2 messages were sent without a question",
        "1 replies are unconfirmed",
    ]
    assert judge("shop", written[2:], sent[3:4]).once == 1


def test_a_tally_counts_each_record_once() -> None:
    tally = Tally("shop", "feedbacks")
    tally.saw(["a", "b"])
    tally.saw(["b", "c", "c"])
    assert (tally.read, tally.repeated) == (3, 2)


def test_problems_are_rate_limits_losses_repeats_and_missing_effects() -> None:
    lost = Tally("shop", "feedbacks", 5, effect="answer", written=2)
    lost.saw(["a", "a"])
    fine = Tally("shop", "questions", 0, effect="question_answer")
    stats = SimulatorStats(7, 1, effects={"answer": 1})
    result = Result("shop", "wildberries", [lost, fine], stats, {}, 0.0, 3)
    assert problems([result]) == [
        "shop: 1 requests were rate limited",
        "shop: 3 records could not be decoded",
        "shop feedbacks: 1 of 5 records were read",
        "shop feedbacks: 1 records came more than once",
        "shop feedbacks: 2 written, of which 1 had an effect",
    ]


def test_requests_are_counted_by_noun() -> None:
    rows = [
        CatalogRow("m", name, method, path, "h", "s", "l", "l")
        for name, method, path in (
            ("feedbacks.list", "GET", "/f"),
            ("feedbacks.answer", "POST", "/f"),
            ("claims.list", "GET", "/c"),
        )
    ]
    paths = {
        "GET /f": PathCounts(3, 1),
        "POST /f": PathCounts(2, 0),
        "GET /c": PathCounts(1, 0),
    }
    assert requests_by_noun(SimulatorStats(6, 1, paths), rows) == {
        "feedbacks": PathCounts(5, 1),
        "returns": PathCounts(1, 0),
    }


@pytest.mark.parametrize("watch_class", [Bars, Lines])
def test_progress_is_shown(watch_class: type[Bars | Lines]) -> None:
    shown = StringIO()
    console = Console(file=shown, force_terminal=watch_class is Bars, width=100)
    tally = Tally("shop", "feedbacks", 2, written=1, seconds=0.5)
    with watch_class(console) as watch:
        watch.say("begun [here]")
        tally.saw(["a", "b"])
        watch.moved(tally)
        watch.ended(tally)
    assert "begun [here]" in shown.getvalue()
    assert "shop feedbacks" in shown.getvalue()
