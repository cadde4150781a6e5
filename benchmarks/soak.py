"""A service that runs for long while everything around it fails: is each buyer answered once?

Both marketplaces are simulated in separate processes, over HTTP. They lose connections before and
after the effect of a request, answer 5xx, let gateways answer, and damage records. The state file
is locked for a while, and its disk is full for a while. What buyers wrote is compared with what the
simulators received, and the memory, descriptors and tasks of the service are sampled.
"""

import asyncio
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.assistant import Plan, reply_to
from benchmarks.plots import Line, Lines
from benchmarks.report import Report, Target
from benchmarks.sizes import Sizes
from benchmarks.soak_service import UNFINISHED, Sample, SoakPlan
from wbym.cli.assistant_process import judge
from wbym.domain import Action, Delivery, DeliveryState
from wbym.errors import InvalidInput, StateError
from wbym.feed import SqliteStore, resolve
from wbym.testing import ReceivedMessage, SimulatorProcess
from wbym_wildberries.simulator import make_token
from wbym_yandex_market.simulator import make_api_key

__all__ = ["Outcome", "Soaked", "run", "soak"]

BUSINESS: Final = 1001
FAULTS: Final = {
    "drop_before": 0.02,
    "drop_after": 0.02,
    "error_rate": 0.01,
    "error_after": 0.01,
    "gateway_before": 0.01,
    "gateway_after": 0.01,
    "broken_json": 0.005,
    "odd_headers": 0.02,
    "bad_record": 0.01,
    "bad_bytes": 0.01,
}
"""Of each marketplace, with a seed of its own."""
CONFIRMATION_TIMEOUT: Final = 5.0
"""Seconds; the simulators show a message at once."""
RATE: Final = 4.0
"""Acts of buyers per second, at both marketplaces together."""
_ACTS: Final = {"write": 60, "begin": 10, "ask": 12, "feedback": 12, "return": 6}
"""What buyers do, with weights."""
_POINTS: Final = 40
"""Max number of points of a line in the plot."""
_SAMPLES: Final = 120
"""Max number of samples while buyers write."""
_PATIENCE: Final = 300.0
"""Max seconds after the last act until all is answered and each delivery is settled. A lost message
is sent again after its last lookup, which reads minutes of WB's events at their limit."""
_CHECK_EVERY: Final = 0.5
"""Seconds."""
_POLL_EVERY: Final = 10.0
"""Seconds between hints to poll the lists."""

MAX_GROWTH_MB: Final = 6.0
"""Of memory, over the second half."""
MAX_PEAK_MB: Final = 150.0
MAX_DESCRIPTORS: Final = 8
"""Growth over the second half: some connections are open at any time."""
MAX_TASKS: Final = 50
"""Growth over the second half: each delivery that is looked up has one."""

_NOUNS: Final = {
    "wildberries": {
        "answer": "feedback",
        "edit": "feedback",
        "question_answer": "question",
        "question_edit": "question",
        "decision": "return",
    },
    "yandex_market": {"comment": "feedback", "answer": "question", "decision": "return"},
}
"""The noun that an effect belongs to, by its kind in the simulators."""


class Outcome(msgspec.Struct, frozen=True):
    """Replies to what buyers of a marketplace wrote, as its simulator counts them."""

    marketplace: str
    noun: str
    arrived: int
    once: int
    """Number of those with one reply."""
    lost: int
    """Number of those without a reply."""
    twice: int
    """Replies beyond the first."""
    unasked: int
    """Replies to nothing."""


class Soaked(msgspec.Struct, frozen=True):
    """The outcome of a run."""

    outcomes: list[Outcome]
    samples: list[Sample]
    """The first is from before the inbox was opened, the last from after it was closed."""
    seconds: float
    """For which buyers wrote."""
    waited: float
    """Seconds after that until all was answered and settled, or the run gave up."""
    faults: dict[str, int]
    """Number of faults by kind."""
    states: dict[str, int]
    """Number of deliveries by state."""
    resolved: int
    """Unknown deliveries that a person looked up."""
    state_mb: float


