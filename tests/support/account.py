"""An account without capabilities, for tests to extend."""

from types import MappingProxyType
from typing import ClassVar

from tests.support.fakes import ScriptedTransport, ToyDialect
from wbym.account import Account, Capabilities
from wbym.limits import Scheduler

__all__ = ["BareAccount"]


class BareAccount(Account):
    """An account of a marketplace that can do nothing.

    A class derived from it states ``CAPABILITIES`` and writes hooks, as an adapter's does.
    """

    marketplace = "toy"
    CAPABILITIES: ClassVar[Capabilities] = MappingProxyType({})

    def __init__(self, name: str = "shop") -> None:
        self.transport = ScriptedTransport()
        """What it is sent; there is no answer in its script."""
        super().__init__(ToyDialect(account=name), transport=self.transport, scheduler=Scheduler())

    @property
    def closed(self) -> bool:
        return self.transport.closed
