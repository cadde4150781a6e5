"""Returns (Wildberries: claims) and what the seller may decide about them."""

from datetime import datetime
from enum import StrEnum

import msgspec

from wbym.domain._common import Buyer, Media, Money, Order, Product, Record
from wbym.domain._ref import Ref

__all__ = ["Decision", "DecisionKind", "Return", "ReturnItem", "ReturnStatus"]


class ReturnStatus(StrEnum):
    """Where a return stands."""

    WAITING_FOR_SELLER = "waiting_for_seller"
    IN_PROGRESS = "in_progress"
    """Decided, or in somebody else's hands: on its way, under examination, being refunded."""
    APPROVED = "approved"
    REJECTED = "rejected"
    COMPLETED = "completed"
    """The money is back, or the case is closed without a refund."""
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class DecisionKind(StrEnum):
    """What a decision comes to."""

    REFUND = "refund"
    """The buyer gets the money and brings the product back."""
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
    """One thing that the seller may decide about one return now, and what it needs."""

    id: str
    """The marketplace's own word (WB: one of the claim's ``actions``; YM: ``decisionType``)."""
    kind: DecisionKind
    comment_required: bool = False
    comment_allowed: bool = False
    reasons: tuple[str, ...] = ()
    """The marketplace's words of which one must be given; empty where none is needed."""
    min_amount: Money | None = None
    """The lowest amount, where the marketplace tells."""
    max_amount: Money | None = None
    reason_required: bool = False
    """Whether a reason must be given although the marketplace does not list them."""
    amount_required: bool = False
    """Whether an amount must be given although the marketplace does not tell its bounds."""


class ReturnItem(msgspec.Struct, frozen=True, gc=False):
    """One position of a return."""

    product: Product
    quantity: int = 1
    id: str | None = None


class Return(Record, frozen=True, gc=False):
    """A buyer's wish to give something back."""

    ref: Ref
    status: ReturnStatus = ReturnStatus.UNKNOWN
    decisions: tuple[Decision, ...] = ()
    """What may be decided now, as far as the record tells; empty where nothing is to be done, or
    where the marketplace has to be asked (YM)."""
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
    """The marketplace's words on whether the buyer gave the IMEI of the device that was sold; None
    where it was not checked."""

    reply_until: datetime | None = None
    """Until when the seller may decide; None where the marketplace sets no end, or nothing is to be
    decided."""

    @property
    def waiting_for_seller(self) -> bool:
        """Whether the seller has to decide."""
        return self.status is ReturnStatus.WAITING_FOR_SELLER

    @property
    def waiting_since(self) -> datetime | None:
        """Since when the seller has to decide; None if nothing is due or it is not told."""
        return (self.updated_at or self.created_at) if self.waiting_for_seller else None
