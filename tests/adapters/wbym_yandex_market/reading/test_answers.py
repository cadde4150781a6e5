"""Whether a question or feedback is answered: only the seller's own answer or comment counts."""

import time as clocks
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from tests.adapters.counting import requests
from tests.adapters.wbym_yandex_market.following.follower import Follower, Time
from tests.adapters.wbym_yandex_market.shops import open_shop
from wbym.domain import Answer, AnswerStatus, Feedback, Noun, Question, QuestionStatus, Ref
from wbym.errors import (
    AlreadyAnswered,
    AnswerNotLoaded,
    BadRequest,
    InvalidInput,
    UnreadableReply,
)
from wbym.paging import Listing
from wbym_yandex_market import YandexMarket
from wbym_yandex_market._reading import answers
from wbym_yandex_market.api import Api
from wbym_yandex_market.simulator import YandexMarketSimulator

FEEDBACKS = "POST /v2/businesses/{businessId}/goods-feedback"
COMMENTS = "POST /v2/businesses/{businessId}/goods-feedback/comments"
COMMENT = "POST /v2/businesses/{businessId}/goods-feedback/comments/update"
QUESTIONS = "POST /v1/businesses/{businessId}/goods-questions"
ANSWERS = "POST /v1/businesses/{businessId}/goods-questions/answers"
ANSWER = "POST /v1/businesses/{businessId}/goods-questions/update"
THANKS = "Спасибо за отзыв!"


@pytest.fixture
async def shop(market: YandexMarketSimulator) -> AsyncIterator[YandexMarket]:
    async with open_shop(market, business_id=1001) as it:
        yield it


def feedback_ref(number: int) -> Ref:
    return Ref("yandex_market", "shop", Noun.FEEDBACK, str(number))


def question_ref(number: int) -> Ref:
    return Ref("yandex_market", "shop", Noun.QUESTION, str(number))


def edited(market: YandexMarketSimulator) -> int:
    """A feedback that the buyer edited after the answer: it counts as unseen again."""
    feedbacks = market.state.feedbacks
    number = market.state.arrive_feedback()
    feedbacks.comment(number, THANKS, None)
    feedbacks._refresh(feedbacks.get(number), needReaction=True)
    return number


async def listed(shop: YandexMarket, number: int) -> Feedback:
    """The feedback from a list without a filter."""
    found = await shop.feedbacks().all()
    return next(one for one in found if one.ref == feedback_ref(number))


