"""The command ``wbym listen``."""

import asyncio
import logging
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final

import typer
from aiohttp import web
from yarl import URL

from wbym._config import AccountSource
from wbym.account import Account, Capability, Hint, OnHints, TrustedProxy, has
from wbym.cli.options import AccountName, Config, sources_of
from wbym.cli.terminal import clean, complain, note, output, plain_errors
from wbym.feed import SqliteStore, Store

__all__ = ["listen"]

_ENDING: Final = 10.0
"""Seconds for what is under way when the command is told to end."""


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write it as 10.0.0.0/8 or 127.0.0.1") from None


def listen(
    config: Config = None,
    account: AccountName = None,
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="0 takes any free one.")
    ] = 8080,
    trusted_proxies: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted-proxy",
            parser=_network,
            metavar="NET",
            help="A proxy, or a network of proxies, whose X-Forwarded-For is believed; may be "
            "given several times.",
        ),
    ] = None,
    state: Annotated[
        Path, typer.Option("--state", metavar="FILE", help="The feed's state file.")
    ] = Path("wbym.db"),
) -> None:
    """Take the marketplaces' notifications, and wake the feed that reads the same state file.

    Each account whose marketplace sends any has the address /NAME, and / too where it is the only
    one. Marketplaces want HTTPS: put a proxy before it and name it with --trusted-proxy, for the
    address of a notification's sender is all that tells it from a forged one. Ends with Ctrl-C.
    """
    proxy = TrustedProxy(networks=tuple(trusted_proxies or ()))
    with plain_errors():
        sources = sources_of(config, account)
        done = asyncio.run(_listen(sources, state, proxy, host, port))
    raise typer.Exit(0 if done else 1)


async def _listen(
    sources: Sequence[AccountSource], state: Path, proxy: TrustedProxy, host: str, port: int
) -> bool:
    """Serve until the process is told to end; False where it cannot."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(await source.open()) for source in sources]
        takers = {each.name: each for each in opened if _is_notified(each)}
        if not takers:
            complain("no account is of a marketplace that sends notifications")
            return False
        for each in opened:
            if each.name not in takers:
                note(f"{each.name}: its marketplace sends no notifications")
        store = await stack.enter_async_context(SqliteStore(state))
        stack.enter_context(_warnings_told())
        stopped = stack.enter_context(_told_to_stop())
        app = _mounted(takers, partial(_keep, store), proxy)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_ENDING)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            complain(f"cannot listen on {host} port {port}: {error.strerror or error}")
            return False
        base = URL.build(scheme="http", host=host, port=runner.addresses[0][1])
        for name in takers:
            _say(f"{name}: listening at {base / name}")
        if not proxy.networks:
            note("no proxy is trusted: only what a marketplace sends to here directly is taken")
        await stopped.wait()
    return True


def _is_notified(account: Account) -> bool:
    return has(account.CAPABILITIES, Capability.NOTIFICATIONS)


def _mounted(
    takers: Mapping[str, Account], on_hints: OnHints, proxy: TrustedProxy
) -> web.Application:
    """The receiver of each account at its name, and that of an only one at the root too."""
    root = web.Application()
    if len(takers) == 1:
        (only,) = takers.values()
        root = only.receiver(on_hints, proxy=proxy)
    for name, taker in takers.items():
        root.add_subapp(f"/{name}", taker.receiver(on_hints, proxy=proxy))
    return root


async def _keep(store: Store, hints: Sequence[Hint]) -> None:
    await store.hint(hints)
    for hint in hints:
        _say(f"{hint.account}: {hint.stream} {hint.id}".rstrip())


def _say(words: str) -> None:
    output().print(clean(words), markup=False, soft_wrap=True)


@contextmanager
def _told_to_stop() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    # Not loop.add_signal_handler, which Windows does not have.
    before = [
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopped.set))
        for number in numbers
    ]
    try:
        yield stopped
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class _Notes(logging.Handler):
    """Says a warning as a line on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        note(f"warning: {record.getMessage()}")


@contextmanager
def _warnings_told() -> Iterator[None]:
    """Tell who runs the command what is refused, for nobody else hears of it."""
    logger = logging.getLogger("wbym")
    if logger.isEnabledFor(logging.DEBUG):  # --verbose tells it already
        yield
        return
    notes = _Notes(logging.WARNING)
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)
