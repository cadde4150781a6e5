"""Returns, orders that were not picked up, and the seller's decisions about them."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from wbym.calls import (
    Commas,
    Count,
    Download,
    NotEmpty,
    Unique,
    WholeBody,
    get,
    in_order,
    post,
)
from wbym.paging import Listing
from wbym_yandex_market.api._base import (
    ORDERS,
    Id,
    Ids,
    MarketGroup,
    Money,
    Paging,
    Wire,
    WireId,
    pages,
)
from wbym_yandex_market.api._bounds import COMMENT_REQUIRED, DECLINE, PARTIAL

__all__ = ["AvailableDecision", "Decisions", "ItemDecision", "Return", "ReturnItem", "Returns"]


class Address(Wire, frozen=True):
    """The address of a pick-up point."""

    country: str | None = None
    city: str | None = None
    street: str | None = None
    house: str | None = None
    postcode: str | None = None


class PickupPoint(Wire, frozen=True):
    """The point where the shop collects a return."""

    id: int | None = None
    name: str | None = None
    address: Address | None = None
    instruction: str | None = None
    type: str | None = None
    logistic_partner_id: int | None = None


class Instance(Wire, frozen=True):
    """One piece of a product in shipment."""

    stock_type: str | None = None
    status: str | None = None
    cis: str | None = None
    imei: str | None = None


class Track(Wire, frozen=True):
    """A parcel's tracking number."""

    track_code: str | None = None


class ReturnItemDecision(Wire, frozen=True):
    """One position of a return, with the buyer's reason and the decision."""

    return_item_id: int | None = None
    """The id that a decision refers to."""
    count: int | None = None
    comment: str | None = None
    reason_type: str | None = None
    subreason_type: str | None = None
    decision_type: str | None = None
    refund_amount: int | None = None
    """Market stopped sending it in October 2026: see ``amount``. In kopecks."""
    amount: Money | None = None
    partner_compensation: int | None = None
    """Market stopped sending it in October 2026: see ``partner_compensation_amount``."""
    partner_compensation_amount: Money | None = None
    images: list[str] | None = None
    """Hashes of photos, for ``api.returns.photo``."""


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

    id: WireId
    order_id: WireId
    items: list[ReturnItem] | None = None
    return_type: str | None = None
    """``RETURN``, or ``UNREDEEMED``: not picked up."""
    creation_date: datetime | None = None
    update_date: datetime | None = None
    refund_status: str | None = None
    """The status of the refund; of returns only."""
    logistic_pickup_point: PickupPoint | None = None
    pickup_till_date: datetime | None = None
    shipment_recipient_type: str | None = None
    shipment_status: str | None = None
    refund_amount: int | None = None
    """Market stopped sending it in October 2026: see ``amount``. In kopecks."""
    amount: Money | None = None
    fast_return: bool | None = None


class ReturnsPage(Wire, frozen=True):
    """One page of returns."""

    returns: list[Return]
    paging: Paging | None = None


class Bounds(Wire, frozen=True):
    """The bounds of a partial refund."""

    min_amount: Money | None = None
    max_amount: Money | None = None
    max_percent: int | None = None
    """Of the position's price."""


class AvailableDecision(Wire, frozen=True):
    """An available decision about a return."""

    decision_type: str
    decision_reason_types: list[str] | None = None
    """The reasons, one of which must be given; with ``DECLINE_REFUND`` only."""
    partial_compensation_bounds: Bounds | None = None
    """With ``PARTIAL_MONEY_REFUND`` only."""


class Decisions(Wire, frozen=True):
    """The available decisions about a return."""

    available_decisions: list[AvailableDecision]


class ItemDecision(Wire, frozen=True, omit_defaults=True):
    """A decision about one position of a return."""

    return_item_id: Id
    decision_type: str
    """One of the return's available decisions; Market adds new ones, so any value is sent."""
    decision_reason_type: str | None = None
    """The reason, with ``DECLINE_REFUND``."""
    comment: Annotated[str, NotEmpty()] | None = None
    """Required with :data:`COMMENT_REQUIRED`."""
    compensation: Money | None = None
    """The amount of the refund, with ``PARTIAL_MONEY_REFUND``."""


class _IsComplete(msgspec.Struct, frozen=True):
    """A decision has the fields that its type requires, and no others."""

    takes_reason: bool = True

    def violation(self, decision: ItemDecision, /) -> str | None:
        """See :class:`wbym.calls._annotations.Rule`."""
        kind = decision.decision_type
        has_reason = decision.decision_reason_type is not None
        if not self.takes_reason and has_reason:
            return "must have no decision_reason_type: use submit_decision"
        if self.takes_reason and has_reason is not (kind == DECLINE):
            return f"must have {'no' if has_reason else 'a'} decision_reason_type with {kind}"
        if (decision.compensation is not None) is not (kind == PARTIAL):
            return f"must have {'a' if kind == PARTIAL else 'no'} compensation with {kind}"
        if decision.compensation is not None and not decision.compensation.currency_id:
            return "must have a compensation with currency_id"
        if kind in COMMENT_REQUIRED and not decision.comment:
            return f"must have a comment with {kind}"
        return None


