"""Returns of one cabinet, and the rules of deciding on them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from wbym.testing import Refusal
from wbym_yandex_market.simulator.context import Context
from wbym_yandex_market.simulator.data_campaigns import Campaign, Orders
from wbym_yandex_market.simulator.data_returns import (
    DECIDED,
    Item,
    Possible,
    Return,
    new_return,
    return_list,
)
from wbym_yandex_market.simulator.dates import HOUR, utc
from wbym_yandex_market.simulator.records import RecordList

PARTIAL = "PARTIAL_MONEY_REFUND"
DECLINE = "DECLINE_REFUND"
_SHIPPING = 25_000


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of the seller on one position."""

    item_id: int
    decision: str
    reason: str | None = None
    comment: str | None = None
    kopecks: int | None = None
    currency: str = "RUR"


class Returns:
    """The returns of one cabinet by campaign, oldest first."""

    def __init__(self, context: Context, *, campaigns: Sequence[Campaign], orders: Orders) -> None:
        options = context.options
        self._context = context
        self._rng = random.Random(f"returns at work {context.seed}")
        self._ids = context.numbers(6)
        self._item_ids = context.numbers(7)
        self._orders = orders
        self._window = options.decision_hours * HOUR
        new = return_list(
            campaigns=campaigns,
            orders=orders,
            count=options.returns,
            seed=context.seed,
            start=context.start,
            open_share=options.open_share,
            window=self._window,
            ids=self._ids,
            item_ids=self._item_ids,
        )
        self.by_campaign = {
            campaign.id: RecordList((one for one in new if one.campaign is campaign), noun="Return")
            for campaign in campaigns
        }
        self.decisions: list[tuple[int, Decision]] = []
        """Every decision: the return's id, and the decision on a position."""
        for one in new:
            self._limit_waiting(one)

    def __len__(self) -> int:
        return sum(map(len, self.by_campaign.values()))

    @property
    def all(self) -> list[Return]:
        """Every return of every campaign."""
        return [one for rows in self.by_campaign.values() for one in rows]

    @property
    def waiting(self) -> int:
        """Number of returns that await a decision."""
        return sum(one.waits for one in self.all)

    def find(self, identifier: int) -> Return | None:
        """A return of any campaign."""
        for rows in self.by_campaign.values():
            found = rows.find(identifier)
            if found is not None:
                return found
        return None

    def get(
        self, identifier: int, *, campaign: int | None = None, order_id: int | None = None
    ) -> Return:
        """A return, of this campaign and of this order if they are given.

        Raises:
            Refusal: It does not exist.
        """
        found = self.find(identifier)
        if (
            found is None
            or campaign not in {None, found.campaign.id}
            or order_id not in {None, found.order_id}
        ):
            raise Refusal(404, f"Return {identifier} not found")
        return found

    # Acts of the seller.

    def draft(self, one: Return, decision: Decision) -> None:
        """Sets a decision that a submit without a body confirms (older methods, DBS only)."""
        if not one.is_dbs:
            raise Refusal(400, "Decision can be set for DBS returns only")
        self._check(one, decision, reason_needed=False)
        one.drafts[decision.item_id] = (decision.decision, decision.comment, decision.kopecks)
        self._context.write("decision_draft", one.id, decision.comment or "")

    def submit_drafts(self, one: Return) -> None:
        """Confirms the decisions that were set before."""
        if not one.drafts:
            raise Refusal(400, "There are no decisions to submit")
        decisions = [
            Decision(item_id, decision_type, None, comment, kopecks)
            for item_id, (decision_type, comment, kopecks) in one.drafts.items()
        ]
        self.submit(one, decisions, reason_needed=False)

    def submit(
        self, one: Return, decisions: Sequence[Decision], *, reason_needed: bool = True
    ) -> None:
        """Decides on some positions; the return is decided when all positions are."""
        ids = [decision.item_id for decision in decisions]
        if len(set(ids)) != len(ids):
            raise Refusal(400, "A position has two decisions")
        items = [self._check(one, each, reason_needed=reason_needed) for each in decisions]
        for item, decision in zip(items, decisions, strict=True):
            item.decision = decision.decision
            item.seller_comment = decision.comment
            if decision.decision == PARTIAL:
                item.refund = decision.kopecks
            elif decision.decision == DECLINE:
                item.refund = 0
            elif decision.decision == "REFUND_MONEY_INCLUDING_SHIPMENT":
                item.shipping = _SHIPPING
            self.decisions.append((one.id, decision))
        self._context.write("decision", one.id, " ".join(each.decision for each in decisions))
        one.drafts.clear()
        if all(item.decision is not None for item in one.items):
            self._move(one, DECIDED[one.is_dbs])
            self._refund_later(one)
        else:
            self._move(one, one.refund_status)

    def _check(self, one: Return, decision: Decision, *, reason_needed: bool) -> Item:
        if not one.waits:
            raise Refusal(400, f"Return {one.id} does not wait for a decision")
        item = next((item for item in one.items if item.id == decision.item_id), None)
        if item is None:
            raise Refusal(400, f"Item {decision.item_id} is not in return {one.id}")
        if item.decision is not None:
            raise Refusal(400, f"Item {item.id} is decided already")
        possible = next((each for each in one.possible if each.decision == decision.decision), None)
        if possible is None:
            decision_type = decision.decision
            raise Refusal(400, f"Decision {decision_type} is not available for return {one.id}")
        _check_reason(possible, decision, needed=reason_needed)
        _check_amount(possible, decision)
        return item

    # Acts of buyers and of Market.

    def _move(self, one: Return, status: str | None) -> None:
        changes = one.refund_status != status
        one.refund_status = status
        one.updated = int(self._context.now())
        if not one.waits:
            one.possible = ()
        one.changed()
        if changes:
            statuses = {"refundStatus": status}
            self._notify(
                "ORDER_RETURN_STATUS_UPDATED", one, statuses=statuses, updatedAt=utc(one.updated)
            )

    def _notify(self, kind: str, one: Return, **fields: object) -> None:
        ids = {"orderId": one.order_id, "returnId": one.id, "campaignId": one.campaign.id}
        self._context.notify(kind, **ids, **fields)

    def _refund_later(self, one: Return) -> None:
        wait = self._context.options.refund_delay
        if wait > 0:
            self._context.at(self._context.now() + wait, lambda: self.settle(one.id))

    def _limit_waiting(self, one: Return) -> None:
        def expire() -> None:
            if one.waits:
                self._move(one, "REFUND_IN_PROGRESS")

        if one.waits:
            self._context.at(one.created + self._window, expire)

    def settle(self, identifier: int) -> None:
        """Pays a decided return, or rejects it.

        Raises:
            KeyError: The return does not exist.
        """
        one = self._known(identifier)
        rejected = all(item.decision == DECLINE for item in one.items)
        self._move(one, "REJECTED" if rejected else "REFUNDED")

    def dispute(self, identifier: int) -> None:
        """The buyer disputes the seller's decision (FBY, FBS and Express).

        Raises:
            KeyError: The return does not exist.
        """
        self._move(self._known(identifier), "PREMODERATION_DISPUTE")

    def _known(self, identifier: int) -> Return:
        found = self.find(identifier)
        if found is None:
            raise KeyError(identifier)
        return found

    def arrive(
        self,
        *,
        campaign_id: int | None = None,
        order_id: int | None = None,
        ago: float = 0.0,
        waits: bool = True,
        redeemed: bool = True,
    ) -> int:
        """A buyer opens a return, or does not redeem an order; returns its id.

        Raises:
            KeyError: The order is not the seller's, or not of this campaign.
        """
        wanted = campaign_id or self._rng.choice(list(self.by_campaign))
        if order_id is None:
            ours = [n for n in self._orders.ids if self._orders.owner(n) == wanted]
            order_id = self._rng.choice(ours)
        campaign = self._orders.campaign(order_id)
        if campaign is None or campaign_id not in {None, campaign.id}:
            raise KeyError(order_id)
        new = new_return(
            self._rng,
            next(self._ids),
            item_ids=self._item_ids,
            campaign=campaign,
            order_id=order_id,
            created=int(self._context.now() - ago),
            waits=waits and redeemed,
            redeemed=redeemed,
        )
        self.by_campaign[campaign.id].add(new)
        self._limit_waiting(new)
        self._notify(
            "ORDER_RETURN_CREATED",
            new,
            returnType="RETURN" if redeemed else "UNREDEEMED",
            items=[{"offerId": item.sku, "count": item.count} for item in new.items],
            createdAt=utc(new.created),
        )
        return new.id


def _check_reason(possible: Possible, decision: Decision, *, needed: bool) -> None:
    if decision.reason is None:
        if needed and possible.reasons:
            raise Refusal(400, f"decisionReasonType is required for {possible.decision}")
        return
    if decision.reason not in possible.reasons:
        raise Refusal(400, f"Reason {decision.reason} is not available")


def _check_amount(possible: Possible, decision: Decision) -> None:
    if possible.bounds is None:
        if decision.kopecks is not None:
            raise Refusal(400, f"compensation is for {PARTIAL} only")
        return
    if decision.kopecks is None:
        raise Refusal(400, f"compensation is required for {PARTIAL}")
    low, high = possible.bounds
    if decision.currency != "RUR" or not low <= decision.kopecks <= high:
        bounds = f"{low / 100:g} and {high / 100:g} RUR"
        raise Refusal(400, f"compensation must be between {bounds}")
