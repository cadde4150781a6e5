"""Yandex Market's limits: an hourly budget per method, and a cap on concurrent calls.

Published per method (2026-07-17). Market counts per method and per business or campaign in the
address; 4XX responses count too. A subscription ("подписка на API") raises some of the budgets.
"""

from enum import StrEnum
from typing import Final

from wbym.limits import Window

__all__ = ["BUCKETS", "PARALLEL", "Tier"]

PARALLEL: Final = 4
"""Max concurrent calls per business or campaign; older documentation says 2."""


class Tier(StrEnum):
    """The row of limits: without or with a subscription."""

    STANDARD = "standard"
    SUBSCRIPTION = "subscription"


def _hourly(standard: int, subscription: int | None = None) -> dict[Tier, Window]:
    return {
        Tier.STANDARD: Window(limit=standard, period=3600),
        Tier.SUBSCRIPTION: Window(limit=subscription or standard, period=3600),
    }


BUCKETS: Final[dict[str, dict[Tier, Window]]] = {
    "campaigns.list": _hourly(1000),
    "campaigns.get": _hourly(5000),
    "auth.token": _hourly(100),
    "chats.new": _hourly(1000),
    "chats.list": _hourly(5000),
    "chats.get": _hourly(1000),
    "chats.history": _hourly(10_000),
    "chats.message": _hourly(1000),
    "chats.send": _hourly(1000),
    "chats.send_file": _hourly(1000),
    "feedbacks.list": _hourly(5000, 10_000),
    "feedbacks.comments": _hourly(5000, 10_000),
    "feedbacks.update_comment": _hourly(1000),
    "feedbacks.delete_comment": _hourly(1000),
    "feedbacks.skip_reaction": _hourly(500, 1000),
    "questions.list": _hourly(1000, 5000),
    "questions.answers": _hourly(1000, 5000),
    "questions.update": _hourly(500, 1000),
    "returns.list": _hourly(5000),
    "returns.get": _hourly(7000),
    "returns.application": _hourly(5000),
    "returns.photo": _hourly(5000),
    "returns.decisions": _hourly(5000),
    "returns.set_decision": _hourly(1000),
    "returns.submit_decision": _hourly(5000),
}
"""Limits by the names that endpoints use: each method has its own."""
