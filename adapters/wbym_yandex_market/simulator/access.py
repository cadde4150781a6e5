"""Access to methods: credentials, scopes, businesses, campaigns and limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from email.utils import formatdate
from functools import lru_cache
from math import ceil

from wbym.testing import BudgetState, Call, Refusal, Route
from wbym_yandex_market.simulator.data_campaigns import CAMPAIGNS
from wbym_yandex_market.simulator.limits import Limits, Owner
from wbym_yandex_market.simulator.options import Options
from wbym_yandex_market.simulator.requests import segment
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.tokens import Passport, read_headers, with_read_only

LIMIT = "X-RateLimit-Resource-Limit"
REMAINING = "X-RateLimit-Resource-Remaining"
UNTIL = "X-RateLimit-Resource-Until"


class Access:
    """Admits requests to the cabinets."""

    def __init__(
        self,
        options: Options,
        cabinets: Mapping[int, Cabinet],
        *,
        locked: Collection[int],
        revoked: Collection[str],
    ) -> None:
        self._options = options
        self._cabinets = cabinets
        self._locked = locked
        self._revoked = revoked
        self.limits = Limits(
            clock=options.clock,
            scale=options.limit_scale,
            hour=options.hour,
            subscription=options.subscription,
            parallel=options.parallel,
        )

    def admit(self, call: Call, route: Route) -> None:
        """Reads the credentials, counts the request, then checks whether it is allowed.

        Raises:
            Refusal: The request is rejected or rate limited.
        """
        try:
            passport = read_headers(call.request.headers)
            self._check_known(passport)
            owner, business = self._owner(call, passport)
        except Refusal:
            if route.bucket:
                self._show_full(call, route.bucket)
            raise
        call.seller = business
        if route.bucket:
            self._count(call, route.bucket, owner)
        scope = route.scope if route.writes else with_read_only(route.scope)
        if not passport.mask & scope:
            raise Refusal(403, "Api-Key has no scope for this method")
        if business in self._locked or owner[1] in self._locked:
            raise Refusal(423)
        campaign = self._cabinets[business].campaigns.get(owner[1])
        if (
            campaign is not None
            and campaign.availability != "AVAILABLE"
            and route.bucket != "getCampaign"
        ):
            reason = campaign.availability
            raise Refusal(403, f"API is disabled. Reason: {reason}", code="API_DISABLED")

    def _check_known(self, passport: Passport) -> None:
        if passport.business is None:
            if passport.text in self._revoked:
                raise Refusal(403, "OAuth token is invalid")
        elif passport.text in self._revoked or passport.business not in self._cabinets:
            raise Refusal(401, "Api-Key is invalid")

    def _owner(self, call: Call, passport: Passport) -> tuple[Owner, int]:
        """The owner of the limits that count the request, and the business that it reads."""
        info = call.request.match_info
        if "campaignId" in info:
            name, identifier = "campaignId", segment(call, "campaignId")
            business = identifier // CAMPAIGNS
            cabinet = self._cabinets.get(business)
            exists = cabinet is not None and identifier in cabinet.campaigns
        elif "businessId" in info:
            name, identifier = "businessId", segment(call, "businessId")
            business = identifier
            exists = business in self._cabinets
        elif passport.business is not None:
            return ("businessId", passport.business), passport.business
        else:
            return ("userId", passport.user), next(iter(self._cabinets))
        if not exists:
            kind = "Campaign" if name == "campaignId" else "Business"
            raise Refusal(404, f"{kind} {identifier} not found")
        if not passport.sees(business):
            raise Refusal(403, f"Access to {name} {identifier} is denied")
        return (name, identifier), business

    def _count(self, call: Call, resource: str, owner: Owner) -> None:
        """Counts a request in its budget and among the parallel ones.

        Raises:
            Refusal: It is rate limited.
        """
        if not self._options.limits:
            self._show_full(call, resource)
            return
        budget = self.limits.budget(resource, owner)
        state = budget.take()
        self._show(call, budget.limit, state)
        if not state.allowed:
            raise Refusal(420, f"Hit rate limit of {budget.limit} requests for resource {resource}")
        cap = self.limits.cap(owner)
        if not cap.enter():
            owner_text = f"{owner[0]} {owner[1]}"
            raise Refusal(420, f"Hit rate limit of {cap.limit} parallel requests for {owner_text}")
        call.at_end.append(cap.leave)

    def _show_full(self, call: Call, resource: str) -> None:
        limit = self.limits.full(resource)
        self._show(call, limit, BudgetState(True, limit, self.limits.hour))

    def _show(self, call: Call, limit: int, state: BudgetState) -> None:
        call.headers[LIMIT] = str(limit)
        call.headers[REMAINING] = str(state.remaining)
        call.headers[UNTIL] = _date(ceil(call.now + state.until))


@lru_cache(maxsize=1024)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)
