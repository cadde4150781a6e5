import asyncio
import math
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import pytest

from wbym._config import AccountSource, SecretPlace, choose, find_accounts, find_state
from wbym.account import Account, AccountOptions
from wbym.calls import SecretText, reveal
from wbym.errors import ConfigError, InvalidInput, InvalidToken
from wbym.feed import PostgresStore
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries._account import WildberriesOptions
from wbym_wildberries._limits import Tier
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market._account import YandexMarketOptions
from wbym_yandex_market.simulator import make_api_key

WB = '[accounts.a]\nmarketplace = "wildberries"\nsecret_env = "A"\n'
YM = '[accounts.a]\nmarketplace = "yandex_market"\nsecret_env = "A"\n'


def found(text: str, tmp_path: Path, **environ: str) -> list[AccountSource]:
    path = tmp_path / "accounts.toml"
    path.write_text(text, encoding="utf-8")
    return find_accounts(path, environ=environ)


def opened(source: AccountSource) -> Account:
    async def open_and_close() -> Account:
        async with await source.open() as account:
            return account

    return asyncio.run(open_and_close())


def tokens_of(source: AccountSource) -> list[str]:
    account = opened(source)
    assert isinstance(account, Wildberries)
    return [token.headers["Authorization"] for token in account.tokens]


