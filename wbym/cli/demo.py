"""``wbym demo``: read and answer simulated shops within the real limits, and measure it.

Every simulator of the entry-point group ``wbym.simulators`` runs in its own process. It must accept
``--demo``, ``--feedbacks``, ``--questions``, ``--chats`` and ``--returns``, and print one JSON line
with ``url``, ``token``, ``expected`` (the number of readable records by noun) and ``effects`` (by
noun, the effect in its stats that counts the writes).
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import anyio
import anyio.to_thread
import msgspec

from wbym.account import Account, Capability, has, load_adapter
from wbym.cli.progress import Watch
from wbym.cli.tally import (
    Result,
    SimulatorStats,
    Tally,
    min_seconds,
    problems,
    requests_by_noun,
)
from wbym.domain import Chat, Decision, Feedback, Question, Return
from wbym.errors import WbymError
from wbym.testing import SimulatorProcess

__all__ = ["DemoError", "Outcome", "Ready", "Sizes", "run_demo", "start_simulators"]

FEEDBACKS_ANSWERED = 5
QUESTIONS_ANSWERED = 3
CHATS_ANSWERED = 2
CONVERSATION = timedelta(days=1)
"""The period that is read before the last message of an answered chat."""

_THANKS = "Спасибо за отзыв! Мы рады, что вы выбрали наш магазин."
_REPLY = "Здравствуйте! Да, товар есть в наличии, отправим в день заказа."
_MESSAGE = "Здравствуйте! Уже разбираемся, ответим сегодня."
_COMMENT = "Рассмотрели заявку, решение принято по правилам магазина."


_Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class DemoError(WbymError):
    """The demo could not be run."""


class Sizes(msgspec.Struct, frozen=True):
    """The sizes of the simulated shops; None for a simulator's default."""

    feedbacks: int | None = None
    questions: int | None = None
    chats: int | None = None
    returns: int | None = None

    def arguments(self) -> list[str]:
        """The arguments for a simulator."""
        given = {n: size for n, size in msgspec.structs.asdict(self).items() if size is not None}
        return ["--demo", *(word for n, size in given.items() for word in (f"--{n}", str(size)))]


class Outcome(msgspec.Struct, frozen=True):
    """The result of the demo."""

    results: Sequence[Result]
    seconds: float
    bound: float
    """The minimum seconds that the limits allow; sellers' limits are independent."""
    problems: Sequence[str]

    @property
    def records(self) -> int:
        """Records read."""
        return sum(tally.read for result in self.results for tally in result.tallies)

    @property
    def written(self) -> int:
        """Answers, messages and decisions."""
        return sum(tally.written for result in self.results for tally in result.tallies)

    @property
    def requests(self) -> int:
        """Requests, by the simulators' count."""
        return sum(result.stats.requests for result in self.results)

    @property
    def refused(self) -> int:
        """Rate-limited requests, by the simulators' count."""
        return sum(result.stats.rate_limited for result in self.results)

    @property
    def ratio(self) -> float | None:
        """The time divided by the minimum; None if every call fits into the bursts."""
        return self.seconds / self.bound if self.bound else None


class Ready(msgspec.Struct, frozen=True):
    """The needed fields of a simulator's line of JSON."""

    url: str
    token: str
    expected: dict[str, int] = {}
    """The number of readable records, by noun."""
    effects: dict[str, str] = {}
    """The name of the simulator's effect that counts writes, by noun."""


async def run_demo(
    simulators: Mapping[str, str],
    sizes: Sizes,
    watch: Watch,
) -> Outcome:
    """Read and answer a simulated shop of every marketplace, all at once.

    Args:
        simulators: The modules to run, by the name of their adapter.
        sizes: The sizes of the shops.
        watch: Shows the progress.

    Raises:
        DemoError: No simulator is installed, or one does not start.
        ConfigError: A simulator's marketplace has no adapter.
        ExceptionGroup: Reading or answering failed.
    """
    shops: list[_Shop] = []
    async with AsyncExitStack() as stack:
        watch.doing("starting simulated shops on this machine")
        started = await start_simulators(stack, simulators, *sizes.arguments())
        for marketplace, (adapter, process, ready) in started.items():
            account = adapter.from_secrets(
                {"secret": [ready.token]},
                name=marketplace,
                options=adapter.Options(base_url=ready.url, max_wait=None),
            )
            await stack.enter_async_context(account)
            shops.append(_Shop(account, process, ready, watch))
            watch.say(f"{marketplace}: simulated shop at {ready.url}")
        if not shops:
            raise DemoError("no simulator is installed (entry points 'wbym.simulators')")
        began = time.monotonic()
        watch.doing("reading and answering, as fast as the limits allow")
        async with anyio.create_task_group() as group:
            for shop in shops:
                for work in shop.work():
                    group.start_soon(work)
        seconds = time.monotonic() - began
        results = [await shop.result() for shop in shops]
        watch.doing("stopping the simulated shops")
    bound = max(result.bound for result in results)
    return Outcome(results, seconds, bound, problems(results))


async def start_simulators(
    stack: AsyncExitStack, simulators: Mapping[str, str], *arguments: str
) -> dict[str, tuple[type[Account], SimulatorProcess, Ready]]:
    """Run simulators until the stack is closed; returns them with their adapters.

    Args:
        stack: Stops them.
        simulators: The modules to run, by the name of their adapter.
        arguments: Arguments of each.

    Raises:
        DemoError: A simulator does not start.
        ConfigError: A simulator's marketplace has no adapter.
    """
    adapters = {
        name: await anyio.to_thread.run_sync(load_adapter, name) for name in sorted(simulators)
    }
    processes = {name: SimulatorProcess(simulators[name], *arguments) for name in adapters}
    for process in processes.values():
        stack.push_async_exit(process)
    starts = [_start(name, process) for name, process in processes.items()]
    shown: list[Ready] = []
    for ready in await asyncio.gather(*starts, return_exceptions=True):
        if isinstance(ready, BaseException):
            raise ready
        shown.append(ready)
    return {
        name: (adapters[name], processes[name], ready)
        for name, ready in zip(adapters, shown, strict=True)
    }


