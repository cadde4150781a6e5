"""An assistant that is killed again and again: is each buyer answered, and only once?

Both marketplaces are simulated in this process; they lose connections before and after the effect.
The assistant is a process of its own, killed with SIGKILL at random moments.
"""

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.assistant import Plan, reply_to
from benchmarks.report import Report, Target
from benchmarks.sizes import Sizes
from wbym.feed import SqliteStore
from wbym.testing._faults import Faults
from wbym.testing._server import Stats
from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key

__all__ = ["Outcome", "Shop", "run", "survive"]

BUSINESS: Final = 1001
LOST: Final = 0.02
"""Share of requests whose connection is lost before they have their effect, and after it."""
CONFIRMATION_TIMEOUT: Final = 2.0
"""Seconds; the simulators show a message at once."""
_LIVES: Final = (0.2, 4.0)
"""Seconds after which the assistant is killed, at least and at most."""
_PATIENCE: Final = 120.0
"""Seconds without a new answer after which it is given up."""


class Shop:
    """A simulated seller to whom buyers write, and what they got for it.

    Args:
        name: The marketplace.
        write: Has a buyer write a text in the chat of that number.
        sent: The texts that the seller sent.
    """

    def __init__(
        self, name: str, write: Callable[[str, int], object], sent: Callable[[], Sequence[str]]
    ) -> None:
        self.name = name
        self._write = write
        self._sent = sent
        self._written: list[str] = []

    def write(self, chat: int) -> None:
        """A buyer writes."""
        text = f"{self.name} {len(self._written)}"
        self._written.append(text)
        self._write(text, chat)

    @property
    def answers(self) -> int:
        """How many messages the seller sent."""
        return len(self._sent())

    def outcome(self) -> "Outcome":
        """Who was answered."""
        got = Counter(self._sent())
        wanted = {reply_to(text) for text in self._written}
        return Outcome(
            self.name,
            len(wanted),
            unanswered=len(wanted - got.keys()),
            twice=sum(times > 1 for times in got.values()),
            strange=len(got.keys() - wanted),
        )


class Outcome(msgspec.Struct, frozen=True):
    """What the buyers of a marketplace got."""

    marketplace: str
    messages: int
    unanswered: int
    twice: int
    strange: int
    """Messages that answer nothing that was written."""


class Survived(msgspec.Struct, frozen=True):
    """What a run of lives came to."""

    outcomes: list[Outcome]
    kills: int
    seconds: float
    dropped: int
    """Connections that the marketplaces lost."""
    states: dict[str, int]
    """Of the outbox's deliveries, how many are in which state."""