class TestFile:
    def test_accounts_and_their_secrets(self, tmp_path: Path) -> None:
        (tmp_path / "second.token").write_text(f"{make_token()}\n")
        sources = found(
            '[accounts.first]\nmarketplace = "wildberries"\nsecret_env = "FIRST"\n'
            'base_url = "http://127.0.0.1:1"\n'
            '[accounts.second]\nmarketplace = "wildberries"\nsecret_file = "second.token"\n',
            tmp_path,
            FIRST=make_token(),
        )
        assert [(source.name, source.options.base_url) for source in sources] == [
            ("first", "http://127.0.0.1:1"),
            ("second", None),
        ]
        assert [opened(source).name for source in sources] == ["first", "second"]

    def test_options_of_the_adapter_and_of_all(self, tmp_path: Path) -> None:
        common = (
            'proxy = "http://me:s3cret@10.0.0.1:3128"\ntrust_env = true\n'
            "timeout = 5\ntotal_timeout = inf\nmax_body_size = 1_000_000\nmax_wait = inf\n"
        )
        (wb,) = found(f'{WB}tier = "base"\nsandbox = true\n{common}', tmp_path)
        proxy = "http://me:s3cret@10.0.0.1:3128"
        assert wb.options == WildberriesOptions(
            tier=Tier.BASE,
            sandbox=True,
            proxy=proxy,
            trust_env=True,
            timeout=5.0,
            total_timeout=math.inf,
            max_body_size=1_000_000,
            max_wait=None,
        )
        own = "business_id = 11\ncampaign_ids = [1, 2]\nsubscription = true\nparallel = 3\n"
        (ym,) = found(f"{YM}{own}{common}", tmp_path)
        assert ym.options == YandexMarketOptions(
            business_id=11,
            campaign_ids=(1, 2),
            subscription=True,
            parallel=3,
            proxy=proxy,
            trust_env=True,
            timeout=5.0,
            total_timeout=math.inf,
            max_body_size=1_000_000,
            max_wait=None,
        )
        assert "s3cret" not in repr(wb.options)
        assert "http://10.0.0.1:3128" in repr(ym.options)

    def test_options_reach_the_account(self, tmp_path: Path) -> None:
        (source,) = found(f"{YM}business_id = 11\n", tmp_path, A=make_api_key())
        assert opened(source).credentials()[0].owner == "business 11"
        (source,) = found(f'{WB}tier = "base"\n', tmp_path, A=make_token())
        assert any("per hour" in each for each in opened(source).credentials()[0].warnings)

    async def test_max_wait_of_open_takes_precedence(self, tmp_path: Path) -> None:
        seen: list[float | None] = []

        class Shop(Wildberries):
            @classmethod
            def from_secrets(
                cls,
                secrets: Mapping[str, Sequence[str]],
                *,
                name: str,
                options: AccountOptions | None = None,
            ) -> Self:
                assert options is not None
                seen.append(options.max_wait)
                return super().from_secrets(secrets, name=name, options=options)

        options = WildberriesOptions(max_wait=7)
        places = {"secret": [SecretPlace("A")]}
        source = AccountSource("a", Shop, places, options, environ={"A": make_token()})
        for account in (
            await source.open(),
            await source.open(max_wait=None),
            await source.open(max_wait=1),
        ):
            await account.aclose()
        assert seen == [7, None, 1]

    def test_several_tokens_of_one_seller(self, tmp_path: Path) -> None:
        one, two, three = (make_token(scopes=[scope]) for scope in ("chat", "returns", "feedbacks"))
        listed = WB.replace('"A"', '["A", "B"]')
        (source,) = found(listed, tmp_path, A=one, B=f"{two}\n  {three}\n")
        assert tokens_of(source) == [one, two, three]
        (tmp_path / "one").write_text(f'"{one}"\n"{two}"')
        (tmp_path / "two").write_text(three)
        files = WB.replace('secret_env = "A"', 'secret_file = ["one", "two"]')
        (source,) = found(files, tmp_path)
        assert tokens_of(source) == [one, two, three]

    def test_oauth_token_with_and_without_a_key(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("y0_token")
        alone = YM.replace("secret_env", "oauth_env")
        (source,) = found(alone, tmp_path, A="y0_token")
        assert [each.title for each in opened(source).credentials()] == ["OAuth token"]
        (source,) = found(f'{YM}oauth_file = "token"\n', tmp_path, A="key")
        titles = [each.title for each in opened(source).credentials()]
        assert titles[0] == "Api-Key"
        assert len(titles) == 2

    def test_a_byte_order_mark(self, tmp_path: Path) -> None:
        path = tmp_path / "wbym.toml"
        path.write_bytes(b"\xef\xbb\xbf" + WB.replace("\n", "\r\n").encode())
        (source,) = find_accounts(path, environ={})
        assert source.secrets == {"secret": [SecretPlace("A")]}

    def test_file_in_the_current_folder_is_the_default(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("wbym.toml").write_text(WB)
        (source,) = find_accounts(None, environ={"WBYM_WILDBERRIES_TOKEN": "not this one"})
        assert (source.name, source.secrets) == ("a", {"secret": [SecretPlace("A")]})

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("accounts = ]", r"not valid TOML: .*line 1"),
            ("", r"required field `accounts`; expected tables \[accounts\.NAME\]"),
            ("[accounts]", r"accounts: expected at least one table"),
            ("[account.a]", r"\[accounts\.NAME\] and"),
            (
                '[accounts." "]\nmarketplace = "wildberries"\nsecret_env = "A"',
                r"\(line 1\): the name must have a visible character",
            ),
            (
                '[accounts.a]\nsecret_env = "A"',
                r"accounts\.a \(line 1\): marketplace is missing; expected 'wildberries' or",
            ),
            (
                '[accounts.a]\nmarketplace = "ozon"\nsecret_env = "A"',
                r"accounts\.a\.marketplace \(line 2\): expected 'wildberries' or .*, got 'ozon'",
            ),
            (
                "[accounts.a]\nmarketplace = 5",
                r"accounts\.a\.marketplace \(line 2\): expected 'wildberries' or .*, got 5",
            ),
            (
                '[accounts.a]\nmarketplace = "wildberries"',
                r"accounts\.a \(line 1\): expected secret_env or secret_file \(",
            ),
            (
                '[accounts.a]\nmarketplace = "yandex_market"',
                r"accounts\.a \(line 1\): expected secret_env or secret_file or oauth_env or",
            ),
            (
                f'{WB}secret_file = "b"',
                r"accounts\.a\.secret_file \(line 4\): secret_env is set too",
            ),
            (
                '[accounts.a]\nmarketplace = "wildberries"\nsecret_env = 5',
                r"a\.secret_env \(line 3\): expected a string or a list of strings: .*got `int`",
            ),
            (
                '[accounts.a]\nmarketplace = "wildberries"\nsecret_file = ["a", 5]',
                r"a\.secret_file \(line 3\): expected a string or a list of strings: .*`int`",
            ),
            (WB.replace('"A"', "[]"), r"a\.secret_env \(line 3\): must not be empty"),
            (WB.replace('"A"', '["A", ""]'), r"a\.secret_env \(line 3\): must not be empty"),
            (YM.replace('"A"', '["A", "B"]'), r"\(line 3\): yandex_market takes one, got 2"),
            (
                f"{WB}business_id = 1",
                r"a\.business_id \(line 4\): unknown key; expected one of .*tier",
            ),
            (f"{WB}oauth_env = 'B'", r"a\.oauth_env \(line 4\): unknown key"),
            (f'{YM}tier = "base"', r"a\.tier \(line 4\): unknown key; expected .*business_id"),
            (f'{WB}base_url = "wb.ru"', r"a\.base_url \(line 4\): must be an address"),
            (f'{WB}base_url = ""', r"a\.base_url \(line 4\): must be an address .* got ''"),
            (f'{WB}proxy = "10.0.0.1"', r"a\.proxy \(line 4\): must be the address of an HTTP"),
            (f'{WB}trust_env = "yes"', r"a\.trust_env \(line 4\): Expected `bool`, got `str`"),
            (f"{WB}timeout = -1", r"a\.timeout \(line 4\): must be more than 0 seconds; got -1"),
            (f"{WB}timeout = nan", r"a\.timeout \(line 4\): must be a finite number"),
            (f"{WB}total_timeout = 0", r"total_timeout \(line 4\): must be more than 0 seconds"),
            (f"{WB}total_timeout = nan", r"total_timeout \(line 4\): must be a finite number"),
            (f"{WB}max_body_size = 0", r"max_body_size \(line 4\): must be at least 1 byte"),
            (f"{WB}max_wait = -1", r"a\.max_wait \(line 4\): must be at least 0 seconds"),
            (f'{WB}tier = "gold"', r"a\.tier \(line 4\): Invalid enum value 'gold'"),
            (f"{YM}\nparallel = 0", r"a\.parallel \(line 5\): must be from 1 to 100; got 0"),
            (f"{YM}campaign_ids = [1, 0]", r"campaign_ids \(line 4\): \[1\] must be at least 1"),
            (f'{YM}campaign_ids = ["1"]', r"campaign_ids \(line 4\): Expected `int`, got `str`"),
            (f'{YM}business_id = "11"', r"business_id \(line 4\): Expected `int \| null`"),
        ],
    )
    def test_error_names_key_line_and_expected_value(
        self, text: str, expected: str, tmp_path: Path
    ) -> None:
        with pytest.raises(ConfigError, match=expected):
            found(text, tmp_path)

    def test_credentials_of_a_proxy_are_not_shown(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"got '10\.0\.0\.1/path'") as caught:
            found(f'{WB}proxy = "http://me:s3cret@10.0.0.1/path"', tmp_path)
        assert "s3cret" not in str(caught.value)

    def test_secret_in_the_file_is_rejected_and_not_shown(self, tmp_path: Path) -> None:
        token = make_token()
        for key, expected in (
            (
                "token",
                r"accounts\.a\.token \(line 3\): unknown key; .*never put a secret itself here",
            ),
            ("secret_env", r"secret_env \(line 3\): must be the name of an environment variable"),
        ):
            text = f'[accounts.a]\nmarketplace = "wildberries"\n{key} = "{token}"'
            with pytest.raises(ConfigError, match=expected) as caught:
                found(text, tmp_path)
            assert token[:20] not in str(caught.value)

    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"none\.toml: cannot be read: No such file"):
            find_accounts(tmp_path / "none.toml", environ={})

    def test_an_account_is_chosen_by_its_name(self, tmp_path: Path) -> None:
        sources = found(WB + WB.replace("accounts.a", "accounts.b"), tmp_path)
        assert [source.name for source in choose(sources, "b")] == ["b"]
        assert [source.name for source in choose(sources, None)] == ["a", "b"]
        with pytest.raises(ConfigError, match="no account is named 'c'; known accounts: a, b"):
            choose(sources, "c")


