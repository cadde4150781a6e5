"""The seller's shops ("campaigns") and the business that they belong to."""

import msgspec

from wbym.calls import Json, Unreadable, get
from wbym.paging import Listing
from wbym_yandex_market.api._base import (
    ANY,
    ApiError,
    Id,
    MarketGroup,
    Paging,
    Wire,
    WireId,
    check,
    pages,
)

__all__ = ["Business", "Campaign", "Campaigns"]


class Business(Wire, frozen=True):
    """A business ("cabinet"), which shops belong to."""

    id: WireId | None = None
    name: str | None = None


class Campaign(Wire, frozen=True):
    """A shop as Market sends it."""

    id: WireId | None = None
    domain: str | None = None
    """Its name."""
    client_id: int | None = None
    """The payer in Yandex Balance; Market stopped sending it in October 2026."""
    business: Business | None = None
    placement_type: str | None = None
    """``FBS`` (Express too), ``FBY``, ``DBS`` or ``LAAS``."""
    api_availability: str | None = None
    """``AVAILABLE``, or why the API is disabled: ``DISABLED_BY_INACTIVITY``..."""


class Pager(Wire, frozen=True):
    """Pages by number, which Market replaced with tokens in October 2026."""

    total: int | None = None
    from_: int | None = msgspec.field(default=None, name="from")
    to: int | None = None
    current_page: int | None = None
    pages_count: int | None = None
    page_size: int | None = None


class CampaignsPage(Wire, frozen=True):
    """One page of shops, without the envelope of other responses."""

    campaigns: list[Campaign] | None = None
    pager: Pager | None = None
    paging: Paging | None = None
    status: str | None = None
    errors: list[ApiError] | None = None
    """Instead of the shops, if Market rejects the request."""


class CampaignReply(Wire, frozen=True):
    """One shop, without the envelope of other responses."""

    campaign: Campaign | None = None
    status: str | None = None
    errors: list[ApiError] | None = None


def _page(page: CampaignsPage) -> CampaignsPage:
    check(page.status, page.errors)
    if page.campaigns is None:
        raise Unreadable("the response has no campaigns")
    return page


def _one(reply: CampaignReply) -> Campaign:
    check(reply.status, reply.errors)
    if reply.campaign is None:
        raise Unreadable("the response has no campaign")
    return reply.campaign


class Campaigns(MarketGroup, scope=ANY):
    """``api.campaigns``. Its responses have no envelope."""

    @get(
        "/v2/campaigns",
        pages=pages(100),
        page=CampaignsPage,
        reply=Json(CampaignsPage, _page, records=("campaigns",), record=Campaign),
    )
    def list(self) -> Listing[Campaign]:
        """The shops; 1,000 requests per hour.

        With an Api-Key the shops of the key's business; with an OAuth token all shops that its user
        may see, of any business.
        """

    @get("/v2/campaigns/{campaignId}", reply=Json(CampaignReply, _one))
    async def get(self, campaign_id: Id) -> Campaign:
        """One shop; 5,000 per hour.

        Raises:
            NotFound: The shop does not exist.
            Forbidden: The shop is not the seller's.
        """
