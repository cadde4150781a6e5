"""What became of a reply: a message, an answer, a decision."""

from datetime import datetime
from enum import StrEnum

import msgspec

from wbym.domain._ref import Ref

__all__ = ["Action", "Delivery", "DeliveryState"]


class Action(StrEnum):
    """What is delivered."""

    SEND = "send"
    """A message to a chat."""
    ANSWER = "answer"
    """An answer to a question or a feedback."""
    EDIT_ANSWER = "edit_answer"
    """Another text for an answer."""
    REJECT = "reject"
    """A question that is declined, with a reason."""
    DECIDE = "decide"
    """A decision about a return."""


class DeliveryState(StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    """Saved, definitely not sent yet: it will be."""
    SENDING = "sending"
    """On its way, or it was and what became of it is being looked up."""
    ACCEPTED = "accepted"
    """The marketplace accepted it; it has not been seen where the buyer sees it."""
    CONFIRMED = "confirmed"
    """It was seen where the buyer sees it, or in moderation."""
    REJECTED = "rejected"
    """The marketplace or its moderation rejected it: the buyer sees nothing of it."""
    UNKNOWN = "unknown"
    """Nobody can tell; a person has to check."""


class Delivery(msgspec.Struct, frozen=True):
    """A reply and how far it is.

    What an account returns was accepted. With an idempotency key, which the inbox takes, failures
    are states: ``PENDING`` is tried again, ``SENDING`` is looked up, ``REJECTED`` and ``UNKNOWN``
    have a ``note``.
    """

    target: Ref
    """The chat, question, feedback or return."""
    action: Action
    text: str
    """The words of the message or the answer, the reason of a rejection, the comment of a decision;
    empty where there are none."""
    state: DeliveryState
    created_at: datetime
    updated_at: datetime
    """When the state changed."""
    sent_at: datetime | None = None
    """When the last attempt was made, by the marketplace's clock where it tells."""
    attempts: int = 1
    """How many times it was sent."""
    idempotency_key: str | None = None
    """The user's; None for what an account sent without one."""
    id: str | None = None
    """The marketplace's id of the message or the answer, where it tells one."""
    decision: str | None = None
    """``Decision.id`` of a decision."""
    failed_files: tuple[str, ...] = ()
    """Files that were not delivered although the message was, in the marketplace's words."""
    note: str | None = None
    """What went wrong, or what else is known."""

    @property
    def accepted(self) -> bool:
        """Whether the marketplace has accepted it, or it was even seen."""
        return self.state in {DeliveryState.ACCEPTED, DeliveryState.CONFIRMED}

    @property
    def confirmed(self) -> bool:
        """Whether it was seen where the buyer sees it."""
        return self.state is DeliveryState.CONFIRMED
