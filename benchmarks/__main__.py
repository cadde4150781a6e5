"""``python -m benchmarks [NAMES...]``: measure against the bounds, on this machine alone.

A further benchmark is a module with ``async def run(sizes) -> Report``, a line in ``BENCHMARKS``
and a place in ``docs/benchmarks.md``.
"""

import argparse
import asyncio
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from importlib.util import find_spec
from os import cpu_count
from pathlib import Path
from typing import Final

import msgspec

from benchmarks import (
    bulk,
    calls,
    cards,
    crash,
    crowd,
    feed,
    imports,
    limits,
    market,
    memory,
    mixed,
    rounds,
    scheduler,
    shared,
    soak,
    sweep,
)
from benchmarks.contest import peers_installed
from benchmarks.publish import publish
from benchmarks.report import Report, markdown, verdict
from benchmarks.sizes import FULL, QUICK, Sizes

__all__ = ["main"]

BENCHMARKS: Final[dict[str, Callable[[Sizes], Awaitable[Report]]]] = {
    "bulk": bulk.run,
    "memory": memory.run,
    "limits": limits.run,
    "mixed": mixed.run,
    "sweep": sweep.run,
    "cards": cards.run,
    "calls": calls.run,
    "imports": imports.run,
    "scheduler": scheduler.run,
    "shared": shared.run,
    "market": market.run,
    "inbox": crowd.run,
    "feed": feed.run,
    "rounds": rounds.run,
    "crash": crash.run,
    "soak": soak.run,
}

_QUICK: Final = ", quick: bounds are short, so that connecting and the last page weigh more"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks that are named, or all.

    A missed target is in the table and in the last line, and is not a failure: machines are noisy.
    Failures are a limit that a row exceeded by more than its spread, since the limit is then
    invalid, and a missed bound that no noise excuses; only the other results are published.

    Raises:
        SystemExit: A limit or such a bound was exceeded; the text names it and the benchmark.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAMES", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="less of everything, in four minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--publish", action="store_true", help="refresh the results that are committed"
    )
    given = parser.parse_args(arguments)
    if given.publish and given.quick:
        parser.error("what a quick run finds is not for keeping: --publish or --quick")
    if given.publish and not can_publish():
        parser.error("the peers or matplotlib are not installed: make bench")
    if unknown := set(given.names) - BENCHMARKS.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    machine = f"{python}, {cpu_count()} cores, {platform.system()}"
    print(f"{machine}{_QUICK if given.quick else ''}\n", flush=True)
    start = time.perf_counter()
    reports: dict[str, Report] = {}
    for name in given.names or BENCHMARKS:
        reports[name] = asyncio.run(_one(name, QUICK if given.quick else FULL))
        print(markdown(reports[name]), flush=True)
        if given.publish and not (reports[name].passed or reports[name].failed):
            publish(machine, {name: reports[name]})
    if given.json is not None:
        given.json.write_bytes(msgspec.json.format(msgspec.json.encode(reports)) + b"\n")
    print(f"{verdict(list(reports.values()))} ({time.perf_counter() - start:.0f} s)", flush=True)
    lines: list[str] = []
    if passed := [f"{name}: {one}" for name, found in reports.items() for one in found.passed]:
        lines += ["", "LIMITS PASSED, so they are none:", *passed]
    if failed := [f"{name}: {one}" for name, found in reports.items() for one in found.failed]:
        lines += ["", "BOUNDS EXCEEDED:", *failed]
    if lines:
        sys.exit("\n".join(lines))


def can_publish() -> bool:
    """Whether the peers, and matplotlib for the plots, are installed."""
    return peers_installed() and find_spec("matplotlib") is not None


async def _one(name: str, sizes: Sizes) -> Report:
    return await BENCHMARKS[name](sizes)


if __name__ == "__main__":
    main()
