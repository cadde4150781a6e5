"""Reading one record again, to see what became of it."""

import pytest

from tests.adapters.wbym_yandex_market.shops import open_shop
from wbym.domain import AnswerStatus, Feedback, Noun, Question, Ref, ReturnStatus
from wbym.errors import NotFound
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator


class TestReread:
    async def test_question_when_it_was_answered(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = market.state.arrive_question()
        before = await shop.get(Ref("yandex_market", "shop", Noun.QUESTION, str(number)), Question)
        market.state.questions.create("QUESTION", number, "Да")
        after = await shop.get(before)
        assert after.answer is not None
        assert (after.answer.text, after.answer.status) == ("Да", AnswerStatus.PUBLISHED)

    async def test_feedback_when_it_was_answered(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = market.state.arrive_feedback()
        before = await shop.get(Ref("yandex_market", "shop", Noun.FEEDBACK, str(number)), Feedback)
        market.state.feedbacks.comment(number, "Спасибо!", None)
        after = await shop.get(before)
        assert after.answer is not None
        assert after.answer.text == "Спасибо!"

    @pytest.mark.parametrize("campaign", [100101, 100102])
    async def test_return_when_its_shop_is_not_known(
        self, shop: YandexMarket, market: YandexMarketSimulator, campaign: int
    ) -> None:
        number = market.state.arrive_return(campaign_id=campaign)
        listed = {one.ref.id: one for one in await shop.returns().all()}
        market.state.returns.settle(number)
        async with open_shop(market) as other:
            assert (await other.get(listed[str(number)])).status is ReturnStatus.COMPLETED

    async def test_question_when_it_was_deleted(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        question = (await shop.questions().all(limit=1))[0]
        market.state.questions.rows.remove(int(question.ref.id))
        with pytest.raises(NotFound):
            await shop.get(question)
