"""What the contract suite has to be told of a marketplace."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import aiohttp

from wbym.account import Account, Capability
from wbym.testing import Call, FaultKind, Refusal, Response, Route, SimulatorServer

__all__ = ["Harness"]


class Harness(ABC):
    """One running marketplace with one seller, as the suite sees it; made anew for every test.

    Operations and nouns are named by the :class:`Capability` that states them. The simulator must
    not limit the seller, and must do at once what it is asked: nothing waits in moderation.

    Args:
        simulator: The marketplace, running.
    """

    paths: ClassVar[Mapping[Capability, str]]
    """Where the suite's faults go: a part of the path that a noun is listed at or an operation is
    sent to, for every noun and operation that the adapter has."""
    effects: ClassVar[Mapping[Capability, str]]
    """The simulator's name, in ``stats.effects``, for what an operation does in the cabinet."""
    secrets: Sequence[str] = ()
    """What must never be shown: the credential, and parts of it that would do."""
    unknown: ClassVar[Mapping[Capability, str]] = {}
    """A well-formed id of nothing for each operation that the marketplace refuses with one, and for
    ``chats.get`` and the like."""
    whole: ClassVar[frozenset[Capability]] = frozenset()
    """The nouns that the marketplace always sends in one page."""

    def __init__(self, simulator: SimulatorServer) -> None:
        self.simulator: Final = simulator
        self._admit = simulator.admit
        self._refused: list[str] = []
        simulator.admit = self._admit_or_refuse  # type: ignore[method-assign]

    @abstractmethod
    def account(
        self, *, name: str = "shop", session: aiohttp.ClientSession | None = None
    ) -> Account:
        """An account of the simulator's seller, the same one at every call.

        Its limits must be out of reach, and failed calls made again after a millisecond.

        Args:
            name: The account's name.
            session: A session to borrow.
        """

    @abstractmethod
    def revoked(self) -> Account:
        """An account whose secret is well formed and refused by the marketplace."""

    @abstractmethod
    def expected(self) -> Mapping[Capability, int]:
        """How many records of each noun the simulator holds for the seller, by its own count."""

    @abstractmethod
    def refusal(self) -> Response:
        """How the marketplace refuses for a limit, with the shortest wait that it can state."""

    def arrive_unlisted(self, text: str) -> None:
        """Let a buyer write in a new chat that the list of chats lacks yet, where that happens."""
        self.simulator.buyers.write(text)

    def order_without_chat(self) -> str:
        """The id of an order about which the seller may open a chat, and has none yet."""
        raise NotImplementedError(f"{type(self).__name__} states chats.open and knows no order")

    async def notify(self, url: str) -> None:
        """Let the marketplace call back with something that happened, such as a new chat.

        Args:
            url: Where the account's receiver is mounted.
        """
        raise NotImplementedError(f"{type(self).__name__} states notifications and sends none")

    # What the suite does with it.

    @property
    def requests(self) -> int:
        """How many requests the marketplace got."""
        return self.simulator.stats.requests

    def asked(self, operation: Capability) -> int:
        """How many requests came where an operation is sent to, or a noun is listed at."""
        path, paths = self.paths[operation], self.simulator.stats.paths
        return sum(counts.requests for name, counts in paths.items() if path in name)

    def done(self, operation: Capability) -> int:
        """How often an operation had its effect."""
        return self.simulator.stats.effects[self.effects[operation]]

    def fail_next(self, operation: Capability, kind: FaultKind, times: int = 1) -> None:
        """The next requests to an operation or for a noun meet a fault."""
        self.simulator.faults.next(self.paths[operation], kind, times)

    def failed(self, kind: FaultKind) -> int:
        """How often a fault happened."""
        return self.simulator.stats.faults[kind]

    def refuse_next(self, operation: Capability, times: int = 1) -> None:
        """The next requests to an operation are refused for a limit."""
        self._refused += [self.paths[operation]] * times

    @property
    def refusals_left(self) -> int:
        """How many refusals are still to come."""
        return len(self._refused)

    def _admit_or_refuse(self, call: Call, route: Route) -> None:
        for path in self._refused:
            if path in call.request.path:
                self._refused.remove(path)
                response = self.refusal()
                raise Refusal(response.status, response=response)
        self._admit(call, route)
