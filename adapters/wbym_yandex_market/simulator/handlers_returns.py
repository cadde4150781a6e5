"""The methods of returns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wbym.testing._answers import Answer, Body, Refusal
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
from wbym_yandex_market.simulator import dates, replies
from wbym_yandex_market.simulator.data_files import application, photo
from wbym_yandex_market.simulator.data_returns import (
    REASONS,
    REFUND_STATUSES,
    SHIPMENT_STATUSES,
    Return,
)
from wbym_yandex_market.simulator.requests import body, limit, segment, token, words
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.state_returns import Decision
from wbym_yandex_market.simulator.tokens import RETURNS, RETURNS_READ

PAGE, MOST = 50, 100
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


class _Possible(msgspec.Struct, rename="camel"):
    campaign_id: Id
    return_id: Id


class _Price(msgspec.Struct, rename="camel"):
    value: Decimal
    currency_id: str


class _One(msgspec.Struct, rename="camel"):
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
    return_item_decisions: list[_One] | None = None


class ReturnHandlers(Handlers[Cabinet]):
    """Serves the returns of the campaign, or of the business, in the URL."""

    def routes(self) -> list[Route]:
        """The table of methods."""
        optional = (
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
        closed = ("refundStatus", "shipmentStatus", "shipmentRecipientType", "returnType")
        listed = Records(("result", "returns"), "id", optional, closed)
        single = Records(("result",), "id", optional, closed)
        possible = Records(
            ("result", "availableDecisions"),
            "decisionType",
            ("decisionReasonTypes", "partialCompensationBounds"),
            ("decisionType",),
        )
        campaign = "/v2/campaigns/{campaignId}"
        one = campaign + "/orders/{orderId}/returns/{returnId}"
        photo_path = one + "/decision/{itemId}/image/{imageHash}"
        read, write = RETURNS_READ, RETURNS
        return [
            Route("GET", f"{campaign}/returns", self.list, "getReturns", read, False, listed),
            Route("GET", one, self.one, "getReturn", read, False, single),
            Route("GET", f"{one}/application", self.application, "getReturnApplication", read),
            Route("GET", photo_path, self.photo, "getReturnPhoto", read),
            Route(
                "POST",
                "/v1/businesses/{businessId}/returns/decisions",
                self.possible,
                "getReturnAvailableDecisions",
                read,
                False,
                possible,
            ),
            Route("POST", f"{one}/decision", self.draft, "setReturnDecision", write, True),
            Route(
                "POST", f"{one}/decision/submit", self.submit, "submitReturnDecision", write, True
            ),
        ]

    def _one(self, call: Call) -> Return:
        return self._cabinet(call).returns.get(
            segment(call, "campaignId"), segment(call, "returnId"), segment(call, "orderId")
        )

    async def list(self, call: Call) -> Answer:
        """`GET v2/campaigns/{campaignId}/returns`: a limit over 100 is cut to it."""
        size, after = limit(call, PAGE, MOST, truncate=True), token(call)
        orders = words(call, "orderIds", most=50)
        if orders is not None and not all(order.isdecimal() for order in orders):
            raise Refusal(400, "Parameter orderIds must hold integers")
        numbers = None if orders is None else {int(order) for order in orders}
        statuses = words(call, "statuses", REFUND_STATUSES)
        shipments = words(call, "shipmentStatuses", SHIPMENT_STATUSES)
        kind = call.query("type") or None
        if kind not in {None, "RETURN", "UNREDEEMED"}:
            raise Refusal(400, f"Parameter type has a wrong value {kind}")
        first = _day(call, "fromDate")
        last = _day(call, "toDate")
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

    async def one(self, call: Call) -> Answer:
        """`GET .../orders/{orderId}/returns/{returnId}`."""
        return replies.result_raw(self._one(call).raw)

    async def application(self, call: Call) -> Answer:
        """`GET .../application`: a PDF."""
        one = self._one(call)
        if not one.redeemed:
            raise Refusal(404, f"Return {one.id} has no application")
        return Answer(200, Body(application(one)), "application/pdf")

    async def photo(self, call: Call) -> Answer:
        """`GET .../decision/{itemId}/image/{imageHash}`."""
        item_id = segment(call, "itemId")
        image = call.request.match_info["imageHash"]
        for item in self._one(call).items:
            if item.id == item_id and image in item.images:
                content, kind = photo(image)
                return Answer(200, Body(content), kind)
        raise Refusal(404, "Photo not found")

    async def possible(self, call: Call) -> Answer:
        """`POST v1/businesses/{businessId}/returns/decisions`: none when nothing may be done."""
        asked = await body(call, _Possible)
        cabinet = self._cabinet(call)
        if asked.campaign_id not in cabinet.campaigns:
            raise Refusal(404, f"Campaign {asked.campaign_id} not found")
        one = cabinet.returns.get(asked.campaign_id, asked.return_id)
        return replies.result({"availableDecisions": [each.show() for each in one.possible]})

    async def draft(self, call: Call) -> Answer:
        """`POST .../decision`: deprecated; needs a submit afterwards."""
        asked = await body(call, _One)
        self._cabinet(call).returns.draft(self._one(call), asked.read())
        return replies.empty()

    async def submit(self, call: Call) -> Answer:
        """`POST .../decision/submit`; without a body it confirms what was set before."""
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


def _day(call: Call, name: str) -> date | None:
    text = call.query(name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refusal(400, f"Parameter {name} must be YYYY-MM-DD") from error
