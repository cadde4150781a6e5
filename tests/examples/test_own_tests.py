"""``examples/own_tests``: its own pytest runs its tests."""

import asyncio
import shutil
import sys
from pathlib import Path

from tests.support.documents import ROOT


async def test_its_tests_pass(tmp_path: Path) -> None:
    project = shutil.copytree(
        ROOT / "examples" / "own_tests",
        tmp_path / "own_tests",
        ignore=shutil.ignore_patterns("__pycache__", ".*"),
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
        cwd=project,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert b"6 passed" in output
