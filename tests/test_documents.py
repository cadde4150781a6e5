"""Every block of code in README and ``docs/`` runs against the simulators."""

import ast
import asyncio
import inspect
import re
import shlex
import signal
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import distribution, entry_points
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner, Result

from benchmarks.__main__ import BENCHMARKS
from tests.adapters.wbym_wildberries.shops import FREELY
from tests.support.documents import (
    API_KEY,
    PRINTED_ID,
    ROOT,
    TOKEN,
    Block,
    Frame,
    Include,
    blocks,
    commands,
    config,
    environment,
    includes,
    marketplaces,
)
from tests.toy import api as toy
from tests.wbym.cli.test_dead_letters import lay_aside
from tests.wbym.cli.test_outbox import delivery
from wbym._config import find_accounts, find_state
from wbym.bulk import follow
from wbym.cli import app as cli
from wbym.domain import DeliveryState
from wbym.feed import SqliteStore
from wbym.feed._actions import SendAction, encode_action
from wbym.testing import Buyers, SimulatorServer, eventually
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator

PYTHON: Final = blocks("python")
SCRIPTS: Final = [block for block in PYTHON if block.is_script]
TESTS: Final = [block for block in PYTHON if block.is_test]
FRAGMENTS: Final = [block for block in PYTHON if not block.is_script and not block.is_test]
CONSOLE: Final = blocks("console")
TOML: Final = blocks("toml")
WITHIN: Final = 60.0
"""Seconds for one block, even on a busy machine."""
WITHOUT_LIMITS: Final = """
import asyncio, math, runpy
from wbym.testing._speed import scaled_limits

async def unlimited(program):
    with scaled_limits("wildberries", math.inf), scaled_limits("yandex_market", math.inf):
        await program

run = asyncio.run
asyncio.run = lambda program: run(unlimited(program))
runpy.run_path("program.py", run_name="__main__")
"""
"""A program that runs another as a test with the simulators' fixtures does: it polls at once."""


