"""The simulator of Yandex Market: the partner API behind one address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from email.utils import formatdate
from functools import lru_cache
from math import ceil

from wbym.testing._answers import Answer, Refusal
from wbym.testing._buckets import Allowance
from wbym.testing._options import takes
from wbym.testing._pages import Sent
from wbym.testing._server import Call, Route, SimulatorServer
from wbym_yandex_market.simulator import replies
from wbym_yandex_market.simulator.buyers import Buyers
from wbym_yandex_market.simulator.data_campaigns import CAMPAIGNS, Campaign
from wbym_yandex_market.simulator.handlers_campaigns import CampaignHandlers
from wbym_yandex_market.simulator.handlers_chats import ChatHandlers
from wbym_yandex_market.simulator.handlers_feedbacks import FeedbackHandlers
from wbym_yandex_market.simulator.handlers_questions import QuestionHandlers
from wbym_yandex_market.simulator.handlers_returns import ReturnHandlers
from wbym_yandex_market.simulator.limits import Limits, Owner
from wbym_yandex_market.simulator.options import Options
from wbym_yandex_market.simulator.requests import segment
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.tokens import Passport, make_api_key, read_headers

LIMIT = "X-RateLimit-Resource-Limit"
REMAINING = "X-RateLimit-Resource-Remaining"
UNTIL = "X-RateLimit-Resource-Until"
REAL = "https://api.partner.market.yandex.ru"


class YandexMarketSimulator(SimulatorServer):
    """Serves the 25 methods of chats, feedbacks, questions, returns, campaigns and the token.

    ```python
    async with YandexMarketSimulator(feedbacks=1000) as simulator:
        client = YandexMarket(api_key=make_api_key(), base_url=simulator.url)
    ```

    Each business has a cabinet of its own; business 1001 has the campaigns 100101 (FBS), 100102
    (DBS) and so on.
    """

    @takes(Options)
    def __init__(self, options: Options) -> None:
        """Generates the data; `start` or `async with` begins to serve."""
        super().__init__(options)
        self.options = options
        self.locked = set(options.locked)
        self.revoked: set[str] = set()
        """API keys and OAuth tokens that are no longer known."""
        self._limits = Limits(
            clock=options.clock,
            scale=options.limit_scale,
            hour=options.hour,
            subscription=options.subscription,
            parallel=options.parallel,
        )
        self._cabinets = {
            business: Cabinet(
                business,
                options,
                effects=self.stats.effects,
                ignored=self.stats.ignored,
                now=self.now,
                origin=lambda: self._url or REAL,
            )
            for business in options.businesses
        }

    @property
    def state(self) -> Cabinet:
        """The cabinet of the first business."""
        return next(iter(self._cabinets.values()))

    def state_of(self, business: int) -> Cabinet:
        """The cabinet of a business.

        Raises:
            KeyError: When there is no such business.
        """
        return self._cabinets[business]

    def peak_parallel(self, identifier: int) -> int:
        """How many requests of a business or campaign in the URL ran at once, at most."""
        names = ("businessId", "campaignId")
        return max(self._limits.cap((name, identifier)).peak for name in names)

    def routes(self) -> list[Route]:
        """The 25 methods, and the files of chats."""
        return [
            *ChatHandlers(self._cabinet).routes(),
            *FeedbackHandlers(self._cabinet).routes(),
            *QuestionHandlers(self._cabinet).routes(),
            *ReturnHandlers(self._cabinet).routes(),
            *CampaignHandlers(self._campaigns, _passport).routes(),
        ]

    def _cabinet(self, call: Call) -> Cabinet:
        cabinet = self._cabinets[int(call.seller)]
        cabinet.tick()
        return cabinet

    def _campaigns(self, passport: Passport) -> list[Campaign]:
        return [
            campaign
            for business, cabinet in self._cabinets.items()
            if passport.sees(business)
            for campaign in cabinet.campaigns.values()
        ]

    def records(self) -> Counter[str]:
        """How many records of each kind there are, in all cabinets."""
        total: Counter[str] = Counter()
        for cabinet in self._cabinets.values():
            total.update(cabinet.records())
        return total

    def shown(self) -> Mapping[str, object]:
        """A key of the first business, what a client can read, and what shows what it wrote."""
        records, state = self.records(), self.state
        return {
            "marketplace": "yandex_market",
            "token": make_api_key(business_id=state.business),
            "business_id": state.business,
            "campaign_ids": sorted(state.campaigns),
            "expected": {
                "questions": records["questions_unanswered"],
                "chats": records["chats"],
                "returns": sum(one.redeemed for one in state.returns.all),
            },
            "effects": {
                "feedbacks": "comment",
                "questions": "answer",
                "messages": "message",
                "returns": "decision",
            },
        }

    @property
    def buyers(self) -> Buyers:
        """The buyers of the first business."""
        return Buyers(self.state)

    def sent(self) -> list[Sent]:
        """The messages of the first business; a file is one of its own, without text."""
        return [Sent(str(each.chat_id), each.text or "") for each in self.state.chats.sent]

    def refuse(self, call: Call, refusal: Refusal, route: Route | None) -> Answer:
        """A refusal, in the one shape of all methods."""
        return replies.error(refusal)

    # Who is let in.

    def admit(self, call: Call, route: Route) -> None:
        """Reads the credentials, counts the request, then looks whether it is allowed."""
        try:
            passport = read_headers(call.request.headers)
            self._check_known(passport)
            owner, business = self._owner(call, passport)
        except Refusal:
            if route.group:
                self._show_full(call, route.group)
            raise
        call.seller = str(business)
        if route.group:
            self._count(call, route.group, owner)
        if not passport.mask & route.scope:
            raise Refusal(403, "Api-Key has no scope for this method")
        if not self.locked.isdisjoint((business, owner[1])):
            raise Refusal(423)
        campaign = self._cabinets[business].campaigns.get(owner[1])
        if (
            campaign is not None
            and campaign.availability != "AVAILABLE"
            and route.group != "getCampaign"
        ):
            reason = campaign.availability
            raise Refusal(403, f"API is disabled. Reason: {reason}", code="API_DISABLED")

    def _check_known(self, passport: Passport) -> None:
        if passport.business is None:
            if passport.text in self.revoked:
                raise Refusal(403, "OAuth token is invalid")
        elif passport.text in self.revoked or passport.business not in self._cabinets:
            raise Refusal(401, "Api-Key is invalid")

    def _owner(self, call: Call, passport: Passport) -> tuple[Owner, int]:
        """Whose limits it is counted in, and the business that it looks into."""
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

    # The limits.

    def _count(self, call: Call, resource: str, owner: Owner) -> None:
        """Counts a request in its budget and among the parallel ones.

        Raises:
            Refusal: With 420, when there are too many.
        """
        if not self.options.limits:
            self._show_full(call, resource)
            return
        budget = self._limits.budget(resource, owner)
        allowance = budget.take()
        self._show(call, budget.limit, allowance)
        if not allowance.allowed:
            raise Refusal(420, f"Hit rate limit of {budget.limit} requests for resource {resource}")
        cap = self._limits.cap(owner)
        if not cap.enter():
            whose = f"{owner[0]} {owner[1]}"
            raise Refusal(420, f"Hit rate limit of {cap.limit} parallel requests for {whose}")
        call.at_end.append(cap.leave)

    def _show_full(self, call: Call, resource: str) -> None:
        limit = self._limits.full(resource)
        self._show(call, limit, Allowance(True, limit, self._limits.hour))

    def _show(self, call: Call, limit: int, allowance: Allowance) -> None:
        call.headers[LIMIT] = str(limit)
        call.headers[REMAINING] = str(allowance.remaining)
        call.headers[UNTIL] = _date(ceil(call.now + allowance.until))


@lru_cache(maxsize=1024)
def _date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def _passport(call: Call) -> Passport:
    return read_headers(call.request.headers)
