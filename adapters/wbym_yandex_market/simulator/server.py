"""The simulator of Yandex Market: the partner API behind one address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from wbym.domain import Action, Noun
from wbym.testing import (
    Call,
    MarketplaceSimulator,
    Refusal,
    Response,
    Route,
    keyword_options,
)
from wbym_yandex_market.simulator import replies
from wbym_yandex_market.simulator.access import Access
from wbym_yandex_market.simulator.buyers import CabinetBuyers
from wbym_yandex_market.simulator.handlers_campaigns import CampaignHandlers
from wbym_yandex_market.simulator.handlers_chats import ChatHandlers
from wbym_yandex_market.simulator.handlers_feedbacks import FeedbackHandlers
from wbym_yandex_market.simulator.handlers_questions import QuestionHandlers
from wbym_yandex_market.simulator.handlers_returns import ReturnHandlers
from wbym_yandex_market.simulator.options import Options
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.tokens import make_api_key

REAL = "https://api.partner.market.yandex.ru"


class YandexMarketSimulator(MarketplaceSimulator[Cabinet, int]):
    """Serves the 25 methods of chats, feedbacks, questions, returns, campaigns and the token.

    ```python
    async with YandexMarketSimulator(feedbacks=1000) as simulator:
        client = YandexMarket(simulator.token, base_url=simulator.url)
    ```

    Each business has a separate cabinet; business 1001 has the campaigns 100101 (FBS), 100102
    (DBS) and so on.
    """

    handlers = (ChatHandlers, FeedbackHandlers, QuestionHandlers, ReturnHandlers, CampaignHandlers)

    reply_kinds: ClassVar[Mapping[str, tuple[Action, Noun]]] = {
        "message": (Action.SEND, Noun.CHAT),
        "answer": (Action.ANSWER, Noun.QUESTION),
        "answer_edit": (Action.EDIT_ANSWER, Noun.QUESTION),
        "comment": (Action.ANSWER, Noun.FEEDBACK),
        "comment_edit": (Action.EDIT_ANSWER, Noun.FEEDBACK),
        "decision": (Action.DECIDE, Noun.RETURN),
    }

    @keyword_options(Options)
    def __init__(self, options: Options) -> None:
        """Generates the data; `start` or `async with` begins to serve."""
        super().__init__(options)
        self.options = options
        self.locked = set(options.locked)
        self.revoked: set[str] = set()
        """Revoked API keys and OAuth tokens."""
        self.cabinets = {
            business: Cabinet(
                business,
                options,
                stats=self.stats,
                now=self.now,
                origin=lambda: self._url or REAL,
            )
            for business in options.businesses
        }
        self._access = Access(options, self.cabinets, locked=self.locked, revoked=self.revoked)

    @property
    def token(self) -> str:
        """An API key of the first business for every method."""
        return make_api_key(business_id=self.state.business)

    @property
    def buyers(self) -> CabinetBuyers:
        """The buyers of the first business."""
        return CabinetBuyers(self.state)

    def peak_parallel(self, identifier: int) -> int:
        """Max number of requests of a business or campaign in the URL that ran at once."""
        names = ("businessId", "campaignId")
        return max(self._access.limits.cap((name, identifier)).peak for name in names)

    def admit(self, call: Call, route: Route) -> None:
        """Checks who calls, and counts the request in its limit."""
        self._access.admit(call, route)

    def refuse(self, call: Call, refusal: Refusal, route: Route | None) -> Response:
        """The response to a rejected request, in the one shape of all methods."""
        return replies.error(refusal)

    def shown(self) -> Mapping[str, object]:
        """A key of the first business, the records a client can read, and the effects of writes."""
        records, state = self.records(), self.state
        return {
            "marketplace": "yandex_market",
            "token": self.token,
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
