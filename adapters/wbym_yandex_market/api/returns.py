"""Returns, and orders that were not picked up; what the seller decides about them."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Final, Literal

import msgspec

from wbym.calls import Binary, Download, Endpoint, Endpoints, QueryValue
from wbym.errors import InvalidInput
from wbym.paging import ByToken
from wbym_yandex_market.api.base import (
    HOST,
    ORDERS,
    BusinessGroup,
    acknowledged,
    enveloped,
    ids,
    page_query,
    positive,
)
from wbym_yandex_market.api.return_records import (
    AvailableBody,
    Decisions,
    ItemDecision,
    Return,
    ReturnsPage,
    SubmitBody,
    item_body,
)

__all__ = ["Returns"]

PAGE_MOST: Final = 100
ORDERS_MOST: Final = 50

_ONE = "/v2/campaigns/{campaignId}/orders/{orderId}/returns/{returnId}"

_TABLE = Endpoints("returns", host=HOST, scope=ORDERS)

LIST = _TABLE.add(
    "GET",
    "list",
    "/v2/campaigns/{campaignId}/returns",
    enveloped(ReturnsPage, records="returns", record=Return),
    pages=ByToken(token="pageToken", size="limit", most=PAGE_MOST),
)
GET = _TABLE.add("GET", "get", _ONE, enveloped(Return))
APPLICATION = _TABLE.add("GET", "application", f"{_ONE}/application", Binary())
PHOTO = _TABLE.add("GET", "photo", f"{_ONE}/decision/{{itemId}}/image/{{imageHash}}", Binary())
DECISIONS = _TABLE.add(
    "POST",
    "decisions",
    "/v1/businesses/{businessId}/returns/decisions",
    enveloped(Decisions),
    writes=False,
)
SET_DECISION = _TABLE.add("POST", "set_decision", f"{_ONE}/decision", acknowledged())
SUBMIT_DECISION = _TABLE.add("POST", "submit_decision", f"{_ONE}/decision/submit", acknowledged())

ENDPOINTS = _TABLE.rows


def list_query(
    *,
    order_ids: Collection[int] | None = None,
    statuses: Collection[str] | None = None,
    shipment_statuses: Collection[str] | None = None,
    type: Literal["UNREDEEMED", "RETURN"] | None = None,  # noqa: A002
    from_date: date | None = None,
    to_date: date | None = None,
) -> dict[str, QueryValue]:
    """The filters of the list, checked; see :meth:`Returns.list`."""
    orders = ids(LIST.name, "order_ids", order_ids, ORDERS_MOST)
    if from_date is not None and to_date is not None and from_date > to_date:
        raise InvalidInput(LIST.name, "from_date", "must not be after to_date", from_date)
    return {
        "orderIds": _commas(orders),
        "statuses": _commas(statuses),
        "shipmentStatuses": _commas(shipment_statuses),
        "type": type,
        "fromDate": None if from_date is None else from_date.isoformat(),
        "toDate": None if to_date is None else to_date.isoformat(),
    }


class Returns(BusinessGroup):
    """``api.returns``. Each method has an hourly budget of its own, per shop mostly."""

    async def list(
        self,
        campaign_id: int,
        *,
        order_ids: Collection[int] | None = None,
        statuses: Collection[str] | None = None,
        shipment_statuses: Collection[str] | None = None,
        type: Literal["UNREDEEMED", "RETURN"] | None = None,  # noqa: A002 - Market's own name
        from_date: date | None = None,
        to_date: date | None = None,
        limit: int | None = None,
        page_token: str | None = None,
    ) -> ReturnsPage:
        """One page of a shop's returns (GET v2/campaigns/{}/returns, 5,000 an hour).

        Args:
            campaign_id: Which shop.
            order_ids: Of these orders, 1 to 50.
            statuses: With the money in these statuses, such as ``WAITING_FOR_DECISION``.
            shipment_statuses: With the goods in these statuses, such as ``READY_FOR_PICKUP``.
            type: Returns only, or only orders that were not picked up.
            from_date: Changed from this day on.
            to_date: Changed up to this day.
            limit: How many, 1 to 100; Market gives 50 where nothing is said.
            page_token: ``paging.next_page_token`` of the page before.

        Raises:
            InvalidInput: A filter is outside its bounds.
            Forbidden: The shop is not the seller's.
        """
        path = {"campaignId": positive(LIST.name, "campaign_id", campaign_id)}
        query = page_query(LIST.name, page_token, limit, PAGE_MOST) | list_query(
            order_ids=order_ids,
            statuses=statuses,
            shipment_statuses=shipment_statuses,
            type=type,
            from_date=from_date,
            to_date=to_date,
        )
        return await self._call(LIST, path=path, query=query)

    async def get(self, campaign_id: int, order_id: int, return_id: int) -> Return:
        """One return (GET v2/campaigns/{}/orders/{}/returns/{}, 7,000 an hour).

        Raises:
            InvalidInput: An id is none.
            NotFound: There is no such return.
        """
        return await self._call(GET, path=_path(GET, campaign_id, order_id, return_id))

    def application(
        self, campaign_id: int, order_id: int, return_id: int
    ) -> AbstractAsyncContextManager[Download]:
        """Open the buyer's application, a PDF (GET .../application, 5,000 an hour).

        Raises:
            InvalidInput: An id is none.
            NotFound: There is no such return, or it has no application.
        """
        path = _path(APPLICATION, campaign_id, order_id, return_id)
        return self._pipeline.download(APPLICATION, path=path, priority=self._priority)

    def photo(
        self, campaign_id: int, order_id: int, return_id: int, item_id: int, image_hash: str
    ) -> AbstractAsyncContextManager[Download]:
        """Open a photo of the buyer's (GET .../decision/{}/image/{}, 5,000 an hour).

        JPEG or PNG, as ``content_type`` says, at most 50 MB.

        Args:
            campaign_id: Of which shop.
            order_id: Of which order.
            return_id: Of which return.
            item_id: ``return_item_id`` of the position.
            image_hash: One of the position's ``images``.

        Raises:
            InvalidInput: An id is none, or the hash is empty.
            NotFound: There is no such photo.
        """
        path = _path(PHOTO, campaign_id, order_id, return_id)
        path["itemId"] = positive(PHOTO.name, "item_id", item_id)
        if not image_hash:
            raise InvalidInput(PHOTO.name, "image_hash", "must not be empty", image_hash)
        path["imageHash"] = image_hash
        return self._pipeline.download(PHOTO, path=path, priority=self._priority)

    async def decisions(self, campaign_id: int, return_id: int) -> Decisions:
        """What may be decided about a return (POST v1/businesses/{}/returns/decisions).

        5,000 an hour.

        Raises:
            InvalidInput: An id is none.
            NotFound: There is no such return.
        """
        body = AvailableBody(
            positive(DECISIONS.name, "campaign_id", campaign_id),
            positive(DECISIONS.name, "return_id", return_id),
        )
        return await self._ask(DECISIONS, body=body)

    async def set_decision(
        self, campaign_id: int, order_id: int, return_id: int, decision: ItemDecision
    ) -> None:
        """Deprecated by Market, off on 2027-04-05: use :meth:`submit_decision`.

        Chooses what is decided about one position (POST .../decision, 1,000 an hour); it takes
        effect when it is submitted. Not repeatable. It takes no ``decision_reason_type``.

        Raises:
            InvalidInput: An id is none, or what goes with the decision breaks a rule.
            DeliveryUnknown: It may or may not have been chosen.
        """
        if decision.decision_reason_type is not None:
            rule = "is not taken by this method: use submit_decision"
            value = decision.decision_reason_type
            raise InvalidInput(SET_DECISION.name, "decision_reason_type", rule, value)
        body = item_body(SET_DECISION.name, decision, reasons=False)
        path = _path(SET_DECISION, campaign_id, order_id, return_id)
        await self._call(SET_DECISION, path=path, body=body)

    async def submit_decision(
        self,
        campaign_id: int,
        order_id: int,
        return_id: int,
        decisions: Sequence[ItemDecision] | None = None,
    ) -> None:
        """Decide about a return, within 48 hours (POST .../decision/submit, 5,000 an hour).

        Not repeatable.

        Args:
            campaign_id: Of which shop.
            order_id: Of which order.
            return_id: Which return.
            decisions: What is decided, position by position, from those that are available. None
                for what :meth:`set_decision` has chosen.

        Raises:
            InvalidInput: An id is none, there is no decision, or what goes with one breaks a rule.
            BadRequest: The decision is not possible for this return.
            DeliveryUnknown: It may or may not have been decided.
        """
        name = SUBMIT_DECISION.name
        if decisions is not None and not decisions:
            raise InvalidInput(name, "decisions", "must not be empty", decisions)
        body: SubmitBody | msgspec.UnsetType = msgspec.UNSET
        if decisions is not None:
            body = SubmitBody([item_body(name, decision) for decision in decisions])
        path = _path(SUBMIT_DECISION, campaign_id, order_id, return_id)
        await self._call(SUBMIT_DECISION, path=path, body=body)


def _path(
    endpoint: Endpoint[object], campaign_id: int, order_id: int, return_id: int
) -> dict[str, str | int]:
    return {
        "campaignId": positive(endpoint.name, "campaign_id", campaign_id),
        "orderId": positive(endpoint.name, "order_id", order_id),
        "returnId": positive(endpoint.name, "return_id", return_id),
    }


def _commas(values: Collection[object] | None) -> str | None:
    return ",".join(dict.fromkeys(map(str, values))) if values else None
