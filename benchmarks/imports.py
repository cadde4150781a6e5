"""Import time of the libraries."""

import asyncio
import os
import resource
import sys
import time
from typing import Final

from benchmarks.contenders.harness import Tally
from benchmarks.contest import PEERS_PYTHON, Contender, Runs, peers_installed
from benchmarks.measure import sample
from benchmarks.report import Digest, Report, Target
from benchmarks.sizes import Sizes
from benchmarks.versus import bars, digest, missing, others

__all__ = ["run"]

_MAX_BEYOND: Final = 250.0
"""Max milliseconds of the whole adapter, including its part of the core."""

_HAND: Final = Contender(
    "by hand: aiohttp, msgspec", "by_hand", "import aiohttp, msgspec", hand=True
)
_OURS: Final = Contender("wbym, Wildberries", "ours", "import wbym_wildberries")
_CONTENDERS: Final = (
    _HAND,
    _OURS,
    Contender("wbym, Yandex Market", "ours", "import wbym_yandex_market"),
    Contender("wbapi-async", "wbapi_async", "import wbapi", peer=True),
    Contender("wbsdk", "wbsdk", "import wbsdk", peer=True),
    Contender(
        "wildberries-sdk", "wildberries_sdk", "import wildberries_sdk.communications", peer=True
    ),
    Contender(
        "wildberries-python-sdk",
        "wildberries_python_sdk",
        "import wildberries_python_sdk",
        peer=True,
    ),
    Contender("ya-market-api", "ya_market_api", "import ya_market_api.async_api", peer=True),
)


async def run(sizes: Sizes) -> Report:
    """Time interpreters that only import; the time of an empty one is subtracted."""
    runs: dict[str, Runs] = {}
    for turn in range(sizes.imports + 1):
        empty = await _import("", peer=False)
        for contender in _CONTENDERS:
            if contender.peer and not peers_installed():
                continue
            took = await _import(contender.way, peer=contender.peer)
            if turn:  # the first turn writes the bytecode and warms the disk's cache
                own = runs.setdefault(contender.name, Runs(contender, [], []))
                own.tallies.append(
                    Tally(seconds=took.seconds - empty.seconds, cpu=took.cpu - empty.cpu)
                )

    def milliseconds(tally: Tally) -> float:
        return tally.seconds * 1e3

    hand = runs[_HAND.name].of(milliseconds).median
    pairs = zip(runs[_OURS.name].tallies, runs[_HAND.name].tallies, strict=True)
    beyond = sample([milliseconds(ours) - milliseconds(base) for ours, base in pairs]).median
    return Report(
        "Import time",
        ("client", "ms", "spread", "CPU, ms", "of by hand"),
        [
            [
                *(name, own.of(milliseconds).median, own.of(milliseconds).spread),
                own.of(lambda tally: tally.cpu * 1e3).median,
                own.of(milliseconds).median / hand,
            ]
            for name, own in runs.items()
        ],
        [Target("Wildberries, beyond aiohttp and msgspec", beyond, "under", _MAX_BEYOND, "ms")],
        [
            f"An interpreter that imports and ends, less an empty one; medians of {sizes.imports}"
            " runs with bytecode in place.",
            *missing(),
        ],
        [bars("imports", "Import time", "ms", runs, hand, "aiohttp and msgspec", milliseconds)],
        [
            Digest(
                "Import",
                f"{digest(hand, 'ms')} aiohttp and msgspec",
                digest(runs[_OURS.name].of(milliseconds).median, "ms"),
                others(runs, milliseconds, "ms"),
            )
        ],
    )


async def _import(statement: str, *, peer: bool) -> Tally:
    python = str(PEERS_PYTHON) if peer else sys.executable
    start, spent = time.perf_counter(), _children()
    # If bytecode cannot be written, each run would compile our sources, but not installed peers'.
    env = {name: it for name, it in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = await asyncio.create_subprocess_exec(python, "-c", statement, env=env)
    if await process.wait():
        raise RuntimeError(f"{statement} failed")
    return Tally(seconds=time.perf_counter() - start, cpu=_children() - spent)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
