from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

import aiohttp
import pytest

from wbym.account import Capability
from wbym.calls import RetryPolicy
from wbym.limits import Quota, Scheduler
from wbym.testing import Response, json_response
from wbym.testing.contract import AdapterContract, Harness
from wbym_wildberries import Wildberries
from wbym_wildberries._limits import BUCKETS
from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_wildberries.simulator.tokens import SELLER

NO_LIMITS = dict.fromkeys(BUCKETS, Quota(limit=1_000_000, period=1, burst=1_000_000))
NOTHING = "00000000-0000-4000-8000-000000000000"


class WildberriesHarness(Harness):
    paths = MappingProxyType(
        {
            Capability.CHATS: "/api/v1/seller/chats",
            Capability.MESSAGES: "/api/v1/seller/events",
            Capability.SEND: "/api/v1/seller/message",
            Capability.SEND_FILES: "/api/v1/seller/message",
            Capability.QUESTIONS: "/api/v1/questions",
            Capability.ANSWER_QUESTION: "/api/v1/questions",
            Capability.EDIT_QUESTION_ANSWER: "/api/v1/questions",
            Capability.REJECT_QUESTION: "/api/v1/questions",
            Capability.FEEDBACKS: "/api/v1/feedbacks",
            Capability.ANSWER_FEEDBACK: "/api/v1/feedbacks/answer",
            Capability.EDIT_FEEDBACK_ANSWER: "/api/v1/feedbacks/answer",
            Capability.RETURNS: "/api/v1/claims",
            Capability.DECIDE: "/api/v1/claim",
        }
    )
    effects = MappingProxyType(
        {
            Capability.SEND: "message",
            Capability.SEND_FILES: "file",
            Capability.ANSWER_QUESTION: "question_answer",
            Capability.EDIT_QUESTION_ANSWER: "question_edit",
            Capability.REJECT_QUESTION: "question_reject",
            Capability.ANSWER_FEEDBACK: "answer",
            Capability.EDIT_FEEDBACK_ANSWER: "edit",
            Capability.DECIDE: "decision",
        }
    )
    # WB answers 204 for feedbacks with any id.
    unknown_ids = MappingProxyType(
        {
            Capability.SEND: f"1:{NOTHING}",
            Capability.SEND_FILES: f"1:{NOTHING}",
            Capability.ANSWER_QUESTION: "none",
            Capability.EDIT_QUESTION_ANSWER: "none",
            Capability.REJECT_QUESTION: "none",
            Capability.DECIDE: NOTHING,
            Capability.GET_CHAT: f"1:{NOTHING}",
            Capability.GET_MESSAGE: "none",
            Capability.GET_QUESTION: "none",
            Capability.GET_FEEDBACK: "none",
            Capability.GET_RETURN: NOTHING,
        }
    )
    unpaged = frozenset({Capability.CHATS})

    def __init__(self, simulator: WildberriesSimulator) -> None:
        super().__init__(simulator)
        self._cabinet = simulator.state
        self._scheduler = Scheduler(max_jitter=0.0)
        self._token = make_token()
        self._revoked = make_token(sid=NOTHING)
        self.secrets = (*self._token.split(".")[1:], *self._revoked.split(".")[1:])

    def account(
        self, *, name: str = "shop", session: aiohttp.ClientSession | None = None
    ) -> Wildberries:
        return self._open(self._token, name, session)

    def revoked(self) -> Wildberries:
        return self._open(self._revoked, "revoked", None)

    def _open(self, token: str, name: str, session: aiohttp.ClientSession | None) -> Wildberries:
        return Wildberries(
            token,
            name=name,
            base_url=self.simulator.url,
            session=session,
            scheduler=self._scheduler,
            quotas=NO_LIMITS,
            retry=RetryPolicy(base_delay=0.001),
        )

    def expected_counts(self) -> Mapping[Capability, int]:
        records = self.simulator.records()
        return {
            Capability.CHATS: records["chats_listed"],
            Capability.MESSAGES: records["events"],
            Capability.QUESTIONS: records["questions"],
            Capability.FEEDBACKS: records["feedbacks"],
            Capability.RETURNS: records["claims_shown"],
        }

    def rate_limited(self) -> Response:
        answer = json_response({"title": "too many requests"}, status=429)
        return Response(429, answer.body, answer.content_type, {"X-Ratelimit-Retry": "0.001"})

    def write_unlisted(self, text: str) -> None:
        self._cabinet.arrive_message(text, listed=False)


class TestWildberries(AdapterContract):
    account_class = Wildberries

    @pytest.fixture
    async def harness(self) -> AsyncIterator[Harness]:
        async with WildberriesSimulator(
            feedbacks=60,
            questions=30,
            chats=5,
            claims=20,
            unlisted_chats=0,
            limits=False,
            sellers=[SELLER],
        ) as simulator:
            yield WildberriesHarness(simulator)

    @pytest.fixture
    async def crowded(self) -> AsyncIterator[Harness]:
        async with WildberriesSimulator(
            feedbacks=5300,
            open_share=0.03,
            questions=100,
            chats=4,
            events_per_chat=40,
            claims=600,
            unlisted_chats=0,
            limits=False,
            sellers=[SELLER],
        ) as simulator:
            yield WildberriesHarness(simulator)