class TestEdited:
    """``needReaction: true, commentsCount: 1``, and the comment is the seller's own."""

    async def test_get_when_edited(self, shop: YandexMarket, market: YandexMarketSimulator) -> None:
        feedback = await shop.get(feedback_ref(edited(market)), Feedback)
        assert (feedback.viewed, feedback.comments) == (False, 1)
        assert feedback.answered
        assert feedback.waiting_since is None
        assert feedback.answer is not None
        assert (feedback.answer.text, feedback.answer.status) == (THANKS, AnswerStatus.PUBLISHED)

    async def test_feedbacks_when_edited(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        ref = feedback_ref(edited(market))
        assert ref in {one.ref for one in await shop.feedbacks(answered=True).all()}
        assert ref not in {one.ref for one in await shop.feedbacks(answered=False).all()}

    async def test_answered_when_the_list_did_not_load_it(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        feedback = await listed(shop, edited(market))
        assert (feedback.viewed, feedback.comments) == (False, 1)
        assert not feedback.answer_known
        assert feedback.waiting_since is None
        assert "answer_known=False" in repr(feedback)
        with pytest.raises(AnswerNotLoaded, match=r"account.get\(ref\)"):
            _ = feedback.answered

    async def test_answer_when_edited(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = edited(market)
        feedback = await listed(shop, number)
        with requests(market.stats) as made, pytest.raises(AlreadyAnswered, match=THANKS):
            await shop.answer(feedback, "Ещё раз")
        assert made == {COMMENTS: 1}
        with requests(market.stats) as made, pytest.raises(AlreadyAnswered, match=THANKS):
            await shop.answer(feedback.ref, "Ещё раз")
        assert made == {FEEDBACKS: 1, COMMENTS: 1}
        assert len(market.state.feedbacks.get(number).comments) == 1

    async def test_events_when_new_and_when_edited(self) -> None:
        time = Time(clocks.time())
        async with (
            YandexMarketSimulator(feedbacks=60, limits=False, wall=time.market) as market,
            open_shop(market, business_id=1001) as shop,
        ):
            follower = Follower(shop, "feedbacks", time, time.now)
            with requests(market.stats) as made:
                await follower.round()
            assert COMMENTS not in made, "records without an event are not completed"
            number = edited(market)
            await follower.round()
            feedbacks = market.state.feedbacks
            edit = {"comment": "Передумал"}
            feedbacks._refresh(feedbacks.get(number), needReaction=True, description=edit)
            with requests(market.stats) as made:
                await follower.round()
            assert made[COMMENTS] == 1
            new, changed = (one for one in follower.events if isinstance(one, Feedback))
        assert new.text != changed.text == "Передумал"
        for event in (new, changed):
            assert event.answer_known
            assert event.answered
            assert event.viewed is False

    async def test_events_when_comments_are_rejected(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A feedback whose comments are rejected does not stop the others, and is not guessed."""
        time = Time(clocks.time())
        async with (
            YandexMarketSimulator(feedbacks=9, limits=False, wall=time.market) as market,
            open_shop(market, business_id=1001) as shop,
        ):
            follower = Follower(shop, "feedbacks", time, time.now)
            await follower.round()
            good, bad = edited(market), edited(market)
            listed = answers.list_comments

            def rejected(api: Api, feedback_id: int) -> Listing[Answer]:
                if feedback_id == bad:
                    raise BadRequest(
                        "no comments",
                        marketplace="yandex_market",
                        account="shop",
                        endpoint="feedbacks.comments",
                    )
                return listed(api, feedback_id)

            monkeypatch.setattr(answers, "list_comments", rejected)
            await follower.round()
            await follower.round()
            found = [one for one in follower.events if isinstance(one, Feedback)]
        assert {int(one.ref.id): one.answer_known for one in found} == {good: True, bad: False}
        assert f"cannot read the comments of feedback {bad}" in caplog.text


class TestAlreadyAnswered:
    """An existing answer counts, whether given before or after the record was read."""

    async def test_feedback_when_the_answer_came_later(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = market.state.arrive_feedback()
        before = await listed(shop, number)
        assert before.answer_known
        assert not before.answered
        market.state.feedbacks.comment(number, THANKS, None)
        for stale in (before, before.ref, await listed(shop, number)):
            with pytest.raises(AlreadyAnswered, match=THANKS):
                await shop.answer(stale, "Ещё раз")
        assert len(market.state.feedbacks.get(number).comments) == 1
        assert (await shop.edit_answer(before, "Спасибо большое!")).accepted
        assert [one.text for one in market.state.feedbacks.get(number).comments] == [
            "Спасибо большое!"
        ]

    @pytest.mark.parametrize("ago", [0.0, 3600.0])
    async def test_question_when_the_answer_came_later(
        self, shop: YandexMarket, market: YandexMarketSimulator, ago: float
    ) -> None:
        number = market.state.arrive_question(ago=ago)
        before = await shop.get(question_ref(number), Question)
        assert before.status is QuestionStatus.WAITING
        assert before.waiting_since == before.created_at
        market.state.questions.create("QUESTION", number, "Да")
        after = next(q for q in await shop.questions().all() if q.ref == before.ref)
        with requests(market.stats) as made, pytest.raises(AlreadyAnswered, match="Да"):
            await shop.answer(before, "Да")
        assert made == {ANSWERS: 1}
        for stale in (before.ref, after):
            with pytest.raises(AlreadyAnswered, match="Да"):
                await shop.answer(stale, "Да")
        assert len(market.state.questions.get(number).answers) == 1
        assert (await shop.edit_answer(after, "Да, конечно")).accepted
        assert market.state.questions.get(number).answers[0].text == "Да, конечно"

    async def test_first_answer(self, shop: YandexMarket, market: YandexMarketSimulator) -> None:
        feedback, question = market.state.arrive_feedback(), market.state.arrive_question()
        with requests(market.stats) as made:
            delivery = await shop.answer(feedback_ref(feedback), THANKS)
        assert made == {FEEDBACKS: 1, COMMENTS: 1, COMMENT: 1}
        assert delivery.accepted
        assert delivery.target == feedback_ref(feedback)
        assert delivery.idempotency_key is None
        with requests(market.stats) as made:
            assert (await shop.answer(question_ref(question), "Да")).accepted
        assert made == {QUESTIONS: 1, ANSWERS: 1, ANSWER: 1}
        record = await listed(shop, market.state.arrive_feedback())
        with requests(market.stats) as made:
            assert (await shop.answer(record, THANKS)).accepted
        assert made == {COMMENTS: 1, COMMENT: 1}

    async def test_answer_when_another_is_in_moderation(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        """Market does not document whether it counts such a comment."""
        number = market.state.arrive_feedback()
        before = await listed(shop, number)
        market.state.feedbacks.comment(number, THANKS, None)
        one = market.state.feedbacks.get(number)
        one.comments[0].status = "UNMODERATED"
        one._raw = one.raw.replace(b'"commentsCount":1', b'"commentsCount":0')
        for item in (before, before.ref):
            with pytest.raises(AlreadyAnswered, match=THANKS):
                await shop.answer(item, "Ещё раз")
        assert len(one.comments) == 1

    async def test_edit_answer_without_an_answer(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        feedback, question = market.state.arrive_feedback(), market.state.arrive_question()
        for ref in (feedback_ref(feedback), question_ref(question)):
            for item in (ref, await shop.get(ref)):
                assert isinstance(item, Ref | Feedback | Question)
                with pytest.raises(InvalidInput, match="use answer"):
                    await shop.edit_answer(item, THANKS)


class TestUndecodable:
    """A record that cannot be decoded may be the one that is looked for."""

    async def test_get_when_the_record_is_undecodable(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        question = question_ref(market.state.arrive_question())
        feedback = feedback_ref(market.state.arrive_feedback())
        market.faults.next("/goods-questions", "bad_record")
        with pytest.raises(UnreadableReply, match=f"question {question.id} cannot be decoded"):
            await shop.get(question, Question)
        market.faults.next("/goods-feedback", "bad_record")
        with pytest.raises(UnreadableReply, match=f"feedback {feedback.id} cannot be decoded"):
            await shop.get(feedback, Feedback)

    async def test_question_when_its_answer_is_undecodable(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = market.state.arrive_question()
        market.state.questions.create("QUESTION", number, THANKS)
        [listed] = [q for q in await shop.questions().all() if q.ref == question_ref(number)]
        waiting = replace(listed, status=QuestionStatus.WAITING)
        market.faults.next("/goods-questions/answers", "bad_record", times=2)
        with pytest.raises(UnreadableReply, match="may be answered already"):
            await shop.answer(waiting, THANKS)
        question = await shop.get(question_ref(number), Question)
        assert (question.status, question.answer) == (QuestionStatus.UNKNOWN, None)
        assert len(market.state.questions.get(number).answers) == 1

    async def test_feedback_when_its_comment_is_undecodable(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        number = edited(market)
        market.faults.next("/goods-feedback/comments", "bad_record", times=2)
        with pytest.raises(AnswerNotLoaded):
            await shop.answer(feedback_ref(number), THANKS)
        feedback = await shop.get(feedback_ref(number), Feedback)
        assert (feedback.answer_known, feedback.answer) == (False, None)
        assert len(market.state.feedbacks.get(number).comments) == 1

    async def test_feedbacks_when_a_comment_is_undecodable(
        self, shop: YandexMarket, market: YandexMarketSimulator
    ) -> None:
        ref = feedback_ref(edited(market))
        market.faults.next("/goods-feedback/comments", "bad_record", times=1000)
        assert ref in {one.ref for one in await shop.feedbacks(answered=False).all()}
