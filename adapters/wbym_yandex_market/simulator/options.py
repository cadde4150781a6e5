"""The options of the simulated cabinets, in one place for the constructor and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much data each business has and how its cabinet behaves.

    Attributes:
        feedbacks: How many feedbacks are generated.
        questions: How many questions.
        chats: How many chats.
        messages_per_chat: Messages in each chat.
        returns: How many returns and unredeemed orders, in all campaigns together.
        campaigns: How many campaigns: FBS, DBS, FBY and so on in turn.
        seed: Of all data; the same seed, options and start give the same data.
        open_share: Share of feedbacks, questions and returns that wait for the seller.
        feedback_days: The feedbacks are as old as that; a window shows six months at most.
        question_days: The questions are as old as that; a window shows one month at most.
        moderation: Seconds that a comment or an answer is `UNMODERATED`; 0 publishes it at once.
        decision_hours: How long a return waits for a decision; then Market refunds by itself.
        refund_delay: Seconds from a decision to its final status; 0 leaves it at "decided".
        files_need_oauth: Whether files of chats refuse an API key, as has been seen.
    """

    feedbacks: int = 200
    questions: int = 50
    chats: int = 10
    messages_per_chat: int = 12
    returns: int = 20
    campaigns: int = 2
    seed: int = 0
    open_share: float = 0.4
    feedback_days: float = 165.0
    question_days: float = 27.0
    moderation: float = 0.0
    decision_hours: float = 48.0
    refund_delay: float = 0.0
    files_need_oauth: bool = False


class OptionsDict(TypedDict, total=False):
    """The fields of `Options` as keyword arguments."""

    feedbacks: int
    questions: int
    chats: int
    messages_per_chat: int
    returns: int
    campaigns: int
    seed: int
    open_share: float
    feedback_days: float
    question_days: float
    moderation: float
    decision_hours: float
    refund_delay: float
    files_need_oauth: bool
