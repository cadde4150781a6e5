"""Delivery of a reply: its action and its state."""

from datetime import datetime
from enum import StrEnum

import msgspec

from wbym.domain._ref import Ref

__all__ = ["Action", "Delivery", "DeliveryState"]


class Action(StrEnum):
    """Kind of a reply."""

    SEND = "send"
    """A message to a chat."""
    ANSWER = "answer"
    """An answer to a question or a feedback."""
    EDIT_ANSWER = "edit_answer"
    """A new text for an answer."""
    REJECT = "reject"
    """A rejection of a question, with a reason."""
    DECIDE = "decide"
    """A decision about a return."""


class DeliveryState(StrEnum):
    """State of a delivery."""

    PENDING = "pending"
    """Saved, definitely not sent yet; it will be."""
    SENDING = "sending"
    """Being sent, or sent with an unknown outcome that is being looked up."""
    ACCEPTED = "accepted"
    """Accepted by the marketplace, but not yet seen where the buyer sees it."""
    CONFIRMED = "confirmed"
    """Seen where the buyer sees it, or in moderation."""
    REJECTED = "rejected"
    """Rejected by the marketplace or its moderation; the buyer does not see it."""
    UNKNOWN = "unknown"
    """The outcome cannot be determined; a person has to check."""


class Delivery(msgspec.Struct, frozen=True):
    """A reply and the state of its delivery.

    A delivery that an account returns was accepted. With an idempotency key, which the inbox takes,
    failures are states: ``PENDING`` is retried, ``SENDING`` is looked up, ``REJECTED`` and
    ``UNKNOWN`` have a ``note``.
    """

    target: Ref
    """The chat, question, feedback or return."""
    action: Action
    text: str
    """The text of the message or the answer, the reason of a rejection, the comment of a decision;
    empty if there is no text."""
    state: DeliveryState
    created_at: datetime
    updated_at: datetime
    """When the state changed."""
    sent_at: datetime | None = None
    """When the last attempt was made, by the marketplace's clock if it states a time."""
    attempts: int = 1
    """Number of times it was sent."""
    idempotency_key: str | None = None
    """The user's key; None if an account sent the reply without one."""
    id: str | None = None
    """The marketplace's id of the message or the answer, if it returns one."""
    decision: str | None = None
    """``Decision.id`` of a decision."""
    failed_files: tuple[str, ...] = ()
    """Errors of files that were not delivered although the message was, as the marketplace states
    them."""
    note: str | None = None
    """What went wrong, or other details."""

    @property
    def accepted(self) -> bool:
        """Whether it is accepted or confirmed."""
        return self.state in {DeliveryState.ACCEPTED, DeliveryState.CONFIRMED}

    @property
    def confirmed(self) -> bool:
        """Whether it was seen where the buyer sees it, or in moderation."""
        return self.state is DeliveryState.CONFIRMED
