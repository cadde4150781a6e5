"""Returns (Wildberries: claims) and what the seller may decide about them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from wbym.domain._common import Buyer, Media, Money, Order, Product, Record
from wbym.domain._ref import Ref

__all__ = ["Decision", "DecisionKind", "Return", "ReturnItem", "ReturnStatus"]


class ReturnStatus(StrEnum):
    """Status of a return."""

    WAITING_FOR_SELLER = "waiting_for_seller"
    IN_PROGRESS = "in_progress"
    """Decided, or being handled by somebody else: in transit, under examination, being refunded."""
    APPROVED = "approved"
    REJECTED = "rejected"
    COMPLETED = "completed"
    """Refunded, or closed without a refund."""
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class DecisionKind(StrEnum):
    """Outcome of a decision."""

    REFUND = "refund"
    """The buyer gets a refund and returns the product."""
    REFUND_WITHOUT_RETURN = "refund_without_return"
    PARTIAL_REFUND = "partial_refund"
    REPLACE = "replace"
    REPAIR = "repair"
    EXAMINE = "examine"
    REJECT = "reject"
    CONFIRM_RECEIPT = "confirm_receipt"
    """The returned product has arrived at the seller."""
    OTHER = "other"


class Decision(msgspec.Struct, frozen=True, gc=False):
    """A decision that is available for a return now, and the arguments it requires."""

    id: str
    """The marketplace's own name (WB: one of the claim's ``actions``; YM: ``decisionType``)."""
    kind: DecisionKind
    comment_required: bool = False
    comment_allowed: bool = False
    reasons: tuple[str, ...] = ()
    """The marketplace's reasons, one of which is required; empty if no reason is listed."""
    min_amount: Money | None = None
    """The lowest amount, if the marketplace states it."""
    max_amount: Money | None = None
    reason_required: bool = False
    """Whether a reason is required although the marketplace does not list reasons."""
    amount_required: bool = False
    """Whether an amount is required although the marketplace does not state its bounds."""


class ReturnItem(msgspec.Struct, frozen=True, gc=False):
    """One line item of a return."""

    product: Product
    quantity: int = 1
    id: str | None = None


class Return(Record, frozen=True, gc=False):
    """A buyer's request to return products."""

    ref: Ref
    status: ReturnStatus = ReturnStatus.UNKNOWN
    decisions: tuple[Decision, ...] = ()
    """Decisions that are available now, as far as the record lists them; empty if no decision is
    due, or if they take a request of their own (YM)."""
    items: tuple[ReturnItem, ...] = ()
    buyer: Buyer | None = None
    buyer_comment: str | None = None
    marketplace_comment: str | None = None
    order: Order | None = None
    amount: Money | None = None
    media: tuple[Media, ...] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    delivered_at: datetime | None = None
    """When the buyer received the order."""
    imei_check: str | None = None
    """The marketplace's text on whether the buyer gave the IMEI of the device that was sold; None
    if it was not checked."""

    reply_until: datetime | None = None
    """The seller's deadline for a decision; None if the marketplace sets no deadline or no decision
    is due."""

    @property
    def waiting_for_seller(self) -> bool:
        """Whether the seller has to make a decision."""
        return self.status is ReturnStatus.WAITING_FOR_SELLER

    @property
    def waiting_since(self) -> datetime | None:
        """When the seller's decision became due; None if it is not due or the time is not known."""
        return (self.updated_at or self.created_at) if self.waiting_for_seller else None
