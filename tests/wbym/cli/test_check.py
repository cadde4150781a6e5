from collections.abc import Callable
from pathlib import Path

import pytest
from wcwidth import wcswidth

from tests.wbym.cli.conftest import Run, Simulated, flat, objects_of
from wbym_wildberries.simulator import make_token
from wbym_yandex_market.simulator import make_api_key


def test_check_reports_what_a_token_can_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    token = make_token(scopes=["feedbacks"], read_only=True)
    monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", token)
    result = run("check", "--offline", "--verbose")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert any("personal token" in line for line in lines)
    assert "  scopes: feedbacks-and-questions (read only)" in lines
    assert "  feedbacks-and-questions, on https://feedbacks-api.wildberries.ru" in lines
    (line_of_rate,) = [line for line in lines if "3 per 1 s, every 333 ms, burst 6: " in line]
    assert "list, archive" in line_of_rate
    assert "answer" not in line_of_rate.replace("unanswered", "")
    assert "  missing the category buyer-chat, for chats: list, events, send, download" in lines
    assert token.split(".")[1] not in result.output


def test_check_warns_of_slow_tokens(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", make_token(acc=1, expires_in=86_400))
    result = run("check", "--offline", "--verbose")
    assert result.exit_code == 0
    assert result.stdout.count("WARNING: ") == 2
    assert "SLOW: 5 per 1 h, every 12 min, burst 1: feedbacks: " in result.stdout


def test_check_requests_the_seller(run: Run, shop: Simulated) -> None:
    result = run("check", "--verbose")
    assert result.exit_code == 0
    assert "  seller: " in result.stdout
    assert shop.url not in [line.split(": ")[0].strip() for line in result.stdout.splitlines()]
    assert f"  {shop.url}: OK\n" in run("check", "--ping", "--verbose").stdout


def test_check_continues_after_a_failed_request(
    run: Run, shop: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = f"{shop.token.rpartition('.')[0]}.!"
    monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", forged)
    result = run("check", "--verbose")
    assert result.exit_code == 1
    assert "  feedbacks  no    no      wildberries/" in result.stdout
    assert "  seller: no answer: wildberries/wildberries general.seller: 401" in result.stdout
    assert "3 per 1 s, every 333 ms, burst 6: feedbacks: " in result.stdout
    assert forged.split(".")[1] not in result.output


def test_check_rejects_offline_with_ping(run: Run) -> None:
    result = run("check", "--offline", "--ping")
    assert result.exit_code == 2
    assert "--offline and --ping cannot be combined" in flat(result)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (make_token(expires_in=-60), "EXPIRED "),
        ("nonsense", "error: wildberries: not a Wildberries token"),
    ],
)
def test_check_fails_for_an_invalid_token(
    token: str, expected: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", token)
    # An expired token is rejected before a request, online too.
    for arguments in (["check"], ["check", "--offline"]):
        result = run(*arguments)
        assert result.exit_code == 2
        assert expected in result.output
        assert token not in result.output


def test_check_continues_after_an_account_that_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.token").write_text(make_token())
    entry = '[accounts.{}]\nmarketplace = "wildberries"\n{}\n'
    config = entry.format("bad", 'secret_env = "NOTHING"')
    config += entry.format("good", 'secret_file = "good.token"')
    (tmp_path / "wbym.toml").write_text(config)
    result = run("check", "--offline")
    assert result.exit_code == 3
    assert "error: bad: the variable NOTHING contains no secret" in result.stderr
    assert "personal token" in result.stdout
    assert run("check", "--offline", "--account", "good").exit_code == 0


def test_check_says_first_what_can_be_read_and_answered(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = make_token(scopes=["feedbacks", "returns"], read_only=True)
    monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", token)
    result = run("check", "--offline")
    head, columns, *rows = result.stdout.splitlines()
    assert (head, columns.split()) == ("wildberries (wildberries)", ["read", "answer"])
    assert [row.split(maxsplit=3) for row in rows[:4]] == [
        *(["feedbacks", "yes", "no", _MAY_WRITE.format("feedbacks-and-questions")],),
        *(["chats", "no", "no", "the account lacks the category buyer-chat"],),
        *(["questions", "yes", "no", _MAY_WRITE.format("feedbacks-and-questions")],),
        *(["returns", "yes", "no", _MAY_WRITE.format("returns")],),
    ]
    (report,) = objects_of(run("check", "--offline", "--json"))
    assert report["abilities"]["feedbacks"] == {
        "read": True,
        "answer": False,
        "reason": _MAY_WRITE.format("feedbacks-and-questions"),
    }
    assert report["abilities"]["chats"]["read"] is False
    assert report["methods"]


_MAY_WRITE = "the account lacks a token for {} that may write"


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_check_fits_the_terminal(
    columns: int, run: Run, monkeypatch: pytest.MonkeyPatch, terminal: Callable[[int], None]
) -> None:
    monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", make_token(scopes=["feedbacks"]))
    terminal(columns)
    for options in ((), ("--verbose",)):
        lines = run("check", "--offline", *options).stdout.splitlines()
        assert lines[2].split() == ["feedbacks", "✓", "✓"]
        assert lines[3].split()[:3] == ["chats", "✗", "✗"]
        assert all(wcswidth(line) <= columns for line in lines)


def test_check_of_a_market_key_with_few_scopes(
    run: Run, market: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = "inventory-and-order-processing"
    key = make_api_key(scopes=[f"{scope}:read-only"])
    monkeypatch.setenv("WBYM_YANDEX_MARKET_TOKEN", key)
    (report,) = objects_of(run("check", "--json"))
    reason = f"the account lacks the scope {scope}"
    assert report["abilities"]["returns"] == {"read": True, "answer": False, "reason": reason}
    for noun in ("feedbacks", "questions", "chats"):
        reason = "the account lacks the scope communication"
        assert report["abilities"][noun] == {"read": False, "answer": False, "reason": reason}


def test_check_when_the_marketplace_cannot_be_reached(
    run: Run, shop: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WBYM_WILDBERRIES_BASE_URL", "http://127.0.0.1:1")
    result = run("check")
    assert result.exit_code == 1
    assert "  feedbacks  ?     ?       the marketplace could not be asked\n" in result.stdout
    assert "  seller: no answer: " in result.stdout
