"""A Wildberries that runs on a laptop: real HTTP, real limits, its oddities, no token needed."""

from __future__ import annotations

from wbym_wildberries.simulator.server import WildberriesSimulator
from wbym_wildberries.simulator.tokens import make_token

__all__ = ["WildberriesSimulator", "make_token"]
