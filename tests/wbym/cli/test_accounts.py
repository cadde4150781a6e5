import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.wbym.cli.conftest import Run, flat
from wbym.account import Adapter
from wbym.config import AccountSource, choose, find_accounts
from wbym.errors import ConfigError
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token

ADAPTERS: Mapping[str, type[Adapter]] = {"wildberries": Wildberries}


def found(text: str, tmp_path: Path) -> list[AccountSource]:
    path = tmp_path / "accounts.toml"
    path.write_text(text, encoding="utf-8")
    return find_accounts(path, environ={}, adapters=ADAPTERS)


async def opened_name(source: AccountSource) -> str:
    async with await source.open() as account:
        return account.name


def test_a_file_names_accounts_and_where_their_secrets_are(tmp_path: Path) -> None:
    (tmp_path / "second.token").write_text(f"{make_token()}\n")
    path = tmp_path / "wbym.toml"
    path.write_text(
        '[accounts.first]\nmarketplace = "wildberries"\nsecret_env = "FIRST"\n'
        'base_url = "http://127.0.0.1:1"\n'
        '[accounts.second]\nmarketplace = "wildberries"\nsecret_file = "second.token"\n'
    )
    sources = find_accounts(path, environ={"FIRST": make_token()}, adapters=ADAPTERS)
    assert [(source.name, source.base_url) for source in sources] == [
        ("first", "http://127.0.0.1:1"),
        ("second", None),
    ]
    assert [asyncio.run(opened_name(source)) for source in sources] == ["first", "second"]


def test_the_file_in_the_folder_is_taken_by_itself(tmp_path: Path) -> None:
    text = '[accounts.shop]\nmarketplace = "wildberries"\nsecret_env = "SHOP"\n'
    (tmp_path / "wbym.toml").write_text(text)
    environ = {"WBYM_WILDBERRIES_TOKEN": "not this one"}
    (source,) = find_accounts(None, environ=environ, adapters=ADAPTERS)
    assert (source.name, source.variable) == ("shop", "SHOP")


def test_the_environment_makes_an_account_of_each_marketplace() -> None:
    environ = {
        "WBYM_WILDBERRIES_TOKEN": "a secret",
        "WBYM_WILDBERRIES_BASE_URL": "http://127.0.0.1:1",
    }
    (source,) = find_accounts(None, environ=environ, adapters=ADAPTERS)
    assert (source.name, source.base_url) == ("wildberries", "http://127.0.0.1:1")
    assert not any("a secret" in str(value) for value in (repr(source), source.variable))


def test_without_any_account_it_says_how_to_name_one() -> None:
    with pytest.raises(ConfigError, match=r"set WBYM_WILDBERRIES_TOKEN, or .* wbym\.toml"):
        find_accounts(None, environ={}, adapters=ADAPTERS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accounts = ]", r"it is no TOML: .*line 1"),
        ("", r"required field `accounts`; expected are tables \[accounts\.NAME\]"),
        ("[accounts]", r"accounts: expected is at least one table"),
        ("[account.a]", r"\[accounts\.NAME\] and nothing else"),
        ('[accounts.a]\nsecret_env = "A"', r"accounts\.a \(line 1\): .*`marketplace`"),
        (
            '[accounts.a]\nmarketplace = "wildberries"',
            r"accounts\.a \(line 1\): .*secret_env .* secret_file",
        ),
        (
            '[accounts.a]\nmarketplace = "wildberries"\nsecret_env = "A"\nsecret_file = "b"',
            r"accounts\.a \(line 1\): expected is one of secret_env",
        ),
        (
            '[accounts.a]\nmarketplace = "ozon"\nsecret_env = "A"',
            r"accounts\.a\.marketplace \(line 2\): expected 'wildberries', got 'ozon'",
        ),
        (
            '[accounts.a]\nmarketplace = "wildberries"\nsecret_env = 5',
            r"accounts\.a\.secret_env \(line 3\): Expected `str \| null`, got `int`",
        ),
        (
            '[accounts.a]\nmarketplace = "wildberries"\nsecret_env = "A"\nbase_url = "wb.ru"',
            r"accounts\.a\.base_url \(line 4\): must be an address",
        ),
        (
            '[accounts.a]\nmarketplace = "wildberries"\nsecret_env = "A"\nbase_url = ""',
            r"accounts\.a\.base_url \(line 4\): must be an address .* got ''",
        ),
    ],
)
def test_an_error_in_the_file_names_the_key_and_what_is_expected(
    text: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=said):
        found(text, tmp_path)


def test_an_empty_address_in_the_environment_is_not_the_marketplace() -> None:
    environ = {"WBYM_WILDBERRIES_TOKEN": "x", "WBYM_WILDBERRIES_BASE_URL": ""}
    with pytest.raises(ConfigError, match=r"WBYM_WILDBERRIES_BASE_URL: must be an address"):
        find_accounts(None, environ=environ, adapters=ADAPTERS)


def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    text = f'[accounts.a]\nmarketplace = "wildberries"\ntoken = "{make_token()}"'
    with pytest.raises(ConfigError, match=r"accounts\.a\.token \(line 3\): unknown key") as caught:
        found(text, tmp_path)
    assert make_token()[:20] not in str(caught.value)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: it cannot be read: No such file"):
        find_accounts(tmp_path / "none.toml", environ={}, adapters=ADAPTERS)


def test_a_secret_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for place, said in (
        ('secret_env = "NOTHING"', "no secret is in the environment variable NOTHING"),
        ('secret_file = "nothing"', "the secret cannot be read from .*nothing: No such file"),
    ):
        (source,) = found(f'[accounts.a]\nmarketplace = "wildberries"\n{place}', tmp_path)
        with pytest.raises(ConfigError, match=said):
            asyncio.run(opened_name(source))


def test_an_account_is_chosen_by_its_name(tmp_path: Path) -> None:
    entry = 'marketplace = "wildberries"\nsecret_env = "A"'
    sources = found(f"[accounts.a]\n{entry}\n[accounts.b]\n{entry}", tmp_path)
    assert [source.name for source in choose(sources, "b")] == ["b"]
    assert [source.name for source in choose(sources, None)] == ["a", "b"]
    with pytest.raises(ConfigError, match="no account 'c'; known are: a, b"):
        choose(sources, "c")


def test_an_error_in_the_file_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "my.toml"
    path.write_text("[accounts]")
    said = f"error: {path}: accounts: expected is at least one table [accounts.NAME]"
    result = run("check", "--config", str(path))
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"{said}\n")
    monkeypatch.setenv("WBYM_CONFIG", str(path))
    assert flat(run("feedbacks")) == said
