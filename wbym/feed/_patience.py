"""Waiting for the end of faults of the state, such as a full disk."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import anyio

from wbym.errors import StateError

__all__ = ["Patience"]

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("wbym.feed")

_MIN_PAUSE: Final = 0.5
_MAX_PAUSE: Final = 5.0
"""Min and max seconds before a failed call is repeated, doubled each time."""


class Patience:
    """Repeats calls of a store that fail, with backoff.

    The first failure is logged, and when no call is waiting any more, the end of the fault.

    Args:
        on_fault: Called with the first failure of each fault.
    """

    def __init__(self, on_fault: Callable[[Exception], None] = lambda _: None) -> None:
        self._on_fault = on_fault
        self._waiting = 0
        self._fault: Exception | None = None

    @property
    def fault(self) -> Exception | None:
        """The first failure of the fault whose end calls wait for; None if none does."""
        return self._fault

    async def run(self, call: Callable[[], Awaitable[T]], *, lasting: bool = False) -> T:
        """Await ``call()`` until it succeeds.

        Args:
            call: Repeated while it raises a retryable ``StateError``.
            lasting: Whether it is repeated after any other exception, too.
        """
        pause = _MIN_PAUSE
        while True:
            try:
                result = await call()
            except Exception as error:
                if not lasting and not (isinstance(error, StateError) and error.retryable):
                    self._end(waited=pause > _MIN_PAUSE)
                    raise
                if pause == _MIN_PAUSE:
                    self._begin(error)
            else:
                if pause > _MIN_PAUSE and self._end(waited=True):
                    logger.warning("the state works again")
                return result
            try:
                await anyio.sleep(pause)
            except BaseException:
                self._end(waited=True)
                raise
            pause = min(_MAX_PAUSE, 2 * pause)

    def _begin(self, error: Exception) -> None:
        self._waiting += 1
        if self._waiting == 1:
            self._fault = error
            known = isinstance(error, StateError)
            logger.error(
                "the state fails, feed and outbox wait for it: %s",
                error if known else type(error).__name__,
                exc_info=None if known else error,
            )
            self._on_fault(error)

    def _end(self, *, waited: bool) -> bool:
        """Note that a call no longer waits; return whether none does."""
        self._waiting -= waited
        if self._waiting == 0:
            self._fault = None
        return self._waiting == 0