class Shop:
    """A simulated seller, and what buyers wrote to it.

    Args:
        name: The marketplace.
        simulator: Its simulator.
    """

    def __init__(self, name: str, simulator: SimulatorProcess) -> None:
        self.name = name
        self._simulator = simulator
        self._chats: list[str] = []
        self._written: list[tuple[str, str]] = []
        self._records: set[tuple[str, str]] = set()

    @property
    def arrived(self) -> int:
        """Number of messages and records that need a reply."""
        return len(self._written) + len(self._records)

    async def act(self, act: str, rng: random.Random) -> None:
        """A buyer does something; see ``_ACTS``."""
        buyers = self._simulator.buyers
        text = f"{self.name} {self.arrived}"
        match act:
            case "ask":
                self._records.add(("question", await buyers.ask(text)))
            case "feedback":
                rating = rng.randint(1, 5)
                self._records.add(("feedback", await buyers.give_feedback(text, rating=rating)))
            case "return":
                self._records.add(("return", await buyers.open_return()))
            case _:
                known = rng.choice(self._chats) if act == "write" else None
                chat = await buyers.write(text, chat=known)
                if known is None:
                    self._chats.append(chat)
                self._written.append((chat, text))

    async def replies(self) -> int:
        """Number of replies that had an effect."""
        stats = await self._simulator.stats()
        effects = msgspec.convert(stats["effects"], dict[str, int])
        return sum(effects.get(kind, 0) for kind in ("message", *_NOUNS[self.name]))

    async def faults(self) -> Counter[str]:
        """Number of faults by kind."""
        stats = await self._simulator.stats()
        return Counter(msgspec.convert(stats["faults"], dict[str, int]))

    async def has(self, delivery: Delivery) -> bool:
        """Whether the buyer has a reply, as a person sees it in the cabinet."""
        target = delivery.target
        if delivery.action is Action.SEND:
            wanted = ReceivedMessage(target.id, delivery.text)
            return wanted in await self._simulator.sent()
        return (target.noun.value, target.id) in await self._answered()

    async def outcomes(self) -> list[Outcome]:
        """The replies that buyers got."""
        served = judge(self.name, self._written, await self._simulator.sent(), reply_to)
        got = await self._answered()
        outcomes = [
            Outcome(
                self.name,
                "message",
                served.messages,
                served.once,
                served.unanswered,
                served.twice,
                served.unasked,
            )
        ]
        for noun in ("question", "feedback", "return"):
            wanted = [record for record in self._records if record[0] == noun]
            counts = [got[record] for record in wanted]
            unasked = sum(times for record, times in got.items() if record[0] == noun) - sum(counts)
            outcomes.append(
                Outcome(
                    self.name,
                    noun,
                    len(wanted),
                    counts.count(1),
                    counts.count(0),
                    sum(max(0, count - 1) for count in counts),
                    unasked,
                )
            )
        return outcomes

    async def _answered(self) -> Counter[tuple[str, str]]:
        """Number of effects by noun and id."""
        nouns = _NOUNS[self.name]
        written = await self._simulator.written()
        return Counter((nouns[one.kind], one.id) for one in written if one.kind in nouns)


async def run(sizes: Sizes) -> Report:
    """Run a service for long while buyers write and everything fails."""
    soaked = await soak(
        sizes.soak_seconds,
        sizes.soak_chats,
        locked=sizes.soak_locked,
        full=sizes.soak_full,
        seed=1,
    )
    before, *open_, closed = soaked.samples
    outcomes = soaked.outcomes
    busy = [one for one in open_ if one.seconds <= soaked.seconds]
    memory, descriptors, tasks = (
        growth(busy, field) for field in (_resident, _descriptors, _tasks)
    )
    peak = max(map(_resident, open_))
    handled = open_[-1].handled
    unsettled = sum(soaked.states.get(state.value, 0) for state in UNFINISHED)
    states = ", ".join(f"{count:,} {state}" for state, count in sorted(soaked.states.items()))
    faults = ", ".join(f"{count:,} {kind}" for kind, count in sorted(soaked.faults.items()))
    return Report(
        "Soak: a service that answers everything while everything around it fails",
        ("marketplace", "what", "arrived", "answered once", "lost", "answered twice", "not asked"),
        [[o.marketplace, o.noun, o.arrived, o.once, o.lost, o.twice, o.unasked] for o in outcomes],
        [
            Target("soak, lost", sum(o.lost for o in outcomes), "never above", 0),
            Target("soak, answered twice", sum(o.twice for o in outcomes), "never above", 0),
            Target("soak, never asked for", sum(o.unasked for o in outcomes), "never above", 0),
            Target("soak, deliveries not settled", unsettled, "never above", 0),
            Target("soak, memory, growth", memory, "never above", MAX_GROWTH_MB, "MB"),
            Target("soak, memory, highest", peak, "never above", MAX_PEAK_MB, "MB"),
            Target("soak, descriptors, growth", descriptors, "never above", MAX_DESCRIPTORS),
            Target("soak, tasks, growth", tasks, "never above", MAX_TASKS),
            Target(
                "soak, descriptors left when closed",
                closed.descriptors - before.descriptors,
                "never above",
                0,
            ),
            Target("soak, tasks left when closed", closed.tasks - before.tasks, "never above", 0),
        ],
        [
            f"Buyers write for {soaked.seconds:.0f} s, {RATE:g} acts per second, after "
            f"{2 * sizes.soak_chats:,} chats that are begun before the service starts. It follows "
            "one account of each marketplace; limits are lifted but for Wildberries' 10 requests "
            "of events in 10 s. Each simulator is a separate process. The state file is locked for "
            f"{sizes.soak_locked:g} s by another process, and each write to its disk fails for "
            f"{sizes.soak_full:g} s.",
            f"Faults: {faults}.",
            f"All is answered and settled {soaked.waited:.0f} s after the last act, of at most "
            f"{_PATIENCE:.0f} s; a delivery that is not settled by then is a failure.",
            f"{handled:,} events, {open_[-1].undecodable} of them undecodable, whose chats the "
            f"service reads again; deliveries at the end: {states}, {soaked.resolved} of them "
            "resolved by a person. Lost, twice and not asked for are counted by the simulators.",
            f"Memory at most {peak:.1f} MB, descriptors at most "
            f"{max(map(_descriptors, open_)):.0f}, tasks at most {max(map(_tasks, open_)):.0f}, in "
            f"{len(open_)} samples; growth is the slope of the second half of those taken while "
            f"buyers write, times its length. The state file has {soaked.state_mb:.1f} MB at the "
            "end: it keeps replies for 90 days.",
        ],
        [_plot(open_)],
    )


