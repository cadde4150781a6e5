"""What the suite's tests have in common: fixtures, and parameters taken from the capabilities."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Final

import pytest

from wbym.account import Account, Capabilities, Capability
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import NOUNS, states
from wbym.testing.contract._operations import OPERATIONS

__all__ = ["Contract", "eventually"]


class Contract:
    """The base of the suite's classes.

    A test asks for what it is run over by the name of an argument: ``capability`` is all that the
    adapter states to have, ``noun`` and ``operation`` those among it (``any_noun`` the first noun),
    ``text_rule`` each operation whose text has bounds.
    """

    account_class: ClassVar[type[Account]]
    """The class under test; its ``CAPABILITIES`` say which tests there are."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test over what the adapter states."""
        for name, choose in _PARAMETERS.items():
            if name in metafunc.fixturenames:
                chosen = choose(self.account_class.CAPABILITIES)
                metafunc.parametrize(name, chosen, ids=[str(one) for one in chosen])

    @pytest.fixture
    def harness(self) -> Harness:
        """The running marketplace, with some records of each noun in each of its states."""
        raise NotImplementedError("a subclass of the suite gives the fixture `harness`")

    @pytest.fixture
    def crowded(self, harness: Harness) -> Harness:
        """A running marketplace with more records of each noun than one page holds.

        The same as ``harness``, where a subclass says nothing else.
        """
        return harness

    @pytest.fixture
    async def shop(self, harness: Harness) -> AsyncIterator[Account]:
        """The seller's account."""
        async with harness.account() as account:
            yield account


async def eventually(condition: Callable[[], bool], *, within: float = 30.0) -> None:
    """Let others run until the condition holds.

    Raises:
        TimeoutError: It did not hold within so many seconds.
    """
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - it depends on sockets, which set no event
            await asyncio.sleep(0.001)


def _having(capabilities: Capabilities, *wanted: Capability) -> list[Capability]:
    return [one for one in wanted if states(capabilities, one)]


def _with_text_rules(capabilities: Capabilities) -> list[Capability]:
    return [
        one
        for one in _having(capabilities, *OPERATIONS)
        if {"max_text_length", "max_comment_length"} & capabilities[one].facts.keys()
    ]


_PARAMETERS: Final[Mapping[str, Callable[[Capabilities], Sequence[Capability]]]] = MappingProxyType(
    {
        "capability": lambda capabilities: _having(capabilities, *Capability),
        "noun": lambda capabilities: _having(capabilities, *NOUNS),
        "any_noun": lambda capabilities: _having(capabilities, *NOUNS)[:1],
        "operation": lambda capabilities: _having(capabilities, *OPERATIONS),
        "text_rule": _with_text_rules,
    }
)
