from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from wcwidth import wcswidth

from tests.wbym.cli.conftest import Run, Simulated, rows_of


class Row(msgspec.Struct):
    account: str
    marketplace: str
    chats: int
    questions: int
    feedbacks: int
    returns: int


def test_inbox_when_one_of_three_accounts_fails(run: Run, shop: Simulated, tmp_path: Path) -> None:
    wildberries = f"marketplace = 'wildberries'\nbase_url = '{shop.url}'\n"
    known, unknown = "secret_env = 'WBYM_WILDBERRIES_TOKEN'\n", "secret_env = 'NO_SUCH'\n"
    text = "".join(
        f"[accounts.{name}]\n{wildberries}{secret}"
        for name, secret in (("a", known), ("b", known), ("c", unknown))
    )
    config = tmp_path / "three.toml"
    config.write_text(text, "utf-8")
    result = run("inbox", "--json", "--config", str(config))
    assert result.exit_code == 3
    assert "c: the variable NO_SUCH contains no secret" in result.stderr
    rows = msgspec.json.Decoder(Row).decode_lines(result.stdout)
    assert [row.account for row in rows] == ["a", "b"]
    for row in rows:
        assert row.feedbacks == run("feedbacks", "--json", "--unanswered").stdout.count("\n")
        assert row.questions == run("questions", "--json", "--unanswered").stdout.count("\n")
        assert row.chats > 0
        assert row.returns > 0


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_inbox_on_a_terminal(
    columns: int, run: Run, shop: Simulated, market: Simulated, terminal: Callable[[int], None]
) -> None:
    rows = rows_of(run("inbox"))
    assert [row[:2] for row in rows] == [[each, each] for each in ("wildberries", "yandex_market")]
    terminal(columns)
    head, *lines = run("inbox").stdout.splitlines()
    names = ["account", "chats", "questions", "feedbacks", "returns", "all"]
    assert head.split() == names
    assert [line.split()[0] for line in lines] == ["wildberries", "yandex_market", "all"]
    sums = [sum(int(row[place]) for row in rows) for place in range(2, 7)]
    assert [int(cell) for cell in lines[-1].split()[1:]] == sums
    assert all(wcswidth(line) <= columns for line in (head, *lines))
