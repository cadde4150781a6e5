"""Toy: a small made-up third marketplace with feedbacks and chats only.

It shows the parts of a marketplace, in reading order: ``api``, ``dialect``, ``mapping``,
``account`` with its capabilities, ``simulator``. The core does not know it; see
docs/adding-a-marketplace.md.
"""

from tests.toy.account import Toy
from tests.toy.simulator import ToySimulator

__all__ = ["Toy", "ToySimulator"]
