"""Buyers' claims: wishes to return a product."""

from collections.abc import Sequence
from typing import Final

import msgspec

from wbym.calls import ApiGroup, Endpoints, Nothing, QueryValue
from wbym.errors import InvalidInput
from wbym.paging import ByOffset
from wbym_wildberries.api.base import Wire, itself, length, within
from wbym_wildberries.token import Category

__all__ = ["Claim", "Claims", "ClaimsPage"]

COMMENT_LEAST: Final = 10
COMMENT_MOST: Final = 1000
"""Characters."""
COMMENT_REQUIRED: Final = frozenset({"rejectcustom"})
COMMENT_ALLOWED: Final = frozenset({"rejectcustom", "approvecc1"})
"""Actions that need a comment, and those that may have one."""


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
    """When it was made; without a zone, taken as Moscow time."""
    dt_update: str | None = None
    order_dt: str | None = None
    imt_name: str | None = None
    photos: list[str] | None = None
    """Addresses without a scheme: they begin with ``//``."""
    video_paths: list[str] | None = None
    actions: list[str] | None = None
    """What may be done now; empty where there is nothing to do."""
    price: int | float | None = None
    currency_code: str | None = None
    """ISO 4217 by number, such as ``643``."""
    srid: str | None = None
    """The order's id; chats call it ``rid``."""
    delivery_dt: str | None = None
    """When the buyer received the order; without a zone, taken as Moscow time."""
    origin_id_info: str | None = None
    """Whether the IMEI in the claim is the one that the seller gave or WB's warehouse scanned, in
    words. Only for Apple smartphones from 40,000 roubles that come back through a pick-up point."""


class ClaimsPage(Wire, frozen=True):
    """One page of claims."""

    claims: list[Claim]
    total: int | None = None
    """How many match, over all pages."""


LIST_PAGES = ByOffset(size="limit", offset="offset", most=200)
_TABLE = Endpoints("claims", host="returns", scope=Category.RETURNS.scope)

LIST = _TABLE.add(
    "GET",
    "list",
    "/api/v1/claims",
    itself(ClaimsPage, records=("claims",), record=Claim),
    pages=LIST_PAGES,
)
DECIDE = _TABLE.add("PATCH", "decide", "/api/v1/claim", Nothing())

ENDPOINTS = _TABLE.rows


class _DecideBody(msgspec.Struct, omit_defaults=True):
    id: str
    action: str
    comment: str | None = None


def list_query(
    *,
    is_archive: bool,
    id: str | None = None,  # noqa: A002
    nm_id: int | None = None,
) -> dict[str, QueryValue]:
    """The filters of the list, without limit and offset."""
    return {"is_archive": is_archive, "id": id, "nm_id": nm_id}


class Claims(ApiGroup):
    """``api.claims``.

    Each method has a bucket of its own: 20 calls a minute, 10 at once; with a base token 1 an hour.
    """

    async def list(
        self,
        *,
        is_archive: bool,
        id: str | None = None,  # noqa: A002 - the marketplace's own name
        nm_id: int | None = None,
        limit: int = 200,
        offset: int = 0,
    ) -> ClaimsPage:
        """One page of the claims of the last 14 days (GET /api/v1/claims).

        Args:
            is_archive: Those in the archive, or those under review.
            id: One claim.
            nm_id: On one product.
            limit: How many, 1 to 200.
            offset: After how many.

        Raises:
            InvalidInput: ``limit`` or ``offset`` is outside its bounds.
        """
        within(LIST.name, "limit", limit, 1, LIST_PAGES.most)
        within(LIST.name, "offset", offset, 0, 2**63 - 1)
        query = list_query(is_archive=is_archive, id=id, nm_id=nm_id)
        return await self._call(LIST, query=query | {"limit": limit, "offset": offset})

    async def decide(self, claim_id: str, action: str, *, comment: str | None = None) -> None:
        """Answer a claim (PATCH /api/v1/claim). Not repeatable.

        Args:
            claim_id: Which one.
            action: One of that claim's own ``actions``; new ones appear, so any word is sent.
            comment: 10 to 1,000 characters; ``rejectcustom`` needs one, ``approvecc1`` may have
                one, the others may not.

        Raises:
            InvalidInput: The comment is missing, not allowed, too short or too long.
            BadRequest: The action is not one of the claim's.
            DeliveryUnknown: It may or may not have been decided.
        """
        check_comment(action, comment)
        await self._call(DECIDE, body=_DecideBody(claim_id, action, comment))


def check_comment(action: str, comment: str | None) -> None:
    """Refuse a comment, or its absence, that the action does not go with.

    Raises:
        InvalidInput: It does not.
    """
    if comment is None:
        if action in COMMENT_REQUIRED:
            rule = f"is needed for {action}, {COMMENT_LEAST} to {COMMENT_MOST} characters"
            raise InvalidInput(DECIDE.name, "comment", rule, None)
        return
    if action not in COMMENT_ALLOWED:
        raise InvalidInput(DECIDE.name, "comment", f"is not taken with {action}", comment)
    length(DECIDE.name, "comment", comment, COMMENT_LEAST, COMMENT_MOST)


def check_action(claim_id: str, action: str, actions: Sequence[str]) -> None:
    """Refuse an action that is not among the claim's own.

    Raises:
        InvalidInput: It is not.
    """
    if action not in actions:
        rule = f"must be one of claim {claim_id}'s own actions {list(actions)}"
        raise InvalidInput(DECIDE.name, "action", rule, action)
