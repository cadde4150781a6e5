"""Typed methods called without a marketplace, to see what they send and what they refuse.

A sample is one call of a method with all that it takes. It is noted before it is made, so that it
can be made again with fewer arguments, or with others.
"""

import inspect
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from types import MethodType, SimpleNamespace
from typing import Never, TypeVar, cast, get_type_hints

import msgspec

from wbym.calls import Endpoint, Part, Pipeline, QueryValue

__all__ = ["PIPELINE", "Method", "Sent", "business", "noted", "places", "plain", "same_name"]

Shop = TypeVar("Shop")


class Sent(Exception):
    """Raised instead of a request: what would have been sent."""

    def __init__(
        self,
        endpoint: Endpoint[object],
        path: Mapping[str, str | int] | None,
        query: Mapping[str, QueryValue] | None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(endpoint.name)
        self.endpoint = endpoint
        self.path = path or {}
        self.query = {name: value for name, value in (query or {}).items() if value is not None}
        self.body = body
        self.parts = parts
        self.headers = headers or {}


class _Pipeline:
    async def call(
        self,
        endpoint: Endpoint[object],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        headers: Mapping[str, str] | None = None,
        priority: object = None,
    ) -> Never:
        raise Sent(endpoint, path, query, body, parts, headers)

    def download(
        self,
        endpoint: Endpoint[object],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        priority: object = None,
    ) -> AsyncIterator[Never]:
        raise Sent(endpoint, path, query)


PIPELINE = cast(Pipeline, _Pipeline())
"""Stops each call where it would be made."""


async def business() -> int:
    """Which business the account is of."""
    return 11


class Method(msgspec.Struct, frozen=True, eq=False):
    """A typed method, and what the sample gives it."""

    bound: Callable[..., object]
    arguments: Mapping[str, object]

    def sent(self, **others: object) -> Sent:
        """What the sample sends, with other arguments in place of some.

        Raises:
            InvalidInput: The method refuses them.
        """
        return self._made({**self.arguments, **others})

    def bare(self, **others: object) -> Sent:
        """What is sent without the arguments that may be left out.

        Raises:
            InvalidInput: The method refuses that.
        """
        needed = {name: self.arguments[name] for name in self.needed()}
        return self._made({**needed, **others})

    def without(self, argument: str) -> Sent:
        """What is sent without one of the arguments.

        Raises:
            InvalidInput: The method refuses that.
        """
        given = {name: value for name, value in self.arguments.items() if name != argument}
        return self._made(given)

    def needed(self) -> list[str]:
        """The arguments that have no default."""
        parameters = inspect.signature(self.bound).parameters
        return [
            name for name in self.arguments if parameters[name].default is inspect.Parameter.empty
        ]

    def annotation(self, argument: str) -> object:
        """How an argument is annotated."""
        return get_type_hints(self.bound)[argument]

    def _made(self, arguments: Mapping[str, object]) -> Sent:
        try:
            call = self.bound(**arguments)
            cast(Coroutine[None, None, None], call).send(None)
        except Sent as sent:
            return sent
        raise AssertionError(f"{self.bound} sent nothing")

    def reaches(self) -> dict[str, str]:
        """Where its arguments are in the request.

        By their names, else by their values, else where the first list is as long, or the first
        object has one of the same fields.
        """
        found: dict[str, str] = {}
        there = list(places(self.sent()))
        for name, value in self.arguments.items():
            given = plain(value)
            fit = [
                (place, held)
                for place, held in there
                if isinstance(held, list | dict) is isinstance(given, list | dict)
                or (place.startswith("query.") and isinstance(given, list))  # with commas
            ]
            named = [place for place, _ in fit if same_name(place, name)]
            alike = [place for place, held in fit if held == given and type(held) is type(given)]
            like = [place for place, held in fit if _looks_like(held, given)]
            for candidates in (named, alike, like[:1]):
                if len(candidates) == 1:
                    found[name] = candidates[0]
                    break
        return found


def noted(api: object, call: Callable[[Shop], object]) -> Method:
    """The method that a sample calls, and with what."""
    return cast(Method, call(cast(Shop, SimpleNamespace(api=_Noting(api)))))


class _Noting:
    def __init__(self, target: object) -> None:
        self._target = target

    def __getattr__(self, name: str) -> object:
        value = getattr(self._target, name)
        if not isinstance(value, MethodType):
            return _Noting(value)

        def note(*args: object, **kwargs: object) -> Method:
            bound = inspect.signature(value).bind(*args, **kwargs)
            bound.apply_defaults()
            return Method(value, bound.arguments)

        return note


def places(sent: Sent) -> Iterator[tuple[str, object]]:
    """Everything that is sent, with its place; of a list, the first item."""
    yield from ((f"path.{name}", value) for name, value in sent.path.items())
    yield from ((f"query.{name}", value) for name, value in sent.query.items())
    yield from ((f"header.{name}", value) for name, value in sent.headers.items())
    yield from ((f"part.{part.name}", part.value) for part in sent.parts)
    if sent.body is not msgspec.UNSET:
        yield from _within("body", plain(sent.body))


def _within(place: str, value: object) -> Iterator[tuple[str, object]]:
    yield place, value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _within(f"{place}.{name}", inner)
    if isinstance(value, list) and value:
        yield from _within(f"{place}[]", value[0])


_JSON = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def plain(value: object) -> object:
    """A value as it is in JSON; itself, where it is nothing that JSON has."""
    try:
        found: object = msgspec.json.decode(_JSON.encode(value))
    except TypeError:
        return value
    return found


def _looks_like(held: object, given: object) -> bool:
    match held, given:
        case list(), list():
            return len(held) == len(given)
        case dict(), dict():
            return any(same_name(one, other) for one in held for other in given)
    return False


def same_name(one: str, other: str) -> bool:
    """Whether the last names of two places are the same in different styles."""
    return _bare(one) == _bare(other)


def _bare(place: str) -> str:
    return re.sub(r"[^a-z0-9]", "", place.rpartition(".")[2].lower())
