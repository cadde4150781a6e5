from pathlib import Path

import pytest

from tests.wbym.cli.conftest import Run, Simulated, flat
from wbym_wildberries.simulator import make_token


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
    assert "  feedbacks  no     no " in result.stdout
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
        (make_token(expires_in=-60), "EXPIRED: "),
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
        assert result.exit_code == 1
        assert expected in result.output
        assert token not in result.output


def test_check_continues_after_an_account_that_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.token").write_text(make_token())
    entry = '[accounts.{}]\nmarketplace = "wildberries"\n{}\n'
    config = entry.format("bad", 'secret_env = "NOTHING"')
    config += entry.format("good", 'secret_file = "good.token"')
    (tmp_path / "wbym.toml").write_text(config)
    result = run("check", "--offline")
    assert result.exit_code == 1
    assert "error: bad: the variable NOTHING contains no secret" in result.stderr
    assert "personal token" in result.stdout
    assert run("check", "--offline", "--account", "good").exit_code == 0
