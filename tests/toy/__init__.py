"""A third marketplace, small and made up: it has feedbacks and chats, and nothing else.

It shows what a marketplace takes, in the order in which to read it: ``api``, ``dialect``,
``mapping``, ``account`` with its capabilities, ``simulator``. The core knows nothing of it; see
docs/adding-a-marketplace.md.
"""

from tests.toy.account import Toy
from tests.toy.simulator import ToySimulator

__all__ = ["Toy", "ToySimulator"]