class Submission(Wire, frozen=True):
    """The decisions about a return, by position."""

    return_item_decisions: Annotated[Sequence[ItemDecision], Count(1)]


def _submission(
    decisions: Sequence[ItemDecision] | None, **_: object
) -> Submission | msgspec.UnsetType:
    if decisions is None:
        return msgspec.UNSET
    return Submission(return_item_decisions=list(decisions))


_ONE = "/v2/campaigns/{campaignId}/orders/{orderId}/returns/{returnId}"


class Returns(MarketGroup, scope=ORDERS):
    """``api.returns``. Each method has its own hourly budget, mostly per shop."""

    @get(
        "/v2/campaigns/{campaignId}/returns",
        pages=pages(100),
        page=ReturnsPage,
        rules=[in_order("from_date", "to_date")],
    )
    def list(
        self,
        campaign_id: Id,
        *,
        order_ids: Annotated[Ids, Commas()] | None = None,
        statuses: Annotated[Collection[str], Unique(), Commas()] | None = None,
        shipment_statuses: Annotated[Collection[str], Unique(), Commas()] | None = None,
        type: Literal["UNREDEEMED", "RETURN"] | None = None,
        from_date: date | None = None,
        to_date: date | None = None,
    ) -> Listing[Return]:
        """A shop's returns; 5,000 requests per hour.

        Args:
            campaign_id: The shop.
            order_ids: Of these orders.
            statuses: With these statuses of the refund, such as ``WAITING_FOR_DECISION``.
            shipment_statuses: With these statuses of the goods, such as ``READY_FOR_PICKUP``.
            type: Only returns, or only orders that were not picked up.
            from_date: Changed since this day.
            to_date: Changed until this day.

        Raises:
            Forbidden: While reading: the shop is not the seller's.
        """

    @get(f"{_ONE}/application")
    def application(
        self, campaign_id: Id, order_id: Id, return_id: Id
    ) -> AbstractAsyncContextManager[Download]:
        """Open the buyer's application, a PDF; 5,000 per hour.

        Raises:
            NotFound: The return does not exist, or it has no application.
        """

    @get(f"{_ONE}/decision/{{itemId}}/image/{{imageHash}}")
    def photo(
        self,
        campaign_id: Id,
        order_id: Id,
        return_id: Id,
        item_id: Id,
        image_hash: Annotated[str, NotEmpty()],
    ) -> AbstractAsyncContextManager[Download]:
        """Open a photo from the buyer; 5,000 per hour.

        JPEG or PNG, as ``content_type`` says, at most 50 MB.

        Args:
            campaign_id: The shop.
            order_id: The order.
            return_id: The return.
            item_id: ``return_item_id`` of the position.
            image_hash: One of the position's ``images``.

        Raises:
            NotFound: The photo does not exist.
        """

    @post("/v1/businesses/{businessId}/returns/decisions", reads=True)
    async def decisions(self, campaign_id: Id, return_id: Id) -> Decisions:
        """The available decisions about a return; 5,000 per hour.

        Raises:
            NotFound: The return does not exist.
        """

    @post(f"{_ONE}/decision", deprecated="off on 2027-04-05: use submit_decision")
    async def set_decision(
        self,
        campaign_id: Id,
        order_id: Id,
        return_id: Id,
        decision: Annotated[ItemDecision, _IsComplete(takes_reason=False), WholeBody()],
    ) -> None:
        """Deprecated by Market, off on 2027-04-05: use :meth:`submit_decision`.

        Chooses the decision about one position; 1,000 per hour. It takes effect when submitted. Not
        idempotent. It does not accept a ``decision_reason_type``.

        Raises:
            DeliveryUnknown: It may or may not have been chosen.
        """

    @post(f"{_ONE}/decision/submit", body=_submission)
    async def submit_decision(
        self,
        campaign_id: Id,
        order_id: Id,
        return_id: Id,
        decisions: Annotated[Sequence[Annotated[ItemDecision, _IsComplete()]], Count(1)]
        | None = None,
    ) -> None:
        """Decide a return, within 48 hours; 5,000 per hour. Not idempotent.

        Args:
            campaign_id: The shop.
            order_id: The order.
            return_id: The return.
            decisions: The decisions by position, from the available ones. None for the decisions
                that :meth:`set_decision` has chosen.

        Raises:
            BadRequest: The decision is not possible for this return.
            DeliveryUnknown: It may or may not have been decided.
        """

    @get(_ONE)
    async def get(self, campaign_id: Id, order_id: Id, return_id: Id) -> Return:
        """One return; 7,000 per hour.

        Raises:
            NotFound: The return does not exist.
        """