async def _start(marketplace: str, process: SimulatorProcess) -> Ready:
    try:
        await process.__aenter__()
        return msgspec.convert(process.shown, Ready)
    except (RuntimeError, TimeoutError, OSError, msgspec.MsgspecError) as error:
        raise DemoError(f"the simulator of {marketplace} did not start: {error}") from error


class _Shop:
    """One simulated account, and the work on each of its nouns."""

    def __init__(
        self,
        account: Account,
        process: SimulatorProcess,
        ready: Ready,
        watch: Watch,
    ) -> None:
        self._account = account
        self._process = process
        self._ready = ready
        self._watch = watch
        self._tallies: list[Tally] = []

    def work(self) -> list[_Work]:
        """The work that can be done in parallel."""
        found: list[_Work] = []
        if self._has(Capability.FEEDBACKS):
            feedbacks = self._tally("feedbacks")
            found.append(lambda: self._feedbacks(feedbacks))
        if self._has(Capability.QUESTIONS):
            questions = self._tally("questions")
            found.append(lambda: self._questions(questions))
        if self._has(Capability.CHATS):
            chats, messages = self._tally("chats"), self._tally("messages")
            found.append(lambda: self._chats(chats, messages))
        if self._has(Capability.RETURNS):
            returns = self._tally("returns")
            found.append(lambda: self._returns(returns))
        return found

    async def result(self) -> Result:
        """The result, with the simulator's counts."""
        stats = msgspec.convert(await self._process.stats(), SimulatorStats)
        account = self._account
        return Result(
            account=account.name,
            marketplace=account.marketplace,
            tallies=self._tallies,
            stats=stats,
            by_noun=requests_by_noun(stats, account.catalog()),
            bound=min_seconds(account.limits()),
            undecodable=len(account.undecodable),
        )

    def _has(self, capability: Capability) -> bool:
        return has(self._account.capabilities, capability)

    def _tally(self, noun: str) -> Tally:
        expected, effect = self._ready.expected.get(noun), self._ready.effects.get(noun)
        tally = Tally(self._account.name, noun, expected, effect=effect)
        self._tallies.append(tally)
        self._watch.moved(tally)
        return tally

    async def _feedbacks(self, tally: Tally) -> None:
        account, began = self._account, time.monotonic()
        first: list[Feedback] = []
        async for page in account.feedbacks(answered=False).pages():
            tally.saw(item.ref.id for item in page.items)
            first += page.items[: FEEDBACKS_ANSWERED - len(first)]
            self._watch.moved(tally)
        # Answered feedbacks leave the list, so all pages are read before answering.
        for feedback in first:
            await account.answer(feedback, _THANKS)
            self._wrote(tally)
        self._ended(tally, began)

    async def _questions(self, tally: Tally) -> None:
        account, began = self._account, time.monotonic()
        first: list[Question] = []
        async for page in account.questions(answered=False).pages():
            tally.saw(item.ref.id for item in page.items)
            first += page.items[: QUESTIONS_ANSWERED - len(first)]
            self._watch.moved(tally)
        for question in first:
            await account.answer(question, _REPLY)
            self._wrote(tally)
        self._ended(tally, began)

    async def _chats(self, chats: Tally, messages: Tally) -> None:
        account, began = self._account, time.monotonic()
        async for page in account.chats().pages():
            chats.saw(chat.ref.id for chat in page.items)
            self._watch.moved(chats)
        waiting = await account.chats(waiting_for_seller=True).all()
        self._ended(chats, began)
        began = time.monotonic()
        timed = [(chat.updated_at, chat) for chat in waiting if chat.updated_at is not None]
        timed.sort(key=_moment, reverse=True)
        for last, chat in timed[:CHATS_ANSWERED]:
            async for message in account.messages(chat, since=last - CONVERSATION):
                messages.saw([message.ref.id])
            await account.send(chat, _MESSAGE)
            self._wrote(messages)
        self._ended(messages, began)

    async def _returns(self, tally: Tally) -> None:
        account, began = self._account, time.monotonic()
        waiting: Return | None = None
        async for page in account.returns().pages():
            tally.saw(item.ref.id for item in page.items)
            for item in page.items:
                if waiting is None and item.waiting_for_seller:
                    waiting = item
            self._watch.moved(tally)
        if waiting is not None:
            decision = min(await account.decisions(waiting), key=_needs)
            comment = _COMMENT if decision.comment_required else None
            reason = decision.reasons[0] if decision.reasons else None
            await account.decide(waiting, decision, comment=comment, reason=reason)
            self._wrote(tally)
        self._ended(tally, began)

    def _wrote(self, tally: Tally) -> None:
        tally.written += 1
        self._watch.moved(tally)

    def _ended(self, tally: Tally, began: float) -> None:
        tally.seconds = time.monotonic() - began
        self._watch.ended(tally)


def _needs(decision: Decision) -> int:
    """How much input a decision requires."""
    needs_amount = decision.amount_required or decision.min_amount is not None
    return decision.comment_required + bool(decision.reasons) + 2 * needs_amount


def _moment(timed: tuple[datetime, Chat]) -> datetime:
    return timed[0]
