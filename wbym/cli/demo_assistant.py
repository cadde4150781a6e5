"""The second part of ``wbym demo``: an assistant is killed at work, and continues after a restart.

On each simulator whose marketplace's chats can be followed, buyers write to the assistant of
``wbym.cli.assistant`` (``/__simulator/buyers``), and the simulator reports the messages that they
received (``/__simulator/sent``).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Protocol, Self

import anyio
import anyio.to_thread
import msgspec

from wbym.account import Account, Capability, has, load_adapter
from wbym.cli.assistant import OUTCOME
from wbym.cli.assistant_process import AssistantProcess, Served, judge
from wbym.cli.demo import DemoError, start_simulators
from wbym.cli.progress import Watch
from wbym.domain import DeliveryState
from wbym.feed import SqliteStore
from wbym.testing import SimulatorProcess

__all__ = ["CONFIRMATION_TIMEOUT", "Survived", "run_assistant"]

CONFIRMATION_TIMEOUT: Final = 3.0
"""Seconds; the simulators show a message at once."""

_AT_FIRST: Final = ("Когда отправите заказ?", "Какой размер брать?", "Как вернуть товар?")
_MEANWHILE: Final = ("Спасибо, всё подошло!", "Есть в чёрном цвете?")
_ONCE_MORE: Final = "А размер точно мой?"
"""The first buyer's second message in the same chat."""
_LOSSES_BEFORE_END: Final = 3
"""Number of the first answers that are missing when answers begin to be lost."""
_PAUSE: Final = 1.5
"""Seconds before buyers write; a marketplace that tells whole seconds would put what is written in
the second of the first start before it."""
_LATENCY: Final = 0.2
"""Seconds that the simulators take to answer, so that the kill comes between two replies."""
_LONG_LATENCY: Final = 1.0
_LOST_ANSWER: Final = {"path": "/message", "kind": "drop_after"}
_LOST_WITHIN: Final = 15.0
"""Seconds; a simulator may send messages by another path."""


class Survived(msgspec.Struct, frozen=True):
    """The result of the second part."""

    served: Sequence[Served]
    unconfirmed: int
    """Replies that the outbox has not confirmed."""
    seconds: float

    @property
    def problems(self) -> list[str]:
        """The problems found."""
        found = []
        for each in self.served:
            wrong = {
                "were answered more than once": each.twice,
                "were not answered": each.unanswered,
                "were sent without a question": each.unasked,
            }
            found += [f"{each.marketplace}: {n} messages {what}" for what, n in wrong.items() if n]
        if self.unconfirmed:
            found.append(f"{self.unconfirmed} replies are unconfirmed")
        return found


async def run_assistant(
    simulators: Mapping[str, str],
    folder: Path,
    watch: Watch,
) -> Survived:
    """Run the assistant on simulated shops, and kill it once.

    Args:
        simulators: The modules to run, by the name of their adapter.
        folder: An empty folder for the assistant's configuration and state.
        watch: Shows the progress.

    Raises:
        DemoError: A simulator or the assistant does not start, or the assistant exits by itself.
    """
    began = time.monotonic()

    def log(text: str, style: str = "") -> None:
        style = style or ("green" if OUTCOME in text else "")
        watch.say(f"{time.monotonic() - began:4.1f} s  {text}", style)

    async with AsyncExitStack() as stack:
        followed = {
            name: module
            for name, module in simulators.items()
            if _is_followed(await anyio.to_thread.run_sync(load_adapter, name))
        }
        shops: list[_Shop] = []
        confirmed = 0
        if followed:
            watch.doing("starting simulated shops with buyers who write")
            shops = await _Shop.open_all(stack, followed)
            watch.say(f"A shop assistant on {' and '.join(shop.name for shop in shops)}", "bold")
            await _configure(folder, shops)
            confirmed = await _play(shops, folder, log, watch.doing)
        watch.doing("stopping the simulated shops")
        served = [judge(shop.name, shop.written, await shop.sent()) for shop in shops]
    unconfirmed = sum(each.messages for each in served) - confirmed
    return Survived(served, unconfirmed, time.monotonic() - began)


def _is_followed(adapter: type[Account]) -> bool:
    needed = (Capability.EVENTS, Capability.CHATS, Capability.SEND)
    return all(has(adapter.CAPABILITIES, one) for one in needed)


