import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import typer
from wcwidth import wcswidth

import wbym
from tests.wbym.cli.conftest import Run, Simulated, flat
from wbym.account import CatalogRow, installed_adapters, load_adapter
from wbym.cli import main
from wbym.cli.app import COMMANDS
from wbym.cli.terminal import clean, plain_errors
from wbym.errors import AccountsFailed, CursorStuck, PagingLimit
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token


def test_endpoints_in_a_pipe_are_all_endpoints(run: Run) -> None:
    rows = [line.split("\t") for line in run("endpoints").stdout.splitlines()]
    assert len(rows) == sum(len(load_adapter(name).catalog()) for name in installed_adapters())
    assert all(len(row) == 8 and all(row) for row in rows)
    assert ["wildberries", "claims.decide", "PATCH", "/api/v1/claim"] in [row[:4] for row in rows]


def test_endpoints_as_json_are_the_catalog(run: Run) -> None:
    result = run("endpoints", "--json", "--marketplace", "wildberries")
    assert msgspec.json.Decoder(CatalogRow).decode_lines(result.stdout) == Wildberries.catalog()


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_endpoints_on_a_terminal(columns: int, run: Run, terminal: Callable[[int], None]) -> None:
    terminal(columns)
    lines = run("endpoints", "--marketplace", "yandex_market").stdout.splitlines()
    assert lines[0].split() == ["name", "method", "path", "limit"]
    assert lines[2].startswith("chats.list ")
    assert all(wcswidth(line) <= columns for line in lines)


def test_endpoints_of_an_unknown_marketplace_are_rejected(run: Run) -> None:
    result = run("endpoints", "--marketplace", "ozon")
    assert result.exit_code == 2
    assert "unknown marketplace 'ozon'; installed: " in flat(result)


def test_main_without_the_extra_names_the_extra_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("wbym.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    expected = 'The command line needs typer and rich: pip install "wbym[cli]"\n'
    assert capsys.readouterr().err == expected


def test_another_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("wbym.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "wbym.paging", None)
    monkeypatch.setattr(sys, "argv", ["wbym", "feedbacks"])
    with pytest.raises(ModuleNotFoundError, match=r"wbym\.paging"):
        main()


def test_importing_the_package_loads_neither_typer_nor_rich() -> None:
    code = "import sys, wbym.cli; sys.exit(any(m in sys.modules for m in ('typer', 'rich')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_and_completion_load_no_command() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from wbym.cli.app import app\n"
        "print(CliRunner().invoke(app, ['--help']).stdout)\n"
        "sys.exit(any(m in sys.modules for m in ('aiohttp', 'wbym.account', 'wbym.cli.lists')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout.decode() for name in COMMANDS)


def test_the_version(run: Run) -> None:
    assert run("--version").stdout == f"wbym {wbym.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example(name: str, run: Run) -> None:
    result = run(name, "--help")
    assert result.exit_code == 0
    assert f"Usage: wbym {name} " in result.stdout
    for example in COMMANDS[name].examples:
        assert f"\n    {example}\n" in result.stdout
        assert f"wbym {name}" in example or name == "decide"
    for command in ("list", "show", "resolve") if name == "outbox" else ():
        assert "  Example: wbym outbox " in run(name, command, "--help").stdout


def test_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "from wbym.cli import main; main()"]
    for words, expected in (
        ("wbym edit", "edit-answer"),
        ("wbym feedbacks --unan", "--unanswered"),
        ("wbym outbox re", "resolve"),
    ):
        environment = {
            **os.environ,
            "_WBYM_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        }
        code = f"import sys; sys.argv = ['wbym']; {command[2]}"
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, check=False, stdout=subprocess.PIPE
        )
        assert expected in done.stdout.decode().split()


def test_a_reader_that_has_enough_is_no_error(shop: Simulated) -> None:
    code = "from wbym.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "feedbacks", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("outer", [ExceptionGroup, AccountsFailed])
def test_grouped_errors_are_printed_one_per_line(
    outer: type[ExceptionGroup[Exception]], capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [CursorStuck("a.list", 1), ExceptionGroup("inner", [PagingLimit("b.list", 10)])]
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise outer("outer", errors)
    assert caught.value.exit_code == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: a.list: ")
    assert second.startswith("error: b.list: ")


@pytest.mark.parametrize("outer", [ExceptionGroup, AccountsFailed])
def test_foreign_exceptions_are_not_shortened(outer: type[ExceptionGroup[Exception]]) -> None:
    with pytest.raises(outer), plain_errors():
        raise outer("both", [CursorStuck("a.list", 1), ValueError("a bug")])


def test_an_interrupt_ends_with_130() -> None:
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130


def test_control_characters_are_escaped() -> None:
    assert clean("a\nb\t c\x1b[31md\x07") == "a b c\N{REPLACEMENT CHARACTER}[31md" + (
        "\N{REPLACEMENT CHARACTER}"
    )


def test_a_wrong_token_is_one_line(
    run: Run, shop: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", make_token(scopes=["chat"]))
    result = run("feedbacks")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: wildberries: ")
    assert result.stderr.count("\n") == 1


def test_an_error_in_the_accounts_file_is_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "my.toml"
    path.write_text("[accounts]")
    message = f"error: {path}: accounts: expected at least one table [accounts.NAME]"
    result = run("check", "--config", str(path))
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{message}\n")
    monkeypatch.setenv("WBYM_CONFIG", str(path))
    assert flat(run("feedbacks")) == message


def test_a_closed_port_is_one_line(
    run: Run, shop: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WBYM_WILDBERRIES_BASE_URL", "http://127.0.0.1:1")
    result = run("feedbacks")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("error: wildberries/wildberries feedbacks.list: ")
    assert result.stderr.endswith("check the network, and proxy and base_url if they are set\n")
    assert result.stderr.count("\n") == 1


def test_no_account_is_one_line(run: Run) -> None:
    for command in ("feedbacks", "inbox", "check", "events"):
        result = run(command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("error: no account is configured: set WBYM_WILDBERRIES_T")
        assert result.stderr.count("\n") == 1
