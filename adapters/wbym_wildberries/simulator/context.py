"""The context that all parts of a seller's cabinet share."""

from __future__ import annotations

from typing import TypeAlias

from wbym.testing import CabinetContext
from wbym_wildberries.simulator.options import Options

Context: TypeAlias = CabinetContext[Options, str]
