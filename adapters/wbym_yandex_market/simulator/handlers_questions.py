"""The methods of questions on goods."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from wbym.testing import Call, Handlers, RecordFields, Refusal, Response, route
from wbym_yandex_market.simulator import dates, replies
from wbym_yandex_market.simulator.data_questions import Question
from wbym_yandex_market.simulator.records import RecordList
from wbym_yandex_market.simulator.requests import body, limit, token, unique
from wbym_yandex_market.simulator.state import Cabinet
from wbym_yandex_market.simulator.tokens import TALK

PAGE, MAX_PAGE = 25, 50
_PATH = "/v1/businesses/{businessId}/goods-questions"
Id = Annotated[int, Meta(ge=1)]
Text = Annotated[str, Meta(min_length=1, max_length=5000)]


class _List(msgspec.Struct, rename="camel"):
    category_ids: list[Annotated[int, Meta(ge=0)]] | None = None
    question_ids: list[Id] | None = None
    date_from: date | None = None
    date_to: date | None = None
    need_answer: bool | None = None
    sort: Literal["CREATED_AT_DESC", "CREATED_AT_ASC"] | None = None


class _Answers(msgspec.Struct, rename="camel"):
    question_id: Id | None = None
    answer_ids: list[Id] | None = None


class _Entity(msgspec.Struct):
    id: Id
    type: Literal["QUESTION", "ANSWER", "COMMENT"]


class _Update(msgspec.Struct, rename="camel"):
    operation_type: Literal["UPDATE", "CREATE", "DELETE"]
    entity_id: _Entity | None = None
    parent_entity_id: _Entity | None = None
    text: Text | None = None


class QuestionHandlers(Handlers[Cabinet], scope=TALK):
    """Serves the questions of the business in the URL."""

    @route(
        "POST",
        _PATH,
        bucket="getGoodsQuestions",
        writes=False,
        records=RecordFields(("result", "questions"), "questionIdentifiers", (), ("author.type",)),
    )
    async def list(self, call: Call) -> Response:
        """Questions of whole days, both ends included."""
        asked = await body(call, _List, required=False)
        size, after = limit(call, PAGE, MAX_PAGE), token(call)
        unique(asked.category_ids, "categoryIds")
        unique(asked.question_ids, "questionIds", 50)
        rows = self._cabinet(call).questions.rows
        no_dates = asked.date_from is None and asked.date_to is None
        by_ids = asked.question_ids is not None and no_dates
        span = rows.span() if by_ids else rows.between(*_period(asked, call.now))
        wanted = _wanted(asked)
        ascending = asked.sort == "CREATED_AT_ASC"
        page = rows.page(
            limit=size, token=after, span=span, wanted=wanted, newest_first=not ascending
        )
        low, high = span
        total = high - low
        if wanted is not None:
            total = sum(map(wanted, rows.items[low:high]))
        return replies.page("questions", page, b'"totalCount":%d,' % total)

    @route(
        "POST",
        f"{_PATH}/answers",
        bucket="getGoodsQuestionAnswers",
        writes=False,
        records=RecordFields(
            ("result", "answers"), "id", ("author", "comments"), ("status", "author.type")
        ),
    )
    async def answers(self, call: Call) -> Response:
        """Answers to a question, or some by their ids."""
        asked = await body(call, _Answers)
        size, after = limit(call, PAGE, MAX_PAGE), token(call)
        unique(asked.answer_ids, "answerIds", 50)
        questions = self._cabinet(call).questions
        if asked.question_id is None and asked.answer_ids is None:
            raise Refusal(400, "questionId or answerIds must be given")
        if asked.answer_ids is None:
            found = questions.get(asked.question_id or 0).answers
        else:
            known = [questions.answers.get(number) for number in asked.answer_ids]
            found = [
                answer
                for answer in known
                if answer is not None and asked.question_id in {None, answer.question.id}
            ]
        return replies.page("answers", RecordList(found).page(limit=size, token=after))

    @route("POST", f"{_PATH}/update", bucket="updateGoodsQuestionTextEntity")
    async def update(self, call: Call) -> Response:
        """Creates, changes or deletes an answer or a comment."""
        asked = await body(call, _Update)
        questions = self._cabinet(call).questions
        if asked.operation_type == "CREATE":
            if asked.parent_entity_id is None or asked.text is None:
                raise Refusal(400, "parentEntityId and text are required for CREATE")
            parent = asked.parent_entity_id
            new = questions.create(parent.type, parent.id, asked.text)
            return replies.result(questions.entity(new))
        if asked.entity_id is None:
            raise Refusal(400, f"entityId is required for {asked.operation_type}")
        if asked.operation_type == "DELETE":
            questions.delete(asked.entity_id.type, asked.entity_id.id)
        elif asked.text is None:
            raise Refusal(400, "text is required for UPDATE")
        else:
            questions.update(asked.entity_id.type, asked.entity_id.id, asked.text)
        return replies.empty()


def _period(asked: _List, now: float) -> tuple[int, int]:
    """First and last second of the period, both excluded."""
    last = asked.date_to or dates.at(now).date()
    earliest = dates.month_before(last)
    first = asked.date_from or earliest
    if first > last:
        raise Refusal(400, "dateFrom must not be after dateTo")
    if first < earliest:
        raise Refusal(400, "Period must not be longer than 1 month")
    return dates.midnight(first) - 1, dates.midnight(last) + dates.DAY


def _wanted(asked: _List) -> Callable[[Question], bool] | None:
    """The filter of a list; None if all questions are wanted."""
    categories = None if asked.category_ids is None else frozenset(asked.category_ids)
    ids = None if asked.question_ids is None else frozenset(asked.question_ids)
    waiting = bool(asked.need_answer)
    if categories is None and ids is None and not waiting:
        return None

    def wanted(question: Question) -> bool:
        return (
            (ids is None or question.id in ids)
            and (categories is None or question.category in categories)
            and (not waiting or question.waits)
        )

    return wanted