class TestEnvironment:
    def test_an_account_of_each_marketplace_with_options(self) -> None:
        wb, ym = find_accounts(
            None,
            environ={
                "WBYM_WILDBERRIES_TOKEN": "a secret",
                "WBYM_WILDBERRIES_BASE_URL": "http://127.0.0.1:1",
                "WBYM_WILDBERRIES_SANDBOX": "true",
                "WBYM_YANDEX_MARKET_OAUTH": "a secret",
                "WBYM_YANDEX_MARKET_BUSINESS_ID": "11",
                "WBYM_YANDEX_MARKET_CAMPAIGN_IDS": "1,2",
                "WBYM_YANDEX_MARKET_MAX_WAIT": "inf",
            },
        )
        assert wb.options == WildberriesOptions(base_url="http://127.0.0.1:1", sandbox=True)
        assert wb.secrets == {"secret": [SecretPlace("WBYM_WILDBERRIES_TOKEN")]}
        assert ym.options == YandexMarketOptions(business_id=11, campaign_ids=(1, 2), max_wait=None)
        assert ym.secrets == {"oauth": [SecretPlace("WBYM_YANDEX_MARKET_OAUTH")]}
        assert [wb.name, ym.name] == ["wildberries", "yandex_market"]
        assert "a secret" not in f"{wb!r} {wb.secrets} {ym!r}"

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("BASE_URL", "", "must be an address"),
            ("TIMEOUT", "soon", "Expected `float`, got `str`"),
            ("TIMEOUT", "0", "must be more than 0 seconds"),
            ("SANBOX", "1", "unknown; expected one of WBYM_WILDBERRIES_TOKEN, .*_SANDBOX"),
        ],
    )
    def test_invalid_option(self, name: str, value: str, expected: str) -> None:
        environ = {"WBYM_WILDBERRIES_TOKEN": "x", f"WBYM_WILDBERRIES_{name}": value}
        with pytest.raises(ConfigError, match=f"the variable WBYM_WILDBERRIES_{name}: {expected}"):
            find_accounts(None, environ=environ)

    def test_error_without_an_account_names_the_remedy(self) -> None:
        for environ in ({}, {"WBYM_WILDBERRIES_BASE_URL": "http://127.0.0.1:1"}):
            with pytest.raises(ConfigError, match=r"set WBYM_WILDBERRIES_TOKEN or .* wbym\.toml"):
                find_accounts(None, environ=environ)


