"""Two machines of one seller, killed, cut off and stopped: is each buyer answered, and only once?

A machine is a process with folders of its own, which reaches PostgreSQL, Redis and the marketplaces
over routes of its own. Both run the assistant: one follows the accounts, the other stands by. They
share the state in PostgreSQL; limits are in Redis (Wildberries) and PostgreSQL (Yandex Market). A
process that ends is started again, as a service manager does.
"""

import asyncio
import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from benchmarks.assistant import Plan
from benchmarks.crash import BUSINESS, Shop, all_answered, write_until
from benchmarks.network import Route, opened
from benchmarks.report import Report, Target
from benchmarks.serving import new_token
from benchmarks.shared import STORES, missing
from benchmarks.sizes import Sizes
from tests.support.postgres import fetch, own_schema, schema_of
from wbym.cli.assistant import OUTCOME
from wbym.cli.assistant_process import AssistantProcess, Served
from wbym.domain import DeliveryState
from wbym.feed import PostgresStore
from wbym.testing import Faults
from wbym_wildberries.simulator import WildberriesSimulator
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key

__all__ = ["Answers", "Machine", "run", "running", "settled", "survive"]

T = TypeVar("T")

_TITLE: Final = "Two machines that share PostgreSQL, killed and cut off while buyers write"
CONFIRMATION_TIMEOUT: Final = 20.0
"""Seconds: longer than any cut or stop, after which a request that was on its way may arrive."""
AFTER_KILL: Final = 5.0
AFTER_CUT: Final = 30.0
"""Max seconds until the other machine answers."""
FAULTS: Final = Faults(latency=0.02)
"""Seconds; a request whose sender is killed meanwhile has its effect."""
_SHORT: Final = (0.5, 3.0)
_LONG: Final = (6.0, 10.0)
"""Min and max seconds of a cut or a stop, within the lease of 4 s and beyond it."""
_CALM: Final = (0.1, 2.0)
"""Min and max seconds between a takeover and what happens next."""
_PAUSE: Final = 0.24
"""Seconds between messages at each shop."""
_TAKEOVER: Final = 60.0
"""Seconds after which the run fails if nobody answers."""
_CHECK_EVERY: Final = 0.05
"""Seconds."""
_SETTLED: Final = 60.0
"""Max seconds after the last answer until no delivery is being sent."""


class Survived(msgspec.Struct, frozen=True):
    """The outcome of a run."""

    outcomes: list[Served]
    kills: int
    """Number of processes that were killed."""
    happened: dict[str, int]
    """How often the follower was killed, cut off and stopped."""
    takeovers: dict[str, list[float]]
    """Seconds until another process answered, by what had happened to the follower."""
    seconds: float
    ended: int
    """Number of processes that ended by themselves."""
    doubted: int
    """Number of replies whose process ended while it sent them."""
    again: int
    """Number of replies that were sent again, since they had not arrived."""
    states: dict[str, int]
    """Number of deliveries by state."""


