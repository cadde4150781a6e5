"""A simulated marketplace: handlers that serve the cabinets of its sellers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from wbym.domain import Action, Noun
from wbym.testing._cabinets import Effect, SimulatedCabinet
from wbym.testing._pages import ReceivedMessage
from wbym.testing._replies import Reply
from wbym.testing._routes import Call, Route, routes_of
from wbym.testing._server import SimulatorServer

C = TypeVar("C", bound=SimulatedCabinet[Any, Any])
K = TypeVar("K", int, str)


class MarketplaceSimulator(SimulatorServer, Generic[C, K]):
    """A simulator with a cabinet per seller.

    Subclasses set `cabinets` in `__init__`, and `call.seller` in `admit`.
    """

    handlers: ClassVar[Sequence[type[Handlers[Any]]]]
    """The classes of its methods."""
    reply_kinds: ClassVar[Mapping[str, tuple[Action, Noun]]] = {}
    """The effects that are replies, by `Effect.kind`; their ids are those of the nouns."""
    cabinets: dict[K, C]
    """By the seller's id; the first is the one of test credentials."""

    @property
    def state(self) -> C:
        """The cabinet of the first seller."""
        return next(iter(self.cabinets.values()))

    def state_of(self, seller: K) -> C:
        """The cabinet of a seller.

        Raises:
            KeyError: The seller does not exist.
        """
        return self.cabinets[seller]

    def routes(self) -> list[Route]:
        """Every method that the simulator serves."""
        return [route for kind in self.handlers for route in kind(self).routes()]

    def records(self) -> Counter[str]:
        """Counts of records by kind, in all cabinets."""
        total: Counter[str] = Counter()
        for cabinet in self.cabinets.values():
            total.update(cabinet.records())
        return total

    @property
    def replies(self) -> Sequence[Reply]:
        """The first seller's replies that took effect, in order."""
        return [
            Reply(*self.reply_kinds[effect.kind], str(effect.id), effect.text)
            for effect in self.state.written
            if effect.kind in self.reply_kinds
        ]

    def sent(self) -> Sequence[ReceivedMessage]:
        """The first seller's messages that buyers received, in order."""
        return self.state.received()

    def written(self) -> Sequence[Effect[str]]:
        """The first seller's texts and decisions that had an effect, in order."""
        return [replace(effect, id=str(effect.id)) for effect in self.state.written]


class Handlers(Generic[C]):
    """The methods of one noun.

    Each is an async method with `route` that takes a `Call` and returns a `Response`. A subclass
    may state the `bucket` and `scope` of all its methods:
    `class ChatHandlers(Handlers[Cabinet], scope=CHAT)`.

    Args:
        simulator: The marketplace that the methods belong to.
    """

    _bucket: ClassVar[str] = ""
    _scope: ClassVar[int] = 0

    def __init_subclass__(cls, *, bucket: str = "", scope: int = 0) -> None:
        super().__init_subclass__()
        cls._bucket = bucket
        cls._scope = scope

    def __init__(self, simulator: MarketplaceSimulator[C, Any]) -> None:
        self._simulator = simulator

    def routes(self) -> list[Route]:
        """The routes of the methods, in the order of the source."""
        return routes_of(self, bucket=self._bucket, scope=self._scope)

    def _cabinet(self, call: Call) -> C:
        """The caller's cabinet, after running the actions that are due."""
        cabinet = self._simulator.state_of(call.seller)
        cabinet.tick()
        return cabinet
