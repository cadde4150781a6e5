"""An account without capabilities, as a base for tests."""

from types import MappingProxyType
from typing import ClassVar

from tests.support.fakes import ScriptedTransport, ToyDialect
from wbym.account import Account, Capabilities
from wbym.limits import Scheduler

__all__ = ["BareAccount"]


class BareAccount(Account):
    """An account of a marketplace without capabilities.

    A derived class states ``CAPABILITIES`` and writes hooks, as an adapter's does.
    """

    marketplace = "toy"
    CAPABILITIES: ClassVar[Capabilities] = MappingProxyType({})

    def __init__(self, name: str = "shop") -> None:
        self.transport = ScriptedTransport()
        """Records the requests; its script has no responses."""
        super().__init__(ToyDialect(account=name), transport=self.transport, scheduler=Scheduler())

    @property
    def closed(self) -> bool:
        return self.transport.closed
