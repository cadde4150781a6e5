import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
import typer

from tests.wbym.cli.conftest import Run, Simulated, flat
from wbym.account import CatalogRow, installed_adapters, load_adapter
from wbym.cli import app as commands
from wbym.cli import main
from wbym.cli.terminal import clean, plain_errors
from wbym.errors import AccountsFailed, CursorStuck, PagingLimit
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token


def test_endpoints_as_tsv_are_all_endpoints(run: Run) -> None:
    result = run("endpoints", "--format", "tsv")
    head, *rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert head[:5] == ["marketplace", "method", "path", "host", "limit"]
    assert len(rows) == sum(len(load_adapter(name).catalog()) for name in installed_adapters())
    assert all(len(row) == len(head) and all(row) for row in rows)
    assert ["wildberries", "PATCH", "/api/v1/claim"] in [row[:3] for row in rows]


def test_endpoints_as_json_are_the_catalog(run: Run) -> None:
    result = run("endpoints", "--format", "json", "--marketplace", "wildberries")
    assert msgspec.json.decode(result.stdout, type=list[CatalogRow]) == Wildberries.catalog()


def test_endpoints_table_is_not_truncated_without_a_terminal(run: Run) -> None:
    lines = run("endpoints").stdout.splitlines()
    for row in Wildberries.catalog():
        assert any(f" {row.method} " in line and f" {row.path} " in line for line in lines)


def test_endpoints_of_an_unknown_marketplace_are_rejected(run: Run) -> None:
    result = run("endpoints", "--marketplace", "ozon")
    assert result.exit_code == 2
    assert "unknown marketplace 'ozon'; installed: " in flat(result)


def test_simulate_passes_all_arguments_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "toy_simulator.py").write_text("import sys\nprint(__name__, sys.argv)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "argv", ["wbym"])
    monkeypatch.setattr(commands, "simulators", lambda: {"toy": "toy_simulator"})
    result = run("simulate", "toy", "--port", "0", "--json", "--help")
    assert result.exit_code == 0
    assert "__main__" in result.stdout
    assert "'--port', '0', '--json', '--help']" in result.stdout
    unknown = run("simulate", "ozon")
    assert unknown.exit_code == 2
    assert "'ozon' has no simulator; installed: toy" in flat(unknown)


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
    with pytest.raises(ModuleNotFoundError, match=r"wbym\.paging"):
        main()


def test_importing_the_package_loads_neither_typer_nor_rich() -> None:
    code = "import sys, wbym.cli; sys.exit(any(m in sys.modules for m in ('typer', 'rich')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


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
    assert result.exit_code == 1
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
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"{message}\n")
    monkeypatch.setenv("WBYM_CONFIG", str(path))
    assert flat(run("feedbacks")) == message
