"""``wbym events`` in another process."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from tests.wbym.cli.conftest import Run, Simulated, objects_of, rows_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")


@contextmanager
def following(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    # Tests that run in the background have inherited that interrupts are ignored.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from wbym.cli import main; main()"
    command = [sys.executable, "-c", code, "events", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def test_new_events_come_until_the_interrupt(own_shop: Simulated) -> None:
    with following("--json", "--since", "1h") as process:
        assert process.stdout is not None
        own_shop.act(act="write", text="Где заказ?")
        events = msgspec.json.Decoder(dict[str, Any])
        found = map(events.decode, process.stdout)
        event = next(one for one in found if one["kind"] == "message")
        assert event["from_buyer"] is True
        assert event["record"]["text"] == "Где заказ?"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130
        assert errors == b""


def test_events_on_a_terminal_have_the_ref_to_reply_to(
    own_shop: Simulated, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    chat = own_shop.act(act="write", text="Где же мой заказ? " * 9).replace(":", "%3A")
    with following("--since", "1h", "--limit", "2") as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "waiting for events of wildberries; Ctrl-C stops" in errors.decode()
    assert f"\n  wildberries/wildberries/chat/{chat}\n" in output.decode()


def test_a_state_file_continues(run: Run, own_shop: Simulated) -> None:
    own_shop.act(act="ask", text="Какой размер?")
    options = ("--since", "1h", "--state", "tail.db", "--limit", "1")
    first = objects_of(run("events", "--json", *options))
    own_shop.act(act="ask", text="Какой цвет?")
    second = rows_of(run("events", *options))
    assert first[0]["record"]["ref"] != second[0][0]


def test_a_failing_account_is_told_once(
    own_shop: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WBYM_WILDBERRIES_BASE_URL", "http://127.0.0.1:1")
    with following() as process:
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert line.startswith("wildberries: ")
    assert line.endswith("trying again\n")
