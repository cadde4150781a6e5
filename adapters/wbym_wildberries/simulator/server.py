"""The simulator of Wildberries: all hosts of the marketplace behind one address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from wbym.testing._answers import Answer, Refusal, json_answer
from wbym.testing._buckets import TokenBucket
from wbym.testing._options import takes
from wbym.testing._pages import Sent
from wbym.testing._server import Call, Handlers, Route, SimulatorServer
from wbym_wildberries.simulator import access, replies
from wbym_wildberries.simulator.buyers import Buyers
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
from wbym_wildberries.simulator.limits import (
    COST,
    COSTLY,
    FEEDBACKS,
    FULL,
    PING,
    PINGS,
    PRICES,
    Buckets,
    PingWindow,
)
from wbym_wildberries.simulator.options import Options
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.tokens import (
    CATEGORIES,
    SELLER,
    SERVICE,
    TEST,
    Passport,
    make_token,
    read_token,
)

REMAINING = ("X-Ratelimit-Remaining", "x-ratelimit-remaining", "X-RateLimit-Remaining")
RETRY = ("X-Ratelimit-Retry", "x-ratelimit-retry", "X-RateLimit-Retry")
LIMIT = ("X-Ratelimit-Limit", "x-ratelimit-limit", "X-RateLimit-Limit")
RESET = ("X-Ratelimit-Reset", "x-ratelimit-reset", "X-RateLimit-Reset")
SECRET_HEADER = "X-Client-Secret"
"""Marks a request "with a secret". The specification does not publish the real name."""
_KIND = {1: "base", 2: "test", 3: "personal", 4: "service"}
_HANDLERS: tuple[type[Handlers[Cabinet]], ...] = (
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


class WildberriesSimulator(SimulatorServer):
    """Serves all 87 methods: 10 general, 52 of products, 25 of communication with buyers.

    ```python
    async with WildberriesSimulator(feedbacks=1000) as simulator:
        client = Wildberries(token=make_token(), base_url=simulator.url)
    ```

    Any valid token sees the same cabinet, `state`, unless `sellers` are named; the limits are kept
    per seller in either case.

    All hosts are behind one address. Only `/ping` asks which it is, by the header `Host` (such as
    `Host: content-api.wildberries.ru`); any other name, the address itself among them, counts as
    one host that takes tokens of every category.
    """

    @takes(Options)
    def __init__(self, options: Options) -> None:
        """Generates the data; `start` or `async with` begins to serve."""
        super().__init__(options)
        self.options = options
        self._turn = 0
        self._buckets = Buckets(
            clock=options.clock,
            scale=options.limit_scale,
            ban=options.ban_seconds,
            ping_block=options.ping_block,
        )
        self._cabinets: dict[str, Cabinet] = {}
        for number, sid in enumerate(options.sellers or (SELLER,)):
            self._cabinets[sid] = self._new_cabinet(options.seed + number)
        self._shared = next(iter(self._cabinets.values())) if options.sellers is None else None

    def _new_cabinet(self, seed: int) -> Cabinet:
        return Cabinet(
            msgspec.structs.replace(self.options, seed=seed),
            effects=self.stats.effects,
            ignored=self.stats.ignored,
            now=self.now,
        )

    @property
    def state(self) -> Cabinet:
        """The cabinet; with `sellers`, the first seller's."""
        return next(iter(self._cabinets.values()))

    def state_of(self, sid: str) -> Cabinet:
        """The cabinet of a seller.

        Raises:
            KeyError: When there is no such seller.
        """
        return self._shared or self._cabinets[sid]

    def routes(self) -> list[Route]:
        """Every method."""
        handlers = [kind(self._cabinet) for kind in _HANDLERS]
        return DirectoryHandlers().routes() + [r for each in handlers for r in each.routes()]

    def _cabinet(self, call: Call) -> Cabinet:
        cabinet = self.state_of(call.seller)
        cabinet.tick()
        return cabinet

    def records(self) -> Counter[str]:
        """How many records of each kind there are, in all cabinets."""
        total: Counter[str] = Counter()
        for cabinet in self._cabinets.values():
            total.update(cabinet.records())
        return total

    def shown(self) -> Mapping[str, object]:
        """A token of the first seller, what a client can read, and what shows what it wrote."""
        records = self.records()
        sid = next(iter(self._cabinets))
        return {
            "marketplace": "wildberries",
            "token": make_token(sid=sid, scopes=CATEGORIES),
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

    @property
    def buyers(self) -> Buyers:
        """The buyers of the first seller."""
        return Buyers(self.state)

    def sent(self) -> list[Sent]:
        """The messages of the first seller; empty the text of one that has only files."""
        return [Sent(each.chat_id, each.text or "") for each in self.state.chats.sent]

    def refuse(self, call: Call, refusal: Refusal, route: Route | None) -> Answer:
        """A refusal by the gateway, or in the shape of the method's service."""
        if route is None:
            return replies.gateway(call.now, refusal)
        return replies.refused(call, refusal, route.path)

    def soft_failure(self, call: Call, route: Route) -> Answer | None:
        """An error under status 200, as feedbacks, chats, content and prices have."""
        wrong = Refusal(200, replies.WRONG)
        if route.path.startswith("/api/v1/seller/"):
            return json_answer({"result": None, "errors": ["internal error"]})
        if route.path.startswith("/content/"):
            return replies.content_refused(call, wrong)
        if route.group == PRICES:
            return replies.price_refused(call, wrong)
        return replies.fq_refused(call, wrong) if route.group == FEEDBACKS else None

    # Who is let in.

    def admit(self, call: Call, route: Route) -> None:
        """Reads the token, then counts the request in the seller's bucket."""
        self._turn = (self._turn + 1) % 3
        token = call.request.headers.get("Authorization", "")
        try:
            if not token:
                raise Refusal(401, "empty Authorization header")
            passport = read_token(token)
        except Refusal:
            burst = PINGS if route.group == PING else FULL[route.group].burst
            call.headers[REMAINING[self._turn]] = str(burst)
            raise
        bucket = self._bucket(call, route, passport)
        try:
            self._check(call, route, passport)
        except Refusal:
            call.headers[REMAINING[self._turn]] = str(bucket.look())
            raise
        call.seller = passport.sid
        if not self.options.limits:
            call.headers[REMAINING[self._turn]] = str(bucket.burst)
            return
        verdict = bucket.take()
        if verdict.allowed:
            call.headers[REMAINING[self._turn]] = str(verdict.remaining)
            return
        call.headers[RETRY[self._turn]] = str(verdict.retry)
        call.headers[LIMIT[self._turn]] = str(bucket.burst)
        call.headers[RESET[self._turn]] = str(verdict.reset)
        raise Refusal(429, "limited by c122a060-a7fb-4bb4-abb0-32fd4e18d489")

    def _bucket(self, call: Call, route: Route, passport: Passport) -> TokenBucket | PingWindow:
        if route.group == PING:
            host = access.host_of(call.request.headers.get("Host", ""))
            return self._buckets.ping(sid=passport.sid, host=host)
        secret = SECRET_HEADER in call.request.headers
        return self._buckets.of(
            sid=passport.sid, acc=passport.acc, secret=secret, group=route.group
        )

    def settle(self, call: Call, route: Route, answer: Answer) -> None:
        """Charges what an answer 4XX of warehouses and inventory costs beyond its request."""
        if not self.options.limits or route.group not in COSTLY or not 400 <= answer.status < 500:
            return
        passport = read_token(call.request.headers["Authorization"])
        bucket = self._bucket(call, route, passport)
        if isinstance(bucket, TokenBucket):
            call.headers[self._remaining(call)] = str(bucket.charge(COST - 1))

    def _remaining(self, call: Call) -> str:
        return next(name for name in REMAINING if name in call.headers)

    def _check(self, call: Call, route: Route, passport: Passport) -> None:
        if passport.expires <= call.now:
            raise Refusal(401, "token problem; token has invalid claims: token is expired")
        if self._shared is None and passport.sid not in self._cabinets:
            raise Refusal(401, "access token withdrawn")
        options = self.options
        if passport.acc in options.refused_types or not access.takes_type(route, passport.acc):
            kind = _KIND.get(passport.acc, "this")
            detail = f"{kind} token is not allowed"
            raise Refusal(403, detail, code=f"{detail} for this path")
        if not self._has_scope(call, route, passport):
            raise Refusal(401, "token scope not allowed")
        if route.writes and passport.read_only:
            raise Refusal(401, "read-only token scope not allowed for this route")
        if passport.acc == SERVICE and options.unpaid_services:
            raise Refusal(402, replies.NO_FUNDS)
        if options.deny_feedbacks and route.group == FEEDBACKS:
            raise Refusal(403, answer=replies.fq_refused(call, Refusal(403, replies.DENIED)))

    def _has_scope(self, call: Call, route: Route, passport: Passport) -> bool:
        scope: int | None = route.scope
        if route.group == PING:
            host = access.host_of(call.request.headers.get("Host", ""))
            scope = access.scope_of_host(host) if host else access.ANY
            if host and passport.acc == TEST and not access.is_sandbox(host):
                return False
        if passport.acc == TEST and not access.has_sandbox(route):
            return False
        return scope == access.ANY or (scope is not None and passport.allows(scope))
