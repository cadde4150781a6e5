"""The methods of campaigns and of the token."""

from __future__ import annotations

from collections.abc import Callable

from wbym.testing._answers import Answer, Refusal, json_answer
from wbym.testing._server import Call, Route
from wbym.testing._spoil import Records
from wbym_yandex_market.simulator import replies
from wbym_yandex_market.simulator.data_campaigns import Campaign
from wbym_yandex_market.simulator.requests import limit, segment, token
from wbym_yandex_market.simulator.rows import write_token
from wbym_yandex_market.simulator.tokens import ANY, Passport

MOST = 100
DEFAULT = 50
_OPTIONAL = ("domain", "business", "placementType", "apiAvailability")


class CampaignHandlers:
    """Serves the campaigns that the caller sees."""

    def __init__(
        self,
        campaigns: Callable[[Passport], list[Campaign]],
        passport: Callable[[Call], Passport],
    ) -> None:
        self._campaigns = campaigns
        self._passport = passport

    def routes(self) -> list[Route]:
        """The table of methods."""
        words = ("placementType", "apiAvailability")
        listed = Records(("campaigns",), "id", _OPTIONAL, words)
        single = Records(("campaign",), "id", _OPTIONAL, words)
        return [
            Route("GET", "/v2/campaigns", self.list, "getCampaigns", ANY, False, listed),
            Route("GET", "/v2/campaigns/{campaignId}", self.one, "getCampaign", ANY, False, single),
            Route("POST", "/v2/auth/token", self.token, "getAuthTokenInfo", ANY),
        ]

    async def list(self, call: Call) -> Answer:
        """`GET v2/campaigns`: by page token."""
        found = sorted(self._campaigns(self._passport(call)), key=lambda campaign: campaign.id)
        after = token(call)
        size = limit(call, DEFAULT, MOST)
        if after is not None:
            found = [campaign for campaign in found if campaign.id > after[0]]
        page = found[:size]
        paging = {}
        if len(found) > size:
            paging = {"nextPageToken": write_token((page[-1].id, 0))}
        return json_answer({"campaigns": [one.show() for one in page], "paging": paging})

    async def one(self, call: Call) -> Answer:
        """`GET v2/campaigns/{campaignId}`."""
        wanted = segment(call, "campaignId")
        for campaign in self._campaigns(self._passport(call)):
            if campaign.id == wanted:
                return json_answer({"campaign": campaign.show()})
        raise Refusal(404, f"Campaign {wanted} not found")

    async def token(self, call: Call) -> Answer:
        """`POST v2/auth/token`: for API keys only."""
        passport = self._passport(call)
        if passport.business is None:
            raise Refusal(403, "The method is available for Api-Key only")
        scopes = [scope.replace("-", "_").replace(":", "_").upper() for scope in passport.scopes]
        return replies.result({"apiKey": {"name": passport.name, "authScopes": scopes}})
