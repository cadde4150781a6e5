"""Buyers' claims: requests to return a product."""

from collections.abc import Mapping
from typing import Annotated, Any

from wbym.calls import Group, Name, NotEmpty, get, patch
from wbym.paging import ByOffset, Listing
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import Wire, as_is
from wbym_wildberries.api._bounds import COMMENT, COMMENT_ALLOWED, COMMENT_REQUIRED

__all__ = ["Claim", "Claims", "ClaimsPage"]


class Claim(Wire, frozen=True, rename=None):
    """A claim as Wildberries sends it."""

    id: str
    claim_type: int | None = None
    status: int | None = None
    """0 waiting, 1 rejected, 2 approved."""
    status_ex: int | None = None
    """Refines ``status``."""
    nm_id: int | None = None
    user_comment: str | None = None
    wb_comment: str | None = None
    dt: str | None = None
    """The time of creation; without a zone, read as Moscow time."""
    dt_update: str | None = None
    order_dt: str | None = None
    imt_name: str | None = None
    photos: list[str] | None = None
    """Addresses without a scheme: they begin with ``//``."""
    video_paths: list[str] | None = None
    actions: list[str] | None = None
    """The actions available now; may be empty."""
    price: int | float | None = None
    currency_code: str | None = None
    """ISO 4217 by number, such as ``643``."""
    srid: str | None = None
    """The order's id; chats call it ``rid``."""
    delivery_dt: str | None = None
    """When the buyer received the order; without a zone, read as Moscow time."""
    origin_id_info: str | None = None
    """Whether the IMEI in the claim matches the one that the seller gave or WB's warehouse scanned,
    as text. Only for Apple smartphones from 40,000 roubles returned through a pick-up point."""


class ClaimsPage(Wire, frozen=True):
    """One page of claims."""

    claims: list[Claim]
    total: int | None = None
    """The number of matches on all pages."""


def _comment_of_its_action(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    """Whether a comment fits its action."""
    action, comment = arguments["action"], arguments["comment"]
    if comment is None and action in COMMENT_REQUIRED:
        return "comment", f"is required for {action}, {COMMENT.min} to {COMMENT.max} characters"
    if comment is not None and action not in COMMENT_ALLOWED:
        return "comment", f"is not allowed with {action}"
    return None


class Claims(Group, host="returns", scope=Category.RETURNS.scope, envelope=as_is, spelling=None):
    """``api.claims``.

    Each method has its own bucket: 20 calls per minute, burst 10; with a base token 1 per hour.
    """

    @get(
        "/api/v1/claims",
        pages=ByOffset("limit", "offset", max_size=200),
        page=ClaimsPage,
        total="total",
    )
    def list(
        self,
        *,
        is_archive: bool,
        id: str | None = None,
        nm_id: int | None = None,
    ) -> Listing[Claim]:
        """The claims of the last 14 days, at most 200 per page.

        Args:
            is_archive: Archived claims, or claims under review.
            id: One claim.
            nm_id: Of one product.
        """
        ...

    @patch("/api/v1/claim", rules=[_comment_of_its_action])
    async def decide(
        self,
        claim_id: Annotated[str, Name("id"), NotEmpty()],
        action: Annotated[str, NotEmpty()],
        *,
        comment: Annotated[str, COMMENT] | None = None,
    ) -> None:
        """Answer a claim.

        Args:
            claim_id: The claim's id.
            action: One of the claim's own ``actions``; WB adds new ones, so any value is sent.
            comment: 10 to 1,000 characters; required with ``rejectcustom``, optional with
                ``approvecc1``, not allowed with other actions.

        Raises:
            BadRequest: The claim does not have this action.
            DeliveryUnknown: It may or may not have been decided.
        """
        ...
