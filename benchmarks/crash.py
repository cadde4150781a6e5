"""An assistant that is killed repeatedly: is each buyer answered, and only once?

Both marketplaces are simulated in this process. Before and after the effect of a request, they lose
its connection or a gateway answers it; they send odd headers and bad bytes. The assistant is a
separate process, killed with SIGKILL at random times, also while it starts.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.assistant import Plan, reply_to
from benchmarks.report import Report, Target
from benchmarks.sizes import Sizes
from wbym.cli.assistant_process import AssistantProcess, Served, judge
from wbym.feed import SqliteStore
from wbym.testing import Faults, Stats
from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key

__all__ = ["Shop", "all_answered", "run", "survive", "write_until"]

BUSINESS: Final = 1001
FAULTS: Final = Faults(
    drop_before=0.02,
    drop_after=0.02,
    gateway_before=0.01,
    gateway_after=0.01,
    odd_headers=0.02,
    bad_bytes=0.01,
)
"""Of each marketplace, with a seed of its own."""
CONFIRMATION_TIMEOUT: Final = 2.0
"""Seconds; the simulators show a message at once."""
_LIVES: Final = (0.2, 4.0)
"""Min and max seconds from the assistant's start to its kill."""
_PATIENCE: Final = 120.0
"""Seconds without a new answer after which the run ends."""


class Shop:
    """A simulated seller and the messages that buyers wrote to it.

    Args:
        name: The marketplace.
        simulator: Its simulator.
    """

    def __init__(self, name: str, simulator: WildberriesSimulator | YandexMarketSimulator) -> None:
        self.name = name
        self._simulator = simulator
        self._chats: dict[int, str] = {}
        self._written: list[tuple[str, str]] = []

    def write(self, chat: int) -> None:
        """A buyer writes in the chat of that number."""
        text = f"{self.name} {len(self._written)}"
        self._chats[chat] = self._simulator.buyers.write(text, chat=self._chats.get(chat))
        self._written.append((self._chats[chat], text))

    @property
    def messages(self) -> int:
        """Number of messages that buyers wrote."""
        return len(self._written)

    @property
    def answers(self) -> int:
        """Number of messages that the seller sent."""
        return len(self._simulator.sent())

    def outcome(self) -> Served:
        """The replies that the buyers got."""
        return judge(self.name, self._written, self._simulator.sent(), reply_to)


class Survived(msgspec.Struct, frozen=True):
    """The outcome of a run."""

    outcomes: list[Served]
    kills: int
    seconds: float
    faults: dict[str, int]
    """Number of faults by kind."""
    states: dict[str, int]
    """Number of deliveries by state."""


async def run(sizes: Sizes) -> Report:
    """Kill the assistant while buyers write."""
    survived = await survive(sizes.crash_messages, sizes.crash_kills, seed=1)
    outcomes = survived.outcomes
    return Report(
        "Crashes: an assistant that is killed while buyers write",
        ("marketplace", "messages", "unanswered", "answered twice", "never asked for"),
        [[o.marketplace, o.messages, o.unanswered, o.twice, o.unasked] for o in outcomes],
        [
            Target("crashes, unanswered", sum(o.unanswered for o in outcomes), "at most", 0),
            Target("crashes, answered twice", sum(o.twice for o in outcomes), "at most", 0),
            Target("crashes, never asked for", sum(o.unasked for o in outcomes), "at most", 0),
        ],
        [
            f"{survived.kills} kills with SIGKILL, {_LIVES[0]:g} to {_LIVES[1]:g} s after each "
            f"process was started; {survived.seconds:.0f} s, limits lifted, confirmation_timeout "
            f"{CONFIRMATION_TIMEOUT:g} s.",
            "Faults: "
            + ", ".join(
                f"{count} {kind} ({getattr(FAULTS, kind):.0%})"
                for kind, count in sorted(survived.faults.items())
            ),
            "Deliveries at the end: "
            + ", ".join(f"{count} {state}" for state, count in sorted(survived.states.items())),
        ],
    )


