"""The options of the simulator of Wildberries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from wbym.testing import SimulatorOptions


class Options(SimulatorOptions, frozen=True, kw_only=True):
    """The amount of data, the behaviour of the cabinet, and its access rules."""

    demo: ClassVar[Mapping[str, object]] = {
        "feedbacks": 40_000,
        "questions": 8_000,
        "chats": 100,
        "claims": 60,
        "cards": 2_000,
    }
    second_names: ClassVar[Mapping[str, str]] = {"claims": "--returns"}

    events_per_chat: int = 12
    """Messages in each chat."""
    claims: int = 20
    """Number of claims; about three in ten are older than 14 days and never shown."""
    unlisted_chats: int = 1
    """Number of chats that are in events before `/chats` shows them."""
    page_of_events: int = 50
    """Approximate number of events on a page of `/events`."""
    feedbacks_depth: int | None = None
    """From this `skip` on, pages of feedbacks are empty although records remain; None for the
    documented depth."""
    echo_delay: float = 0.0
    """Seconds until a sent message shows up in `/events`."""
    sign_in_answer: bool = False
    """Whether the response to a sent message has the optional `sign`."""
    pins_allowed: bool = True
    """Whether the seller has a subscription or tariff for pins."""
    cards: int = 40
    """Number of listed cards."""
    trashed: int = 3
    """Number of further cards in the trash."""
    card_room: int = 1000
    """Number of further cards that may be listed."""
    card_delay: float = 0.0
    """Seconds until an accepted list of cards is applied."""
    document_delay: float = 0.0
    """Seconds until changed documents of a card are checked."""
    price_delay: float = 0.0
    """Seconds until a task of prices is processed."""
    warehouse_delay: float = 0.0
    """Seconds that a change or deletion of a warehouse takes."""
    news: int = 250
    """Number of news on the portal, three per day."""
    users: int = 3
    """Number of users of the cabinet, including its owner."""
    subscribed: bool = True
    """Whether the seller has a Jam subscription and a plan."""
    ping_block: float = 60.0
    """Seconds for which `/ping` of a host is blocked after too many calls; not published."""
    ban_seconds: float = 0.0
    """Min seconds of a 429."""
    sellers: Sequence[str] | None = None
    """Ids of the existing sellers, each with a separate cabinet; by default every id exists and
    all share one cabinet."""
    rejected_types: Sequence[int] = ()
    """Values of `acc` (types of tokens) that are rejected with 403."""
    unpaid_services: bool = False
    """Whether service tokens are rejected with 402."""
    deny_feedbacks: bool = False
    """Whether feedbacks and questions are rejected with 403 in their own shape."""
