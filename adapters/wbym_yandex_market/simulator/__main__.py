"""`python -m wbym_yandex_market.simulator`: the simulator as a process."""

from __future__ import annotations

from wbym.testing import main
from wbym_yandex_market.simulator.options import Options
from wbym_yandex_market.simulator.server import YandexMarketSimulator

if __name__ == "__main__":
    main(YandexMarketSimulator, Options)