class Machine:
    """A machine that runs the assistant, and starts it again when it ends.

    Args:
        folder: Its folder, which does not exist yet.
        plan: What it runs if it reaches all servers directly.
        is_routed: Whether it reaches them over routes of its own; those to the marketplaces are
            proxies, since limits are counted per address of a marketplace.
    """

    def __init__(self, folder: Path, plan: Plan, *, is_routed: bool = True) -> None:
        addresses = (
            *(plan.state, plan.wildberries[0], plan.yandex_market[0]),
            *plan.limits.values(),
        )
        self.routes: Final = {address: Route(address) for address in addresses if is_routed}
        """Its ways to the servers, by their addresses."""
        self._plan = plan
        self.starts = 0
        """Number of processes so far."""
        self.kills = 0
        self._folder = folder
        self._process: AssistantProcess | None = None

    @asynccontextmanager
    async def running(self, answers: "Answers") -> AsyncIterator[None]:
        """Run the assistant in the block."""
        async with opened(list(self.routes.values())), running(self._run(answers)):
            yield

    async def _run(self, answers: "Answers") -> None:
        arguments = msgspec.json.encode(self._rerouted()).decode()
        self._folder.mkdir()
        with (self._folder / "errors").open("wb") as errors:
            while True:
                self.starts += 1
                tell = partial(answers.told, self, self.starts)
                async with AssistantProcess(
                    *("benchmarks.assistant", arguments),
                    tell=tell,
                    environment={"HOME": str(self._folder), "TMPDIR": str(self._folder)},
                    errors=errors,
                ) as self._process:
                    await self._process.ended()

    def _rerouted(self) -> Plan:
        """Its plan, with the addresses of its routes."""
        plan = self._plan

        def through(address: str) -> str:
            route = self.routes.get(address)
            return address if route is None else route.url

        return msgspec.structs.replace(
            plan,
            state=through(plan.state),
            limits={name: through(address) for name, address in plan.limits.items()},
            proxies={
                name: self.routes[address].url
                for name, address in (("wb", plan.wildberries[0]), ("ym", plan.yandex_market[0]))
                if address in self.routes
            },
        )

    @property
    def pid(self) -> int:
        """The number of its process; 0 if there is none."""
        return self._process.pid if self._process is not None else 0

    def kill(self) -> None:
        """Kill its process."""
        self.kills += 1
        self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        """Send its process a signal."""
        if self._process is not None:
            self._process.signal(number)


class Answers:
    """Who answers."""

    def __init__(self) -> None:
        self.doubted: set[str] = set()
        """Lines about replies that an earlier process had begun."""
        self._former: tuple[Machine, int] | None = None
        self._came = asyncio.Event()

    def told(self, machine: Machine, start: int, line: str) -> None:
        """A process of a machine has printed a line."""
        if f" {OUTCOME} " in line:
            self.doubted.add(line)
        elif (machine, start) != self._former:
            self._came.set()

    async def takeover(self, former: Machine | None) -> float:
        """Wait until another process than the present one of a machine answers.

        Returns:
            The seconds.

        Raises:
            TimeoutError: Nobody does.
        """
        began = time.monotonic()
        self._former = None if former is None else (former, former.starts)
        self._came.clear()
        async with asyncio.timeout(_TAKEOVER):
            await self._came.wait()
        return time.monotonic() - began


async def run(sizes: Sizes) -> Report:
    """Kill, cut off and stop machines while buyers write."""
    if not_there := await missing():
        return Report(_TITLE, ("what",), [], [], [f"{name} was not there." for name in not_there])
    survived = await survive(
        sizes.machines_messages,
        kills=sizes.machines_kills,
        cuts=sizes.machines_cuts,
        stops=sizes.machines_stops,
        seed=1,
    )
    outcomes, takeovers = survived.outcomes, survived.takeovers
    targets = [
        Target("machines, lost", sum(o.unanswered for o in outcomes), "never above", 0),
        Target("machines, answered twice", sum(o.twice for o in outcomes), "never above", 0),
        Target("machines, never asked for", sum(o.unasked for o in outcomes), "never above", 0),
        Target(
            "machines, takeover after a kill", max(takeovers["killed"]), "at most", AFTER_KILL, "s"
        ),
        Target(
            "machines, takeover after a cut", max(takeovers["cut off"]), "at most", AFTER_CUT, "s"
        ),
    ]
    rows: list[list[str | int | float | None]] = [
        [f"messages, {o.marketplace}", o.messages, o.once, None, None] for o in outcomes
    ]
    rows += [
        [
            f"the follower is {what}",
            survived.happened[what],
            len(found),
            statistics.median(found),
            max(found),
        ]
        for what, found in takeovers.items()
    ]
    return Report(
        _TITLE,
        ("what", "number", "answered or taken over", "median, s", "max, s"),
        rows,
        targets,
        [
            f"{survived.kills} kills with SIGKILL, of the process that follows "
            "the accounts, of the one that stands by, or of both; "
            f"{sizes.machines_cuts} cuts of all routes of the follower, or of that to PostgreSQL "
            f"alone, half of them for {_SHORT[0]:g} to {_SHORT[1]:g} s and half for {_LONG[0]:g} "
            f"to {_LONG[1]:g} s, after which connections continue or are lost; "
            f"{sizes.machines_stops} stops with SIGSTOP for {_LONG[0]:g} to {_LONG[1]:g} s. "
            f"{survived.ended} processes ended by themselves, since the state was away. "
            "A takeover lasts until the next answer of another process.",
            f"Buyers write every {_PAUSE:g} s at each shop, in all {survived.seconds:.0f} s; "
            f"the marketplaces answer after {FAULTS.latency * 1000:g} ms; "
            "both machines count limits in Redis (Wildberries) and PostgreSQL (Yandex Market). "
            "They are lifted, but for Yandex Market's four parallel requests: a killed process "
            "holds its slots for 4 s, and its successor may have to wait for them. "
            f"confirmation_timeout {CONFIRMATION_TIMEOUT:g} s.",
            f"{survived.doubted} replies were being sent when their process ended; "
            f"{survived.again} were sent again, after lookups had shown that they had not arrived. "
            "Deliveries at the end: "
            + ", ".join(f"{count} {state}" for state, count in sorted(survived.states.items())),
        ],
    )