async def survive(
    messages: int,
    kills: int,
    *,
    seed: int,
    chats: int = 400,
    requests: tuple[int, int] | None = None,
) -> Survived:
    """Kill an assistant repeatedly while buyers write.

    Args:
        messages: At each marketplace.
        kills: Number of kills; then the assistant runs to the end.
        seed: Of the times and the faults.
        chats: At each marketplace.
        requests: Min and max number of requests after which the assistant is killed, instead of
            after some seconds.
    """
    rng = random.Random(seed)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        faults = [replace(FAULTS, seed=seed + n) for n in range(2)]
        wb = await stack.enter_async_context(
            WildberriesSimulator(limits=False, faults=faults[0], chats=0, feedbacks=0, questions=0)
        )
        ym = await stack.enter_async_context(
            # Its headers state the budgets, so they are raised and not lifted.
            YandexMarketSimulator(
                limit_scale=1e6, faults=faults[1], chats=0, feedbacks=0, questions=0
            )
        )
        state = Path(folder) / "state.db"
        plan = Plan(
            str(state),
            CONFIRMATION_TIMEOUT,
            (wb.url, make_token()),
            (ym.url, make_api_key(business_id=BUSINESS), BUSINESS),
        )
        shops = [Shop("wildberries", wb), Shop("yandex_market", ym)]
        pause = 0.0 if requests else kills * sum(_LIVES) / 2 / messages
        writing = asyncio.create_task(
            write_until(lambda number: number >= messages, shops, chats, pause, rng)
        )
        try:
            for _ in range(kills):
                async with _assistant(plan) as assistant:
                    if requests is None:
                        await asyncio.sleep(rng.uniform(*_LIVES))
                    else:
                        await assistant.until(_made((wb.stats, ym.stats), rng.randint(*requests)))
            async with _assistant(plan) as assistant:
                await assistant.until(all_answered(shops, writing), within=inf)
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
        return Survived(
            [shop.outcome() for shop in shops],
            kills,
            time.monotonic() - began,
            wb.stats.faults + ym.stats.faults,
            await _states(state),
        )


async def write_until(
    done: Callable[[int], bool],
    shops: Sequence[Shop],
    chats: int,
    pause: float,
    rng: random.Random,
) -> None:
    """Have a buyer write at each shop, again and again.

    Args:
        done: Whether so many messages at each shop are enough.
        shops: The shops.
        chats: Max number of chats at each shop.
        pause: Seconds between messages.
        rng: Chooses the chats.
    """
    due = asyncio.get_running_loop().time()
    number = 0
    while not done(number):
        for shop in shops:
            # Each chat is begun, then buyers write in random chats.
            shop.write(number if number < chats else rng.randrange(chats))
        number += 1
        due += pause
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


def _assistant(plan: Plan) -> AssistantProcess:
    arguments = msgspec.json.encode(plan).decode()
    return AssistantProcess("benchmarks.assistant", arguments, tell=lambda _: None)


def _made(stats: Sequence[Stats], requests: int) -> Callable[[], Awaitable[bool]]:
    """Whether the simulators received that many more requests."""
    before = sum(one.requests for one in stats)

    async def done() -> bool:
        return sum(one.requests for one in stats) >= before + requests

    return done


def all_answered(
    shops: Sequence[Shop], writing: asyncio.Task[None]
) -> Callable[[], Awaitable[bool]]:
    """Whether all is written and answered, or no new answer arrived for long."""
    left, last = -1, time.monotonic()

    async def done() -> bool:
        nonlocal left, last
        now = sum(max(0, shop.messages - shop.answers) for shop in shops)
        if now != left:
            left, last = now, time.monotonic()
        if writing.done():
            writing.result()
        return (not left and writing.done()) or time.monotonic() - last > _PATIENCE

    return done


async def _states(path: Path) -> dict[str, int]:
    async with SqliteStore(path) as store:
        return Counter(delivery.state.value for delivery in await store.deliveries())
