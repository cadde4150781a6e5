"""The second part of ``wbym demo``: an assistant is killed in the middle of its work, and goes on.

Of each simulator whose marketplace's chats can be followed, buyers write to the assistant of
``wbym.cli.assistant`` (``/__simulator/buyers``), and what they got is the simulator's own account
(``/__simulator/sent``).
"""

import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import anyio
import anyio.to_thread
import msgspec

from wbym.account import Account, Capability, has, load_adapter
from wbym.cli.assistant import READY, answer_to
from wbym.cli.demo import DemoError, start_simulator
from wbym.domain import DeliveryState
from wbym.feed import SqliteStore
from wbym.testing._pages import Sent
from wbym.testing._process import SimulatorProcess

__all__ = ["CONFIRMATION_TIMEOUT", "Served", "Survived", "judge", "run_assistant"]

CONFIRMATION_TIMEOUT: Final = 3.0
"""Seconds; the simulators show a message at once."""

_AT_FIRST: Final = ("Когда отправите заказ?", "Какой размер брать?", "Как вернуть товар?")
_MEANWHILE: Final = ("Спасибо, всё подошло!", "Есть в чёрном цвете?")
_ONCE_MORE: Final = "А размер точно мой?"
"""What the first buyer writes in the same chat."""
_KILLED_BEFORE_END: Final = 2
"""How many of the first answers are missing when the assistant is killed."""
_PAUSE: Final = 1.5
"""Seconds before buyers write; a marketplace that tells whole seconds would put what is written in
the second of the first start before it."""
_PATIENCE: Final = 60.0
"""Seconds to wait for answers."""
_LATENCY: Final = 0.2
"""Seconds that the simulators take to answer, so that the kill comes between two replies."""
_LOOK: Final = 0.02
"""Seconds between looks at what was sent."""
_STARTING: Final = 60.0
"""Seconds for the assistant to be at work."""


class Served(msgspec.Struct, frozen=True):
    """What a marketplace's buyers got, by the simulator's account."""

    marketplace: str
    messages: int
    """That buyers wrote."""
    once: int
    """Of them, answered once."""
    twice: int
    """Answers beyond the first."""
    unanswered: int
    unasked: int
    """Messages of the seller that answer nothing."""


class Survived(msgspec.Struct, frozen=True):
    """What the second part came to."""

    served: Sequence[Served]
    unconfirmed: int
    """Replies of which the outbox does not know that buyers see them."""
    seconds: float

    @property
    def problems(self) -> list[str]:
        """What did not go as it should."""
        found = []
        for each in self.served:
            wrong = {
                "were answered more than once": each.twice,
                "were not answered": each.unanswered,
                "were sent that answer nothing": each.unasked,
            }
            found += [f"{each.marketplace}: {n} messages {what}" for what, n in wrong.items() if n]
        if self.unconfirmed:
            found.append(f"{self.unconfirmed} replies are not known to have reached their buyers")
        return found


async def run_assistant(
    simulators: Mapping[str, str],
    folder: Path,
    say: Callable[[str], None],
) -> Survived:
    """Let the assistant serve simulated shops, and kill it once.

    Args:
        simulators: The modules to run, by the name of their adapter.
        folder: An empty one, for the assistant's configuration and state.
        say: Is told what happens, a line each time.

    Raises:
        DemoError: A simulator or the assistant does not start, or the assistant ends by itself.
    """
    began = time.monotonic()

    def tell(words: str) -> None:
        say(f"{time.monotonic() - began:5.1f} s  {words}")

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
            confirmed = await _play(shops, folder, tell)
        served = [judge(shop.name, shop.written, await shop.sent()) for shop in shops]
    unconfirmed = sum(each.messages for each in served) - confirmed
    return Survived(served, unconfirmed, time.monotonic() - began)


def _is_followed(adapter: type[Account]) -> bool:
    needed = (Capability.EVENTS, Capability.CHATS, Capability.SEND)
    return all(has(adapter.CAPABILITIES, one) for one in needed)


