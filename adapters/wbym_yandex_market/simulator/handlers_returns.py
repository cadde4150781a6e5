"""The methods of returns."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wbym.testing import Call, Handlers, RecordFields, Refusal, Response, raw_response, route
from wbym_yandex_market.simulator import dates, replies
from wbym_yandex_market.simulator.data_files import application, photo
from wbym_yandex_market.simulator.data_returns import (
    REASONS,
    REFUND_STATUSES,
    SHIPMENT_STATUSES,
    Return,
)
from wbym_yandex_market.simulator.requests import body, day, limit, segment, text_list, token
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.state_returns import Decision
from wbym_yandex_market.simulator.tokens import RETURNS

PAGE, MAX_PAGE = 50, 100
_CAMPAIGN = "/v2/campaigns/{campaignId}"
_RETURN = f"{_CAMPAIGN}/orders/{{orderId}}/returns/{{returnId}}"
_OPTIONAL = (
    "creationDate",
    "updateDate",
    "refundStatus",
    "logisticPickupPoint",
    "pickupTillDate",
    "shipmentRecipientType",
    "shipmentStatus",
    "amount",
    "fastReturn",
)
_ENUMS = ("refundStatus", "shipmentStatus", "shipmentRecipientType", "returnType")
Id = Annotated[int, Meta(ge=1)]
Word = Literal[
    "FAST_REFUND_MONEY",
    "REFUND_MONEY",
    "REFUND_MONEY_INCLUDING_SHIPMENT",
    "REPAIR",
    "REPLACE",
    "SEND_TO_EXAMINATION",
    "DECLINE_REFUND",
    "PARTIAL_MONEY_REFUND",
    "OTHER_DECISION",
]


class _Available(msgspec.Struct, rename="camel"):
    campaign_id: Id
    return_id: Id


class _Price(msgspec.Struct, rename="camel"):
    value: Decimal
    currency_id: str


class _Decision(msgspec.Struct, rename="camel"):
    return_item_id: int
    decision_type: Word
    decision_reason_type: str | None = None
    comment: str | None = None
    compensation: _Price | None = None

    def read(self) -> Decision:
        """The decision, with its amount in kopecks."""
        if self.decision_reason_type not in {None, *REASONS}:
            raise Refusal(400, f"Wrong decisionReasonType {self.decision_reason_type}")
        kopecks, currency = None, "RUR"
        if self.compensation is not None:
            value = self.compensation.value * 100
            if not value.is_finite() or value <= 0 or value != value.to_integral_value():
                raise Refusal(400, "compensation.value must be a positive sum of money")
            kopecks, currency = int(value), self.compensation.currency_id
        return Decision(
            self.return_item_id,
            self.decision_type,
            self.decision_reason_type,
            self.comment,
            kopecks,
            currency,
        )


class _Submit(msgspec.Struct, rename="camel"):
    return_item_decisions: list[_Decision] | None = None


class ReturnHandlers(Handlers[Cabinet], scope=RETURNS):
    """Serves the returns of the campaign, or of the business, in the URL."""

    def _one(self, call: Call) -> Return:
        return self._cabinet(call).returns.get(
            segment(call, "returnId"),
            campaign=segment(call, "campaignId"),
            order_id=segment(call, "orderId"),
        )

    @route(
        "GET",
        f"{_CAMPAIGN}/returns",
        bucket="getReturns",
        records=RecordFields(("result", "returns"), "id", _OPTIONAL, _ENUMS),
    )
    async def list(self, call: Call) -> Response:
        """Returns of a campaign; a limit over 100 is reduced to 100."""
        size, after = limit(call, PAGE, MAX_PAGE, truncate=True), token(call)
        orders = text_list(call, "orderIds", max_size=50)
        if orders is not None and not all(order.isdecimal() for order in orders):
            raise Refusal(400, "Parameter orderIds must hold integers")
        numbers = None if orders is None else {int(order) for order in orders}
        statuses = text_list(call, "statuses", REFUND_STATUSES)
        shipments = text_list(call, "shipmentStatuses", SHIPMENT_STATUSES)
        kind = call.query("type") or None
        if kind not in {None, "RETURN", "UNREDEEMED"}:
            raise Refusal(400, f"Parameter type has a wrong value {kind}")
        first = day(call, "fromDate")
        last = day(call, "toDate")
        since = None if first is None else dates.midnight(first)
        until = None if last is None else dates.midnight(last) + dates.DAY

        def wanted(one: Return) -> bool:
            return (
                (numbers is None or one.order_id in numbers)
                and (statuses is None or (one.redeemed and one.refund_status in statuses))
                and (shipments is None or one.shipment in shipments)
                and (kind is None or one.redeemed == (kind == "RETURN"))
                and (since is None or one.updated >= since)
                and (until is None or one.updated < until)
            )

        rows = self._cabinet(call).returns.by_campaign[segment(call, "campaignId")]
        return replies.page("returns", rows.page(limit=size, token=after, wanted=wanted))

    @route(
        "GET",
        _RETURN,
        bucket="getReturn",
        records=RecordFields(("result",), "id", _OPTIONAL, _ENUMS),
    )
    async def one(self, call: Call) -> Response:
        """One return."""
        return replies.result_raw(self._one(call).raw)

    @route("GET", f"{_RETURN}/application", bucket="getReturnApplication")
    async def application(self, call: Call) -> Response:
        """The buyer's application, a PDF."""
        one = self._one(call)
        if not one.redeemed:
            raise Refusal(404, f"Return {one.id} has no application")
        return raw_response(application(one), content_type="application/pdf")

    @route("GET", f"{_RETURN}/decision/{{itemId}}/image/{{imageHash}}", bucket="getReturnPhoto")
    async def photo(self, call: Call) -> Response:
        """A photo of the buyer."""
        item_id = segment(call, "itemId")
        image = call.path("imageHash")
        for item in self._one(call).items:
            if item.id == item_id and image in item.images:
                content, kind = photo(image)
                return raw_response(content, content_type=kind)
        raise Refusal(404, "Photo not found")

    @route(
        "POST",
        "/v1/businesses/{businessId}/returns/decisions",
        bucket="getReturnAvailableDecisions",
        writes=False,
        records=RecordFields(
            ("result", "availableDecisions"),
            "decisionType",
            ("decisionReasonTypes", "partialCompensationBounds"),
            ("decisionType",),
        ),
    )
    async def available(self, call: Call) -> Response:
        """The decisions that the seller may take; an empty list if none is available."""
        asked = await body(call, _Available)
        cabinet = self._cabinet(call)
        if asked.campaign_id not in cabinet.campaigns:
            raise Refusal(404, f"Campaign {asked.campaign_id} not found")
        one = cabinet.returns.get(asked.return_id, campaign=asked.campaign_id)
        return replies.result({"availableDecisions": [each.show() for each in one.possible]})

    @route("POST", f"{_RETURN}/decision", bucket="setReturnDecision")
    async def draft(self, call: Call) -> Response:
        """Sets a decision that has to be submitted; deprecated."""
        asked = await body(call, _Decision)
        self._cabinet(call).returns.draft(self._one(call), asked.read())
        return replies.empty()

    @route("POST", f"{_RETURN}/decision/submit", bucket="submitReturnDecision")
    async def submit(self, call: Call) -> Response:
        """Takes decisions; without a body submits the ones set before."""
        asked = await body(call, _Submit, required=False)
        returns = self._cabinet(call).returns
        one = self._one(call)
        if asked.return_item_decisions is None:
            returns.submit_drafts(one)
        elif not asked.return_item_decisions:
            raise Refusal(400, "returnItemDecisions must not be empty")
        else:
            returns.submit(one, [each.read() for each in asked.return_item_decisions])
        return replies.empty()
