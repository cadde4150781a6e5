"""The base of the suite's tests: fixtures, and parameters derived from the capabilities."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Final

import pytest

from wbym.account import Account, Capabilities, Capability
from wbym.testing.contract._harness import Harness
from wbym.testing.contract._nouns import NOUNS, states
from wbym.testing.contract._operations import OPERATIONS

__all__ = ["Contract"]


class Contract:
    """The base of the suite's classes.

    A test is parametrized by the names of its arguments: ``capability`` runs over all capabilities
    that the adapter states, ``noun`` and ``operation`` over its nouns and operations (``any_noun``
    is the first noun), ``text_rule`` over the operations whose text has bounds.
    """

    account_class: ClassVar[type[Account]]
    """The class under test; its ``CAPABILITIES`` define the tests."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Parametrize each test by the adapter's capabilities."""
        for name, choose in _PARAMETERS.items():
            if name in metafunc.fixturenames:
                chosen = choose(self.account_class.CAPABILITIES)
                metafunc.parametrize(name, chosen, ids=[str(capability) for capability in chosen])

    @pytest.fixture
    def harness(self) -> Harness:
        """The running marketplace, with some records of each noun in each of its statuses."""
        raise NotImplementedError("a subclass of the suite must define the fixture `harness`")

    @pytest.fixture
    def crowded(self, harness: Harness) -> Harness:
        """A running marketplace with more records of each noun than fit in one page.

        By default the same as ``harness``.
        """
        return harness

    @pytest.fixture
    async def shop(self, harness: Harness) -> AsyncIterator[Account]:
        """The seller's account."""
        async with harness.account() as account:
            yield account


def _having(capabilities: Capabilities, *wanted: Capability) -> list[Capability]:
    return [capability for capability in wanted if states(capabilities, capability)]


def _with_text_rules(capabilities: Capabilities) -> list[Capability]:
    return [
        operation
        for operation in _having(capabilities, *OPERATIONS)
        if {"max_text_length", "max_comment_length"} & capabilities[operation].facts.keys()
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