async def run(sizes: Sizes) -> Report:
    """Kill the assistant while buyers write."""
    survived = await survive(sizes.crash_messages, sizes.crash_kills, seed=1)
    outcomes = survived.outcomes
    return Report(
        "Crashes: an assistant that is killed while buyers write",
        ("marketplace", "messages", "unanswered", "answered twice", "never asked for"),
        [[o.marketplace, o.messages, o.unanswered, o.twice, o.strange] for o in outcomes],
        [
            Target("crashes, unanswered", sum(o.unanswered for o in outcomes), "at most", 0),
            Target("crashes, answered twice", sum(o.twice for o in outcomes), "at most", 0),
            Target("crashes, never asked for", sum(o.strange for o in outcomes), "at most", 0),
        ],
        [
            f"{survived.kills} kills with SIGKILL, {_LIVES[0]:g} to {_LIVES[1]:g} s after each "
            f"start; {LOST:.0%} of connections lost before the effect and {LOST:.0%} after it "
            f"({survived.dropped} in all); {survived.seconds:.0f} s, limits lifted, "
            f"confirmation_timeout {CONFIRMATION_TIMEOUT:g} s.",
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
    """Have so many messages written at each marketplace, over the lives that the kills leave.

    Args:
        messages: At each marketplace.
        kills: How often the assistant is killed; then it runs to the end.
        seed: Of the moments and the faults.
        chats: At each marketplace.
        requests: The assistant is killed when it has made so many, at least and at most, instead of
            after some seconds.
    """
    rng = random.Random(seed)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        faults = [Faults(seed=seed + n, drop_before=LOST, drop_after=LOST) for n in range(2)]
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
        shops = [_wildberries(wb), _yandex_market(ym)]
        # And about a second to start.
        pause = 0.0 if requests else kills * (sum(_LIVES) / 2 + 1.0) / messages
        writing = asyncio.create_task(_write(shops, messages, chats, pause, rng))
        try:
            for _ in range(kills):
                if requests is None:
                    moment = asyncio.sleep(rng.uniform(*_LIVES))
                else:
                    moment = _made((wb.stats, ym.stats), rng.randint(*requests))
                await _live(plan, moment)
            await _live(plan, _all_answered(shops, writing, messages))
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
        return Survived(
            [shop.outcome() for shop in shops],
            kills,
            time.monotonic() - began,
            sum(
                one.stats.faults[kind] for one in (wb, ym) for kind in ("drop_before", "drop_after")
            ),
            await _states(state),
        )


def _wildberries(simulator: WildberriesSimulator) -> Shop:
    chats = simulator.state.chats
    ids: dict[int, str] = {}

    def write(text: str, chat: int) -> None:
        chats.arrive(text, chat_id=ids.get(chat))
        if chat not in ids:
            ids[chat] = next(reversed(chats.chats))

    return Shop("wildberries", write, lambda: [sent.text or "" for sent in chats.sent])


def _yandex_market(simulator: YandexMarketSimulator) -> Shop:
    chats = simulator.state.chats
    ids: dict[int, int] = {}

    def write(text: str, chat: int) -> None:
        chats.arrive(text, chat_id=ids.get(chat))
        if chat not in ids:
            ids[chat] = max(one.id for one in chats.rows)

    return Shop("yandex_market", write, lambda: [sent.text or "" for sent in chats.sent])


async def _write(
    shops: Sequence[Shop], messages: int, chats: int, pause: float, rng: random.Random
) -> None:
    """Have a buyer write at each shop every so many seconds."""
    due = asyncio.get_running_loop().time()
    for number in range(messages):
        for shop in shops:
            # Each chat is begun, then buyers write here and there.
            shop.write(number if number < chats else rng.randrange(chats))
        due += pause
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


async def _live(plan: Plan, end: Coroutine[None, None, None]) -> None:
    """One life of the assistant: it is killed at its end."""
    errors = Path(plan.state).with_name("assistant.log")
    arguments = ("-m", "benchmarks.assistant", msgspec.json.encode(plan).decode())
    with errors.open("ab") as log:
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=log)
    ending = asyncio.ensure_future(end)
    dying = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait({ending, dying}, return_when=asyncio.FIRST_COMPLETED)
        if dying.done():
            tail = errors.read_text(encoding="utf-8")[-2000:]
            raise RuntimeError(f"the assistant ended by itself: {tail}")
    finally:
        ending.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.gather(ending, dying, return_exceptions=True)


async def _made(stats: Sequence[Stats], requests: int) -> None:
    """Wait until so many more requests were made."""
    before = sum(one.requests for one in stats)
    while sum(one.requests for one in stats) < before + requests:  # noqa: ASYNC110 - counts
        await asyncio.sleep(0.002)


async def _all_answered(shops: Sequence[Shop], writing: asyncio.Task[None], messages: int) -> None:
    """Wait until all is written and answered, or nothing is answered any more."""
    left, last = messages * len(shops), time.monotonic()
    while left or not writing.done():
        await asyncio.sleep(0.05)
        now = sum(max(0, messages - shop.answers) for shop in shops)
        if now != left:
            left, last = now, time.monotonic()
        elif time.monotonic() - last > _PATIENCE:
            return
    writing.result()


async def _states(path: Path) -> dict[str, int]:
    async with SqliteStore(path) as store:
        return Counter(delivery.state.value for delivery in await store.deliveries())
