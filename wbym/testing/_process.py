"""A simulator in a separate process: its command line, and a handle for tests and benchmarks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping, Sequence
from textwrap import fill
from typing import Self

import aiohttp
import msgspec

from wbym.testing._buyers import RemoteBuyers
from wbym.testing._cabinets import Effect
from wbym.testing._faults import KINDS, Faults
from wbym.testing._options import SimulatorOptions, add_options
from wbym.testing._pages import ReceivedMessage
from wbym.testing._server import SimulatorServer

_EXAMPLES = """\
examples of faults:
  --error-rate 0.1                  a tenth of the requests is answered 5xx, without effect
  --drop-after 0.05                 connections are dropped after the request took effect
  --latency 0.3 --arrival-jitter 1  slow responses, and requests that arrive late
  --faults '{"next": [{"path": "/answer", "kind": "drop_after", "times": 2}]}'
                                    the next two requests whose path contains /answer

Faults change while it runs, by a POST of the same JSON to /__simulator/faults:
  curl -d '{"error_rate": 0.5}' http://127.0.0.1:8081/__simulator/faults

kinds of "next":
"""
_EXAMPLES += fill(", ".join(KINDS), initial_indent="  ", subsequent_indent="  ")


def command_line(kind: type[SimulatorOptions], module: str) -> ArgumentParser:
    """The command line of a simulator: address, options and faults."""
    parser = ArgumentParser(
        prog=sys.argv[0] if sys.argv[0].startswith("wbym ") else f"python -m {module}",
        description="Runs the simulator until it is stopped.",
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print JSON on a terminal too")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, metavar="N", help="0 takes any free port")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when stdin is closed")
    parser.add_argument("--demo", action="store_true", help="as much data as a demo needs")
    parser.add_argument("--faults", default="{}", metavar="JSON", help="faults, as a JSON object")
    add_options(parser, "options", kind)
    add_options(parser, "faults", Faults, but="seed")
    return parser


def main(
    simulator: Callable[..., SimulatorServer],
    kind: type[SimulatorOptions],
    arguments: Sequence[str] | None = None,
) -> None:
    """Runs a simulator from the command line until it is stopped.

    Args:
        simulator: Its class, which takes the fields of its options.
        kind: The class of its options.
        arguments: The command line; by default the process's.
    """
    parser = command_line(kind, kind.__module__.rpartition(".")[0])
    given = parser.parse_args(arguments)
    if given.demo:
        parser.set_defaults(**kind.demo)
        given = parser.parse_args(arguments)
    faults = Faults(**{name: getattr(given, name) for name in Faults().settings()})
    try:
        faults.change(given.faults.encode())
    except (msgspec.MsgspecError, ValueError) as error:
        parser.error(f"argument --faults: {error}; it takes a JSON object, see the examples below")
    values = {name: getattr(given, name) for name in kind.__struct_fields__ if hasattr(given, name)}
    try:
        run_forever(
            simulator(**{**values, "faults": faults}),
            host=given.host,
            port=given.port,
            exit_with_parent=given.exit_with_parent,
            for_people=sys.stdout.isatty() and not given.json,
        )
    except (OSError, OverflowError) as error:
        where = f"{given.host} port {given.port}"
        parser.exit(1, f"{parser.prog}: error: cannot listen on {where}: {error}\n")


def run_forever(
    simulator: SimulatorServer,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    exit_with_parent: bool = False,
    for_people: bool = False,
) -> None:
    """Serves until SIGINT or SIGTERM.

    Prints one line of JSON to stdout when it is ready: `url`, `pid`, `records` and the
    fields of the simulator's `shown()`.

    Args:
        simulator: The simulator to serve.
        host: Address to listen on.
        port: 0 takes any free port.
        exit_with_parent: Stop also when stdin is closed. A parent that holds a pipe to stdin cannot
            leave the simulator behind, however it dies.
        for_people: Print the address, the token and what to paste instead of JSON.
    """
    asyncio.run(_serve(simulator, host, port, exit_with_parent, for_people))


async def _serve(
    simulator: SimulatorServer,
    host: str,
    port: int,
    exit_with_parent: bool,
    for_people: bool,
) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(stopped.set)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop())
    if exit_with_parent:
        watch_stdin(stop)
    await simulator.start(host, port)
    try:
        line = {
            "url": simulator.url,
            "pid": os.getpid(),
            "records": simulator.records(),
            **simulator.shown(),
        }
        text = _for_people(line) if for_people else msgspec.json.encode(line).decode()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        await simulator.stop()


def _for_people(line: Mapping[str, object]) -> str:
    """How to use a simulator from another terminal."""
    url, token, marketplace = line["url"], line.get("token", ""), str(line.get("marketplace", ""))
    prefix = f"WBYM_{marketplace.upper()}"
    if os.name == "nt":
        paste = f'$env:{prefix}_BASE_URL="{url}"; $env:{prefix}_TOKEN="{token}"'
    else:
        paste = f"export {prefix}_BASE_URL={url} {prefix}_TOKEN={token}"
    return (
        f"Simulator of {marketplace}\n  address  {url}\n  token    {token}\n\n"
        f"Paste into another terminal, then try wbym check or wbym feedbacks:\n\n{paste}\n\n"
        "Ctrl-C stops it."
    )


def watch_stdin(stop: Callable[[], None]) -> None:
    """Calls `stop`, in a separate thread, when stdin is closed, as when the parent dies."""
    threading.Thread(target=_wait_for_end_of_stdin, args=(stop,), daemon=True).start()


def _wait_for_end_of_stdin(stop: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    stop()


class SimulatorProcess:
    """Runs `python -m MODULE --port 0 --exit-with-parent ...` for the length of an `async with`.

    Example::

        arguments = ("--feedbacks", "200000")
        async with SimulatorProcess("wbym_wildberries.simulator", *arguments) as simulator:
            shop = Wildberries(token, base_url=simulator.url)
    """

    def __init__(self, module: str, *arguments: str, start_timeout: float = 60.0) -> None:
        """Describes the process.

        Args:
            module: The module that `python -m` runs.
            arguments: Its command line, after `--port 0 --exit-with-parent`.
            start_timeout: Seconds to wait for the line of JSON.
        """
        self._command = (sys.executable, "-m", module, "--port", "0", "--exit-with-parent")
        self._arguments = arguments
        self._start_timeout = start_timeout
        self._process: asyncio.subprocess.Process | None = None
        self.shown: dict[str, object] = {}
        """The line of JSON that it printed."""

    @property
    def url(self) -> str:
        """The address of the server."""
        return str(self.shown["url"])

    @property
    def pid(self) -> int:
        """The process id; 0 when it is not running."""
        return 0 if self._process is None else self._process.pid

    async def stats(self) -> dict[str, object]:
        """The counts, as `/__simulator/stats` shows them."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/__simulator/stats") as response,
        ):
            return msgspec.json.decode(await response.read(), type=dict[str, object])

    async def change_faults(self, **settings: object) -> None:
        """Changes faults while it runs; `next=[{"path": ..., "kind": ...}]` scripts some.

        Raises:
            ValueError: The simulator rejects them.
        """
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.url}/__simulator/faults", data=msgspec.json.encode(settings)
            ) as response,
        ):
            if response.status != 200:
                raise ValueError(await response.text())

    @property
    def buyers(self) -> RemoteBuyers:
        """The buyers of its first seller."""
        return RemoteBuyers(self.url)

    async def sent(self) -> list[ReceivedMessage]:
        """The seller's messages that buyers received, in order."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/__simulator/sent") as response,
        ):
            return msgspec.json.decode(await response.read(), type=list[ReceivedMessage])

    async def written(self) -> list[Effect[str]]:
        """The seller's texts and decisions that had an effect, in order."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/__simulator/written") as response,
        ):
            return msgspec.json.decode(await response.read(), type=list[Effect[str]])

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self._command, *self._arguments, stdin=pipe, stdout=pipe
        )
        self._process = process
        try:
            if process.stdout is None:
                raise RuntimeError("the simulator's stdout is not a pipe")
            async with asyncio.timeout(self._start_timeout):
                line = await process.stdout.readline()
            if not line:
                raise RuntimeError("the simulator ended before it was ready")
            self.shown = msgspec.json.decode(line, type=dict[str, object])
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(5):
                await process.communicate()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()
