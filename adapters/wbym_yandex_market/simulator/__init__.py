"""A simulator of Yandex Market: real HTTP, its limits and oddities, no key needed."""

from __future__ import annotations

from wbym_yandex_market.simulator.notifier import Notifier
from wbym_yandex_market.simulator.server import YandexMarketSimulator
from wbym_yandex_market.simulator.tokens import make_api_key, make_oauth_token

__all__ = ["Notifier", "YandexMarketSimulator", "make_api_key", "make_oauth_token"]