def test_every_block_has_a_language_that_is_run() -> None:
    fences = sum(
        len(re.findall(r"^```\w", page.read_text("utf-8"), re.MULTILINE))
        for page in {block.page for block in (*PYTHON, *CONSOLE, *TOML)}
    )
    assert fences == len(PYTHON) + len(CONSOLE) + len(TOML)
    assert len(SCRIPTS) >= 2
    assert len(TESTS) >= 1
    assert len(FRAGMENTS) >= 15


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("block", SCRIPTS, ids=str)
async def test_script_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As printed, in its own process; an endless one is killed after its reply."""
    is_graceful = "handlers.run(" in block.text
    endless = is_graceful or "inbox.events()" in block.text
    (tmp_path / "program.py").write_text(block.text, "utf-8")
    async with asyncio.timeout(WITHIN), marketplaces() as (wb, ym):
        for name, value in environment(wb.url, ym.url).items():
            monkeypatch.setenv(name, value)
        (tmp_path / "wbym.toml").write_text(config(wb.url, ym.url), "utf-8")
        async with Wildberries(TOKEN, base_url=wb.url, quotas=FREELY) as shop:
            unanswered = await shop.chats(waiting_for_seller=True).all()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-c", WITHOUT_LIMITS), stderr=asyncio.subprocess.PIPE
        )
        output = asyncio.ensure_future(process.communicate())
        simulators: tuple[SimulatorServer, ...] = (wb, ym)
        asked: list[list[str]] = []
        try:
            if endless:
                await eventually(
                    lambda: output.done() or bool(wb.stats.paths and ym.stats.paths),
                    within=WITHIN,
                )
                asked += [act(block, simulator.buyers) for simulator in simulators]
                await eventually(
                    lambda: output.done() or [*map(replied, simulators)] == asked,
                    within=WITHIN,
                )
                assert not output.done()
                process.send_signal(signal.SIGTERM if is_graceful else signal.SIGKILL)
            _, errors = await output
        finally:
            if process.returncode is None:
                process.kill()
                await output
        assert not errors, errors.decode()
        assert process.returncode == (-signal.SIGKILL if endless and not is_graceful else 0)
        if endless:
            assert [*map(replied, simulators)] == asked
        elif ".send(" in block.text:
            assert {sent.chat for sent in wb.sent()} == {chat.ref.id for chat in unanswered}
            assert len(wb.sent()) == len(unanswered) > 0
        else:
            assert wb.stats.requests
            assert ym.stats.requests


def replied(simulator: SimulatorServer) -> list[str]:
    """The ids of chats and feedbacks with a reply, sorted; one with two replies twice."""
    return sorted(reply.id for reply in simulator.replies)


def act(block: Block, buyers: Buyers) -> list[str]:
    """What buyers do that the bot replies to; the ids, sorted."""
    ids: list[str] = []
    if "message" in block.text.casefold():
        ids.append(buyers.write("Где заказ?"))
    if "feedback" in block.text.casefold():
        ids.append(buyers.give_feedback("Отлично!"))
    return sorted(ids)


@pytest.mark.parametrize("block", TESTS, ids=str)
async def test_module_passes_in_pytest(block: Block, tmp_path: Path) -> None:
    # Otherwise pytest-asyncio looks for a loop to restore, and creates one that nobody closes.
    (tmp_path / "conftest.py").write_text("import asyncio; asyncio.set_event_loop(None)", "utf-8")
    for other in PYTHON:
        if other.page == block.page and other.file:  # what the tests import
            (tmp_path / other.file).write_text(other.text, "utf-8")
    (tmp_path / "test_program.py").write_text(block.text, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error"),
        *("-o", "asyncio_default_fixture_loop_scope=function"),  # or the plugin warns
        *("--rootdir", str(tmp_path), "test_program.py"),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    tests = block.text.count("async def test_")
    assert f"{tests} passed".encode() in output


@pytest.mark.parametrize("block", FRAGMENTS, ids=str)
async def test_fragment_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a frame with the names that the page uses; an endless one is cancelled."""
    monkeypatch.setitem(follow.__globals__, "_FIRST", 0.001)
    async with asyncio.timeout(WITHIN), marketplaces() as (wb, ym):
        for name, value in environment(wb.url, ym.url).items():
            monkeypatch.setenv(name, value)
        (tmp_path / "wbym.toml").write_text(config(wb.url, ym.url), "utf-8")
        frame = Frame(wb, ym)
        text = frame.text_of(block)
        code = compile(text, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        async with frame.opened(block.page) as names:
            before = wb.stats.requests + ym.stats.requests
            done = eval(code, names)
            if not inspect.isawaitable(done):
                return
            running = asyncio.ensure_future(done)
            if "inbox.events(" in block.text:
                paths = "/api/v1/seller/events"
                await eventually(
                    lambda: any(paths in path for path in wb.stats.paths), within=WITHIN
                )
                wb.buyers.write("Где заказ?")
                await eventually(
                    lambda: running.done() or bool(frame.handled or wb.sent()), within=WITHIN
                )
                assert not running.done()
                running.cancel()
                await asyncio.wait([running])
                assert running.cancelled()
            else:
                await running
                if PRINTED_ID in block.text:
                    assert wb.stats.effects["answer"] == 1
                requests = wb.stats.requests + ym.stats.requests
                assert requests > before or re.search("MemoryStore|dead_letters", block.text)


class TestConsole:
    """Commands are run if that is safe; of the others it is checked that they exist."""

    @pytest.fixture
    def run(self) -> Callable[[list[str]], Result]:
        runner = CliRunner()

        def invoke(arguments: list[str]) -> Result:
            result = runner.invoke(cli.app, arguments)
            assert TOKEN not in result.output
            assert API_KEY not in result.output
            return result

        return invoke

    @pytest.mark.parametrize(
        ("block", "command", "printed"),
        [
            pytest.param(block, command, printed, id=f"{block}-{command}")
            for block in CONSOLE
            for command, printed in commands(block)
        ],
    )
    async def test_command_works(
        self,
        block: Block,
        command: str,
        printed: str,
        run: Callable[[list[str]], Result],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        program, *arguments = shlex.split(command)
        match [program, *arguments]:
            case ["make", target, *_]:
                assert re.search(
                    rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE
                )
            case ["pip", "install", *wanted]:
                assert all(can_install(one) for one in wanted if one != "--upgrade"), wanted
            case ["python", file]:
                assert file in {other.file for other in PYTHON if other.page == block.page}
            case ["python", "-c", code]:
                process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
                assert await process.wait() == 0
            case ["pytest"]:
                assert any(other.page == block.page for other in TESTS)
            case ["curl", "-d", body, url]:
                url = re.sub(r"^\$WBYM_WILDBERRIES_BASE_URL", "http://127.0.0.1", url)
                async with (
                    WildberriesSimulator() as simulator,
                    aiohttp.ClientSession(simulator.url) as session,
                    session.post(urlsplit(url).path, data=body) as response,
                ):
                    assert response.status == 200, await response.text()
            case ["docker" | "systemctl" | "sqlite3" | "uvicorn" | "gunicorn", *_]:
                paths = [path for path in arguments if path.startswith("examples/")]
                assert all((ROOT / path).is_file() for path in paths), command
            case ["python", "-m", "benchmarks", *names]:
                names = names[: names.index("--json")] if "--json" in names else names
                assert set(names) <= BENCHMARKS.keys()
            case ["export" | "unset", *_]:
                pass  # the accounts of the page are in a file
            case ["wbym", "listen" | "simulate" | "demo", *_]:
                # They would run for ever or for long, or on a port that may be in use.
                await asyncio.to_thread(accepts, arguments)
            case ["wbym", "outbox", *_]:
                async with SqliteStore("wbym.db") as store:
                    one = delivery("KEY", DeliveryState.UNKNOWN, "shop-wb")
                    await store.enter(one, encode_action(SendAction(one.target, one.text)))
                result = await asyncio.to_thread(run, arguments)
                assert result.exit_code == 0, result.output
            case ["wbym", "dead-letters", *_]:
                async with SqliteStore("wbym.db") as store:
                    await lay_aside(store, "wildberries/shop-wb/message/1", "shop-wb")
                result = await asyncio.to_thread(run, arguments)
                assert result.exit_code == 0, result.output
            case ["wbym", *_]:
                async with asyncio.timeout(WITHIN), marketplaces() as (wb, ym):
                    for name, value in environment(wb.url, ym.url).items():
                        monkeypatch.setenv(name, value)
                    if block.page.name == "command-line.md":
                        as_on_a_terminal(monkeypatch)
                        Path("wbym.toml").write_text(config(wb.url, ym.url), "utf-8")
                    alone = arguments[: arguments.index("|")] if "|" in arguments else arguments
                    result = await asyncio.to_thread(run, alone)
                assert result.exit_code == 0, result.output
                # Accounts are read concurrently: which event comes first is not certain.
                if printed and arguments[0] != "events":
                    assert shape(result.stdout) == shape(printed)
            case _:
                raise AssertionError(f"{block}: no way to test {command!r}")


def can_install(wanted: str) -> bool:
    """Whether wbym has the extras, or another distribution is installed."""
    name, _, extras = wanted.rstrip("]").partition("[")
    known = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    if name in {"wbym", "."}:
        return {*filter(None, extras.split(","))}.issubset(known["optional-dependencies"])
    return bool(distribution(name))


def as_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands print as on a terminal of 80 columns, without colours."""
    for name, value in (("TTY_COMPATIBLE", "1"), ("NO_COLOR", "1"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)


def accepts(arguments: list[str]) -> None:
    """Parse the arguments as the command line does, without running the command."""
    group = typer.main.get_command(cli.app)
    assert isinstance(group, TyperGroup)
    command = group.commands[arguments[0]]
    command.make_context(arguments[0], arguments[1:])


def shape(text: str) -> str:
    """The text with each number replaced by ``N``, without empty lines."""
    return re.sub(r"\n{2,}", "\n", re.sub(r"\d[\d,]*", "N", text))


@pytest.mark.parametrize("block", TOML, ids=str)
def test_toml_is_valid(block: Block, tmp_path: Path) -> None:
    document = tomllib.loads(block.text)
    if "accounts" in document:
        path = tmp_path / "wbym.toml"
        path.write_text(block.text, "utf-8")
        found = find_accounts(path, environ={})
        assert [source.name for source in found] == list(document["accounts"])
    elif "shared" in document:
        path = tmp_path / "wbym.toml"
        account = '[accounts.a]\nmarketplace = "wildberries"\nsecret_env = "A"\n'
        path.write_text(block.text + account, "utf-8")
        (source,) = find_accounts(path, environ={})
        assert source.options.limits == document["shared"].get("limits")
        assert find_state(path) == document["shared"].get("state")
    else:
        groups = document["project"]["entry-points"]
        assert groups
        for group in groups:
            # Both marketplaces are registered in these groups.
            assert {point.name for point in entry_points(group=group)} >= {"wildberries"}


@pytest.mark.parametrize("include", includes(), ids=str)
def test_included_code_exists(include: Include) -> None:
    """The code itself is tested where it is."""
    text = include.path.read_text("utf-8")
    for name in re.findall(r":pyobject: (\w+)", include.options):
        assert re.search(rf"^(?:async )?(?:def|class) {name}\b", text, re.MULTILINE)
    for line in re.findall(r":(?:start-at|end-before): (.+)", include.options):
        assert line in text


def test_rows_in_the_guide_are_those_of_toy() -> None:
    (rows,) = [one for one in blocks("python") if "class ToyGroup(" in one.text]
    assert rows.text.strip() in inspect.getsource(toy)
