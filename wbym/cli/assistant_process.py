"""An assistant in a process of its own, which is killed, and the judge of its replies.

``wbym demo`` and the benchmark ``crash`` tell their stories with it.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Final, Self

import anyio
import msgspec

from wbym.cli.assistant import READY, answer_to
from wbym.cli.demo import DemoError
from wbym.testing import ReceivedMessage

__all__ = ["AssistantProcess", "Served", "judge"]

_CHECK_EVERY: Final = 0.02
"""Seconds."""
_STARTING: Final = 60.0
"""Seconds for the assistant to be ready."""


class Served(msgspec.Struct, frozen=True):
    """Replies to the buyers of a marketplace, as its simulator counts them."""

    marketplace: str
    messages: int
    """Of buyers."""
    once: int
    """Messages that were answered once."""
    twice: int
    """Answers beyond the first."""
    unanswered: int
    unasked: int
    """Replies to nothing."""


class AssistantProcess:
    """A program over :func:`wbym.cli.assistant.assist` for the length of an ``async with``.

    Entering the block starts it and does not wait until it is ready; leaving the block kills it
    with SIGKILL.

    Args:
        module: The module that ``python -m`` runs.
        arguments: Its command line.
        tell: Gets each line that it prints after the first.
        environment: Variables beside those of this process.
        errors: Where it writes its errors; by default where this process does.
    """

    def __init__(
        self,
        module: str,
        *arguments: str,
        tell: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
        errors: IO[bytes] | None = None,
    ) -> None:
        self._command = (module, *arguments)
        self._tell = tell
        self._environment = environment or {}
        self._errors = errors
        self._process: asyncio.subprocess.Process | None = None
        self._lines: asyncio.Task[None] | None = None
        self._is_ready = False

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *self._command),
            stdin=pipe,
            stdout=pipe,
            stderr=self._errors,
            env={
                **os.environ,
                "PYTHONUTF8": "1",
                "PYTHONIOENCODING": "utf-8",
                **self._environment,
            },
            start_new_session=True,  # Ctrl-C is for the parent
        )
        self._lines = asyncio.create_task(self._forward())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self._kill()

    @property
    def pid(self) -> int:
        """The number of its process; 0 before it is started."""
        return 0 if self._process is None else self._process.pid

    def signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def ended(self) -> None:
        """Wait for its end."""
        if self._process is not None:
            await self._process.wait()

    async def ready(self) -> None:
        """Wait until it is ready.

        Raises:
            DemoError: The assistant does not start.
        """

        async def done() -> bool:
            return self._is_ready

        with suppress(DemoError):
            await self.until(done, within=_STARTING)
        if not self._is_ready:
            raise DemoError("the assistant did not start")

    async def until(self, done: Callable[[], Awaitable[bool]], *, within: float = 60.0) -> None:
        """Wait until ``done`` or the seconds have passed.

        Raises:
            DemoError: The assistant ended by itself.
        """
        with anyio.move_on_after(within):
            while not await done():
                if self._process is None or self._process.returncode is not None:
                    raise DemoError("the assistant ended by itself")
                await anyio.sleep(_CHECK_EVERY)

    async def _line(self) -> str:
        if self._process is None or self._process.stdout is None:
            return ""
        return (await self._process.stdout.readline()).decode().rstrip()

    async def _forward(self) -> None:
        self._is_ready = await self._line() == READY
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


def judge(
    marketplace: str,
    written: Sequence[tuple[str, str]],
    sent: Sequence[ReceivedMessage],
    answer: Callable[[str], str] = answer_to,
) -> Served:
    """Compare the messages of buyers with the replies that they got.

    Args:
        marketplace: Its name.
        written: Chat and text of each message.
        sent: The replies, as the simulator has them.
        answer: The expected answer to a text.
    """
    wanted = Counter((chat, answer(text)) for chat, text in written)
    got = Counter((each.chat, each.text) for each in sent)
    return Served(
        marketplace,
        messages=len(written),
        once=sum(max(0, times - abs(got[answer] - times)) for answer, times in wanted.items()),
        twice=sum(max(0, got[answer] - times) for answer, times in wanted.items()),
        unanswered=(wanted - got).total(),
        unasked=sum(times for answer, times in got.items() if answer not in wanted),
    )
