"""The command ``wbym listen``."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

import typer
from aiohttp import web
from yarl import URL

from wbym._config import AccountSource
from wbym.account import Account, Capability, Hint, OnHints, TrustedProxy, has
from wbym.cli.listen_server import serving
from wbym.cli.options import AccountName, Config, sources_of
from wbym.cli.state import State, open_state
from wbym.cli.terminal import clean, complain, note, output, plain_errors
from wbym.feed import Store
from wbym.inbox._signals import stop_signals

__all__ = ["listen"]


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write it as 10.0.0.0/8 or 127.0.0.1") from None


def listen(
    config: Config = None,
    account: AccountName = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0 for any free one.")
    ] = 8080,
    trusted_proxies: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted-proxy",
            parser=_network,
            metavar="NET",
            help="A proxy, or a network of proxies, whose X-Forwarded-For is trusted. Can be "
            "repeated.",
        ),
    ] = None,
    state: State = None,
) -> None:
    """Receive the marketplaces' notifications, and wake the feed that uses the same state.

    An account whose marketplace sends notifications has the address /NAME, and also / if it is the
    only one. Marketplaces require HTTPS: run a proxy in front, and name it with --trusted-proxy,
    since only the sender's address tells a notification from a forged one. Stop with Ctrl-C.
    """
    proxy = TrustedProxy(networks=tuple(trusted_proxies or ()))
    with plain_errors():
        sources = sources_of(config, account)
        done = asyncio.run(_listen(sources, config, state, proxy, host, port))
    raise typer.Exit(0 if done else 1)


async def _listen(
    sources: Sequence[AccountSource],
    config: Path | None,
    state: str | None,
    proxy: TrustedProxy,
    host: str,
    port: int,
) -> bool:
    """Serve until the process is stopped; False if it cannot serve."""
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(await source.open()) for source in sources]
        receivers = {each.name: each for each in opened if _is_notified(each)}
        if not receivers:
            complain("no account has a marketplace that sends notifications")
            return False
        for each in opened:
            if each.name not in receivers:
                note(f"{each.name}: its marketplace sends no notifications")
        store = await stack.enter_async_context(open_state(state, config))
        stack.enter_context(_warnings_printed())
        stopped = asyncio.Event()
        stack.enter_context(stop_signals(stopped.set))
        app = _mounted(receivers, partial(_keep, store), proxy)
        try:
            port = await stack.enter_async_context(serving(app, host, port))
        except OSError as error:
            complain(f"cannot listen on {host} port {port}: {error.strerror or error}")
            return False
        base = URL.build(scheme="http", host=host, port=port)
        for name in receivers:
            _say(f"{name}: listening at {base / name}")
        if not proxy.networks:
            note("no trusted proxy: only notifications sent directly by a marketplace are accepted")
        await stopped.wait()
    return True


def _is_notified(account: Account) -> bool:
    return has(account.CAPABILITIES, Capability.NOTIFICATIONS)


def _mounted(
    receivers: Mapping[str, Account], on_hints: OnHints, proxy: TrustedProxy
) -> web.Application:
    """Mount each account's receiver at its name, and a single one also at the root."""
    root = web.Application()
    if len(receivers) == 1:
        (only,) = receivers.values()
        root = only.receiver(on_hints, proxy=proxy)
    for name, account in receivers.items():
        root.add_subapp(f"/{name}", account.receiver(on_hints, proxy=proxy))
    return root


async def _keep(store: Store, hints: Sequence[Hint]) -> None:
    await store.hint(hints)
    for hint in hints:
        _say(f"{hint.account}: {hint.stream} {hint.id}".rstrip())


def _say(text: str) -> None:
    output().print(clean(text), markup=False, soft_wrap=True)


class _Notes(logging.Handler):
    """Prints warnings as lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record."""
        note(f"warning: {record.getMessage()}")


@contextmanager
def _warnings_printed() -> Iterator[None]:
    """Print warnings about rejected notifications, which are reported nowhere else."""
    logger = logging.getLogger("wbym")
    if logger.isEnabledFor(logging.DEBUG):  # --verbose already logs them
        yield
        return
    notes = _Notes(logging.WARNING)
    logger.addHandler(notes)
    try:
        yield
    finally:
        logger.removeHandler(notes)
