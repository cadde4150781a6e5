"""``wbym listen`` in another process: notifications become hints in the state file."""

import asyncio
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.wbym.cli.conftest import Run, flat
from wbym.account import Hint
from wbym.feed import SqliteStore
from wbym_wildberries.simulator import make_token
from wbym_yandex_market.simulator import Notifier, YandexMarketSimulator, make_api_key

MARKET = {"X-Forwarded-For": "5.45.207.1"}
PING = b'{"notificationType": "PING"}'
CHAT = b'{"notificationType": "CHAT_CREATED", "chatId": %d, "businessId": %d}'


def config(*names: str, url: str = "http://127.0.0.1:9") -> None:
    """Describe accounts of Market, each of the next business; their keys are in the environment."""
    Path("wbym.toml").write_text(
        "".join(
            f"[accounts.{name}]\nmarketplace = 'yandex_market'\nbase_url = '{url}'\n"
            f"secret_file = '{name}.key'\nbusiness_id = {business}\n"
            for business, name in enumerate(names, 1001)
        ),
        "utf-8",
    )
    for business, name in enumerate(names, 1001):
        key = make_api_key(business_id=business)
        Path(f"{name}.key").write_text(key, "utf-8")


class Listening:
    """The command while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.addresses: dict[str, str] = {}
        """The address of each account."""

    async def line(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            return (await self.process.stdout.readline()).decode().rstrip("\n")

    async def ended(self, number: int) -> tuple[int | None, list[str], str]:
        """Exit code, the other lines of stdout and stderr, after this signal."""
        self.process.send_signal(number)
        async with asyncio.timeout(60):
            out, err = await self.process.communicate()
        return self.process.returncode, out.decode().splitlines(), err.decode()


@asynccontextmanager
async def listening(*arguments: str, accounts: int = 1) -> AsyncIterator[Listening]:
    pipe = asyncio.subprocess.PIPE
    code = "from wbym.cli import main; main()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, "listen", "--port", "0", *arguments), stdout=pipe, stderr=pipe
    )
    try:
        made = Listening(process)
        for _ in range(accounts):
            name, _, address = (await made.line()).partition(": listening at ")
            made.addresses[name] = address
        yield made
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def post(url: str, body: bytes, headers: dict[str, str] = MARKET) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as answer,
    ):
        return answer.status


async def stored(path: str = "wbym.db") -> set[Hint]:
    async with SqliteStore(path) as store:
        return {hint for _, hint in await store.hints(["one", "two"])}


async def test_accepted_notifications_are_stored_and_reported() -> None:
    async with YandexMarketSimulator(limits=False) as market:
        config("one", url=market.url)
        async with listening("--trusted-proxy", "127.0.0.1") as it:
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/one", it.addresses["one"])
            root = it.addresses["one"].removesuffix("/one")
            for path in ("", "/", "/notification", "/one", "/one/notification"):
                assert await post(root + path, PING) == 200
            assert await post(f"{root}/two", PING) == 404
            async with Notifier(market.state, root, headers=MARKET) as notifier:
                question = market.state.arrive_question()
                returned = market.state.arrive_return()
                market.state.questions.create("QUESTION", question, "Да")
                assert await notifier.deliver() == [200] * 3
            hints = [
                Hint("one", "questions", str(question)),
                Hint("one", "returns", str(returned)),
                Hint("one", "questions"),
            ]
            lines = [await it.line() for _ in hints]
            assert lines == [f"one: {hint.stream} {hint.id}".rstrip() for hint in hints]
            assert await stored() == set(hints)  # while it runs
            assert await it.ended(signal.SIGTERM) == (0, [], "")


async def test_each_account_has_an_address_and_rejections_are_reported() -> None:
    async with YandexMarketSimulator(limits=False, businesses=[1001, 1002]) as market:
        config("one", "two", url=market.url)
        arguments = ("--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "127.0.0.0/8")
        async with listening(*arguments, "--state", "other.db", accounts=2) as it:
            one, two = it.addresses["one"], it.addresses["two"]
            assert await post(one.removesuffix("/one"), PING) == 404
            assert await post(one, CHAT % (5, 1001)) == 200
            assert await post(two, CHAT % (5, 1002)) == 200
            assert await post(two, CHAT % (5, 1001)) == 400
            assert await post(two, CHAT % (5, 1002), {"X-Forwarded-For": "9.9.9.9"}) == 403
            assert await post(two, CHAT % (5, 1002), {}) == 403
            code, lines, err = await it.ended(signal.SIGINT)
        assert (code, lines) == (0, ["one: chats 5", "two: chats 5"])
        assert [line.partition(": ")[2] for line in err.splitlines()] == [
            "two: rejected a notification of business 1001, which is not the account's",
            "two: rejected a notification from 9.9.9.9: not an address of Market",
            "two: rejected a notification from 127.0.0.1: not an address of Market",
        ]
        assert await stored("other.db") == {Hint("one", "chats", "5"), Hint("two", "chats", "5")}
        assert not await asyncio.to_thread(Path("wbym.db").exists)


async def test_missing_trusted_proxy_is_reported() -> None:
    async with YandexMarketSimulator(limits=False) as market:
        config("one", url=market.url)
        async with listening() as it:
            assert await post(it.addresses["one"], PING) == 403
            code, _, err = await it.ended(signal.SIGTERM)
    assert code == 0
    assert err.startswith("no trusted proxy: ")


def test_accounts_without_notifications_are_an_error(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WBYM_WILDBERRIES_TOKEN", make_token())
    result = run("listen")
    assert result.exit_code == 1
    assert result.stderr == ("error: no account has a marketplace that sends notifications\n")
    assert not Path("wbym.db").exists()


def test_invalid_proxy(run: Run) -> None:
    config("one")
    result = run("listen", "--trusted-proxy", "10.0.0.1/8")
    assert result.exit_code == 2
    assert "10.0.0.1/8 has host bits set; write it as 10.0.0.0/8" in flat(result)


def test_port_in_use(run: Run) -> None:
    config("one")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("listen", "--port", port)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: cannot listen on 127.0.0.1 port {port}: ")
    assert result.stderr.count("\n") == 1


def test_invalid_state_file(run: Run) -> None:
    config("one")
    Path("wbym.db").write_bytes(b"no state file " * 1000)
    result = run("listen", "--port", "0")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: wbym.db: ")
    assert result.stderr.count("\n") == 1


def test_missing_key(run: Run) -> None:
    config("one")
    Path("one.key").unlink()
    result = run("listen", "--port", "0")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: one: the secret cannot be read from one.key: ")


def test_signal_handlers_are_restored(run: Run) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    config("one")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run("listen", "--port", str(taken.getsockname()[1]))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