async def survive(
    messages: int,
    *,
    kills: int,
    cuts: int,
    stops: int,
    seed: int,
    chats: int = 200,
    confirmation_timeout: float = CONFIRMATION_TIMEOUT,
) -> Survived:
    """Kill, cut off and stop machines while buyers write.

    Args:
        messages: Min number of messages at each marketplace.
        kills: Number of kills; both machines may be killed at once.
        cuts: Number of cuts; half of them are longer than the lease.
        stops: Number of stops, which are longer than the lease.
        seed: Of what happens, and when.
        chats: At each marketplace.
        confirmation_timeout: Seconds; longer than any cut or stop.

    Raises:
        TimeoutError: Nobody took over.
    """
    rng = random.Random(seed)
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        schema = await stack.enter_async_context(own_schema(STORES["PostgreSQL"]))
        wb = await stack.enter_async_context(
            WildberriesSimulator(limits=False, faults=FAULTS, chats=0, feedbacks=0, questions=0)
        )
        ym = await stack.enter_async_context(
            # Its headers state the budgets, so they are raised and not lifted.
            YandexMarketSimulator(limit_scale=1e6, faults=FAULTS, chats=0, feedbacks=0, questions=0)
        )
        plan = Plan(
            schema,
            confirmation_timeout,
            (wb.url, new_token()),
            (ym.url, make_api_key(business_id=BUSINESS), BUSINESS),
            {"wb": STORES["Redis"], "ym": schema},
        )
        machines = [Machine(folder / name, plan) for name in ("one", "two")]
        shops = [Shop("wildberries", wb), Shop("yandex_market", ym)]
        answers = Answers()
        story = Story(machines, answers, schema, random.Random(seed))

        def done(number: int) -> bool:
            return story.ended and number >= messages

        writing = await stack.enter_async_context(
            running(write_until(done, shops, chats, _PAUSE, rng))
        )
        for machine in machines:
            await stack.enter_async_context(machine.running(answers))
        await story.tell(kills, cuts, stops)
        answered = all_answered(shops, writing)
        while not await answered():  # noqa: ASYNC110 - the simulators tell nobody
            await asyncio.sleep(_CHECK_EVERY)
        async with PostgresStore(schema) as store:
            await settled(store)
            deliveries = await store.deliveries()
        starts = sum(machine.starts for machine in machines)
        return Survived(
            [shop.outcome() for shop in shops],
            story.kills,
            story.happened,
            story.takeovers,
            time.monotonic() - began,
            starts - story.kills - len(machines),
            len(answers.doubted),
            sum(delivery.attempts > 1 for delivery in deliveries),
            Counter(delivery.state.value for delivery in deliveries),
        )


