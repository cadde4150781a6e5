"""A simulator of Wildberries: real HTTP, its limits and oddities, no token needed."""

from __future__ import annotations

from wbym_wildberries.simulator.server import WildberriesSimulator
from wbym_wildberries.simulator.tokens import make_token

__all__ = ["WildberriesSimulator", "make_token"]
