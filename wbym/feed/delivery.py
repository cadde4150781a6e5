"""What the outbox delivers, and how far it is."""

from datetime import datetime
from enum import StrEnum

import msgspec

from wbym.calls import Upload
from wbym.domain import Chat, Decision, Feedback, Money, Question, Ref, Return

__all__ = ["FINAL", "OPEN", "Action", "Delivery", "DeliveryState", "Work", "open_to"]


class Action(StrEnum):
    """What is delivered."""

    SEND = "send"
    """A message to a chat."""
    ANSWER = "answer"
    """An answer to a question or a feedback."""
    DECIDE = "decide"
    """A decision about a return."""


class DeliveryState(StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    """Written down, and surely not sent: it will be."""
    SENDING = "sending"
    """On its way; or it was, and its fate is being looked up."""
    ACCEPTED = "accepted"
    """The marketplace took it; it has not been seen where the buyer sees it."""
    CONFIRMED = "confirmed"
    """It was seen where the buyer sees it, or in moderation."""
    REJECTED = "rejected"
    """The marketplace refused it, or moderation did: nothing stands."""
    UNKNOWN = "unknown"
    """Nobody can tell; a person has to look."""


OPEN = frozenset({DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.ACCEPTED})
"""States in which the outbox still has something to do."""
FINAL = frozenset({DeliveryState.CONFIRMED, DeliveryState.REJECTED})
"""States that do not change any more."""


def open_to(state: DeliveryState) -> frozenset[DeliveryState]:
    """The states that give way to what the feed saw: a confirmation, or a doubt."""
    if state is DeliveryState.UNKNOWN:
        return frozenset({DeliveryState.SENDING})
    return frozenset(DeliveryState) - FINAL


class Delivery(msgspec.Struct, frozen=True):
    """A reply that is sent once in effect."""

    key: str
    """The user's: what is delivered under it is delivered once."""
    action: Action
    target: Ref
    """The chat, question, feedback or return."""
    text: str
    """The words of a message, an answer or a comment; of a decision its id before them."""
    state: DeliveryState
    created_at: datetime
    updated_at: datetime
    """When the state changed."""
    attempts: int = 0
    """How many times it went on its way."""
    sent_at: datetime | None = None
    """When the last attempt was made, by the marketplace's clock where it told it."""
    message_id: str | None = None
    """Of a message that was seen: its id."""
    note: str | None = None
    """What went wrong, or what else is known."""
    owner: str = ""
    """The open store that works on it; nobody where it is empty."""


class Work(msgspec.Struct, frozen=True):
    """What is needed to make a delivery."""

    chat: Chat | None = None
    files: tuple[Upload, ...] = ()
    question: Question | None = None
    feedback: Feedback | None = None
    return_: Return | None = None
    decision: Decision | None = None
    comment: str | None = None
    reason: str | None = None
    amount: Money | None = None