class TestSecrets:
    @pytest.mark.parametrize(
        "form", ["{}", "\ufeff{}\r\n", '"{}"', " '{}'\n", '\ufeff "{}" ', "\u00a0{}\n\n"]
    )
    def test_wrapping_of_a_secret_is_stripped(self, form: str, tmp_path: Path) -> None:
        token = make_token()
        (source,) = found(WB, tmp_path, A=form.format(token))
        assert tokens_of(source) == [token]
        (tmp_path / "token").write_text(form.format(token), "utf-8")
        (source,) = found(WB.replace('secret_env = "A"', 'secret_file = "token"'), tmp_path)
        assert tokens_of(source) == [token]

    @pytest.mark.parametrize(
        ("spoilt", "expected"),
        [
            ("key\u200bkey", r"U\+200B ZERO WIDTH SPACE"),
            ("keykey\u200b", r"U\+200B ZERO WIDTH SPACE"),
            ("key\u00a0key", r"U\+00A0 NO-BREAK SPACE"),
            ("key\nkey", r"U\+000A"),
            ("key\x00", r"U\+0000"),
            ("kеy", r"U\+0435 CYRILLIC SMALL LETTER IE"),
            ("key\ufeffkey", r"U\+FEFF ZERO WIDTH NO-BREAK SPACE"),
            ("key\udcff", r"U\+DCFF"),
            ('"key', "has a quotation mark at one end"),
        ],
    )
    def test_invisible_characters_are_rejected_and_not_shown(
        self, spoilt: str, expected: str, tmp_path: Path
    ) -> None:
        (source,) = found(YM, tmp_path, A=spoilt)
        with pytest.raises(
            ConfigError, match=rf"^a: the secret in the variable A .*{expected}"
        ) as caught:
            opened(source)
        assert "key" not in str(caught.value)

    def test_missing_secret(self, tmp_path: Path) -> None:
        (tmp_path / "empty").write_text("\ufeff\n")
        (tmp_path / "wide").write_text("key", "utf-16")
        (tmp_path / "folder").mkdir()
        for place, expected in (
            ('secret_env = "NOTHING"', "a: the variable NOTHING contains no secret"),
            (
                'secret_file = "nothing"',
                "a: the secret cannot be read from .*nothing: No such file",
            ),
            ('secret_file = "empty"', "a: .*empty contains no secret"),
            ('secret_file = "wide"', "a: the secret cannot be read from .*wide: it is not UTF-8"),
            ('secret_file = "folder"', "a: the secret cannot be read from .*folder: "),
        ):
            (source,) = found(f'[accounts.a]\nmarketplace = "wildberries"\n{place}', tmp_path)
            with pytest.raises(ConfigError, match=expected):
                opened(source)

    @pytest.mark.parametrize(
        ("secret", "expected"),
        [
            ("key 123", "business_id="),
            ("123 key", "business_id="),
            ("oauth:y0_token", "oauth_env, oauth_file"),
        ],
    )
    def test_earlier_options_of_market_name_their_replacement(
        self, secret: str, expected: str, tmp_path: Path
    ) -> None:
        (source,) = found(YM, tmp_path, A=secret)
        with pytest.raises(InvalidToken, match=expected) as caught:
            opened(source)
        assert "y0_token" not in str(caught.value)
        with pytest.raises(InvalidToken, match=expected):
            YandexMarket(secret)


