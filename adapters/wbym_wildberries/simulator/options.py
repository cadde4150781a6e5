"""The options of the simulated cabinets, in one place for the constructor and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much data there is and how the cabinet behaves.

    Attributes:
        feedbacks: How many feedbacks are generated.
        questions: How many questions.
        chats: How many chats.
        events_per_chat: Messages in each chat.
        claims: How many claims; about three in ten are older than 14 days and never shown.
        seed: Of all data; the same seed, options and start give the same data.
        open_share: Share of feedbacks and questions that are not processed yet.
        unlisted_chats: So many chats are seen in events before `/chats` shows them.
        page_of_events: About so many events come on a page of `/events`.
        feedbacks_depth: From this `skip` on, pages of feedbacks are empty although there is more;
            None for the documented depth.
        moderation: Seconds that an answer or a sent file waits in moderation; 0 for none.
        echo_delay: Seconds until a sent message shows up in `/events`.
        sign_in_answer: Whether the answer to a sent message has the optional `sign`.
        pins_allowed: Whether the seller has a subscription or tariff for pins.
        cards: How many cards are listed.
        trashed: How many more are in the trash.
        card_room: How many more cards may be listed.
        card_delay: Seconds until an accepted list of cards is applied.
        document_delay: Seconds until changed documents of a card are checked.
        price_delay: Seconds until a task of prices is processed.
        warehouse_delay: Seconds that a change or deletion of a warehouse takes.
        news: How many news the portal has, three a day.
        users: How many users work in the cabinet, its owner among them.
        subscribed: Whether the seller has a Jam subscription and a plan.
        ping_block: Seconds that `/ping` of a host is blocked after one call too many; the
            specification does not say how many.
    """

    feedbacks: int = 200
    questions: int = 50
    chats: int = 10
    events_per_chat: int = 12
    claims: int = 20
    seed: int = 0
    open_share: float = 0.4
    unlisted_chats: int = 1
    page_of_events: int = 50
    feedbacks_depth: int | None = None
    moderation: float = 0.0
    echo_delay: float = 0.0
    sign_in_answer: bool = False
    pins_allowed: bool = True
    cards: int = 40
    trashed: int = 3
    card_room: int = 1000
    card_delay: float = 0.0
    document_delay: float = 0.0
    price_delay: float = 0.0
    warehouse_delay: float = 0.0
    news: int = 250
    users: int = 3
    subscribed: bool = True
    ping_block: float = 60.0


class OptionsDict(TypedDict, total=False):
    """The fields of `Options` as keyword arguments."""

    feedbacks: int
    questions: int
    chats: int
    events_per_chat: int
    claims: int
    seed: int
    open_share: float
    unlisted_chats: int
    page_of_events: int
    feedbacks_depth: int | None
    moderation: float
    echo_delay: float
    sign_in_answer: bool
    pins_allowed: bool
    cards: int
    trashed: int
    card_room: int
    card_delay: float
    document_delay: float
    price_delay: float
    warehouse_delay: float
    news: int
    users: int
    subscribed: bool
    ping_block: float
