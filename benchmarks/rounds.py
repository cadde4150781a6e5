"""The first round of a feed over thousands of accounts."""

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.alone import run_alone
from benchmarks.measure import peak_mb
from benchmarks.report import Report, Target
from benchmarks.serving import Counts
from benchmarks.sizes import Sizes
from wbym.account import Account
from wbym.inbox import Inbox
from wbym.testing import SimulatorProcess
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import make_api_key

__all__ = ["run"]

_SHOP: Final = ("--no-gzip", "--feedbacks", "4", "--questions", "2", "--chats", "2")
_BUSINESS: Final = 1001
_WITHIN: Final = 300.0
_FILES: Final = 3
"""Descriptors per account: a lock, and connections."""


class _Result(msgspec.Struct):
    streams: int
    seconds: float
    cpu_seconds: float
    peak_mb: float


async def run(sizes: Sizes) -> Report:
    """Follow many small shops, half of them on each marketplace, from nothing."""
    accounts = sizes.rounds_accounts
    businesses = [str(_BUSINESS + number) for number in range(accounts)]
    async with (
        SimulatorProcess("wbym_wildberries.simulator", *_SHOP, "--claims", "2") as wb,
        SimulatorProcess(
            "wbym_yandex_market.simulator", *_SHOP, "--returns", "2", "--businesses", *businesses
        ) as ym,
    ):
        arguments = (wb.url, ym.url, str(accounts))
        done = await run_alone("benchmarks.rounds", *arguments, found=_Result, within=_WITHIN)
        counts = [msgspec.convert(await each.stats(), Counts) for each in (wb, ym)]
    return Report(
        "Feed: the first round of many accounts",
        ("accounts", "streams", "s", "CPU s", "peak MB"),
        [[2 * accounts, done.streams, done.seconds, done.cpu_seconds, done.peak_mb]],
        [
            Target("first round", done.seconds, "at most", 30, "s"),
            Target("first round, peak memory", done.peak_mb, "at most", 200, "MB"),
            Target(
                "first round, rate limited", sum(one.rate_limited for one in counts), "at most", 0
            ),
        ],
        ["With the real limits; small shops, so that the accounts weigh and not their records."],
    )


async def _follow(wb: str, ym: str, number: int) -> _Result:
    accounts: list[Account] = [
        Wildberries(make_token(sid=f"shop-{n}"), name=f"wb-{n}", base_url=wb) for n in range(number)
    ]
    for n in range(number):
        business = _BUSINESS + n
        key = make_api_key(business_id=business)
        accounts.append(YandexMarket(key, name=f"ym-{n}", business_id=business, base_url=ym))
    with tempfile.TemporaryDirectory() as folder:
        async with Inbox(*accounts, state=Path(folder) / "wbym.db") as inbox:
            start, cpu = time.perf_counter(), time.process_time()
            consuming = asyncio.create_task(_consume(inbox))
            while not (streams := inbox.streams) or not all(one.read_at for one in streams):  # noqa: ASYNC110
                await asyncio.sleep(0.25)
            result = _Result(
                len(streams), time.perf_counter() - start, time.process_time() - cpu, peak_mb()
            )
            consuming.cancel()
            with suppress(asyncio.CancelledError):
                await consuming
    return result


async def _consume(inbox: Inbox) -> None:
    async for _ in inbox.events():
        pass


def _main(arguments: Sequence[str]) -> None:
    wb, ym, number = arguments
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1024 + 2 * _FILES * int(number)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    result = asyncio.run(_follow(wb, ym, int(number)))
    sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    _main(sys.argv[1:])
