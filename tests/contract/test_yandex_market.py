from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

import aiohttp
import pytest

from wbym.account import Capability
from wbym.calls import RetryPolicy
from wbym.limits import Scheduler
from wbym.testing import Response, json_response
from wbym.testing.contract import AdapterContract, Harness
from wbym_yandex_market import YandexMarket
from wbym_yandex_market import _dialect as dialect
from wbym_yandex_market.simulator import Notifier, YandexMarketSimulator, make_api_key

NOTHING = "999999999999"


class YandexMarketHarness(Harness):
    paths = MappingProxyType(
        {
            Capability.CHATS: "/chats",
            Capability.MESSAGES: "/chats/history",
            Capability.SEND: "/chats/message",
            Capability.SEND_FILES: "/chats/file/send",
            Capability.QUESTIONS: "/goods-questions",
            Capability.ANSWER_QUESTION: "/goods-questions/update",
            Capability.EDIT_QUESTION_ANSWER: "/goods-questions/update",
            Capability.FEEDBACKS: "/goods-feedback",
            Capability.ANSWER_FEEDBACK: "/goods-feedback/comments/update",
            Capability.EDIT_FEEDBACK_ANSWER: "/goods-feedback/comments/update",
            Capability.RETURNS: "/returns",
            Capability.DECIDE: "/decision/submit",
        }
    )
    effects = MappingProxyType(
        {
            Capability.SEND: "message",
            Capability.SEND_FILES: "file",
            Capability.ANSWER_QUESTION: "answer",
            Capability.EDIT_QUESTION_ANSWER: "answer_edit",
            Capability.ANSWER_FEEDBACK: "comment",
            Capability.EDIT_FEEDBACK_ANSWER: "comment_edit",
            Capability.DECIDE: "decision",
        }
    )
    unknown_ids = MappingProxyType(
        dict.fromkeys(
            (
                *effects,
                Capability.GET_CHAT,
                Capability.GET_QUESTION,
                Capability.GET_FEEDBACK,
                Capability.GET_RETURN,
            ),
            NOTHING,
        )
    )

    def __init__(self, simulator: YandexMarketSimulator) -> None:
        super().__init__(simulator)
        self._cabinet = simulator.state
        self._scheduler = Scheduler(max_jitter=0.0)
        self._key = make_api_key()
        self._revoked = make_api_key(name="revoked")
        simulator.revoked.add(self._revoked)
        self.secrets = (self._key.split(":")[1], self._revoked.split(":")[1])

    def account(
        self, *, name: str = "shop", session: aiohttp.ClientSession | None = None
    ) -> YandexMarket:
        return self._open(self._key, name, session)

    def revoked(self) -> YandexMarket:
        return self._open(self._revoked, "revoked", None)

    def _open(self, key: str, name: str, session: aiohttp.ClientSession | None) -> YandexMarket:
        return YandexMarket(
            key,
            name=name,
            business_id=self._cabinet.business,
            base_url=self.simulator.url,
            session=session,
            scheduler=self._scheduler,
            retry=RetryPolicy(base_delay=0.001),
        )

    def expected_counts(self) -> Mapping[Capability, int]:
        records = self._cabinet.records()
        return {
            Capability.CHATS: records["chats"],
            Capability.MESSAGES: records["messages"],
            Capability.QUESTIONS: records["questions"],
            Capability.FEEDBACKS: records["feedbacks"],
            Capability.RETURNS: sum(one.redeemed for one in self._cabinet.returns.all),
        }

    def rate_limited(self) -> Response:
        answer = json_response({"status": "ERROR", "errors": []}, status=420)
        headers = {"X-RateLimit-Resource-Limit": "1000", "X-RateLimit-Resource-Remaining": "900"}
        return Response(420, answer.body, answer.content_type, headers)

    def order_without_chat(self) -> str:
        taken = {chat.order_id for chat in self._cabinet.chats.rows}
        return str(next(order for order in self._cabinet.orders.ids if order not in taken))

    async def notify(self, url: str) -> None:
        async with Notifier(self._cabinet, f"{url}/notification") as notifier:
            self.simulator.buyers.write("Здравствуйте!")
            await notifier.deliver()


class TestYandexMarket(AdapterContract):
    account_class = YandexMarket

    @pytest.fixture(autouse=True)
    def _no_pauses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(dialect, "PAUSE", 0.001)

    @pytest.fixture
    async def harness(self) -> AsyncIterator[Harness]:
        async with YandexMarketSimulator(
            feedbacks=40, questions=30, chats=6, returns=20, limits=False
        ) as simulator:
            yield YandexMarketHarness(simulator)

    @pytest.fixture
    async def crowded(self) -> AsyncIterator[Harness]:
        async with YandexMarketSimulator(
            feedbacks=130,
            questions=130,
            chats=21,
            messages_per_chat=101,
            returns=260,
            limits=False,
        ) as simulator:
            yield YandexMarketHarness(simulator)
