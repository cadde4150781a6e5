"""The simulator of Wildberries: all hosts of the marketplace behind one address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from wbym.domain import Action, Noun
from wbym.testing import (
    CabinetContext,
    Call,
    MarketplaceSimulator,
    Refusal,
    Response,
    Route,
    json_response,
    keyword_options,
)
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.access import Access
from wbym_wildberries.simulator.buyers import CabinetBuyers
from wbym_wildberries.simulator.handlers_cards import CardHandlers
from wbym_wildberries.simulator.handlers_chats import ChatHandlers
from wbym_wildberries.simulator.handlers_claims import ClaimHandlers
from wbym_wildberries.simulator.handlers_directories import DirectoryHandlers
from wbym_wildberries.simulator.handlers_feedbacks import FeedbackHandlers
from wbym_wildberries.simulator.handlers_general import GeneralHandlers
from wbym_wildberries.simulator.handlers_labels import LabelHandlers
from wbym_wildberries.simulator.handlers_media import MediaHandlers
from wbym_wildberries.simulator.handlers_pins import PinHandlers
from wbym_wildberries.simulator.handlers_prices import PriceHandlers
from wbym_wildberries.simulator.handlers_questions import QuestionHandlers
from wbym_wildberries.simulator.handlers_recommendations import RecommendationHandlers
from wbym_wildberries.simulator.handlers_stocks import StockHandlers
from wbym_wildberries.simulator.handlers_uploads import UploadHandlers
from wbym_wildberries.simulator.handlers_users import UserHandlers
from wbym_wildberries.simulator.handlers_warehouses import WarehouseHandlers
from wbym_wildberries.simulator.handlers_wholesale import WholesaleHandlers
from wbym_wildberries.simulator.limits import FEEDBACKS, PRICES
from wbym_wildberries.simulator.options import Options
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.tokens import CATEGORIES, SELLER, make_token


class WildberriesSimulator(MarketplaceSimulator[Cabinet, str]):
    """Serves all 87 methods: 10 general, 52 of products, 25 of communication with buyers.

    ```python
    async with WildberriesSimulator(feedbacks=1000) as simulator:
        client = Wildberries(simulator.token, base_url=simulator.url)
    ```

    Any valid token sees the same cabinet, `state`, unless `sellers` are named; the limits are kept
    per seller in either case.

    All hosts have one address. Only `/ping` distinguishes them, by the header `Host` (such as
    `Host: content-api.wildberries.ru`); any other name, the address itself among them, counts as
    one host that accepts tokens of every category.
    """

    handlers = (
        DirectoryHandlers,
        GeneralHandlers,
        UserHandlers,
        CardHandlers,
        UploadHandlers,
        MediaHandlers,
        LabelHandlers,
        RecommendationHandlers,
        PriceHandlers,
        WholesaleHandlers,
        WarehouseHandlers,
        StockHandlers,
        FeedbackHandlers,
        QuestionHandlers,
        PinHandlers,
        ChatHandlers,
        ClaimHandlers,
    )

    reply_kinds: ClassVar[Mapping[str, tuple[Action, Noun]]] = {
        "message": (Action.SEND, Noun.CHAT),
        "question_answer": (Action.ANSWER, Noun.QUESTION),
        "question_edit": (Action.EDIT_ANSWER, Noun.QUESTION),
        "question_reject": (Action.REJECT, Noun.QUESTION),
        "answer": (Action.ANSWER, Noun.FEEDBACK),
        "edit": (Action.EDIT_ANSWER, Noun.FEEDBACK),
        "decision": (Action.DECIDE, Noun.RETURN),
    }

    @keyword_options(Options)
    def __init__(self, options: Options) -> None:
        """Generates the data; `start` or `async with` begins to serve."""
        super().__init__(options)
        self.options = options
        self.cabinets = {
            sid: Cabinet(
                CabinetContext(
                    msgspec.structs.replace(options, seed=options.seed + number),
                    stats=self.stats,
                    now=self.now,
                )
            )
            for number, sid in enumerate(options.sellers or (SELLER,))
        }
        self._access = Access(options)

    def state_of(self, seller: str) -> Cabinet:
        """The cabinet of a seller; without `sellers`, the shared one.

        Raises:
            KeyError: The seller does not exist.
        """
        return self.state if self.options.sellers is None else self.cabinets[seller]

    @property
    def token(self) -> str:
        """A token of the first seller with every scope."""
        return make_token(sid=next(iter(self.cabinets)), scopes=CATEGORIES, now=self.now())

    @property
    def buyers(self) -> CabinetBuyers:
        """The buyers of the first seller."""
        return CabinetBuyers(self.state)

    def admit(self, call: Call, route: Route) -> None:
        """Checks who calls, and counts the request in its limit."""
        self._access.admit(call, route)

    def settle(self, call: Call, route: Route, response: Response) -> None:
        """Charges what a response 4XX of warehouses and stocks costs beyond its request."""
        self._access.settle(call, route, response)

    def refuse(self, call: Call, refusal: Refusal, route: Route | None) -> Response:
        """The response of the gateway, or of the method's service, to a rejected request."""
        if route is None:
            return replies.gateway(call.now, refusal)
        return replies.rejection(call, refusal, route.path)

    def soft_failure(self, call: Call, route: Route) -> Response | None:
        """An error under status 200, as feedbacks, chats, content and prices have."""
        wrong = Refusal(200, replies.WRONG)
        if route.path.startswith("/api/v1/seller/"):
            return json_response({"result": None, "errors": ["internal error"]})
        if route.path.startswith("/content/"):
            return replies.content_rejection(call, wrong)
        if route.bucket == PRICES:
            return replies.price_rejection(call, wrong)
        return replies.fq_rejection(call, wrong) if route.bucket == FEEDBACKS else None

    def shown(self) -> Mapping[str, object]:
        """A token of the first seller, the records a client can read, and the effects of writes."""
        records = self.records()
        return {
            "marketplace": "wildberries",
            "token": self.token,
            "expected": {
                "feedbacks": records["feedbacks_open"],
                "questions": records["questions_open"],
                "chats": records["chats_listed"],
                "returns": records["claims_shown"],
            },
            "effects": {
                "feedbacks": "answer",
                "questions": "question_answer",
                "messages": "message",
                "returns": "decision",
            },
        }
