"""The wheel and the source distribution, built as for a release."""

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Final

import pytest
from filelock import FileLock

from tests.support.documents import PAGES, ROOT, TOKEN, Block, blocks
from wbym.testing import SimulatorProcess

OFFLINE: Final = re.compile("No matching distribution found for hatchling|Failed to establish")
USERS_TEST: Final = """
import pytest
import wbym
from wbym_wildberries import Wildberries


@pytest.mark.asyncio
async def test_installed(wildberries_simulator, yandex_market_simulator):
    assert "site-packages" in wbym.__file__
    simulator = wildberries_simulator
    async with Wildberries(simulator.token, base_url=simulator.url) as shop:
        assert (await shop.counts()).feedbacks > 0
"""


def run(*command: str | Path, cwd: Path | None = None, **environ: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both files; the wheel is built from the source distribution."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of all workers
    folder = shared / "dist"
    with FileLock(shared / "dist.lock"):
        if not folder.exists():
            try:
                run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
            except AssertionError as error:
                if OFFLINE.search(str(error)):
                    pytest.skip("the build needs hatchling, which cannot be downloaded")
                raise
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of an environment with the wheel, and with the dependencies of this one."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, symlinks=sys.platform != "win32")
    programs = home / ("Scripts" if sys.platform == "win32" else "bin")
    python = programs / "python"
    [wheel] = built.glob("*.whl")
    run(
        sys.executable,
        *("-m", "pip", "--python", python, "install", "--no-deps", "--no-index"),
        wheel,
    )
    get_path = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own, ours = (Path(run(each, "-c", get_path).strip()) for each in (python, sys.executable))
    # Below the wheel on the path; the .pth of our editable installation is not read there.
    (own / "dependencies.pth").write_text(str(ours), "utf-8")
    return programs


def test_files_pass_the_check_of_the_index(built: Path) -> None:
    assert (
        run(sys.executable, "-m", "twine", "check", "--strict", *built.iterdir()).count("PASSED")
        == 2
    )


def test_contents(built: Path) -> None:
    [wheel], [source] = built.glob("*.whl"), built.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    packages = ("wbym", "wbym_wildberries", "wbym_yandex_market")
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {*packages}
    assert {f"{package}/py.typed" for package in packages} <= {*names}
    with tarfile.open(source) as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()}
    assert {"examples/assistant/assistant.py", "tests/conftest.py", "Makefile"} <= sources


def first_program() -> Block:
    return next(one for one in blocks("python") if one.page == PAGES[0] and one.is_script)


async def test_first_program_runs(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(first_program().text, "utf-8")
    sizes = ("--feedbacks", "20", "--chats", "2", "--no-limits")
    async with SimulatorProcess("wbym_wildberries.simulator", *sizes) as simulator:
        chat = await simulator.buyers.write("Где заказ?")
        shown = run(
            *(installed / "python", "-W", "error", "program.py"),
            cwd=tmp_path,
            WBYM_WILDBERRIES_TOKEN=TOKEN,
            WBYM_WILDBERRIES_BASE_URL=simulator.url,
            PYTHONUTF8="1",
        )
        assert shown
        assert chat in {message.chat for message in await simulator.sent()}


def test_plugin_is_found(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "test_users.py").write_text(USERS_TEST, "utf-8")
    pytest_command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path)
    assert "1 passed" in run(installed / "python", *pytest_command, cwd=tmp_path)


def test_command_runs(installed: Path) -> None:
    assert "simulate" in run(installed / "wbym", "--help")
