"""The options of the simulator of Yandex Market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from wbym.testing import SimulatorOptions
from wbym_yandex_market.simulator.tokens import BUSINESS


class Options(SimulatorOptions, frozen=True, kw_only=True):
    """The amount of data of each business, the behaviour of its cabinet, and its limits."""

    demo: ClassVar[Mapping[str, object]] = {
        "feedbacks": 4_000,
        "questions": 1_500,
        "chats": 200,
        "returns": 60,
    }

    messages_per_chat: int = 12
    """Messages in each chat."""
    returns: int = 20
    """How many returns and unredeemed orders, in all campaigns together."""
    campaigns: int = 2
    """How many campaigns: FBS, DBS, FBY and so on in turn."""
    feedback_days: float = 165.0
    """Age of the oldest feedback in days; a request may ask for six months."""
    question_days: float = 27.0
    """Age of the oldest question in days; a request may ask for one month."""
    decision_hours: float = 48.0
    """Hours after which Market refunds a return without a decision."""
    refund_delay: float = 0.0
    """Seconds from a decision to its final status; 0 leaves it at "decided"."""
    files_need_oauth: bool = False
    """Whether files of chats reject an API key, as happens."""
    hour: float = 3600.0
    """Seconds in which an hourly budget comes back."""
    subscription: bool = False
    """Whether the sellers have one, with its greater hourly budgets."""
    parallel: int = 4
    """Max number of requests of one business or campaign at once."""
    businesses: Sequence[int] = (BUSINESS,)
    """Ids of the businesses that exist."""
    locked: Sequence[int] = ()
    """Ids of businesses and campaigns that are being moved: 423."""