async def _play(
    shops: Sequence["_Shop"], folder: Path, log: "_Log", doing: Callable[[str], None]
) -> int:
    """Run the scenario; returns the number of confirmed replies at the end."""
    state = folder / "wbym.db"
    doing("starting the assistant: a program over inbox.events()")
    async with _assistant(folder, state, log) as assistant:
        await assistant.ready()
        log("the assistant runs")
        doing("buyers are about to write")
        await anyio.sleep(_PAUSE)
        for shop in shops:
            for text in _AT_FIRST:
                await shop.arrive(text)
        written = len(shops) * len(_AT_FIRST)
        log(f"{written} buyers write")
        doing("the assistant polls and answers")
        await assistant.until(lambda: _have_got(shops, written - _LOSSES_BEFORE_END))
        # The next reply takes effect, but the answer to it never comes, and a look takes a second.
        for shop in shops:
            await shop.change_faults(latency=_LONG_LATENCY, next=[_LOST_ANSWER])
        async with SqliteStore(state) as store:
            await assistant.until(lambda: _is_one_unknown(shops, store), within=_LOST_WITHIN)
    for shop in shops:
        await shop.change_faults(latency=_LATENCY)
    async with SqliteStore(state) as store:
        gone = sum([len(await shop.sent()) for shop in shops])
        known = await _known(store)
        log("KILLED with SIGKILL, in the middle of its work", "bold red")
        log(f"{gone} of {written} buyers have a reply; the assistant learned of {known}")
        for shop in shops:
            for text in _MEANWHILE:
                await shop.arrive(text)
            await shop.arrive(_ONCE_MORE, chat=shop.written[0][0])
        before, written = written, sum(len(shop.written) for shop in shops)
        log(f"nobody runs, and {written - before} more messages arrive")
        doing("starting the assistant again, on the same state file")
        async with _assistant(folder, state, log) as assistant:
            await assistant.ready()
            log("the assistant runs again", "bold green")
            doing("it answers the rest, and sends nothing twice")
            await assistant.until(lambda: _have_got(shops, written))
            # An unconfirmed reply may still be sent again, so wait for all confirmations.
            doing("all buyers have a reply; waiting until each is seen in its chat")
            await assistant.until(lambda: _have_seen(store, written))
        confirmed = await _confirmed(store)
        log(f"{confirmed} of {written} replies are confirmed: seen in their chats")
        return confirmed


class _Log(Protocol):
    """Prints a line of the story."""

    def __call__(self, text: str, style: str = "") -> None: ...


def _assistant(folder: Path, state: Path, tell: Callable[[str], None]) -> AssistantProcess:
    arguments = (str(folder / "wbym.toml"), str(state), str(CONFIRMATION_TIMEOUT))
    return AssistantProcess("wbym.cli.assistant", *arguments, tell=tell)


async def _have_got(shops: Sequence["_Shop"], count: int) -> bool:
    return sum([len(await shop.sent()) for shop in shops]) >= count


async def _is_one_unknown(shops: Sequence["_Shop"], store: SqliteStore) -> bool:
    """Whether a buyer has a reply that the assistant does not know to be accepted."""
    return await _have_got(shops, await _known(store) + 1)


async def _known(store: SqliteStore) -> int:
    return len(await store.deliveries([DeliveryState.ACCEPTED, DeliveryState.CONFIRMED]))


async def _have_seen(store: SqliteStore, count: int) -> bool:
    return await _confirmed(store) >= count


async def _confirmed(store: SqliteStore) -> int:
    return len(await store.deliveries([DeliveryState.CONFIRMED]))


async def _configure(folder: Path, shops: Sequence["_Shop"]) -> None:
    lines = []
    for shop in shops:
        await anyio.Path(folder / f"{shop.name}.token").write_text(shop.token, "utf-8")
        lines.append(
            f"[accounts.{shop.name}]\nmarketplace = '{shop.name}'\n"
            f"secret_file = '{shop.name}.token'\nbase_url = '{shop.url}'\n"
        )
    await anyio.Path(folder / "wbym.toml").write_text("\n".join(lines), "utf-8")


class _Shop:
    """A simulated shop, and the messages of its buyers."""

    def __init__(self, name: str, process: SimulatorProcess, token: str) -> None:
        self.name = name
        self.token = token
        self.url = process.url
        self.sent = process.sent
        self.change_faults = process.change_faults
        self.written: list[tuple[str, str]] = []
        """Chat and text."""
        self._process = process

    @classmethod
    async def open_all(cls, stack: AsyncExitStack, simulators: Mapping[str, str]) -> list[Self]:
        """Open shops with some older chats, which the assistant must not answer."""
        sizes = ("--feedbacks", "0", "--questions", "0", "--chats", "20", "--returns", "0")
        shops: list[Self] = []
        for name, (_, process, ready) in (
            await start_simulators(stack, simulators, *sizes)
        ).items():
            await process.change_faults(latency=_LATENCY)
            shops.append(cls(name, process, ready.token))
        return shops

    async def arrive(self, text: str, *, chat: str | None = None) -> None:
        """Send a message from a buyer."""
        try:
            chat = await self._process.buyers.write(text, chat=chat)
        except ValueError as error:
            raise DemoError(
                f"buyers cannot write to the simulator of {self.name}: {error}"
            ) from error
        self.written.append((chat, text))
