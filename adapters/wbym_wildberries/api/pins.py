"""Pinned feedbacks: reading, pinning, unpinning."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from wbym.calls import ApiGroup, Endpoints, QueryValue
from wbym.paging import ByToken
from wbym_wildberries.api.base import Wire, enveloped, itself, rfc3339, within
from wbym_wildberries.token import Category

__all__ = ["Pin", "PinLimit", "PinLimits", "PinOrder", "PinResult", "Pins", "PinsPage"]

PinMethod = Literal["subscription", "tariff"]
PinPlace = Literal["nm", "imt"]
PinState = Literal["pinned", "unpinned"]

BATCH: Final = 500
"""Pins or unpins in one call."""


class Pin(Wire, frozen=True):
    """One operation of pinning or unpinning."""

    pin_id: int
    feedback_id: str
    state: str | None = None
    pin_on: str | None = None
    pin_method: str | None = None
    change_state_at: datetime | None = None
    imt_id: int | None = None
    nm_id: int | None = None
    unpinned_cause: str | None = None
    """Such as ``sysTariffUnpinned``, ``sysLimitReached``, ``sysNoratingUnpinned``."""


class PinsPage(Wire, frozen=True):
    """One page of pins."""

    data: list[Pin]
    next: int | None = None
    """What to ask the next page with; None or 0 after the last."""


class PinOrder(Wire, frozen=True):
    """What to pin where."""

    feedback_id: str
    pin_method: PinMethod
    pin_on: PinPlace


class PinError(Wire, frozen=True):
    """Why a feedback was not pinned."""

    status: str | None = None
    """Such as ``itemNotFound``, ``alreadyPinned``, ``unitLimitReached``, ``tariffRestriction``."""
    title: str | None = None
    detail: str | None = None
    request_id: str | None = None
    origin: str | None = None


class PinResult(Wire, frozen=True):
    """What became of one :class:`PinOrder`."""

    feedback_id: str
    is_errors: bool = False
    pin_id: int | None = None
    """None where it was not pinned."""
    pin_method: str | None = None
    pin_on: str | None = None
    errors: list[PinError] | None = None


class PinLimit(Wire, frozen=True):
    """How many feedbacks may be pinned."""

    total_limit: int | None = None
    used: int | None = None
    remaining: int | None = None
    per_unit_limit: int | None = None
    unlimited: bool | None = None


class PinLimits(Wire, frozen=True):
    """The limits by what pays for them."""

    subscription: PinLimit | None = None
    tariff: PinLimit | None = None


_PAGES = ByToken(token="next", size="limit", most=500)

_TABLE = Endpoints(
    "pins",
    host="feedbacks",
    buckets=("feedbacks-and-questions",),
    scope=Category.FEEDBACKS_AND_QUESTIONS.scope,
)

LIST = _TABLE.add(
    "GET",
    "list",
    "/api/feedbacks/v1/pins",
    itself(PinsPage, records=("data",), record=Pin),
    pages=_PAGES,
)
PIN = _TABLE.add("POST", "pin", "/api/feedbacks/v1/pins", enveloped(list[PinResult]))
UNPIN = _TABLE.add("DELETE", "unpin", "/api/feedbacks/v1/pins", enveloped(list[int]))
COUNT = _TABLE.add("GET", "count", "/api/feedbacks/v1/pins/count", enveloped(int))
LIMITS = _TABLE.add("GET", "limits", "/api/feedbacks/v1/pins/limits", enveloped(PinLimits))

ENDPOINTS = _TABLE.rows


class Pins(ApiGroup):
    """``api.pins``; the bucket is that of ``api.feedbacks``."""

    async def list(
        self,
        *,
        state: PinState | None = None,
        pin_on: PinPlace | None = None,
        imt_id: int | None = None,
        nm_id: int | None = None,
        feedback_id: str | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
        next: int | None = None,  # noqa: A002 - the marketplace's own name
        limit: int = BATCH,
    ) -> PinsPage:
        """One page of pinned and unpinned feedbacks (GET /api/feedbacks/v1/pins).

        Unpinned are only those that Wildberries unpinned by itself.

        Args:
            state: Pinned ones or unpinned ones.
            pin_on: Where they are pinned: on a card or on a group of merged cards.
            imt_id: On one group of merged cards.
            nm_id: On one card.
            feedback_id: Of one feedback. WB's page calls it an integer; its ids are texts.
            date_from: Pinned from this moment on; aware.
            date_to: Pinned up to this moment; aware.
            next: What the page before says.
            limit: How many, 1 to 500.

        Raises:
            InvalidInput: ``limit`` is outside its bounds or a time is naive.
        """
        within(LIST.name, "limit", limit, 1, BATCH)
        filters = _filters(LIST.name, state, pin_on, imt_id, nm_id, feedback_id, date_from, date_to)
        return await self._call(LIST, query=filters | {"next": next, "limit": limit})

    async def count(
        self,
        *,
        state: PinState | None = None,
        pin_on: PinPlace | None = None,
        imt_id: int | None = None,
        nm_id: int | None = None,
        feedback_id: str | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
    ) -> int:
        """How many are pinned and unpinned (GET /api/feedbacks/v1/pins/count); filters as in list.

        Raises:
            InvalidInput: A time is naive.
        """
        return await self._call(
            COUNT,
            query=_filters(
                COUNT.name, state, pin_on, imt_id, nm_id, feedback_id, date_from, date_to
            ),
        )

    async def pin(self, orders: Sequence[PinOrder]) -> Sequence[PinResult]:
        """Pin feedbacks (POST /api/feedbacks/v1/pins). Needs a subscription or a tariff option.

        Not repeatable. What became of each is in its result, errors too.

        Args:
            orders: 1 to 500.

        Raises:
            InvalidInput: There are none, or more than 500.
            Forbidden: There is neither a subscription nor a tariff.
            DeliveryUnknown: They may or may not have been pinned.
        """
        within(PIN.name, "orders", len(orders), 1, BATCH)
        return await self._call(PIN, body=orders)

    async def unpin(self, pin_ids: Sequence[int]) -> Sequence[int]:
        """Unpin feedbacks (DELETE /api/feedbacks/v1/pins). Not repeatable.

        Args:
            pin_ids: 1 to 500 ids of pinning operations.

        Returns:
            The ids that were unpinned.

        Raises:
            InvalidInput: There are none, or more than 500.
            DeliveryUnknown: They may or may not have been unpinned.
        """
        within(UNPIN.name, "pin_ids", len(pin_ids), 1, BATCH)
        return await self._call(UNPIN, body=pin_ids)

    async def limits(self) -> PinLimits:
        """How many may be pinned (GET /api/feedbacks/v1/pins/limits)."""
        return await self._call(LIMITS)


def _filters(
    method: str,
    state: PinState | None,
    pin_on: PinPlace | None,
    imt_id: int | None,
    nm_id: int | None,
    feedback_id: str | None,
    date_from: datetime | None,
    date_to: datetime | None,
) -> dict[str, QueryValue]:
    return {
        "state": state,
        "pinOn": pin_on,
        "imtId": imt_id,
        "nmId": nm_id,
        "feedbackId": feedback_id,
        "dateFrom": rfc3339(method, "date_from", date_from),
        "dateTo": rfc3339(method, "date_to", date_to),
    }
