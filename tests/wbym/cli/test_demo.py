from io import StringIO

import msgspec
import pytest
from rich.console import Console

from tests.wbym.cli.conftest import Run
from wbym.adapter import CatalogRow
from wbym.cli import app as commands
from wbym.cli.progress import Bars, Lines
from wbym.cli.tally import (
    PathCounts,
    Result,
    SimulatorStats,
    Tally,
    problems,
    requests_by_noun,
)

MODULE = "wbym_wildberries.simulator"


class Noun(msgspec.Struct):
    records: int
    expected: int | None
    written: int


class AccountLine(msgspec.Struct):
    nouns: dict[str, Noun]


class Line(msgspec.Struct):
    records: int
    requests: int
    refused: int
    seconds: float
    bound_seconds: float
    problems: list[str]
    accounts: list[AccountLine]


@pytest.fixture(autouse=True)
def _simulators(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "simulators", lambda: {"wildberries": MODULE})


def test_the_demo_reads_everything_and_is_never_refused(run: Run) -> None:
    # So few that the limits' first burst is enough: nothing is waited for.
    sizes = ["--feedbacks", "5", "--questions", "5", "--chats", "8", "--returns", "10"]
    result = run("demo", "--json", *sizes)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("\n") == 1
    line = msgspec.json.decode(result.stdout, type=Line)
    (account,) = line.accounts
    assert line.problems == []
    assert line.refused == 0
    assert account.nouns["feedbacks"] == Noun(2, 2, 2)
    assert account.nouns["questions"] == Noun(2, 2, 2)
    assert account.nouns["messages"].written == 2
    assert account.nouns["returns"].written == 1
    assert line.records == sum(noun.records for noun in account.nouns.values())
    assert line.requests >= 12
    assert 0 <= line.bound_seconds <= line.seconds


def test_the_demo_speaks_to_both_marketplaces(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"wildberries": MODULE, "yandex_market": "wbym_yandex_market.simulator"}
    monkeypatch.setattr(commands, "simulators", lambda: both)
    sizes = ["--feedbacks", "5", "--questions", "5", "--chats", "8", "--returns", "30"]
    result = run("demo", "--json", *sizes)
    assert result.exit_code == 0, result.stderr
    line = msgspec.json.decode(result.stdout, type=Line)
    assert len(line.accounts) == 2
    for account in line.accounts:
        assert all(noun.records for noun in account.nouns.values())
        assert all(account.nouns[noun].written for noun in ("feedbacks", "messages", "returns"))


def test_the_demo_ends_with_a_table(run: Run) -> None:
    result = run(
        "demo", *["--feedbacks", "5", "--questions", "0", "--chats", "1", "--returns", "0"]
    )
    assert result.exit_code == 0, result.stderr
    assert "wildberries: a simulated shop serves at http://127.0.0.1:" in result.stdout
    assert "wildberries feedbacks: 2 read, 2 written, 0." in result.stdout
    for head in ("requests", "refused", "least", "ratio"):
        assert f" {head} " in result.stdout


def test_without_a_simulator_the_demo_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for known, said in (
        ({}, "error: no simulator is installed"),
        ({"ozon": MODULE}, "error: the simulator 'ozon' has no adapter of its name"),
        ({"wildberries": "json.no_such"}, "error: the simulator of wildberries did not start"),
    ):
        monkeypatch.setattr(commands, "simulators", lambda known=known: known)
        result = run("demo", "--json")
        assert result.exit_code == 1
        assert result.stdout == ""
        assert result.stderr.startswith(said)


def test_a_tally_counts_each_record_once() -> None:
    tally = Tally("shop", "feedbacks")
    tally.saw(["a", "b"])
    tally.saw(["b", "c", "c"])
    assert (tally.read, tally.repeated) == (3, 2)


def test_what_is_refused_lost_repeated_or_without_effect_is_a_problem() -> None:
    lost = Tally("shop", "feedbacks", 5, effect="answer", written=2)
    lost.saw(["a", "a"])
    fine = Tally("shop", "questions", 0, effect="question_answer")
    stats = SimulatorStats(7, 1, effects={"answer": 1})
    result = Result("shop", "wildberries", [lost, fine], stats, {}, 0.0, 3)
    assert problems([result]) == [
        "shop: 1 requests were refused",
        "shop: 3 records could not be read",
        "shop feedbacks: 1 records were read of 5",
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
