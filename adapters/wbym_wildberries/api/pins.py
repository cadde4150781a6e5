"""Pinned feedbacks: reading, pinning, unpinning."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from wbym.calls import Count, Group, WholeBody, delete, get, post
from wbym.paging import ByToken, Listing
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import Wire, as_is, in_envelope

__all__ = ["Pin", "PinLimit", "PinLimits", "PinOrder", "PinResult", "Pins", "PinsPage"]

PinMethod = Literal["subscription", "tariff"]
PinPlace = Literal["nm", "imt"]
PinState = Literal["pinned", "unpinned"]

_BATCH: Final = Count(1, 500)
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
    """The token of the next page; None or 0 after the last."""


class PinOrder(Wire, frozen=True):
    """A feedback to pin, and where."""

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
    """The result of one :class:`PinOrder`."""

    feedback_id: str
    is_errors: bool = False
    pin_id: int | None = None
    """None if the feedback was not pinned."""
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
    """The limits of pins by subscription and by tariff."""

    subscription: PinLimit | None = None
    tariff: PinLimit | None = None


class Pins(
    Group,
    host="feedbacks",
    bucket="feedbacks-and-questions",
    scope=Category.FEEDBACKS_AND_QUESTIONS.scope,
    envelope=in_envelope,
):
    """``api.pins``; the bucket is that of ``api.feedbacks``."""

    @get(
        "/api/feedbacks/v1/pins",
        pages=ByToken("next", size="limit", max_size=500, is_number=True),
        page=PinsPage,
        envelope=as_is,
    )
    def list(
        self,
        *,
        state: PinState | None = None,
        pin_on: PinPlace | None = None,
        imt_id: int | None = None,
        nm_id: int | None = None,
        feedback_id: str | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
    ) -> Listing[Pin]:
        """Pinned and unpinned feedbacks, 500 per page.

        Only feedbacks that Wildberries unpinned by itself are listed as unpinned.

        Args:
            state: Pinned or unpinned.
            pin_on: Where they are pinned: on a card or on a group of merged cards.
            imt_id: On one group of merged cards.
            nm_id: On one card.
            feedback_id: Of one feedback. WB's page calls it an integer; its ids are texts.
            date_from: Pinned since this time.
            date_to: Pinned until this time.
        """
        ...

    @get("/api/feedbacks/v1/pins/count")
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
        """Number of pinned and unpinned feedbacks; filters as in :meth:`list`."""
        ...

    @post("/api/feedbacks/v1/pins")
    async def pin(
        self, orders: Annotated[Sequence[PinOrder], WholeBody(), _BATCH]
    ) -> Sequence[PinResult]:
        """Pin feedbacks. Requires a subscription or a tariff option.

        Each result has the errors of its feedback.

        Args:
            orders: 1 to 500.

        Raises:
            Forbidden: The seller has neither a subscription nor a tariff option.
            DeliveryUnknown: They may or may not have been pinned.
        """
        ...

    @delete("/api/feedbacks/v1/pins")
    async def unpin(self, pin_ids: Annotated[Sequence[int], WholeBody(), _BATCH]) -> Sequence[int]:
        """Unpin feedbacks.

        Args:
            pin_ids: 1 to 500 ids of pinning operations.

        Returns:
            The ids that were unpinned.

        Raises:
            DeliveryUnknown: They may or may not have been unpinned.
        """
        ...

    @get("/api/feedbacks/v1/pins/limits")
    async def limits(self) -> PinLimits:
        """How many feedbacks may be pinned."""
        ...
