"""What Market sends of returns, and what it takes as a decision."""

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from wbym.adapter import require_visible
from wbym.errors import InvalidInput
from wbym_yandex_market.api.base import Money, Paging, Wire, positive

__all__ = [
    "AvailableDecision",
    "Bounds",
    "Decisions",
    "ItemDecision",
    "Return",
    "ReturnItem",
    "ReturnItemDecision",
    "ReturnsPage",
]

DECLINE: Final = "DECLINE_REFUND"
PARTIAL: Final = "PARTIAL_MONEY_REFUND"
COMMENT_REQUIRED: Final = frozenset({"REFUND_MONEY_INCLUDING_SHIPMENT", "REPAIR", "OTHER_DECISION"})
"""Decisions whose comment says what is offered: the price of the way back, until when, what."""


class Address(Wire, frozen=True):
    """Where a pick-up point is."""

    country: str | None = None
    city: str | None = None
    street: str | None = None
    house: str | None = None
    postcode: str | None = None


class PickupPoint(Wire, frozen=True):
    """Where the shop gets a return from."""

    id: int | None = None
    name: str | None = None
    address: Address | None = None
    instruction: str | None = None
    type: str | None = None
    logistic_partner_id: int | None = None


class Instance(Wire, frozen=True):
    """One piece of a product, on its way."""

    stock_type: str | None = None
    status: str | None = None
    cis: str | None = None
    imei: str | None = None


class Track(Wire, frozen=True):
    """A parcel's number."""

    track_code: str | None = None


class ReturnItemDecision(Wire, frozen=True):
    """One position of a return, why the buyer gives it back, and what was decided."""

    return_item_id: int | None = None
    """What a decision is made about."""
    count: int | None = None
    comment: str | None = None
    reason_type: str | None = None
    subreason_type: str | None = None
    decision_type: str | None = None
    refund_amount: int | None = None
    """Market sends it no more since October 2026: see ``amount``. In kopecks."""
    amount: Money | None = None
    partner_compensation: int | None = None
    """Market sends it no more since October 2026: see ``partner_compensation_amount``."""
    partner_compensation_amount: Money | None = None
    images: list[str] | None = None
    """What ``api.returns.photo`` takes."""


class ReturnItem(Wire, frozen=True):
    """A product of a return."""

    shop_sku: str | None = None
    """The seller's own article."""
    count: int | None = None
    market_sku: int | None = None
    decisions: list[ReturnItemDecision] | None = None
    instances: list[Instance] | None = None
    tracks: list[Track] | None = None


class Return(Wire, frozen=True):
    """A return as Market sends it, or an order that was not picked up."""

    id: int
    order_id: int
    items: list[ReturnItem] | None = None
    return_type: str | None = None
    """``RETURN``, or ``UNREDEEMED``: not picked up."""
    creation_date: datetime | None = None
    update_date: datetime | None = None
    refund_status: str | None = None
    """Where the money is; of returns only."""
    logistic_pickup_point: PickupPoint | None = None
    pickup_till_date: datetime | None = None
    shipment_recipient_type: str | None = None
    shipment_status: str | None = None
    refund_amount: int | None = None
    """Market sends it no more since October 2026: see ``amount``. In kopecks."""
    amount: Money | None = None
    fast_return: bool | None = None


class ReturnsPage(Wire, frozen=True):
    """One page of returns."""

    returns: list[Return]
    paging: Paging | None = None


class Bounds(Wire, frozen=True):
    """Between which amounts a part of the price may be paid back."""

    min_amount: Money | None = None
    max_amount: Money | None = None
    max_percent: int | None = None
    """Of the position's price."""


class AvailableDecision(Wire, frozen=True):
    """One thing that may be decided about a return."""

    decision_type: str
    decision_reason_types: list[str] | None = None
    """Of which one must be given; with ``DECLINE_REFUND`` only."""
    partial_compensation_bounds: Bounds | None = None
    """With ``PARTIAL_MONEY_REFUND`` only."""


class Decisions(Wire, frozen=True):
    """All that may be decided about a return now."""

    available_decisions: list[AvailableDecision]


class ItemDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided about one position of a return."""

    return_item_id: int
    decision_type: str
    """One of those that are available for the return; new ones appear, so any word is sent."""
    decision_reason_type: str | None = None
    """Why, with ``DECLINE_REFUND``."""
    comment: str | None = None
    compensation: Money | None = None
    """How much is paid back, with ``PARTIAL_MONEY_REFUND``."""


class AvailableBody(msgspec.Struct, rename="camel"):
    """Asks what may be decided."""

    campaign_id: int
    return_id: int


class _Amount(msgspec.Struct, rename="camel"):
    value: msgspec.Raw
    currency_id: str | None


class ItemBody(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """An :class:`ItemDecision` as Market takes it."""

    return_item_id: int
    decision_type: str
    decision_reason_type: str | None = None
    comment: str | None = None
    compensation: _Amount | None = None


class SubmitBody(msgspec.Struct, rename="camel"):
    """What is decided about all positions."""

    return_item_decisions: list[ItemBody]


def item_body(method: str, decision: ItemDecision, *, reasons: bool = True) -> ItemBody:
    """A decision as it is sent, checked.

    Args:
        method: The endpoint's name.
        decision: What is decided.
        reasons: Whether the method takes a reason for a refusal, which is then needed.

    Raises:
        InvalidInput: A refusal comes without a reason or another decision with one, a part of the
            price without an amount or another decision with one, a comment is missing or shows
            nothing, or the id is none.
    """
    kind = decision.decision_type
    if reasons and (kind == DECLINE) is (decision.decision_reason_type is None):
        verb = "is needed" if kind == DECLINE else "is not taken"
        rule = f"{verb} with {kind}"
        raise InvalidInput(method, "decision_reason_type", rule, decision.decision_reason_type)
    if (kind == PARTIAL) is (decision.compensation is None):
        rule = f"{'is needed' if kind == PARTIAL else 'is not taken'} with {kind}"
        raise InvalidInput(method, "compensation", rule, decision.compensation)
    if kind in COMMENT_REQUIRED and not decision.comment:
        raise InvalidInput(method, "comment", f"is needed with {kind}", decision.comment)
    if decision.comment is not None:
        require_visible(method, "comment", decision.comment)
    amount = decision.compensation
    return ItemBody(
        return_item_id=positive(method, "return_item_id", decision.return_item_id),
        decision_type=kind,
        decision_reason_type=decision.decision_reason_type,
        comment=decision.comment,
        compensation=None
        if amount is None
        else _Amount(_number(method, amount.value), amount.currency_id),
    )


def _number(method: str, value: Decimal) -> msgspec.Raw:
    """The digits as they are: a float would round them."""
    if not value.is_finite() or value < 0:
        raise InvalidInput(method, "compensation", "must be 0 or more", value)
    return msgspec.Raw(format(value, "f").encode())