async def _play(shops: Sequence["_Shop"], folder: Path, tell: Callable[[str], None]) -> int:
    """Tell the story; how many replies are confirmed at its end."""
    state = folder / "wbym.db"
    tell("the assistant starts")
    async with _Assistant(folder, state, tell) as assistant:
        await anyio.sleep(_PAUSE)
        for shop in shops:
            for text in _AT_FIRST:
                await shop.arrive(text)
        written = len(shops) * len(_AT_FIRST)
        tell(f"{written} buyers write")
        await assistant.until(lambda: _have_got(shops, written - _KILLED_BEFORE_END))
    async with SqliteStore(state) as store:
        gone = sum([len(await shop.sent()) for shop in shops])
        seen = await _confirmed(store)
        tell(f"KILLED (SIGKILL): {gone} of {written} replies are out, {seen} of them confirmed")
        for shop in shops:
            for text in _MEANWHILE:
                await shop.arrive(text)
            await shop.arrive(_ONCE_MORE, chat=shop.written[0][0])
        before, written = written, sum(len(shop.written) for shop in shops)
        tell(f"{written - before} more messages are written, some in the chats that there are")
        tell("the assistant starts again")
        async with _Assistant(folder, state, tell) as assistant:
            await assistant.until(lambda: _have_got(shops, written))
            # What is not confirmed may be sent again: without that it is not over.
            await assistant.until(lambda: _have_seen(store, written))
        confirmed = await _confirmed(store)
        tell(f"{confirmed} of {written} replies are confirmed")
        return confirmed


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
    """A simulated shop, and what buyers wrote to it."""

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
        """A shop with some chats of earlier days, which are none of the assistant's business."""
        sizes = ("--feedbacks", "0", "--questions", "0", "--chats", "20", "--returns", "0")
        process, ready = await start_simulator(stack, name, module, *sizes)
        await process.change_faults(latency=_LATENCY)
        return cls(name, process, ready.token)

    async def arrive(self, text: str, *, chat: str | None = None) -> None:
        """A buyer writes."""
        try:
            chat = await self._process.buyers.write(text, chat=chat)
        except ValueError as error:
            raise DemoError(f"nobody can write to the simulator of {self.name}: {error}") from error
        self.written.append((chat, text))


class _Assistant:
    """One life of the assistant; leaving the block kills it."""

    def __init__(self, folder: Path, state: Path, tell: Callable[[str], None]) -> None:
        self._arguments = (str(folder / "wbym.toml"), str(state), str(CONFIRMATION_TIMEOUT))
        self._tell = tell
        self._process: asyncio.subprocess.Process | None = None
        self._lines: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "wbym.cli.assistant", *self._arguments),
            stdin=pipe,
            stdout=pipe,
            env={**os.environ, "PYTHONUTF8": "1"},
            start_new_session=True,  # Ctrl-C is for the demo
        )
        try:
            line = ""
            with anyio.move_on_after(_STARTING):
                line = await self._line()
            if line != READY:
                raise DemoError("the assistant did not start")
        except BaseException:
            await self._kill()
            raise
        self._lines = asyncio.create_task(self._forward())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._kill()

    async def until(self, done: Callable[[], Awaitable[bool]]) -> None:
        """Wait until it is so; in vain no longer than a minute.

        Raises:
            DemoError: The assistant ended meanwhile.
        """
        with anyio.move_on_after(_PATIENCE):
            while not await done():
                if self._process is None or self._process.returncode is not None:
                    raise DemoError("the assistant ended by itself")
                await anyio.sleep(_LOOK)

    async def _line(self) -> str:
        if self._process is None or self._process.stdout is None:
            return ""
        return (await self._process.stdout.readline()).decode().rstrip()

    async def _forward(self) -> None:
        while line := await self._line():
            self._tell(line)

    async def _kill(self) -> None:
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if self._lines is not None:
            await self._lines
        await process.communicate()


def judge(marketplace: str, written: Sequence[tuple[str, str]], sent: Sequence[Sent]) -> Served:
    """Compare what buyers wrote, as chat and text, with what they got."""
    wanted = Counter((chat, answer_to(text)) for chat, text in written)
    got = Counter((each.chat, each.text) for each in sent)
    return Served(
        marketplace,
        messages=len(written),
        once=sum(max(0, times - abs(got[answer] - times)) for answer, times in wanted.items()),
        twice=sum(max(0, got[answer] - times) for answer, times in wanted.items()),
        unanswered=(wanted - got).total(),
        unasked=sum(times for answer, times in got.items() if answer not in wanted),
    )
