from __future__ import annotations

import ast
from pathlib import Path

import pytest

import wbym.testing
import wbym_wildberries.simulator
import wbym_yandex_market.simulator

FOR_CLIENTS = {"__init__", "_fake", "_speed"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


@pytest.mark.parametrize("simulator", [wbym_wildberries.simulator, wbym_yandex_market.simulator])
def test_simulator_shares_no_code_with_the_client(simulator: object) -> None:
    ground = Path(str(wbym.testing.__file__)).parent
    home = Path(str(getattr(simulator, "__file__", ""))).parent
    files = [path for path in ground.glob("*.py") if path.stem not in FOR_CLIENTS]
    ours = {
        name
        for file in (*files, *home.rglob("*.py"))
        for name in imported(file)
        if name.startswith("wbym")
    }
    allowed = ("wbym.testing", "wbym.domain", str(getattr(simulator, "__name__", "")))
    assert ours
    assert {name for name in ours if not name.startswith(allowed)} == set()
