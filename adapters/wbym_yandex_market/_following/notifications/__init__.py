"""Market's push notifications: what they say, who may send them, and what takes them.

A notification holds ids and times and no contents, so it is a hint to look at what it names.
"""

from wbym_yandex_market._following.notifications.sources import MARKET_NETWORKS, RATE

__all__ = ["MARKET_NETWORKS", "RATE"]