class TestLoading:
    @staticmethod
    def run(code: str, tmp_path: Path, **environ: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, **environ},
            capture_output=True,
            text=True,
            check=False,
        )

    @staticmethod
    def break_adapter(tmp_path: Path, name: str) -> None:
        """Install an adapter that cannot be imported."""
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (folder / "entry_points.txt").write_text(f"[wbym.adapters]\n{name} = {name}_adapter:It\n")
        (tmp_path / f"{name}_adapter.py").write_text("raise RuntimeError('it is broken')\n")

    @pytest.mark.parametrize(
        "use",
        [
            "from wbym.inbox import Inbox\nimport asyncio\n"
            "async def main():\n    async with Inbox.from_config('wbym.toml') as inbox:\n"
            "        assert list(inbox.accounts) == ['a']\n"
            "asyncio.run(main())\n",
            "from typer.testing import CliRunner\nfrom wbym.cli.app import app\n"
            "result = CliRunner().invoke(app, ['check', '--offline'])\n"
            "assert result.exit_code == 0, result.output\n",
        ],
        ids=["inbox", "cli"],
    )
    def test_only_the_requested_adapter_is_loaded(self, use: str, tmp_path: Path) -> None:
        (tmp_path / "wbym.toml").write_text(WB)
        self.break_adapter(tmp_path, "broken")
        code = f"{use}\nimport sys; assert 'wbym_wildberries' in sys.modules; " + (
            "assert not any('yandex' in name or 'broken' in name for name in sys.modules)"
        )
        done = self.run(code, tmp_path, A=make_token())
        assert done.returncode == 0, done.stderr

    def test_environment_loads_no_other_adapter(self, tmp_path: Path) -> None:
        self.break_adapter(tmp_path, "broken")
        code = (
            "import sys; from wbym._config import find_accounts; "
            "assert [one.name for one in find_accounts()] == ['wildberries']; "
            "assert not any('yandex' in name or 'broken' in name for name in sys.modules)"
        )
        done = self.run(code, tmp_path, WBYM_WILDBERRIES_TOKEN=make_token())
        assert done.returncode == 0, done.stderr

    def test_broken_adapter_that_is_requested(self, tmp_path: Path) -> None:
        self.break_adapter(tmp_path, "broken")
        (tmp_path / "wbym.toml").write_text(WB.replace("wildberries", "broken"))
        done = self.run("from wbym._config import find_accounts; find_accounts()", tmp_path)
        last = done.stderr.splitlines()[-1]
        assert last.startswith(
            "wbym.errors.ConfigError: wbym.toml: accounts.a.marketplace (line 2)"
        )
        assert last.endswith("'broken' cannot be loaded: RuntimeError: it is broken")


