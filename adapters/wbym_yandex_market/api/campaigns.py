"""The seller's shops ("campaigns") and the business that they belong to."""

from typing import Final

import msgspec

from wbym.calls import ApiGroup, Endpoints, Json, Unreadable
from wbym.paging import ByToken
from wbym_yandex_market.api.base import HOST, ApiError, Paging, Wire, check, page_query, positive

__all__ = ["Business", "Campaign", "Campaigns", "CampaignsPage"]

ANY: Final = "any"
"""Whatever scope an Api-Key has will do."""


class Business(Wire, frozen=True):
    """A cabinet: what a seller's shops belong to."""

    id: int | None = None
    name: str | None = None


class Campaign(Wire, frozen=True):
    """A shop as Market sends it."""

    id: int | None = None
    domain: str | None = None
    """Its name."""
    client_id: int | None = None
    """The payer in Yandex Balance; Market sends it no more since October 2026."""
    business: Business | None = None
    placement_type: str | None = None
    """``FBS`` (Express too), ``FBY``, ``DBS`` or ``LAAS``."""
    api_availability: str | None = None
    """``AVAILABLE``, or why the API is closed: ``DISABLED_BY_INACTIVITY``..."""


class Pager(Wire, frozen=True):
    """Pages by number, which Market gave up in October 2026 in favour of tokens."""

    total: int | None = None
    from_: int | None = msgspec.field(default=None, name="from")
    to: int | None = None
    current_page: int | None = None
    pages_count: int | None = None
    page_size: int | None = None


class CampaignsPage(Wire, frozen=True):
    """One page of shops. It comes without the envelope of other answers."""

    campaigns: list[Campaign] | None = None
    pager: Pager | None = None
    paging: Paging | None = None
    status: str | None = None
    errors: list[ApiError] | None = None
    """Instead of the shops, where Market refuses."""


class CampaignReply(Wire, frozen=True):
    """One shop, without the envelope of other answers."""

    campaign: Campaign | None = None
    status: str | None = None
    errors: list[ApiError] | None = None


def _page(page: CampaignsPage) -> CampaignsPage:
    check(page.status, page.errors)
    if page.campaigns is None:
        raise Unreadable("the answer holds no campaigns")
    return page


def _one(reply: CampaignReply) -> Campaign:
    check(reply.status, reply.errors)
    if reply.campaign is None:
        raise Unreadable("the answer holds no campaign")
    return reply.campaign


PAGE_MOST: Final = 100

_TABLE = Endpoints("campaigns", host=HOST, scope=ANY)

LIST = _TABLE.add(
    "GET",
    "list",
    "/v2/campaigns",
    Json(CampaignsPage, _page, records=("campaigns",), record=Campaign),
    pages=ByToken(token="pageToken", size="limit", most=PAGE_MOST),
)
GET = _TABLE.add("GET", "get", "/v2/campaigns/{campaignId}", Json(CampaignReply, _one))

ENDPOINTS = _TABLE.rows


class Campaigns(ApiGroup):
    """``api.campaigns``."""

    async def list(
        self, *, limit: int | None = None, page_token: str | None = None
    ) -> CampaignsPage:
        """One page of the shops (GET v2/campaigns, 1,000 an hour).

        With an Api-Key those of the key's business; with an OAuth token those that its user may
        see, of any business.

        Args:
            limit: How many, 1 to 100; Market decides where nothing is said.
            page_token: ``paging.next_page_token`` of the page before.

        Raises:
            InvalidInput: ``limit`` is outside its bounds.
        """
        return await self._call(LIST, query=page_query(LIST.name, page_token, limit, PAGE_MOST))

    async def get(self, campaign_id: int) -> Campaign:
        """One shop (GET v2/campaigns/{campaignId}, 5,000 an hour).

        Raises:
            InvalidInput: The id is none.
            NotFound: There is no such shop.
            Forbidden: It is not the seller's.
        """
        path = {"campaignId": positive(GET.name, "campaign_id", campaign_id)}
        return await self._call(GET, path=path)
