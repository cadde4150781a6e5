"""What tests need: an account in memory, simulators of marketplaces, faults, the contract suite."""

from typing import TYPE_CHECKING

from wbym.later import later

if TYPE_CHECKING:
    from wbym.testing.fake import FakeAccount

__all__ = ["FakeAccount"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = later(__name__, {"wbym.testing.fake": ("FakeAccount",)})
