"""A loop whose time jumps: waiting costs nothing."""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Final, TypeVar, TypeVarTuple

__all__ = ["JumpingLoop"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_REAL: Final = 5.0
"""Real seconds to wait for a thread when nothing else is to be done."""


class _Selector(selectors.DefaultSelector):
    loop: "JumpingLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or (self.loop.threads and timeout > 0):
            found = super().select(_REAL)
            if not found:
                raise TimeoutError("nothing is to be done any more, and nobody will wake the loop")
            return found
        found = super().select(0)
        if not found:
            self.loop.now += timeout
        return found


class JumpingLoop(asyncio.SelectorEventLoop):
    """Its time goes on to the next timer at once."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        self.now = 0.0
        self.threads = 0
        """How many threads work for the loop: time must not run away from them."""
        self.failures: list[dict[str, Any]] = []
        """What nobody else was told of."""
        super().__init__(selector)
        self.set_exception_handler(lambda _, context: self.failures.append(context))

    def time(self) -> float:
        return self.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self.threads += 1
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: object) -> None:
        self.threads -= 1
