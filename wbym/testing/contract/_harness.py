"""The harness that connects the contract suite to a marketplace's simulator."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import aiohttp

from wbym.account import Account, Capability
from wbym.testing import Call, FaultKind, Refusal, Response, Route, SimulatorServer

__all__ = ["Harness"]


class Harness(ABC):
    """One running marketplace with one seller; created anew for each test.

    Operations and nouns are named by the :class:`Capability` that states them. The simulator must
    have no limits for the seller, and must process requests at once, without moderation.

    Args:
        simulator: The marketplace, running.
    """

    paths: ClassVar[Mapping[Capability, str]]
    """The target of the suite's faults: a part of the path of each noun's list and of each
    operation that the adapter has."""
    effects: ClassVar[Mapping[Capability, str]]
    """The simulator's name of an operation's effect in ``stats.effects``."""
    secrets: Sequence[str] = ()
    """Texts that must never be shown: the credential, and sensitive parts of it."""
    unknown_ids: ClassVar[Mapping[Capability, str]] = {}
    """A well-formed id that does not exist, for each operation that the marketplace rejects with
    such an id, and for ``chats.get`` and the other capabilities that read one record."""
    unpaged: ClassVar[frozenset[Capability]] = frozenset()
    """The nouns that the marketplace always sends in one page."""

    def __init__(self, simulator: SimulatorServer) -> None:
        self.simulator: Final = simulator
        self._admit = simulator.admit
        self._rate_limited: list[str] = []
        simulator.admit = self._admit_or_rate_limit  # type: ignore[method-assign]

    @abstractmethod
    def account(
        self, *, name: str = "shop", session: aiohttp.ClientSession | None = None
    ) -> Account:
        """Create an account of the simulator's seller, the same seller at every call.

        Its limits must be unreachable, and its calls retried after a millisecond.

        Args:
            name: The account's name.
            session: A session to borrow.
        """

    @abstractmethod
    def revoked(self) -> Account:
        """Create an account whose well-formed secret is rejected by the marketplace."""

    @abstractmethod
    def expected_counts(self) -> Mapping[Capability, int]:
        """The number of the seller's records of each noun, by the simulator's own count."""

    @abstractmethod
    def rate_limited(self) -> Response:
        """The marketplace's response to a rate limited request, with its shortest wait."""

    def write_unlisted(self, text: str) -> None:
        """Write as a buyer in a new chat, which is not listed yet if the marketplace does that."""
        self.simulator.buyers.write(text)

    def order_without_chat(self) -> str:
        """The id of an order without a chat, about which the seller may open one."""
        raise NotImplementedError(f"{type(self).__name__} states chats.open but has no order")

    async def notify(self, url: str) -> None:
        """Make the marketplace send a notification, such as one of a new chat.

        Args:
            url: The address where the account's receiver is mounted.
        """
        raise NotImplementedError(f"{type(self).__name__} states notifications but sends none")

    # Used by the suite.

    @property
    def requests(self) -> int:
        """The number of requests to the marketplace."""
        return self.simulator.stats.requests

    def requests_to(self, operation: Capability) -> int:
        """The number of requests to the path of an operation or a noun."""
        path, paths = self.paths[operation], self.simulator.stats.paths
        return sum(counts.requests for name, counts in paths.items() if path in name)

    def effects_of(self, operation: Capability) -> int:
        """The number of times that an operation had its effect."""
        return self.simulator.stats.effects[self.effects[operation]]

    def fail_next(self, operation: Capability, kind: FaultKind, times: int = 1) -> None:
        """Inject a fault into the next requests for an operation or a noun."""
        self.simulator.faults.next(self.paths[operation], kind, times)

    def failed(self, kind: FaultKind) -> int:
        """The number of times that a fault occurred."""
        return self.simulator.stats.faults[kind]

    def rate_limit_next(self, operation: Capability, times: int = 1) -> None:
        """Rate limit the next requests for an operation or a noun."""
        self._rate_limited += [self.paths[operation]] * times

    @property
    def rate_limits_left(self) -> int:
        """The number of rate limited responses that are still pending."""
        return len(self._rate_limited)

    def _admit_or_rate_limit(self, call: Call, route: Route) -> None:
        for path in self._rate_limited:
            if path in call.request.path:
                self._rate_limited.remove(path)
                response = self.rate_limited()
                raise Refusal(response.status, response=response)
        self._admit(call, route)
