"""What accounts of every marketplace do alike: being closed, and keeping what was set aside."""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Final, Self, TypeVar, overload

import msgspec

from wbym.calls import Endpoint, Part, Pipeline, QueryValue, Row, places_of
from wbym.errors import InvalidInput, SetAside
from wbym.limits import Priority
from wbym.observe import LogFacts

__all__ = ["AccountBase"]

R = TypeVar("R")


class AccountBase:
    """An account that makes its calls through one pipeline, which the adapter makes.

    The pipeline gets :meth:`keep` as its ``on_set_aside``.

    Args:
        name: The account's name.
        on_set_aside: Gets each record that could not be decoded; without it they are kept in
            :attr:`set_aside`.
    """

    marketplace: ClassVar[str]
    _pipeline: Pipeline

    def __init__(self, name: str, on_set_aside: Callable[[SetAside], None] | None = None) -> None:
        self.name: Final = name
        self._kept: list[SetAside] = []
        self._on_set_aside = on_set_aside or self._kept.append

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the account's session, unless it was lent."""
        await self._pipeline.aclose()

    @overload
    async def call(
        self,
        operation: Endpoint[R],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> R: ...

    @overload
    async def call(
        self,
        operation: Row,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> object: ...

    async def call(
        self,
        operation: Endpoint[R] | Row,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> object:
        """Make any call, through the same limits, retries and errors as the typed methods.

        Args:
            operation: An endpoint of your own, or a row, such as ``row(Feedbacks.list)``.
            path: Values for the places in its path; what the account knows may be left out.
            query: Parameters, by the marketplace's names; those that are None are left out.
            body: What is sent as JSON; anything that msgspec encodes.
            parts: A multipart body, instead of ``body``.
            priority: Who goes first at the limits.

        Raises:
            InvalidInput: A place in the path has no value.
        """
        endpoint: Endpoint[object] = operation.endpoint if isinstance(operation, Row) else operation
        filled = dict(path or {})
        for place in places_of(endpoint.path):
            if place not in filled:
                filled[place] = await self._known(endpoint.name, place)
        answer = await self._pipeline.call(
            endpoint, path=filled, query=query, body=body, parts=parts, priority=priority
        )
        return answer.value

    async def _known(self, method: str, place: str) -> str | int:
        """What the account knows of a place in a path.

        Raises:
            InvalidInput: Nothing.
        """
        raise InvalidInput(method, "path", f"must have a value for {place}", None)

    @property
    def set_aside(self) -> Sequence[SetAside]:
        """Records that could not be decoded, oldest first, unless ``on_set_aside`` gets them."""
        return tuple(self._kept)

    def keep(self, aside: SetAside) -> None:
        """Say that a record was set aside, and pass it on or keep it."""
        logger = logging.getLogger(f"wbym.{self.marketplace}")
        logger.warning(
            "%s: set aside %r",
            self.name,
            aside,
            extra=LogFacts(
                marketplace=self.marketplace, account=self.name, endpoint=aside.endpoint
            ),
        )
        self._on_set_aside(aside)
