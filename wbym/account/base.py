"""What accounts of every marketplace do alike: being closed, and keeping what was set aside."""

import logging
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import ClassVar, Final, Self, TypeVar, overload

import msgspec

from wbym.account.checks import whole_characters
from wbym.calls import Endpoint, Group, Part, Pipeline, QueryValue, Row, places_of
from wbym.errors import InvalidInput, SetAside
from wbym.limits import Priority
from wbym.observe import LogFacts

__all__ = ["AccountBase"]

R = TypeVar("R")
G = TypeVar("G", bound=Group)


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

    def group(self, kind: type[G]) -> G:
        """Operations of your own, as methods of this account.

        Their arguments are checked and their lists are listings, as below ``api``.

        Args:
            kind: A class of rows. It names a host, a scope and a bucket of the marketplace.

        Raises:
            InvalidInput: It is no ``Group``.
        """
        given: object = kind
        if not (isinstance(given, type) and issubclass(given, Group)):
            raise InvalidInput("group", "kind", "must be a class of operations, a Group", kind)
        return self._bind(kind)

    def _bind(self, kind: type[G]) -> G:
        """The operations, with what they need of the account."""
        return kind(self._pipeline)

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
        operation: Row | Callable[..., object],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> object: ...

    async def call(
        self,
        operation: Endpoint[R] | Row | Callable[..., object],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> object:
        """Make any call, through the same limits, retries and errors as the typed methods.

        What is sent is not checked against an operation's rules; its method does that, and those of
        a :meth:`group` of your own do.

        Args:
            operation: An endpoint of your own, or a row, such as ``Feedbacks.list``.
            path: Values for the places in its path; what the account knows may be left out.
            query: Parameters, by the marketplace's names; those that are None are left out.
            body: What is sent as JSON; anything that msgspec encodes.
            parts: A multipart body, instead of ``body``.
            priority: Who goes first at the limits.

        Raises:
            InvalidInput: A place in the path has no value, or a value no place; the body cannot be
                written as JSON; the endpoint names a host or a bucket that there is not.
        """
        endpoint = _endpoint_of(operation)
        filled = dict(path or {})
        places = places_of(endpoint.path)
        for name in filled.keys() - places:
            rule = f"must have no value for {name}: {endpoint.path} has no such place"
            raise InvalidInput(endpoint.name, "path", rule, filled[name])
        if body is not msgspec.UNSET:
            _require_json(endpoint.name, body)
        for place in places:
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


def _endpoint_of(operation: object) -> Endpoint[object]:
    known = getattr(operation, "row", operation)
    if isinstance(known, Row):
        return known.endpoint
    if not isinstance(known, Endpoint):
        rule = "must be an Endpoint or a row, such as Feedbacks.list"
        raise InvalidInput("call", "operation", rule, operation)
    return known


def _require_json(method: str, body: object) -> None:
    try:
        with whole_characters(method, "body"):
            msgspec.json.encode(body)
    except (TypeError, OverflowError, RecursionError) as error:
        raise InvalidInput(method, "body", f"must be JSON: {error}", type(body)) from error
