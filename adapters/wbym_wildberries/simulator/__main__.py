"""`python -m wbym_wildberries.simulator`: the simulator as a process."""

from __future__ import annotations

from wbym.testing import main
from wbym_wildberries.simulator.options import Options
from wbym_wildberries.simulator.server import WildberriesSimulator

if __name__ == "__main__":
    main(WildberriesSimulator, Options)
