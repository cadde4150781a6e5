"""Wildberries' limits: which methods share a bucket, and its size by token type.

Published per method as ``x-wb-rate-limits`` (2026-08-19). WB counts per seller and token type.
"""

from enum import StrEnum
from typing import Final

from wbym.limits import Cost, Quota

__all__ = ["BUCKETS", "MARKETPLACE_COST", "PING_HOSTS", "SANDBOX", "SANDBOX_BUCKETS", "Tier"]


class Tier(StrEnum):
    """The row of limits, by token type."""

    STANDARD = "standard"
    """Personal and service tokens, and base tokens that are used with a service's secret."""
    BASE = "base"
    """Base tokens without a secret: a few calls per hour, since spring 2026."""


_FEEDBACKS_AND_QUESTIONS = {
    Tier.STANDARD: Quota(limit=3, period=1, burst=6),
    Tier.BASE: Quota(limit=5, period=3600, burst=1),
}
_CHAT = {
    Tier.STANDARD: Quota(limit=10, period=10, burst=10),
    Tier.BASE: Quota(limit=1, period=3600, burst=1),
}
_CHAT_DOWNLOAD = {
    Tier.STANDARD: Quota(limit=10, period=10, burst=10),
    Tier.BASE: Quota(limit=10, period=3600, burst=1),
}
_CLAIMS = {
    Tier.STANDARD: Quota(limit=20, period=60, burst=10),
    Tier.BASE: Quota(limit=1, period=3600, burst=1),
}
_PRICES = {
    Tier.STANDARD: Quota(limit=10, period=6, burst=5),
    Tier.BASE: Quota(limit=4, period=3600, burst=1),
}
_MARKETPLACE = dict.fromkeys(Tier, Quota(limit=300, period=60, burst=20))
_INVENTORY_DELETE = dict.fromkeys(Tier, Quota(limit=10, period=60, burst=2))

_CONTENT = Quota(limit=100, period=60, burst=5)
_CONTENT_ALIKE = dict.fromkeys(Tier, _CONTENT)
_CONTENT_LESS = {Tier.STANDARD: _CONTENT, Tier.BASE: Quota(limit=2, period=3600, burst=1)}
_UPLOAD = Quota(limit=10, period=60, burst=5)
_COMMON = Quota(limit=1, period=60, burst=10)
_USERS = dict.fromkeys(Tier, Quota(limit=1, period=1, burst=5))
_PING = dict.fromkeys(Tier, Quota(limit=1, period=30, burst=3))
"""WB allows 3 in 30 seconds per host, and blocks callers that send more. A bucket that refilled
three in that time would allow six."""

PING_HOSTS: Final = (
    "common",
    "users",
    "content",
    "prices",
    "marketplace",
    "feedbacks",
    "chat",
    "returns",
    "analytics",
    "statistics",
    "promotion",
    "supplies",
    "documents",
    "finance",
)
"""Hosts that answer ``/ping``; each counts its own pings."""

BUCKETS: Final[dict[str, dict[Tier, Quota]]] = {
    "feedbacks-and-questions": _FEEDBACKS_AND_QUESTIONS,
    "chats.list": _CHAT,
    "chats.events": _CHAT,
    "chats.send": _CHAT,
    "chats.download": _CHAT_DOWNLOAD,
    "claims.list": _CLAIMS,
    "claims.decide": _CLAIMS,
    "prices": _PRICES,
    "warehouses": _MARKETPLACE,
    "warehouses.contacts": _MARKETPLACE,
    "inventory": _MARKETPLACE,
    "inventory.delete": _INVENTORY_DELETE,
    "content": _CONTENT_ALIKE,
    "content.characteristics": _CONTENT_LESS,
    "content.tags": _CONTENT_LESS,
    "content.media": _CONTENT_LESS,
    "content.brands": {
        Tier.STANDARD: Quota(limit=1, period=1, burst=5),
        Tier.BASE: Quota(limit=1, period=3600, burst=1),
    },
    "content.cards.list": _CONTENT_ALIKE,
    "content.cards.limits": _CONTENT_LESS,
    "content.cards.failed": dict.fromkeys(Tier, _UPLOAD),
    "content.cards.upload": dict.fromkeys(Tier, _UPLOAD),
    "content.cards.add": {
        Tier.STANDARD: _UPLOAD,
        Tier.BASE: Quota(limit=1, period=7200, burst=1),
    },
    "content.cards.update": dict.fromkeys(Tier, _UPLOAD),
    "content.cards.trash": _CONTENT_LESS,
    "content.cards.recover": {
        Tier.STANDARD: Quota(limit=3, period=60, burst=5),
        Tier.BASE: Quota(limit=2, period=3600, burst=1),
    },
    "content.recommendations.list": _CONTENT_ALIKE,
    "content.recommendations.set": _CONTENT_ALIKE,
    "general.news": {
        Tier.STANDARD: _COMMON,
        Tier.BASE: Quota(limit=1, period=3600, burst=1),
    },
    "general.seller": {
        Tier.STANDARD: _COMMON,
        Tier.BASE: Quota(limit=1, period=86_400, burst=1),
    },
    "general.subscription": dict.fromkeys(Tier, _COMMON),
    "general.tariff_options": dict.fromkeys(Tier, _COMMON),
    "general.rating": dict.fromkeys(Tier, Quota(limit=1, period=60, burst=1)),
    "users.list": _USERS,
    "users.invite": _USERS,
    "users.set_access": _USERS,
    "users.delete": dict.fromkeys(Tier, Quota(limit=1, period=1, burst=10)),
    "sandbox": dict.fromkeys(Tier, Quota(limit=1, period=1, burst=1)),
    **{f"general.ping.{host}": _PING for host in PING_HOSTS},
}
"""Limits by the names that endpoints use."""

SANDBOX: Final = "sandbox"
SANDBOX_BUCKETS: Final = frozenset(
    {
        "content",
        "content.characteristics",
        "content.tags",
        "content.media",
        "content.cards.limits",
        "content.cards.failed",
        "prices",
        "warehouses",
        "inventory",
    }
)
"""Buckets that the sandbox counts in its one bucket instead."""

MARKETPLACE_COST: Final = Cost(by_class={4: 10}, by_status={429: 1})
"""The cost of calls to warehouses and inventory: a 4XX counts as ten calls, since October 2026 for
deletions too. (Older documents: 409 as five.) The headers of a 429 say when the next call may be
made, so it counts as one."""
