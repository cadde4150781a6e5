"""The options of the simulator of Yandex Market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from wbym.testing import SimulatorOptions
from wbym_yandex_market.simulator.tokens import BUSINESS


class Options(SimulatorOptions, frozen=True, kw_only=True):
    """The amount of data of each business, the behaviour of its cabinet, and its limits."""

    demo: ClassVar[Mapping[str, object]] = {
        "feedbacks": 1_200,
        "questions": 600,
        "chats": 100,
        "returns": 60,
    }

    messages_per_chat: int = 12
    """Messages in each chat."""
    returns: int = 20
    """Number of returns and unredeemed orders, in all campaigns together."""
    campaigns: int = 2
    """Number of campaigns: FBS, DBS, FBY and so on in turn."""
    feedback_days: float = 165.0
    """Age of the oldest feedback in days; a request may ask for six months."""
    question_days: float = 27.0
    """Age of the oldest question in days; a request may ask for one month."""
    decision_hours: float = 48.0
    """Hours after which Market refunds a return without a decision."""
    refund_delay: float = 0.0
    """Seconds from a decision to its final status; 0 leaves it at "decided"."""
    files_need_oauth: bool = False
    """Whether files of chats reject an API key, as happens in production."""
    hour: float = 3600.0
    """Seconds after which an hourly budget is renewed."""
    subscription: bool = False
    """Whether the sellers have a subscription, with its larger hourly budgets."""
    parallel: int = 4
    """Max number of requests of one business or campaign at once."""
    businesses: Sequence[int] = (BUSINESS,)
    """Ids of the existing businesses."""
    locked: Sequence[int] = ()
    """Ids of businesses and campaigns that are being moved, which are answered 423."""
