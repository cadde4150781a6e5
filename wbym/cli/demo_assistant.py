"""The second part of ``wbym demo``: an assistant is killed at work, and continues after a restart.

On each simulator whose marketplace's chats can be followed, buyers write to the assistant of
``wbym.cli.assistant`` (``/__simulator/buyers``), and the simulator reports the messages that they
received (``/__simulator/sent``).
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

import anyio
import anyio.to_thread
import msgspec

from wbym.account import Account, Capability, has, load_adapter
from wbym.cli.assistant_process import AssistantProcess, Served, judge
from wbym.cli.demo import DemoError, start_simulator
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
_KILLED_BEFORE_END: Final = 2
"""Number of the first answers that are missing when the assistant is killed."""
_PAUSE: Final = 1.5
"""Seconds before buyers write; a marketplace that tells whole seconds would put what is written in
the second of the first start before it."""
_LATENCY: Final = 0.2
"""Seconds that the simulators take to answer, so that the kill comes between two replies."""


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
    say: Callable[[str], None],
) -> Survived:
    """Run the assistant on simulated shops, and kill it once.

    Args:
        simulators: The modules to run, by the name of their adapter.
        folder: An empty folder for the assistant's configuration and state.
        say: Prints a line of progress.

    Raises:
        DemoError: A simulator or the assistant does not start, or the assistant exits by itself.
    """
    began = time.monotonic()

    def log(text: str) -> None:
        say(f"{time.monotonic() - began:5.1f} s  {text}")

    async with AsyncExitStack() as stack:
        shops = []
        for name, module in sorted(simulators.items()):
            if _is_followed(await anyio.to_thread.run_sync(load_adapter, name)):
                shops.append(await _Shop.open(stack, name, module))
        confirmed = 0
        if shops:
            say("")
            say(f"A shop assistant on {' and '.join(shop.name for shop in shops)}")
            await _configure(folder, shops)
            confirmed = await _play(shops, folder, log)
        served = [judge(shop.name, shop.written, await shop.sent()) for shop in shops]
    unconfirmed = sum(each.messages for each in served) - confirmed
    return Survived(served, unconfirmed, time.monotonic() - began)


def _is_followed(adapter: type[Account]) -> bool:
    needed = (Capability.EVENTS, Capability.CHATS, Capability.SEND)
    return all(has(adapter.CAPABILITIES, one) for one in needed)


async def _play(shops: Sequence["_Shop"], folder: Path, log: Callable[[str], None]) -> int:
    """Run the scenario; returns the number of confirmed replies at the end."""
    state = folder / "wbym.db"
    log("the assistant starts")
    async with _assistant(folder, state, log) as assistant:
        await assistant.ready()
        await anyio.sleep(_PAUSE)
        for shop in shops:
            for text in _AT_FIRST:
                await shop.arrive(text)
        written = len(shops) * len(_AT_FIRST)
        log(f"{written} buyers write")
        await assistant.until(lambda: _have_got(shops, written - _KILLED_BEFORE_END))
    async with SqliteStore(state) as store:
        gone = sum([len(await shop.sent()) for shop in shops])
        seen = await _confirmed(store)
        log(f"KILLED (SIGKILL): {gone} of {written} replies sent, {seen} of them confirmed")
        for shop in shops:
            for text in _MEANWHILE:
                await shop.arrive(text)
            await shop.arrive(_ONCE_MORE, chat=shop.written[0][0])
        before, written = written, sum(len(shop.written) for shop in shops)
        log(f"{written - before} more messages arrive, some in existing chats")
        log("the assistant starts again")
        async with _assistant(folder, state, log) as assistant:
            await assistant.ready()
            await assistant.until(lambda: _have_got(shops, written))
            # An unconfirmed reply may still be sent again, so wait for all confirmations.
            await assistant.until(lambda: _have_seen(store, written))
        confirmed = await _confirmed(store)
        log(f"{confirmed} of {written} replies are confirmed")
        return confirmed


def _assistant(folder: Path, state: Path, tell: Callable[[str], None]) -> AssistantProcess:
    arguments = (str(folder / "wbym.toml"), str(state), str(CONFIRMATION_TIMEOUT))
    return AssistantProcess("wbym.cli.assistant", *arguments, tell=tell)


async def _have_got(shops: Sequence["_Shop"], count: int) -> bool:
    return sum([len(await shop.sent()) for shop in shops]) >= count


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
        self.written: list[tuple[str, str]] = []
        """Chat and text."""
        self._process = process

    @classmethod
    async def open(cls, stack: AsyncExitStack, name: str, module: str) -> Self:
        """Open a shop with some older chats, which the assistant must not answer."""
        sizes = ("--feedbacks", "0", "--questions", "0", "--chats", "20", "--returns", "0")
        process, ready = await start_simulator(stack, name, module, *sizes)
        await process.change_faults(latency=_LATENCY)
        return cls(name, process, ready.token)

    async def arrive(self, text: str, *, chat: str | None = None) -> None:
        """Send a message from a buyer."""
        try:
            chat = await self._process.buyers.write(text, chat=chat)
        except ValueError as error:
            raise DemoError(
                f"buyers cannot write to the simulator of {self.name}: {error}"
            ) from error
        self.written.append((chat, text))