def growth(samples: Sequence[Sample], field: Callable[[Sample], float]) -> float:
    """The growth of a field over the second half of the samples, by linear regression."""
    half = samples[len(samples) // 2 :]
    seconds = [one.seconds for one in half]
    slope = statistics.linear_regression(seconds, [field(one) for one in half]).slope
    return slope * (seconds[-1] - seconds[0])


def _resident(sample: Sample) -> float:
    return sample.resident_mb


def _descriptors(sample: Sample) -> float:
    return sample.descriptors


def _tasks(sample: Sample) -> float:
    return sample.tasks


def _plot(samples: Sequence[Sample]) -> Lines:
    shown = samples[:: 1 + len(samples) // _POINTS]
    fields = {"memory, MB": _resident, "descriptors": _descriptors, "tasks": _tasks}
    return Lines(
        "soak",
        "Memory, descriptors and tasks of a service over time",
        "seconds",
        "MB, number",
        [
            Line(name, [(round(one.seconds), round(field(one))) for one in shown], "ours")
            for name, field in fields.items()
        ],
    )


async def soak(
    seconds: float,
    chats: int,
    *,
    locked: float,
    full: float,
    seed: int,
    rate: float = RATE,
    confirmation_timeout: float = CONFIRMATION_TIMEOUT,
) -> Soaked:
    """Run a service while buyers write.

    Args:
        seconds: For which buyers write.
        chats: At each marketplace, at the start.
        locked: Seconds for which the state file is locked, from a third of the time on.
        full: Seconds for which its disk is full, from two thirds of the time on.
        seed: Of the acts and the faults.
        rate: Acts per second.
        confirmation_timeout: See ``Inbox``.
    """
    rng = random.Random(seed)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        empty = ("--chats", "0", "--feedbacks", "0", "--questions", "0", "--returns", "0")
        wb, ym = [
            await stack.enter_async_context(
                SimulatorProcess(f"{module}.simulator", *empty, *limits, "--faults", faults)
            )
            # Market's headers state its budgets, so they are raised and not lifted.
            for module, limits, faults in (
                ("wbym_wildberries", ["--no-limits"], _faults(seed)),
                ("wbym_yandex_market", ["--limit-scale", "1e6"], _faults(seed + 1)),
            )
        ]
        shops = [Shop("wildberries", wb), Shop("yandex_market", ym)]
        state = Path(folder) / "state.db"
        plan = SoakPlan(
            Plan(
                str(state),
                confirmation_timeout,
                (wb.url, make_token()),
                (ym.url, make_api_key(business_id=BUSINESS), BUSINESS),
            ),
            datetime.now(UTC),
            every=max(0.5, seconds / _SAMPLES),
            poll_every=min(_POLL_EVERY, seconds / 5),
        )
        for shop in shops:
            for _ in range(chats):
                await shop.act("begin", rng)
        samples: list[Sample] = []
        async with _service(plan, samples) as pid:
            person = asyncio.create_task(_person(state, shops))
            faults = asyncio.create_task(_fail(state, pid, seconds, locked, full))
            await _write(shops, seconds, rate, rng)
            await faults
            waited = await _settled(shops, samples, 2 * confirmation_timeout)
            person.cancel()
            with suppress(asyncio.CancelledError):
                await person
        outcomes = [one for shop in shops for one in await shop.outcomes()]
        found = [await shop.faults() for shop in shops]
        async with SqliteStore(state) as store:
            deliveries = await store.deliveries()
        return Soaked(
            outcomes,
            samples,
            seconds,
            waited,
            found[0] + found[1],
            Counter(delivery.state.value for delivery in deliveries),
            sum(delivery.note == "resolved by a person" for delivery in deliveries),
            sum(path.stat().st_size for path in state.parent.glob("state.db*")) / 1e6,
        )


def _faults(seed: int) -> str:
    return msgspec.json.encode({**FAULTS, "seed": seed}).decode()


@asynccontextmanager
async def _service(plan: SoakPlan, samples: list[Sample]) -> AsyncIterator[int]:
    """Run the service, and collect its samples; its process id.

    Raises:
        RuntimeError: It failed; stderr has the reason.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.soak_service", msgspec.json.encode(plan).decode()),
        stdin=pipe,
        stdout=pipe,
    )

    async def collect() -> None:
        if process.stdout is not None:
            while line := await process.stdout.readline():
                samples.append(msgspec.json.decode(line, type=Sample))

    collecting = asyncio.create_task(collect())
    try:
        yield process.pid
        if process.stdin is not None:
            process.stdin.close()
        async with asyncio.timeout(60):
            await process.wait()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await collecting
    if process.returncode:
        raise RuntimeError(f"the service ended with {process.returncode}")


async def _write(shops: Sequence[Shop], seconds: float, rate: float, rng: random.Random) -> None:
    """Have buyers act, evenly over the time."""
    due = asyncio.get_running_loop().time()
    acts, weights = list(_ACTS), list(_ACTS.values())
    for _ in range(int(seconds * rate)):
        (act,) = rng.choices(acts, weights)
        await rng.choice(shops).act(act, rng)
        due += 1 / rate
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))


async def _fail(state: Path, pid: int, seconds: float, locked: float, full: float) -> None:
    """Lock the state file for a while, then have its disk full for a while."""
    began = time.monotonic()
    await asyncio.sleep(seconds / 3)
    await asyncio.to_thread(_lock, state, locked)
    await asyncio.sleep(max(0.0, began + seconds * 2 / 3 - time.monotonic()))
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        await asyncio.sleep(full)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def _lock(state: Path, seconds: float) -> None:
    """Lock a file as another process that writes to it."""
    db = sqlite3.connect(state, isolation_level=None)
    try:
        db.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        db.execute("ROLLBACK")
    finally:
        db.close()


async def _person(state: Path, shops: Sequence[Shop]) -> None:
    """Look up unknown deliveries in the cabinets, as with ``wbym outbox resolve``."""
    by_name = {shop.name: shop for shop in shops}
    while True:
        await asyncio.sleep(1)
        with suppress(StateError):
            async with SqliteStore(state) as store:
                for unknown in await store.deliveries([DeliveryState.UNKNOWN]):
                    has = await by_name[unknown.target.marketplace].has(unknown)
                    outcome = DeliveryState.CONFIRMED if has else DeliveryState.PENDING
                    with suppress(InvalidInput):  # the feed has seen it meanwhile
                        await resolve(store, unknown.idempotency_key or "", outcome)


async def _settled(shops: Sequence[Shop], samples: Sequence[Sample], quiet: float) -> float:
    """Wait until all is answered and settled, at most ``_PATIENCE`` seconds; the seconds it took.

    Args:
        shops: The simulated sellers.
        samples: The service's samples so far.
        quiet: Seconds without a change after that, so that late duplicates are counted.
    """
    began = since = time.monotonic()
    last = -1
    arrived = sum(shop.arrived for shop in shops)
    while True:
        replies = sum([await shop.replies() for shop in shops])
        if replies != last or replies < arrived or samples[-1].unfinished:
            last, since = replies, time.monotonic()
        if time.monotonic() - since > quiet:
            return since - began
        if time.monotonic() - began > _PATIENCE:
            return _PATIENCE
        await asyncio.sleep(_CHECK_EVERY)
