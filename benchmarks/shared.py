"""Limits shared by eight processes of one seller, in Redis and in PostgreSQL."""

import asyncio
import os
import statistics
import sys
import time
import uuid
from collections.abc import Sequence
from typing import Final, TypeAlias

import msgspec
from msgspec import structs

from benchmarks.limits import QUOTA
from benchmarks.report import Report, Target
from benchmarks.serving import counts, list_simulator, new_token
from benchmarks.shared_child import Given, Served
from benchmarks.sizes import Sizes
from wbym.errors import WbymError
from wbym.limits import BucketKey, Charge, Priority, Quota, open_quotas
from wbym.limits._quota_store import Reservation, new_grant_id
from wbym.testing import SimulatorProcess
from wbym_yandex_market.simulator import make_api_key

__all__ = ["STORES", "crowd", "missing", "run"]

_Row: TypeAlias = list[str | int | float | None]

_PROCESSES: Final = 8
_CALLERS: Final = 4
_PAIR_PROCESSES: Final = 3
_SELLERS: Final = 1000
_LATENCY: Final = 0.05
_BUSINESS: Final = 1001
_STARTING: Final = 120.0
"""Max seconds until all processes have started, or ended."""
STORES: Final = {
    "Redis": os.environ.get("WBYM_TEST_REDIS", "redis://localhost/0"),
    "PostgreSQL": os.environ.get("WBYM_TEST_POSTGRES", "postgresql://localhost/test"),
}
"""Addresses of the servers that benchmarks use."""
_PAIRS: Final = {"Redis": 8_000, "PostgreSQL": 4_000}
_RESERVATION_MS: Final = {"Redis": 0.5, "PostgreSQL": 1.5}


async def run(sizes: Sizes) -> Report:
    """Measure each store that is there."""
    rows: list[_Row] = []
    targets: list[Target] = []
    not_there = await missing()
    for name, address in STORES.items():
        if name in not_there:
            continue
        for found_rows, found_targets in (
            await _wildberries(name, address, sizes),
            await _market(name, address, sizes),
            await _speed(name, address, sizes),
        ):
            rows += found_rows
            targets += found_targets
    return Report(
        f"Shared limits: {_PROCESSES} processes of one seller",
        ("what", "figure", "unit"),
        rows,
        targets,
        [
            f"Each process has four concurrent callers; the simulators answer after"
            f" {_LATENCY * 1000:.0f} ms and keep their limits, Wildberries with bans of 30 s."
            " A reservation and the pairs are asked of the store on this machine, without calls.",
            *(f"{name} was not there." for name in not_there),
        ],
    )


async def missing() -> list[str]:
    """The names of the servers that cannot be used."""
    names: list[str] = []
    for name, address in STORES.items():
        try:
            await _reach(address)
        except WbymError:
            names.append(name)
    return names


async def _reach(address: str) -> None:
    """Ask a store once.

    Raises:
        WbymError: It cannot be used.
    """
    store = open_quotas(address)
    try:
        key = BucketKey("bench", uuid.uuid4().hex, "standard", "calls")
        asked = Reservation(new_grant_id(key), [Charge(key, Quota(1, 1, 1))], Priority.NORMAL, 0.0)
        await store.reserve(asked)
    finally:
        await store.aclose()


async def crowd(given: Given, processes: int) -> list[Served]:
    """Run processes that begin at the same time, once all of them have started."""
    children: list[asyncio.subprocess.Process] = []
    try:
        for number in range(processes):
            text = msgspec.json.encode(structs.replace(given, replies=number == 0)).decode()
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.shared_child", text),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            children.append(child)
        async with asyncio.timeout(_STARTING):
            for child in children:
                if child.stdout is not None:
                    await child.stdout.readline()
        start = f"{time.time() + 1.0}\n".encode()
        async with asyncio.timeout(given.seconds + _STARTING):
            outputs = await asyncio.gather(*(child.communicate(start) for child in children))
        return [msgspec.json.decode(output, type=Served) for output, _ in outputs]
    finally:
        for child in children:
            if child.returncode is None:
                child.kill()
                await child.wait()