class Story:
    """What happens to the machines.

    Args:
        machines: Two machines.
        answers: Who answers.
        schema: The address of the state.
        rng: Chooses what happens, and when.
    """

    def __init__(
        self, machines: Sequence[Machine], answers: Answers, schema: str, rng: random.Random
    ) -> None:
        self.ended = False
        self.happened: Counter[str] = Counter()
        self.takeovers: dict[str, list[float]] = {"killed": [], "cut off": [], "stopped": []}
        self._machines = machines
        self._answers = answers
        self._schema = schema
        self._rng = rng

    @property
    def kills(self) -> int:
        """Number of processes that were killed."""
        return sum(machine.kills for machine in self._machines)

    async def tell(self, kills: int, cuts: int, stops: int) -> None:
        """Let it all happen, in a random order, one after another."""
        await self._answers.takeover(None)
        acts = ["kill"] * kills + ["short cut"] * (cuts // 2) + ["cut"] * (cuts - cuts // 2)
        acts += ["stop"] * stops
        self._rng.shuffle(acts)
        for act in acts:
            await asyncio.sleep(self._rng.uniform(*_CALM))
            follower = await self._follower()
            match act:
                case "stop":
                    await self._stop(follower)
                case "cut":
                    await self._cut(follower, _LONG)
                case "short cut":
                    await self._cut(follower, _SHORT)
                case _:
                    await self._kill(follower)
        self.ended = True

    async def _follower(self) -> Machine:
        """The machine that follows the accounts, as the state says."""
        rows = await fetch(self._schema, f"SELECT owner FROM {schema_of(self._schema)}.reader")
        owners = [str(owner) for (owner,) in rows]
        for machine in self._machines:
            if any(owner.startswith(f"{machine.pid}-") for owner in owners):
                return machine
        return self._machines[0]

    async def _kill(self, follower: Machine) -> None:
        """Kill the follower, or rarely the standby, or both."""
        standby = next(one for one in self._machines if one is not follower)
        chosen = self._rng.random()
        if chosen < 0.2:
            standby.kill()
            return
        follower.kill()
        if chosen < 0.3:
            standby.kill()
        self.happened["killed"] += 1
        self.takeovers["killed"].append(await self._answers.takeover(follower))

    async def _cut(self, follower: Machine, bounds: tuple[float, float]) -> None:
        """Cut off the follower, for some seconds."""
        end = time.monotonic() + self._rng.uniform(*bounds)
        routes = [follower.routes[self._schema]]
        if self._rng.random() < 0.5:
            routes = list(follower.routes.values())
        for route in routes:
            route.cut()
        self.happened["cut off"] += 1
        if bounds == _LONG:
            self.takeovers["cut off"].append(await self._answers.takeover(follower))
        await asyncio.sleep(end - time.monotonic())
        reset = self._rng.random() < 0.5
        for route in routes:
            route.restore(reset=reset)

    async def _stop(self, follower: Machine) -> None:
        """Stop the follower for longer than its lease."""
        end = time.monotonic() + self._rng.uniform(*_LONG)
        follower.signal(signal.SIGSTOP)
        self.happened["stopped"] += 1
        self.takeovers["stopped"].append(await self._answers.takeover(follower))
        await asyncio.sleep(end - time.monotonic())
        follower.signal(signal.SIGCONT)


@asynccontextmanager
async def running(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """A task that ends with the block."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def settled(store: PostgresStore) -> None:
    """Wait until nothing is being sent: a second answer might come until then."""
    open_ = (DeliveryState.PENDING, DeliveryState.SENDING)
    with suppress(TimeoutError):
        async with asyncio.timeout(_SETTLED):
            while await store.deliveries(open_):  # noqa: ASYNC110 - others move them
                await asyncio.sleep(_CHECK_EVERY)
