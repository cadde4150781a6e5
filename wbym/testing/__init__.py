"""What tests need: an account in memory, simulators of marketplaces, faults, the contract suite."""

from typing import TYPE_CHECKING

from wbym.later import later, public

if TYPE_CHECKING:
    from wbym.testing.fake import FakeAccount

__all__ = ["FakeAccount"]

public(__name__, __all__)

if not TYPE_CHECKING:
    __getattr__, __dir__ = later(__name__, {"wbym.testing.fake": ("FakeAccount",)})
