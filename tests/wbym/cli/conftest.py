"""Simulators in other processes, and an environment with their accounts."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.request import Request, urlopen

import msgspec
import pytest
from typer.testing import CliRunner, Result

from wbym.cli import app as commands
from wbym.limits import _scheduler
from wbym_wildberries.simulator import make_token

Run: TypeAlias = Callable[..., Result]


class Simulated(msgspec.Struct):
    """The JSON line that a simulator prints at its start."""

    url: str
    token: str
    records: dict[str, int]

    def fault(self, path: str, kind: str) -> None:
        """Make the next response of a path a fault."""
        self._post("faults", {"next": [{"path": path, "kind": kind}]})

    def act(self, **act: object) -> str:
        """Let a buyer act; the id of what was created."""
        return msgspec.json.decode(self._post("buyers", act), type=dict[str, str])["id"]

    def sent(self) -> list[dict[str, object]]:
        """The seller's messages that buyers received."""
        with urlopen(f"{self.url}/__simulator/sent") as answer:
            return msgspec.json.decode(answer.read(), type=list[dict[str, object]])

    def _post(self, where: str, body: object) -> bytes:
        request = Request(f"{self.url}/__simulator/{where}", data=msgspec.json.encode(body))
        with urlopen(request) as answer:
            assert answer.status == 200
            return bytes(answer.read())


@contextmanager
def _simulator(module: str, *sizes: str) -> Iterator[Simulated]:
    command = [sys.executable, "-m", module, "--port", "0", "--exit-with-parent", "--no-limits"]
    pipe = subprocess.PIPE
    with subprocess.Popen([*command, *sizes], stdin=pipe, stdout=pipe) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield msgspec.json.decode(process.stdout.readline(), type=Simulated)
        finally:
            process.stdin.close()
            process.wait(timeout=60)


_WILDBERRIES = "wbym_wildberries.simulator"
_MARKET = "wbym_yandex_market.simulator"


@pytest.fixture(scope="session")
def simulated() -> Iterator[Simulated]:
    sizes = ("--feedbacks", "150", "--questions", "30", "--chats", "5", "--claims", "12")
    with _simulator(_WILDBERRIES, *sizes) as process:
        yield process


@pytest.fixture(scope="session")
def simulated_market() -> Iterator[Simulated]:
    sizes = ("--feedbacks", "20", "--questions", "6", "--chats", "4", "--returns", "6")
    with _simulator(_MARKET, *sizes) as process:
        yield process


@pytest.fixture
def own_shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    """A small simulator of a test of its own, whose account is in the environment."""
    sizes = ("--feedbacks", "6", "--questions", "4", "--chats", "3", "--claims", "12")
    with _simulator(_WILDBERRIES, *sizes) as process:
        _enter("WILDBERRIES", process, monkeypatch)
        yield process


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("WBYM_")]:
        monkeypatch.delenv(name)
    for name in ("COLUMNS", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Run:
    """Runs a command, and checks that it prints no token."""
    runner = CliRunner()

    def invoke(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - click's name
        _scheduler._process.clear()  # each command is a process, and its simulator has no limits
        result = runner.invoke(commands.app, list(arguments), input=input)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert _signature(make_token()) not in result.output
        return result

    return invoke


@pytest.fixture
def shop(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    """The simulator of Wildberries, with its account in the environment."""
    return _enter("WILDBERRIES", simulated, monkeypatch)


@pytest.fixture
def market(simulated_market: Simulated, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    """The simulator of Yandex Market, with its account in the environment."""
    return _enter("YANDEX_MARKET", simulated_market, monkeypatch)


def _enter(marketplace: str, process: Simulated, monkeypatch: pytest.MonkeyPatch) -> Simulated:
    monkeypatch.setenv(f"WBYM_{marketplace}_TOKEN", process.token)
    monkeypatch.setenv(f"WBYM_{marketplace}_BASE_URL", process.url)
    return process


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes stdout a terminal of a width."""

    def of_width(columns: int) -> None:
        monkeypatch.setenv("TTY_COMPATIBLE", "1")
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setenv("COLUMNS", str(columns))

    return of_width


def rows_of(result: Result) -> list[list[str]]:
    """The cells of tab-separated lines."""
    assert result.exit_code == 0, result.stderr
    return [line.split("\t") for line in result.stdout.splitlines()]


def objects_of(result: Result) -> list[dict[str, Any]]:
    """The objects of JSON lines."""
    assert result.exit_code == 0, result.stderr
    return msgspec.json.Decoder(dict[str, Any]).decode_lines(result.stdout)


def flat(result: Result) -> str:
    """The text of stderr, without the frames and line ends of a narrow terminal."""
    frames = str.maketrans(dict.fromkeys("╭╮╰╯─│", " "))
    return " ".join(result.stderr.translate(frames).split())


def _signature(token: str) -> str:
    return token.rpartition(".")[2]