class TestState:
    ACCOUNT = '[accounts.a]\nmarketplace = "wildberries"\nsecret_env = "A"\n'

    def found(self, tmp_path: Path, shared: str) -> str | Path | None:
        path = tmp_path / "accounts.toml"
        path.write_text(self.ACCOUNT + shared, "utf-8")
        assert [one.name for one in find_accounts(path, environ={})] == ["a"]
        return find_state(path)

    def test_without_the_table(self, tmp_path: Path) -> None:
        assert self.found(tmp_path, "") is None
        assert self.found(tmp_path, "[shared]\n") is None

    def test_file_is_relative_to_the_configuration(self, tmp_path: Path) -> None:
        assert self.found(tmp_path, '[shared]\nstate = "a.db"') == tmp_path / "a.db"

    def test_address(self, tmp_path: Path) -> None:
        found = self.found(tmp_path, '[shared]\nstate = "postgresql://wbym@db/wbym"')
        assert found == "postgresql://wbym@db/wbym"

    @pytest.mark.parametrize(
        "address", ["postgresql://wbym:pa55@db/wbym", "postgresql:///wbym?password=pa55"]
    )
    def test_password_is_taken_and_not_shown(self, tmp_path: Path, address: str) -> None:
        place = self.found(tmp_path, f'[shared]\nstate = "{address}"')
        assert isinstance(place, SecretText)
        assert reveal(place) == address
        for shown in (repr(place), str(place), f"{place}", repr(PostgresStore(place))):
            assert "pa55" not in shown

    def test_broken_address_is_refused_and_not_shown(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"accounts\.toml: shared\.state: ") as raised:
            self.found(tmp_path, '[shared]\nstate = "postgres://u:pa/hush-hush"')
        assert "hush" not in str(raised.value)
        found = traceback.TracebackException.from_exception(raised.value, capture_locals=True)
        ours = [frame for frame in found.stack if frame.filename.endswith("_config.py")]
        assert any(frame.name == "find_state" for frame in ours)
        assert not any("hush" in repr(frame.locals) for frame in ours if frame.name != "found")

    @pytest.mark.parametrize("shared", ["[shared]\nstate = 7", "[shared]\nstat = 'a'"])
    def test_wrong_type_and_unknown_key_are_refused(self, tmp_path: Path, shared: str) -> None:
        with pytest.raises(ConfigError, match=r"expected tables \[accounts\.NAME\] and \[shared\]"):
            self.found(tmp_path, shared)


class TestSharedLimits:
    def test_all_accounts_have_them(self, tmp_path: Path) -> None:
        address = "redis://:s3cret@cache/0"
        sources = found(f'{WB}[shared]\nlimits = "{address}"\n', tmp_path)
        assert [source.options.limits for source in sources] == [address]
        assert "s3cret" not in repr(sources[0].options)

    def test_option_of_an_account_wins(self, tmp_path: Path) -> None:
        text = f'{WB}limits = "redis://own/0"\n[shared]\nlimits = "redis://cache/0"\n'
        (source,) = found(text, tmp_path)
        assert source.options.limits == "redis://own/0"

    @pytest.mark.parametrize("table", ["[shared]", ""])
    def test_error_says_what_is_expected(self, table: str, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"limits.*redis://host or postgresql://host") as it:
            found(f'{WB}{table}\nlimits = "http://s3cret@cache"\n', tmp_path)
        assert "s3cret" not in str(it.value)

    def test_variable_of_the_environment(self) -> None:
        environ = {"WBYM_WILDBERRIES_TOKEN": make_token(), "WBYM_WILDBERRIES_LIMITS": "redis://c"}
        (source,) = find_accounts(None, environ=environ)
        assert source.options.limits == "redis://c"

    def test_account_cannot_have_a_scheduler_too(self) -> None:
        async def main() -> None:
            with pytest.raises(InvalidInput, match="must not be given with a scheduler"):
                Wildberries(make_token(), limits="redis://c", scheduler=Scheduler())

        asyncio.run(main())
