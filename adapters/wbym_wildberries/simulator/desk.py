"""The desk of a seller's cabinet."""

from __future__ import annotations

from typing import TypeAlias

from wbym.testing import _desk as desk
from wbym_wildberries.simulator.options import Options

Desk: TypeAlias = desk.Desk[Options, str]
