"""Iterations that never end as if complete after they were interrupted."""

from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Any, Final, TypeVar

from wbym.errors import Interrupted

__all__ = ["Iteration", "Stop"]

T = TypeVar("T")


class Stop:
    """What stopped a generator; apart from its :class:`Iteration`, which must not refer to itself.

    An iteration that is left early is closed as soon as nothing refers to it.
    """

    __slots__ = ("by",)

    def __init__(self) -> None:
        self.by: str | None = None
        """The name of the exception."""

    def __call__(self, error: BaseException) -> None:
        """Note the error that stops the generator."""
        if not isinstance(error, GeneratorExit):
            self.by = type(error).__name__


class Iteration(AsyncGenerator[T, None]):
    """A generator's items, in order.

    Python ends a generator that was cancelled, as by a timeout, or that failed: the next item would
    be the end. Here it is an ``Interrupted``.

    Args:
        what: What is read, for errors.
        generate: Creates the generator, which calls its argument with the error that stops it.
        cursor: Returns the cursor at which reading may continue, if there is one.
    """

    __slots__ = ("_cursor", "_generator", "_next", "_stop", "_what")

    def __init__(
        self,
        what: str,
        generate: Callable[[Stop], AsyncGenerator[T, None]],
        cursor: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._what: Final = what
        self._cursor: Final = cursor
        self._stop: Final = Stop()
        self._generator: Final = generate(self._stop)
        self._next: Final = self._generator.__anext__

    def __aiter__(self) -> "Iteration[T]":
        return self

    def __anext__(self) -> Any:  # noqa: ANN401 - the generator's own awaitable
        # Not async: a second coroutine per record would slow bulk reading.
        if self._stop.by is not None:
            raise Interrupted(self._what, self._stop.by, self._cursor())
        return self._next()

    async def asend(self, value: None) -> T:
        """The next item; nothing can be sent."""
        item: T = await self.__anext__()
        return item

    async def athrow(
        self,
        typ: Any,  # noqa: ANN401 - as Python declares it
        val: Any = None,  # noqa: ANN401
        tb: TracebackType | None = None,
    ) -> T:
        """Raise an exception where the generator waits."""
        return await self._generator.athrow(typ if val is None else val)

    async def aclose(self) -> None:
        """End the iteration and its requests."""
        self._stop.by = None
        await self._generator.aclose()
