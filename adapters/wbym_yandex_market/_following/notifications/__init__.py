"""Market's push notifications: their records, their senders, and their receiver.

A notification has ids and times but no content, so it is a hint to poll the record that it names.
"""

from wbym_yandex_market._following.notifications.sources import MARKET_NETWORKS, RATE

__all__ = ["MARKET_NETWORKS", "RATE"]
