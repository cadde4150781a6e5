"""``examples/assistant``, also stopped as ``examples/deploy`` stops it."""

import asyncio
import configparser
import json
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from examples.assistant.assistant import THANKS, Item, handlers_of
from tests.support.documents import ROOT, config, environment
from wbym import Action, Inbox, Noun, Ref
from wbym.testing import Reply, eventually
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_yandex_market.simulator import YandexMarketSimulator

DEPLOY = ROOT / "examples" / "deploy"
STARTS_WITHIN = 60.0
"""Seconds, on a busy machine."""


async def test_five_stars_are_answered_and_the_rest_is_passed_on(
    wildberries_simulator: WildberriesSimulator, tmp_path: Path
) -> None:
    simulator = wildberries_simulator
    items: Item = {}

    async def forward(key: str, item: Item) -> None:
        items[Ref.parse(str(item["ref"])).id] = item["text"]

    shop = Wildberries(simulator.token, name="shop", base_url=simulator.url)
    async with Inbox(shop, state=tmp_path / "wbym.db") as inbox:
        handlers = handlers_of(inbox, forward)
        running = asyncio.create_task(handlers.run(inbox, handle_signals=False))
        await eventually(lambda: simulator.stats.requests > 0, within=STARTS_WITHIN)
        buyers = simulator.buyers
        happy = buyers.give_feedback("Отлично!")
        expected = {
            buyers.give_feedback("Не подошло", rating=2): "Не подошло",
            buyers.ask("Есть чехол?"): "Есть чехол?",
            buyers.write("Где заказ?"): "Где заказ?",
        }
        claim = buyers.open_return()
        await eventually(lambda: len(items) == 4 and len(simulator.replies) > 0)
        handlers.stop()
        await running
    assert simulator.replies == [Reply(Action.ANSWER, Noun.FEEDBACK, happy, THANKS)]
    assert items.keys() == {*expected, claim}
    assert expected.items() <= items.items()


class Webhook:
    """A server that counts the items that it gets."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.keys: set[str] = set()
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/", self._take)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}/"
            yield
        finally:
            await runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.texts.append((await request.json())["text"])
        self.keys.add(request.headers["Idempotency-Key"])
        return web.Response()


@pytest.mark.wildberries_simulator(feedbacks=0, questions=0, chats=0, claims=0)
@pytest.mark.yandex_market_simulator(feedbacks=0, questions=0, chats=0, returns=0)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
async def test_sigterm_loses_nothing_and_answers_nothing_twice(
    wildberries_simulator: WildberriesSimulator,
    yandex_market_simulator: YandexMarketSimulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wb, ym = wildberries_simulator, yandex_market_simulator
    for name, value in environment(wb.url, ym.url).items():
        monkeypatch.setenv(name, value)
    shared = '[shared]\nstate = "wbym.db"\n'
    (tmp_path / "wbym.toml").write_text(shared + config(wb.url, ym.url), "utf-8")
    webhook = Webhook()

    async def start() -> asyncio.subprocess.Process:
        program = ROOT / "examples" / "assistant" / "assistant.py"
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", program, "wbym.toml", webhook.url),
            cwd=tmp_path,
            stderr=asyncio.subprocess.PIPE,
        )

    async def stop(process: asyncio.subprocess.Process) -> None:
        process.send_signal(signal.SIGTERM)
        _, log = await process.communicate()
        assert process.returncode == 0, log.decode()
        assert b"Traceback" not in log, log.decode()

    def polled() -> bool:
        return all(any("feedback" in path for path in each.stats.paths) for each in (wb, ym))

    async with webhook.running(), asyncio.timeout(4 * STARTS_WITHIN):
        first = await start()
        await eventually(polled, within=STARTS_WITHIN)
        await stop(first)

        # More than the handlers that run at a time, which may end before the second stop.
        happy = [wb.buyers.give_feedback("Да") for _ in range(3)]
        happy += [ym.buyers.give_feedback("Да") for _ in range(40)]
        sad = {f"Нет {number}" for number in range(3)}
        for text in sad:
            wb.buyers.give_feedback(text, rating=2)
        wb.faults.latency = ym.faults.latency = 0.05
        second = await start()
        await eventually(lambda: len(wb.replies) + len(ym.replies) > 0, within=STARTS_WITHIN)
        await stop(second)  # while it answers
        assert len(wb.replies) + len(ym.replies) < len(happy)
        wb.stats.clear()
        ym.stats.clear()

        wb.faults.latency = ym.faults.latency = 0.0
        third = await start()
        await eventually(
            lambda: len(wb.replies) + len(ym.replies) >= len(happy) and sad <= {*webhook.texts},
            within=STARTS_WITHIN,
        )
        await eventually(polled, within=STARTS_WITHIN)  # until then SIGTERM ends it at once
        await stop(third)
    assert sorted(each.id for each in (*wb.replies, *ym.replies)) == sorted(happy)
    assert len(webhook.keys) == len(sad)


def test_unit_allows_time_to_stop() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.read(DEPLOY / "wbym-assistant.service", "utf-8")
    assert unit["Service"]["KillSignal"] == "SIGTERM"
    assert int(unit["Service"]["TimeoutStopSec"]) > 5


async def test_unit_is_valid(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (DEPLOY / "wbym-assistant.service").read_text("utf-8")
    unit = tmp_path / "wbym-assistant.service"
    unit.write_text(text.replace("/opt/assistant/venv/bin/python", sys.executable), "utf-8")
    process = await asyncio.create_subprocess_exec(
        "systemd-analyze", "verify", unit, stderr=asyncio.subprocess.PIPE
    )
    _, problems = await process.communicate()
    assert str(unit.name).encode() not in problems, problems.decode()


def test_image_has_no_shell_before_the_program() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    commands = re.findall(r"^(?:ENTRYPOINT|CMD) (.+)$", text, re.MULTILINE)
    assert [type(json.loads(command)) for command in commands] == [list, list]
    for source in re.findall(r"\bassistant/\S+", text):
        assert (ROOT / "examples" / source).exists()
