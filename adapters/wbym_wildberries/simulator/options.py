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
