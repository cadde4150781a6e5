import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.wbym.cli.conftest import Run, flat
from wbym.cli import simulate
from wbym.testing import Faults
from wbym.testing._process import command_line
from wbym_wildberries.simulator.options import Options as WildberriesOptions
from wbym_yandex_market.simulator.options import Options as MarketOptions

CODE = "from wbym.cli import main; main()"


def test_arguments_are_passed_on(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "toy_simulator.py").write_text("import sys\nprint(__name__, sys.argv)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "argv", ["wbym"])
    monkeypatch.setattr(simulate, "simulators", lambda: {"toy": "toy_simulator"})
    result = run("simulate", "toy", "--port", "0", "--json", "--help")
    assert result.exit_code == 0
    expected = ["wbym simulate toy", "--port", "0", "--json", "--help"]
    assert result.stdout == f"__main__ {expected}\n"
    unknown = run("simulate", "ozon")
    assert unknown.exit_code == 2
    assert "'ozon' has no simulator; installed: toy" in flat(unknown)


@pytest.mark.skipif(sys.platform == "win32", reason="opens a pseudo-terminal")
def test_a_terminal_gets_a_line_to_paste() -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", CODE, "simulate", "wildberries", "--feedbacks", "1"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs) as process:
        os.close(theirs)
        printed = ""
        while "Ctrl-C stops it." not in printed:
            printed += os.read(ours, 10_000).decode()
        process.terminate()
        assert process.wait(timeout=60) == 0
    os.close(ours)
    lines = printed.splitlines()
    assert lines[0] == "Simulator of wildberries"
    (_, url), (_, token) = lines[1].split(), lines[2].split()
    assert f"export WBYM_WILDBERRIES_BASE_URL={url} WBYM_WILDBERRIES_TOKEN={token}" in lines


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("--faults", "{"), 2, "argument --faults: Input data was truncated; it takes a JSON"),
        (("--faults", '{"no_such": 1}'), 2, "argument --faults: unknown setting 'no_such'"),
        (("--port", "99999"), 1, "cannot listen on 127.0.0.1 port 99999: "),
        (("--feedbacks", "many"), 2, "argument --feedbacks: invalid int value: 'many'"),
    ],
)
def test_a_wrong_argument_is_one_line(arguments: tuple[str, ...], code: int, expected: str) -> None:
    command = [sys.executable, "-c", CODE, "simulate", "wildberries", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    assert done.returncode == code
    last = done.stderr.decode().splitlines()[-1]
    assert last.startswith(f"wbym simulate wildberries: error: {expected}")


@pytest.mark.parametrize("kind", [WildberriesOptions, MarketOptions])
def test_each_option_and_fault_has_help(
    kind: type[WildberriesOptions] | type[MarketOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    parser = command_line(kind, "some.simulator")
    names = set()
    for action in parser._actions:
        assert action.help, action.option_strings
        names |= set(action.option_strings)
    wanted = set(Faults().settings()) - {"seed"}
    assert names >= {f"--{name.replace('_', '-')}" for name in wanted}
    text = parser.format_help()
    assert '--faults \'{"next": [' in text
    assert "drop_after" in text