async def _wildberries(name: str, limits: str, sizes: Sizes) -> tuple[list[_Row], list[Target]]:
    seconds = sizes.shared_seconds
    async with list_simulator(10, "--ban-seconds", "30") as simulator:
        await simulator.change_faults(latency=_LATENCY)
        given = Given("wildberries", limits, 7.0, url=simulator.url, secret=new_token())
        given.callers = 0
        alone = await crowd(given, 1)  # the store then knows the seller
        given.callers = _CALLERS
        await asyncio.sleep(QUOTA.burst * QUOTA.interval)
        before = await counts(simulator)
        given.seconds = seconds
        served = await crowd(given, _PROCESSES)
        refused = (await counts(simulator)).since(before).rate_limited
    calls = [one.calls for one in served]
    bound = QUOTA.burst + seconds / QUOTA.interval
    replies = [reply for one in served for reply in one.replies]
    made = sum(calls) + len(replies)
    idle = statistics.median(alone[0].replies or [_LATENCY])
    later = max(replies, default=0.0) - idle
    rows: list[_Row] = [
        [f"{name}: calls to Wildberries in {seconds:g} s, of the bound", made / bound, ""],
        [f"{name}: the least of a process over the most", min(calls) / max(calls), ""],
        [f"{name}: a reply, later than without other calls, max", later * 1000, "ms"],
        [f"{name}: the same, median", (statistics.median(replies or [0])) * 1000, "ms"],
        [f"{name}: rate limited by Wildberries", refused, "calls"],
    ]
    targets = [
        Target(f"{name}, of Wildberries' bound", made / bound, "at least", 0.97),
        Target(f"{name}, least over most served", min(calls) / max(calls), "at least", 0.7),
        Target(f"{name}, a reply later", later, "at most", QUOTA.interval, "s"),
        Target(f"{name}, rate limited by Wildberries", refused, "at most", 0),
    ]
    return rows, targets


async def _market(name: str, limits: str, sizes: Sizes) -> tuple[list[_Row], list[Target]]:
    options = ("--hour", "30", "--limit-scale", "0.1", "--feedbacks", "20")
    async with SimulatorProcess(
        "wbym_yandex_market.simulator", *options, "--businesses", str(_BUSINESS)
    ) as simulator:
        await simulator.change_faults(latency=_LATENCY)
        key = make_api_key(business_id=_BUSINESS)
        given = Given("yandex_market", limits, sizes.shared_seconds, url=simulator.url, secret=key)
        given.business = _BUSINESS
        served = await crowd(given, _PROCESSES)
        found = await counts(simulator)
    failed = sum(one.failed for one in served)
    calls = sum(one.calls for one in served)
    share = found.rate_limited / max(1, found.requests)
    rows: list[_Row] = [
        [f"{name}: calls to Yandex Market in {sizes.shared_seconds:g} s", calls, "calls"],
        [f"{name}: rate limited by Yandex Market, per 1,000", share * 1000, "calls"],
        [f"{name}: calls to Yandex Market that failed", failed, "calls"],
    ]
    targets = [
        Target(f"{name}, rate limited by Yandex Market per 1,000", share * 1000, "at most", 1),
        Target(f"{name}, failed calls to Yandex Market", failed, "at most", 0),
    ]
    return rows, targets


async def _speed(name: str, limits: str, sizes: Sizes) -> tuple[list[_Row], list[Target]]:
    seconds = sizes.shared_pairs_seconds
    one = await crowd(Given("pairs", limits, seconds, sellers=1), 1)
    wait = statistics.median(_waits(one)) * 1000
    many = await crowd(Given("pairs", limits, seconds, sellers=_SELLERS), _PAIR_PROCESSES)
    rate = sum(each.calls for each in many) / seconds
    rows: list[_Row] = [
        [f"{name}: a reservation, median", wait, "ms"],
        [f"{name}: reservations and settlements of {_SELLERS:,} sellers", rate, "pairs/s"],
    ]
    return rows, [
        Target(f"{name}, a reservation", wait, "at most", _RESERVATION_MS[name], "ms"),
        Target(f"{name}, pairs a second", rate, "at least", _PAIRS[name]),
    ]


def _waits(served: Sequence[Served]) -> list[float]:
    return [wait for one in served for wait in one.waits] or [0.0]
