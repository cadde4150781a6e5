"""A simulator in another process, and an environment with one account of it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.request import Request, urlopen

import msgspec
import pytest
from typer.testing import CliRunner, Result

from wbym.cli import app as commands
from wbym_wildberries.simulator import make_token

Run: TypeAlias = Callable[..., Result]


class Simulated(msgspec.Struct):
    """The JSON line that a simulator prints at its start."""

    url: str
    token: str
    records: dict[str, int]

    def fault(self, path: str, kind: str) -> None:
        """Make the next response of a path a fault."""
        body = msgspec.json.encode({"next": [{"path": path, "kind": kind}]})
        with urlopen(Request(f"{self.url}/__simulator/faults", data=body)) as answer:
            assert answer.status == 200


@pytest.fixture(scope="session")
def simulated() -> Iterator[Simulated]:
    module = "wbym_wildberries.simulator"
    sizes = [
        "--feedbacks",
        "150",
        "--questions",
        "30",
        "--chats",
        "5",
        "--claims",
        "12",
        "--no-limits",
    ]
    command = [sys.executable, "-m", module, "--port", "0", "--exit-with-parent", *sizes]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield msgspec.json.decode(process.stdout.readline(), type=Simulated)
        finally:
            process.stdin.close()
            process.wait(timeout=60)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("WBYM_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Run:
    """Runs a command, and checks that it prints no token."""
    runner = CliRunner()

    def invoke(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - click's name
        result = runner.invoke(commands.app, list(arguments), input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert _signature(make_token()) not in result.output
        return result

    return invoke


@pytest.fixture
def shop(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    """The simulator, with its account in the environment."""
    monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", simulated.token)
    monkeypatch.setenv("WBYM_WILDBERRIES_BASE_URL", simulated.url)
    return simulated


def flat(result: Result) -> str:
    """The text of stderr, without the frames and line ends of a narrow terminal."""
    frames = str.maketrans(dict.fromkeys("╭╮╰╯─│", " "))
    return " ".join(result.stderr.translate(frames).split())


def _signature(token: str) -> str:
    return token.rpartition(".")[2]
