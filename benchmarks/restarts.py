"""Servers of shared limits and state that are restarted under load.

Redis loses everything each time, and PostgreSQL is stopped in immediate mode, which empties its
unlogged tables. Meanwhile other processes call one seller's methods as often as the limits allow,
and the assistant answers buyers. Both servers are the benchmark's own.
"""

import asyncio
import random
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.assistant import Plan
from benchmarks.crash import BUSINESS, Shop, all_answered, write_until
from benchmarks.machines import Answers, Machine, running, settled
from benchmarks.report import Report, Target
from benchmarks.serving import new_token
from benchmarks.shared import crowd
from benchmarks.shared_child import Given
from benchmarks.sizes import Sizes
from tests.support.own_redis import own_redis
from tests.support.postgres_cluster import cluster
from wbym.cli.assistant_process import Served
from wbym.feed import PostgresStore
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key

__all__ = ["restart", "run"]

SERVERS: Final = ("Redis", "PostgreSQL")
_PROCESSES: Final = 2
"""Beside the assistant; each has four concurrent callers."""
_DOWN: Final = (0.0, 1.0)
"""Min and max seconds from a server's end to its start."""
_UP: Final = (3.0, 5.0)
"""Min and max seconds from its start to its next end."""
_RESTARTING: Final = 2.0
"""Max seconds that stopping and starting take."""
_LEAD: Final = 3.0
"""Seconds for which the other processes call before the first restart."""
_PAUSE: Final = 2.0
"""Seconds between messages at each shop, which the limits allow to answer."""
_CONFIRMATION_TIMEOUT: Final = 5.0
_CHECK_EVERY: Final = 0.05


class Restarted(msgspec.Struct, frozen=True):
    """The outcome of restarts of one server."""

    refused: list[int]
    """Number of calls that were rate limited after each restart, until the next one."""
    failed: int
    """Number of calls that failed to their callers."""
    calls: int
    """Number of successful calls, beside those of the assistant."""
    outcomes: list[Served]
    ended: int
    """Number of assistants that ended by themselves."""


async def run(sizes: Sizes) -> Report:
    """Restart each server under load."""
    rows: list[list[str | int | float | None]] = []
    targets: list[Target] = []
    for server in SERVERS:
        found = await restart(server, sizes.restarts, seed=1)
        messages = sum(one.messages for one in found.outcomes)
        lost = sum(one.unanswered for one in found.outcomes)
        twice = sum(one.twice + one.unasked for one in found.outcomes)
        figures = (found.calls, sum(found.refused), found.failed, messages, lost, twice)
        rows.append([server, sizes.restarts, *figures])
        targets += [
            Target(f"{server} restarted, refusals per restart", max(found.refused), "at most", 1),
            Target(f"{server} restarted, failed calls", found.failed, "at most", 0),
            Target(f"{server} restarted, lost", lost, "never above", 0),
            Target(f"{server} restarted, answered twice", twice, "never above", 0),
        ]
    return Report(
        "Restarts of Redis and PostgreSQL under load",
        ("server", "restarts", "calls", "refused", "failed", "messages", "lost", "twice"),
        rows,
        targets,
        [
            "Redis is killed and starts empty; PostgreSQL is stopped in immediate mode, which "
            "empties its unlogged tables. Each is away for "
            f"{_DOWN[0]:g} to {_DOWN[1]:g} s, every few seconds. {_PROCESSES} processes with four "
            "callers each call a method of Wildberries as often as its limits allow, which are "
            "counted in the server; an assistant follows accounts of Wildberries and Yandex "
            "Market with their real limits, its state in PostgreSQL, and answers buyers.",
        ],
    )


async def restart(server: str, restarts: int, *, seed: int) -> Restarted:
    """Restart a server while processes call and buyers write.

    Args:
        server: Of ``SERVERS``; the limits are counted in it.
        restarts: Number of restarts.
        seed: Of the times.
    """
    rng = random.Random(seed)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = await stack.enter_async_context(own_redis(folder))
        postgres = await stack.enter_async_context(cluster(stop_mode="immediate"))
        restarted = redis if server == "Redis" else postgres
        wb = await stack.enter_async_context(
            WildberriesSimulator(chats=0, feedbacks=10, questions=0)
        )
        ym = await stack.enter_async_context(
            YandexMarketSimulator(chats=0, feedbacks=0, questions=0)
        )
        limits = redis.url if server == "Redis" else postgres.url
        token = new_token()
        plan = Plan(
            postgres.url,
            _CONFIRMATION_TIMEOUT,
            (wb.url, token),
            (ym.url, make_api_key(business_id=BUSINESS), BUSINESS),
            {"wb": limits, "ym": limits},
            lifted=False,
        )
        machine = Machine(folder / "machine", plan, is_routed=False)
        shops = [Shop("wildberries", wb), Shop("yandex_market", ym)]
        ended = asyncio.Event()
        writing = await stack.enter_async_context(
            running(write_until(lambda _: ended.is_set(), shops, 1000, _PAUSE, rng))
        )
        answers = Answers()
        await stack.enter_async_context(machine.running(answers))
        await answers.takeover(None)
        seconds = _LEAD + restarts * (_DOWN[1] + _UP[1] + _RESTARTING)
        given = Given("wildberries", limits, seconds, url=wb.url, secret=token)
        calling = await stack.enter_async_context(running(crowd(given, _PROCESSES)))
        before = wb.stats.requests
        while wb.stats.requests < before + 15:  # noqa: ASYNC110 - the simulator tells nobody
            await asyncio.sleep(_CHECK_EVERY)

        def counted() -> int:
            return wb.stats.rate_limited + ym.stats.rate_limited

        refused: list[int] = []
        for _ in range(restarts):
            known = counted()
            await restarted.stop()
            await asyncio.sleep(rng.uniform(*_DOWN))
            await restarted.start()
            await asyncio.sleep(rng.uniform(*_UP))
            refused.append(counted() - known)
        served = await calling
        ended.set()
        answered = all_answered(shops, writing)
        while not await answered():  # noqa: ASYNC110 - the simulators tell nobody
            await asyncio.sleep(_CHECK_EVERY)
        async with PostgresStore(postgres.url) as store:
            await settled(store)
        return Restarted(
            refused,
            sum(one.failed for one in served),
            sum(one.calls + len(one.replies) for one in served),
            [shop.outcome() for shop in shops],
            machine.starts - 1,
        )
