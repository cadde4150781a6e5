"""What the contract suite has to be told of a marketplace."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import aiohttp

from wbym.account import Adapter, Capability, TellsDecisions
from wbym.domain import Decision, Feedback, Question, Return
from wbym.testing.answers import Answer
from wbym.testing.contract.nouns import read, returns_of
from wbym.testing.faults import FaultKind
from wbym.testing.server import Call, Route, SimulatorServer

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
    """A well-formed id of nothing for each operation that the marketplace refuses with one."""
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
    ) -> Adapter:
        """An account of the simulator's seller, the same one at every call.

        Its limits must be out of reach, and failed calls made again after a millisecond.

        Args:
            name: The account's name.
            session: A session to borrow.
        """

    @abstractmethod
    def revoked(self) -> Adapter:
        """An account whose secret is well formed and refused by the marketplace."""

    @abstractmethod
    def expected(self) -> Mapping[Capability, int]:
        """How many records of each noun the simulator holds for the seller, by its own count."""

    @abstractmethod
    def refusal(self) -> Answer:
        """How the marketplace refuses for a limit, with the shortest wait that it can state."""

    @abstractmethod
    def arrive_message(self, text: str) -> None:
        """Let a buyer write in a new chat; only for marketplaces that have chats."""

    def arrive_unlisted(self, text: str) -> None:
        """Let a buyer write in a new chat that the list of chats lacks yet, where that happens."""
        self.arrive_message(text)

    def order_without_chat(self) -> str:
        """The id of an order about which the seller may open a chat, and has none yet."""
        raise NotImplementedError(f"{type(self).__name__} states chats.open and knows no order")

    async def decision(self, account: Adapter) -> tuple[Return, Decision]:
        """A return of the account, and a decision that may be taken about it.

        By default the first one, preferring those that a comment may go with.
        """
        found: list[tuple[Return, Decision]] = []
        async for item in returns_of(account).returns(open=True):
            decisions: Sequence[Decision] = item.decisions
            if not decisions and isinstance(account, TellsDecisions):
                decisions = await account.decisions(item)
            found += [(item, decision) for decision in decisions]
            if any(decision.comment_allowed for decision in decisions):
                break
        return max(found, key=lambda one: one[1].comment_allowed)

    async def again(self, account: Adapter, item: Question | Feedback) -> Question | Feedback:
        """A question or a feedback as it is now, with its answer; by default from its list."""
        noun = Capability.QUESTIONS if isinstance(item, Question) else Capability.FEEDBACKS
        for found in await read(account, noun):
            if found.ref == item.ref and isinstance(found, Question | Feedback):
                return found
        raise LookupError(str(item.ref))

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

    def _admit_or_refuse(self, call: Call, route: Route) -> Answer | None:
        for path in self._refused:
            if path in call.request.path:
                self._refused.remove(path)
                return self.refusal()
        return self._admit(call, route)
