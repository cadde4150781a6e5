"""A Yandex Market that runs on a laptop: real HTTP, real limits, its oddities, no key needed."""

from __future__ import annotations

from wbym_yandex_market.simulator.notifier import Notifier
from wbym_yandex_market.simulator.server import YandexMarketSimulator
from wbym_yandex_market.simulator.tokens import make_api_key, make_oauth_token

__all__ = ["Notifier", "YandexMarketSimulator", "make_api_key", "make_oauth_token"]
