from __future__ import annotations

import ast
from pathlib import Path

import wbym.testing
import wbym_wildberries.simulator

GROUND = ("answers", "buckets", "faults", "process", "schedule", "server", "spoil")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def test_simulator_shares_nothing_with_the_client() -> None:
    ground = Path(str(wbym.testing.__file__)).parent
    simulator = Path(str(wbym_wildberries.simulator.__file__)).parent
    files = [*(ground / f"{name}.py" for name in GROUND), *simulator.glob("*.py")]
    ours = {name for file in files for name in imported(file) if name.startswith("wbym")}
    assert ours
    assert {
        name for name in ours if not name.startswith(("wbym.testing", "wbym_wildberries.simulator"))
    } == set()
