"""Requests to a server that go together: while one batch is on its way, the next one gathers."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from wbym.errors import AccountNotOpen

__all__ = ["Batches"]

Q = TypeVar("Q")
A = TypeVar("A")

_MAX_BATCH: Final = 256


class Batches(Generic[Q, A]):
    """Sends requests in the order in which they were made. It has a task only while it is busy.

    A request whose caller is cancelled is sent all the same, since it may be on its way already.

    Args:
        send: Sends requests and returns an answer, or an error, for each. What it raises fails all.
    """

    def __init__(self, send: Callable[[Sequence[Q]], Awaitable[Sequence[A | Exception]]]) -> None:
        self._send = send
        self._waiting: deque[tuple[Q, asyncio.Future[A]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def ask(self, request: Q) -> A:
        """The answer to a request.

        Raises:
            AccountNotOpen: It is closed.
        """
        if self._closed:
            raise AccountNotOpen("its store of limits is closed")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[A] = loop.create_future()
        self._waiting.append((request, answer))
        if self._task is None:
            self._task = loop.create_task(self._run())
        return await answer

    async def aclose(self) -> None:
        """Send what was asked, and accept nothing more."""
        self._closed = True
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        waiting = self._waiting
        try:
            while waiting:
                batch = [waiting.popleft() for _ in range(min(len(waiting), _MAX_BATCH))]
                try:
                    answers = await self._send([request for request, _ in batch])
                except Exception as error:  # noqa: BLE001 - it belongs to the callers
                    answers = [error] * len(batch)
                for (_, future), answer in zip(batch, answers, strict=True):
                    if future.done():
                        continue
                    if isinstance(answer, Exception):
                        future.set_exception(answer)
                    else:
                        future.set_result(answer)
        finally:
            self._task = None
            for _, future in waiting:  # only if the task was cancelled
                future.cancel()
            waiting.clear()
