from pathlib import Path

import msgspec

from tests.wbym.cli.conftest import Run, Simulated


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
    assert result.exit_code == 1
    assert "c: the variable NO_SUCH contains no secret" in result.stderr
    rows = msgspec.json.Decoder(Row).decode_lines(result.stdout)
    assert [row.account for row in rows] == ["a", "b"]
    for row in rows:
        assert row.feedbacks == run("feedbacks", "--json", "--unanswered").stdout.count("\n")
        assert row.questions == run("questions", "--json", "--unanswered").stdout.count("\n")
        assert row.chats > 0
        assert row.returns > 0


def test_inbox_when_shown_as_a_table(run: Run, shop: Simulated) -> None:
    result = run("inbox")
    assert result.exit_code == 0, result.stderr
    assert "Waiting for an answer" in result.stdout
    assert "wildberries" in result.stdout
