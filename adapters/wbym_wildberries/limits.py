"""Wildberries' limits: which methods share a bucket, and how large it is for which token.

Published per method as ``x-wb-rate-limits`` (2026-08-19). WB counts per seller and token type.
"""

from enum import StrEnum
from typing import Final

from wbym.limits import Quota

__all__ = ["BUCKETS", "Tier"]


class Tier(StrEnum):
    """What a limit depends on besides the seller."""

    STANDARD = "standard"
    """Personal and service tokens, and base tokens that are used with a service's secret."""
    BASE = "base"
    """Base tokens without a secret: a few calls an hour, since spring 2026."""


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

BUCKETS: Final[dict[str, dict[Tier, Quota]]] = {
    "feedbacks-and-questions": _FEEDBACKS_AND_QUESTIONS,
    "chats.list": _CHAT,
    "chats.events": _CHAT,
    "chats.send": _CHAT,
    "chats.download": _CHAT_DOWNLOAD,
    "claims.list": _CLAIMS,
    "claims.decide": _CLAIMS,
}
"""By name, as endpoints name them."""
