"""Two hundred accounts in one inbox, beside the slowest of them alone."""

import asyncio
import sys
import time
from collections.abc import AsyncIterable, Sequence
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

_WB: Final = "wbym_wildberries.simulator"
_YM: Final = "wbym_yandex_market.simulator"


class _Result(msgspec.Struct):
    seconds: float
    records: int
    peak_mb: float


async def run(sizes: Sizes) -> Report:
    """Read unanswered items: each marketplace's account alone, then all accounts."""
    accounts = sizes.inbox_accounts
    wb_shop = ("--feedbacks", "200", "--questions", "100", "--chats", str(sizes.inbox_chats))
    ym_shop = ("--feedbacks", "100", "--questions", "50", "--chats", "20", "--returns", "20")
    # The first business of the simulated ones is read alone, the others together.
    businesses = [str(1001 + number) for number in range(accounts + 1)]
    async with (
        SimulatorProcess(_WB, "--no-gzip", *wb_shop) as wb,
        SimulatorProcess(_YM, "--no-gzip", *ym_shop, "--businesses", *businesses) as ym,
    ):
        alone_wb = await _child(wb.url, ym.url, 1, 0)
        alone_ym = await _child(wb.url, ym.url, 0, 1)
        crowd = await _child(wb.url, ym.url, accounts, accounts)
        rate_limited = [
            msgspec.convert(await each.stats(), Counts).rate_limited for each in (wb, ym)
        ]
    slowest = max(alone_wb.seconds, alone_ym.seconds)
    ratio = crowd.seconds / slowest
    cases = {
        "1 account of Wildberries": alone_wb,
        "1 account of Yandex Market": alone_ym,
        f"{2 * accounts} accounts in one inbox": crowd,
    }
    return Report(
        "Inbox: unanswered items of all accounts",
        ("accounts", "s", "records", "peak MB", "of the slowest alone"),
        [
            [name, each.seconds, each.records, each.peak_mb, each.seconds / slowest]
            for name, each in cases.items()
        ],
        [
            Target("inbox, of its slowest account alone", ratio, "at most", 1.1),
            Target("inbox, peak memory", crowd.peak_mb, "under", 300, "MB"),
            Target("inbox, rate limited", sum(rate_limited), "at most", 0),
        ],
        ["Each row in a separate process, with the real limits; half of the accounts on each."],
    )


async def _child(wb: str, ym: str, wb_accounts: int, ym_accounts: int) -> _Result:
    arguments = (wb, ym, str(wb_accounts), str(ym_accounts))
    return await run_alone("benchmarks.crowd", *arguments, found=_Result, within=120)


async def _read(wb: str, ym: str, wb_accounts: int, ym_accounts: int) -> _Result:
    alone = wb_accounts + ym_accounts == 1
    accounts: list[Account] = [
        Wildberries(make_token(sid=f"{wb_accounts}-{n}"), name=f"wb-{n}", base_url=wb)
        for n in range(wb_accounts)
    ]
    for n in range(ym_accounts):
        business = 1001 if alone else 1002 + n
        key = make_api_key(business_id=business)
        accounts.append(YandexMarket(key, name=f"ym-{n}", business_id=business, base_url=ym))
    async with Inbox(*accounts) as inbox:
        start = time.perf_counter()
        found = await asyncio.gather(
            _count(inbox.chats(waiting_for_seller=True)),
            _count(inbox.questions(answered=False)),
            _count(inbox.feedbacks(answered=False)),
            _count(inbox.returns(is_open=True)),
        )
        took = time.perf_counter() - start
    return _Result(took, sum(found), peak_mb())


async def _count(records: AsyncIterable[object]) -> int:
    seen = 0
    async for _ in records:
        seen += 1
    return seen


def _main(arguments: Sequence[str]) -> None:
    wb, ym, wb_accounts, ym_accounts = arguments
    result = asyncio.run(_read(wb, ym, int(wb_accounts), int(ym_accounts)))
    sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    _main(sys.argv[1:])
