"""Programs that keep refs instead of records, and the requests of each call."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.adapters.counting import requests
from tests.adapters.wbym_yandex_market.shops import KEY, open_shop
from tests.support.fakes import ScriptedTransport
from wbym.account import AnyRecord
from wbym.domain import AnswerStatus, Decision, Noun, Question, Ref, Return, ReturnStatus
from wbym.errors import InvalidInput, NotFound, RefError, Unsupported
from wbym.limits import Scheduler
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator

CHAT = "GET /v2/businesses/{businessId}/chat"
NEW = "POST /v2/businesses/{businessId}/chats/new"
HISTORY = "POST /v2/businesses/{businessId}/chats/history"
MESSAGE = "POST /v2/businesses/{businessId}/chats/message"
FEEDBACKS = "POST /v2/businesses/{businessId}/goods-feedback"
COMMENTS = "POST /v2/businesses/{businessId}/goods-feedback/comments"
SKIP = "POST /v2/businesses/{businessId}/goods-feedback/skip-reaction"
QUESTIONS = "POST /v1/businesses/{businessId}/goods-questions"
ANSWERS = "POST /v1/businesses/{businessId}/goods-questions/answers"
RETURNS = "GET /v2/campaigns/{campaignId}/returns"
RETURN = "GET /v2/campaigns/{campaignId}/orders/{orderId}/returns/{returnId}"
DECISIONS = "POST /v1/businesses/{businessId}/returns/decisions"
SUBMIT = f"{RETURN}/decision/submit".replace("GET", "POST")
FIRST, SECOND = 100101, 100102
COMMENT = "Обсудим по телефону"
NOUNS = [Noun.CHAT, Noun.QUESTION, Noun.FEEDBACK, Noun.RETURN]


def opened(market: YandexMarketSimulator) -> YandexMarket:
    """A new process with only its configuration."""
    return open_shop(market, business_id=1001, campaign_ids=[FIRST, SECOND])


@pytest.fixture
async def shop(market: YandexMarketSimulator) -> AsyncIterator[YandexMarket]:
    async with opened(market) as it:
        yield it


def ref(noun: Noun, record_id: int | str) -> Ref:
    return Ref("yandex_market", "shop", noun, str(record_id))


def simple(offered: list[Decision]) -> str:
    """A decision that needs at most a comment."""
    return next(
        one.id for one in offered if not (one.reasons or one.reason_required or one.amount_required)
    )


class TestGet:
    async def test_get_when_each_noun_is_read(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        async with opened(market) as other:
            chat = (await other.chats().all())[0]
            feedback = (await other.feedbacks(answered=True).all())[0]
            returned = (await other.returns().all())[0]
        records: list[tuple[AnyRecord, dict[str, int]]] = [
            (chat, {CHAT: 1}),
            (feedback, {FEEDBACKS: 1, COMMENTS: 1}),
            (returned, {RETURNS: 1}),
        ]
        for record, cost in records:
            with requests(market.stats) as made:
                found = await shop.get(Ref.parse(str(record.ref)))
            assert found == record
            assert found.raw is not None
            assert made == cost

    async def test_get_when_a_question_is_answered(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = market.state.arrive_question()
        before = await shop.get(ref(Noun.QUESTION, number), Question)
        market.state.questions.create("QUESTION", number, "Да")
        with requests(market.stats) as made:
            after = await shop.get(before)
        assert made == {QUESTIONS: 1, ANSWERS: 1}
        assert after.answer is not None
        assert (after.answer.text, after.answer.status) == ("Да", AnswerStatus.PUBLISHED)

    @pytest.mark.parametrize(("campaign", "reads"), [(FIRST, 1), (SECOND, 2)])
    async def test_get_when_the_shop_of_a_return_is_unknown(
        self, shop: YandexMarket, market: YandexMarketSimulator, campaign: int, reads: int
    ) -> None:
        number = market.state.arrive_return(campaign_id=campaign)
        async with opened(market) as other:
            listed = next(r for r in await other.returns().all() if r.ref.id == str(number))
        market.state.returns.settle(number)
        with requests(market.stats) as made:  # by id alone the returns are listed
            found = await shop.get(listed.ref, Return)
        assert found.status is ReturnStatus.COMPLETED
        assert made == {RETURNS: reads}
        with requests(market.stats) as made:
            assert await shop.get(listed.ref, Return) == found
        assert made == {RETURN: 1}, "its shop and order are known by now"
        async with opened(market) as other:
            with requests(market.stats) as made:  # the record has the order, but not the shop
                assert await other.get(listed) == found
            assert made == {RETURN: reads}

    async def test_get_when_a_question_was_deleted(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        question = (await shop.questions().all(limit=1))[0]
        market.state.questions.rows.delete(int(question.ref.id))
        with pytest.raises(NotFound):
            await shop.get(question)

    @pytest.mark.parametrize("noun", NOUNS)
    async def test_get_when_the_record_does_not_exist(self, shop: YandexMarket, noun: Noun) -> None:
        with pytest.raises(NotFound):
            await shop.get(ref(noun, 5))

    @pytest.mark.parametrize("noun", NOUNS)
    async def test_get_when_the_ref_is_invalid(self, noun: Noun) -> None:
        transport = ScriptedTransport()
        shop = YandexMarket(KEY, name="shop", transport=transport, scheduler=Scheduler())
        for wrong in (Ref("yandex_market", "other", noun, "1"), Ref("toy", "shop", noun, "1")):
            with pytest.raises(RefError, match="of the account yandex_market/shop"):
                await shop.get(wrong)
        for invalid_id in ("x", "0", "-1", "1.0", "", " 1", "٣", "9" * 20):
            with pytest.raises(RefError, match="a positive number"):
                await shop.get(ref(noun, invalid_id))
        with pytest.raises(Unsupported):
            await shop.get(ref(Noun.MESSAGE, 1))
        assert not transport.requests


class TestReplies:
    async def test_send_when_the_chat_is_a_ref(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        async with opened(market) as other:
            chat = (await other.chats(waiting_for_seller=True).all())[0].ref
        with requests(market.stats) as made:
            delivery = await shop.send(chat, "Уже в пути")
        assert made == {MESSAGE: 1}
        assert (delivery.target, delivery.text, delivery.accepted) == (chat, "Уже в пути", True)
        with requests(market.stats) as made:
            found = await shop.messages(chat).all()
        assert (found[-1].text, found[-1].chat) == ("Уже в пути", chat)
        assert made == {HISTORY: 1}

    async def test_comments_when_the_feedback_is_a_ref(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = market.state.arrive_feedback()
        market.state.feedbacks.comment(number, "Спасибо!", None)
        with requests(market.stats) as made:
            found = await shop.comments(ref(Noun.FEEDBACK, number)).all()
        assert [one.text for one in found] == ["Спасибо!"]
        assert made == {COMMENTS: 1}
        with requests(market.stats) as made:
            await shop.skip_reaction(ref(Noun.FEEDBACK, number))
        assert made == {SKIP: 1}

    async def test_answers_when_the_question_is_a_ref(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = market.state.arrive_question()
        market.state.questions.create("QUESTION", number, "Да")
        with requests(market.stats) as made:
            found = await shop.answers(ref(Noun.QUESTION, number)).all()
        assert [one.text for one in found] == ["Да"]
        assert made == {ANSWERS: 1}
        for wrong in (ref(Noun.FEEDBACK, number), Ref("toy", "shop", Noun.QUESTION, "1")):
            with pytest.raises(RefError):
                shop.answers(wrong)

    async def test_open_chat_when_the_return_is_a_ref(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        one = next(one for one in market.state.returns.all if not one.is_dbs and one.redeemed)
        with requests(market.stats) as made:
            chat = await shop.open_chat(ref(Noun.RETURN, one.id))
        assert chat.return_id == str(one.id)
        assert made == {NEW: 1, CHAT: 1}

    @pytest.mark.parametrize(("campaign", "reads"), [(FIRST, 1), (SECOND, 2)])
    async def test_decide_when_the_return_is_a_ref(
        self, shop: YandexMarket, market: YandexMarketSimulator, campaign: int, reads: int
    ) -> None:
        item = ref(Noun.RETURN, market.state.arrive_return(campaign_id=campaign))
        async with opened(market) as other:
            with requests(market.stats) as made:
                offered = await other.decisions(item)
            assert made == {RETURNS: reads, DECISIONS: 1}
        decision = simple(offered)
        with requests(market.stats) as made:
            delivery = await shop.decide(item, decision, comment=COMMENT)
        assert made == {RETURNS: reads, DECISIONS: 1, SUBMIT: 1}
        assert (delivery.target, delivery.decision) == (item, decision)
        assert (delivery.accepted, delivery.text) == (True, COMMENT)
        assert {str(number) for number, _ in market.state.decisions} == {item.id}
        with requests(market.stats) as made, pytest.raises(InvalidInput, match="must be available"):
            await shop.decide(item, decision, comment=COMMENT)
        assert made == {RETURN: 1, DECISIONS: 1}

    async def test_decide_when_the_return_does_not_exist(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        with (
            requests(market.stats) as made,
            pytest.raises(NotFound, match="return 5 does not exist"),
        ):
            await shop.decide(ref(Noun.RETURN, 5), "REPAIR", comment="Починим")
        assert made.keys() == {RETURNS}

    async def test_decide_when_the_record_comes_from_json(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = market.state.arrive_return(campaign_id=SECOND)
        async with opened(market) as other:
            listed = next(r for r in await other.returns().all() if r.ref.id == str(number))
            decision = simple(await other.decisions(listed))
        copy = msgspec.json.decode(msgspec.json.encode(listed), type=Return)
        with requests(market.stats) as made:
            await shop.decide(copy, decision, comment=COMMENT)
        # Each shop is tried, since the record lacks its shop.
        assert made == {RETURN: 2, DECISIONS: 1, SUBMIT: 1}
