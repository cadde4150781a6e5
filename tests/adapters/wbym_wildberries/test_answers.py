"""An existing answer counts, whether given before or after the record was read."""

import pytest

from tests.adapters.counting import requests
from wbym.domain import Feedback, Noun, Question, QuestionStatus, Ref
from wbym.errors import AlreadyAnswered, InvalidInput, NotFound
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import WildberriesSimulator

FEEDBACK = "GET /api/v1/feedback"
ANSWER = "POST /api/v1/feedbacks/answer"
QUESTION = "GET /api/v1/question"
QUESTIONS = "PATCH /api/v1/questions"


def ref(noun: Noun, record_id: str) -> Ref:
    return Ref("wildberries", "shop", noun, record_id)


async def test_feedback_when_the_answer_came_later(
    shop: Wildberries, simulator: WildberriesSimulator
) -> None:
    feedbacks = simulator.state.feedbacks
    number = simulator.state.arrive_feedback()
    before = await shop.get(ref(Noun.FEEDBACK, number), Feedback)
    assert before.waiting_since == before.created_at
    assert feedbacks.answer(number, "Спасибо!")
    after = await shop.get(before)
    assert after.waiting_since is None
    for item, reads in ((before, 1), (before.ref, 1), (after, 0)):
        with (
            requests(simulator.stats) as made,
            pytest.raises(AlreadyAnswered, match="Спасибо!") as caught,
        ):
            await shop.answer(item, "Ещё раз")
        assert made == ({FEEDBACK: 1} if reads else {})
        assert (caught.value.ref, caught.value.answer) == (str(before.ref), "Спасибо!")
    assert (await shop.edit_answer(before, "Спасибо большое!")).accepted
    assert [one.text for one in simulator.state.written] == ["Спасибо!", "Спасибо большое!"]


async def test_question_when_the_answer_came_later(
    shop: Wildberries, simulator: WildberriesSimulator
) -> None:
    """WB would treat a second answer as an edit, which it allows once."""
    number = simulator.state.arrive_question()
    before = await shop.get(ref(Noun.QUESTION, number), Question)
    assert before.waiting_since == before.created_at
    assert simulator.state.questions.answer(number, "Да") == "done"
    after = await shop.get(before)
    assert after.status is QuestionStatus.ANSWERED
    assert after.waiting_since is None
    for item, reads in ((before, 1), (before.ref, 1), (after, 0)):
        with requests(simulator.stats) as made, pytest.raises(AlreadyAnswered, match="Да"):
            await shop.answer(item, "Нет")
        assert made == ({QUESTION: 1} if reads else {})
    assert (await shop.edit_answer(before, "Да, конечно")).accepted
    assert [one.text for one in simulator.state.written] == ["Да", "Да, конечно"]


async def test_first_answer(shop: Wildberries, simulator: WildberriesSimulator) -> None:
    feedback = ref(Noun.FEEDBACK, simulator.state.arrive_feedback())
    question = ref(Noun.QUESTION, simulator.state.arrive_question())
    with requests(simulator.stats) as made:
        delivery = await shop.answer(await shop.get(feedback, Feedback), "Спасибо!")
    assert made == {FEEDBACK: 2, ANSWER: 1}
    assert delivery.accepted
    assert (delivery.target, delivery.text) == (feedback, "Спасибо!")
    with requests(simulator.stats) as made:
        assert (await shop.answer(question, "Да")).accepted
    assert made == {QUESTION: 1, QUESTIONS: 1}


async def test_answer_when_the_old_one_was_rejected(
    shop: Wildberries, simulator: WildberriesSimulator
) -> None:
    number = simulator.state.arrive_feedback()
    await shop.answer(ref(Noun.FEEDBACK, number), "Пишите нам")
    simulator.state.feedbacks.reject_answer(number)
    feedback = await shop.get(ref(Noun.FEEDBACK, number), Feedback)
    assert not feedback.answered
    assert feedback.waiting_since == feedback.created_at


async def test_answer_when_the_feedback_does_not_exist(
    shop: Wildberries, simulator: WildberriesSimulator
) -> None:
    """WB itself accepts an answer to a feedback that does not exist."""
    with requests(simulator.stats) as made, pytest.raises(NotFound):
        await shop.answer(ref(Noun.FEEDBACK, "00000000-0000-4000-8000-000000000000"), "Спасибо!")
    assert made == {FEEDBACK: 1}


async def test_edit_answer_without_an_answer(
    shop: Wildberries, simulator: WildberriesSimulator
) -> None:
    for noun, number in (
        (Noun.FEEDBACK, simulator.state.arrive_feedback()),
        (Noun.QUESTION, simulator.state.arrive_question()),
    ):
        with pytest.raises(InvalidInput, match="use answer"):
            await shop.edit_answer(ref(noun, number), "Спасибо!")
    assert not simulator.state.written
