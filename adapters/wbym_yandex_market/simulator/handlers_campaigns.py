"""The methods of campaigns and of the token."""

from __future__ import annotations

from wbym.testing import Call, Handlers, RecordFields, Refusal, Response, json_response, route
from wbym_yandex_market.simulator import replies
from wbym_yandex_market.simulator.data_campaigns import Campaign
from wbym_yandex_market.simulator.records import write_token
from wbym_yandex_market.simulator.requests import limit, segment, token
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.tokens import ANY, read_headers

PAGE, MAX_PAGE = 50, 100
_OPTIONAL = ("domain", "business", "placementType", "apiAvailability")
_ENUMS = ("placementType", "apiAvailability")


class CampaignHandlers(Handlers[Cabinet], scope=ANY):
    """Serves the campaigns that the caller may read."""

    def _campaigns(self, call: Call) -> list[Campaign]:
        passport = read_headers(call.request.headers)
        return [
            campaign
            for business, cabinet in self._simulator.cabinets.items()
            if passport.sees(business)
            for campaign in cabinet.campaigns.values()
        ]

    @route(
        "GET",
        "/v2/campaigns",
        bucket="getCampaigns",
        records=RecordFields(("campaigns",), "id", _OPTIONAL, _ENUMS),
    )
    async def list(self, call: Call) -> Response:
        """Campaigns, by page token."""
        found = sorted(self._campaigns(call), key=lambda campaign: campaign.id)
        after = token(call)
        size = limit(call, PAGE, MAX_PAGE)
        if after is not None:
            found = [campaign for campaign in found if campaign.id > after[0]]
        page = found[:size]
        paging = {}
        if len(found) > size:
            paging = {"nextPageToken": write_token((page[-1].id, 0))}
        return json_response({"campaigns": [one.show() for one in page], "paging": paging})

    @route(
        "GET",
        "/v2/campaigns/{campaignId}",
        bucket="getCampaign",
        records=RecordFields(("campaign",), "id", _OPTIONAL, _ENUMS),
    )
    async def one(self, call: Call) -> Response:
        """One campaign."""
        wanted = segment(call, "campaignId")
        for campaign in self._campaigns(call):
            if campaign.id == wanted:
                return json_response({"campaign": campaign.show()})
        raise Refusal(404, f"Campaign {wanted} not found")

    @route("POST", "/v2/auth/token", bucket="getAuthTokenInfo", writes=False)
    async def token(self, call: Call) -> Response:
        """Name and scopes of an API key; not available for OAuth tokens."""
        passport = read_headers(call.request.headers)
        if passport.business is None:
            raise Refusal(403, "The method is available for Api-Key only")
        scopes = [scope.replace("-", "_").replace(":", "_").upper() for scope in passport.scopes]
        return replies.result({"apiKey": {"name": passport.name, "authScopes": scopes}})
