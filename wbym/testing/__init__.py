"""What tests need: an account in memory, simulators of marketplaces, faults, the contract suite."""

from typing import TYPE_CHECKING

from wbym._exports import lazy_exports, show_exports

if TYPE_CHECKING:
    from wbym.testing._fake import FakeAccount

__all__ = ["FakeAccount"]

show_exports(__name__, __all__)

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(__name__, {"wbym.testing._fake": ("FakeAccount",)})
