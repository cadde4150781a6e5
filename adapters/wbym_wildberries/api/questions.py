"""Questions: reading, answering, rejecting."""

from datetime import datetime
from functools import partial
from typing import Literal

import msgspec

from wbym.calls import ApiGroup, Endpoints
from wbym.paging import ByOffset
from wbym_wildberries.api.base import (
    ANSWER_LEAST,
    ANSWER_MOST,
    SortOrder,
    Wire,
    acknowledged,
    created_query,
    enveloped,
    length,
    page_query,
)
from wbym_wildberries.api.feedbacks import Counters, ProductDetails
from wbym_wildberries.token import Category

__all__ = ["Question", "QuestionAnswer", "Questions", "QuestionsPage"]


class QuestionAnswer(Wire, frozen=True):
    """The seller's answer."""

    text: str | None = None
    editable: bool | None = None
    create_date: str | None = None


class Question(Wire, frozen=True):
    """A question as Wildberries sends it."""

    id: str
    created_date: datetime
    text: str | None = None
    state: str | None = None
    """``suppliersPortalSynch`` new, ``wbRu`` answered and shown, ``none`` rejected."""
    answer: QuestionAnswer | None = None
    product_details: ProductDetails | None = None
    was_viewed: bool | None = None
    is_warned: bool | None = None


class QuestionsPage(Wire, frozen=True):
    """One page of questions."""

    questions: list[Question]
    count_unanswered: int | None = None
    count_archive: int | None = None


_TABLE = Endpoints(
    "questions",
    host="feedbacks",
    buckets=("feedbacks-and-questions",),
    scope=Category.FEEDBACKS_AND_QUESTIONS.scope,
)

COUNT_UNANSWERED = _TABLE.add(
    "GET", "count_unanswered", "/api/v1/questions/count-unanswered", enveloped(Counters)
)
COUNT = _TABLE.add("GET", "count", "/api/v1/questions/count", enveloped(int))
LIST_PAGES = ByOffset(size="take", offset="skip", most=10_000, reach=10_000)
LIST = _TABLE.add(
    "GET",
    "list",
    "/api/v1/questions",
    enveloped(QuestionsPage, records="questions", record=Question),
    pages=LIST_PAGES,
)
GET = _TABLE.add("GET", "get", "/api/v1/question", enveloped(Question))
UPDATE = _TABLE.add("PATCH", "update", "/api/v1/questions", acknowledged())

ENDPOINTS = _TABLE.rows


class _ViewBody(msgspec.Struct, rename="camel"):
    id: str
    was_viewed: bool


class _AnswerText(msgspec.Struct):
    text: str


class _AnswerBody(msgspec.Struct):
    id: str
    answer: _AnswerText
    state: Literal["none", "wbRu"]


list_query = partial(created_query, LIST.name)
"""The filters of the list, without take and skip."""


class Questions(ApiGroup):
    """``api.questions``; the bucket is that of ``api.feedbacks``."""

    async def count_unanswered(self) -> Counters:
        """How many wait for an answer (GET /api/v1/questions/count-unanswered)."""
        return await self._call(COUNT_UNANSWERED)

    async def count(
        self,
        *,
        is_answered: bool | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
    ) -> int:
        """How many there are (GET /api/v1/questions/count).

        Args:
            is_answered: Those with an answer, or those without; answered ones, where nothing is
                said.
            date_from: From this moment on; aware, used in whole seconds.
            date_to: Up to this moment; aware, used in whole seconds.

        Raises:
            InvalidInput: A time is naive.
        """
        query = created_query(
            COUNT.name, is_answered=is_answered, date_from=date_from, date_to=date_to
        )
        return await self._call(COUNT, query=query)

    async def list(
        self,
        *,
        is_answered: bool,
        take: int,
        skip: int,
        nm_id: int | None = None,
        order: SortOrder | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
    ) -> QuestionsPage:
        """One page (GET /api/v1/questions).

        Args:
            is_answered: Those with an answer, or those without.
            take: How many, 1 to 10,000.
            skip: After how many; ``take + skip`` is at most 10,000.
            nm_id: About one product.
            order: By the time of creation.
            date_from: From this moment on; aware, used in whole seconds.
            date_to: Up to this moment; aware, used in whole seconds.

        Raises:
            InvalidInput: A number is outside its bounds or a time is naive.
        """
        query = page_query(LIST.name, LIST_PAGES, take, skip) | list_query(
            is_answered=is_answered,
            nm_id=nm_id,
            order=order,
            date_from=date_from,
            date_to=date_to,
        )
        return await self._call(LIST, query=query)

    async def get(self, question_id: str) -> Question:
        """One question by its id (GET /api/v1/question).

        Raises:
            Unprocessable: There is none with this id.
        """
        return await self._call(GET, query={"id": question_id})

    async def view(self, question_id: str, *, viewed: bool = True) -> None:
        """Mark a question as seen (PATCH /api/v1/questions)."""
        await self._call(UPDATE, body=_ViewBody(question_id, viewed))

    async def answer(self, question_id: str, text: str) -> None:
        """Answer a question or change its answer (PATCH /api/v1/questions). Not repeatable.

        An answer can be changed once, within 60 days.

        Args:
            question_id: Which one.
            text: 2 to 5,000 characters; WB publishes the bounds for feedbacks only.

        Raises:
            InvalidInput: The text is too short or too long.
            NotFound: There is no such question.
            Unprocessable: It cannot be answered or edited any more.
            DeliveryUnknown: It may or may not have been answered.
        """
        await self._decide(question_id, text, "wbRu")

    async def reject(self, question_id: str, text: str) -> None:
        """Reject a question, so that it is not shown (PATCH /api/v1/questions). Not repeatable.

        Args:
            question_id: Which one.
            text: Why, 2 to 5,000 characters.

        Raises:
            InvalidInput: The text is too short or too long.
            NotFound: There is no such question.
            DeliveryUnknown: It may or may not have been rejected.
        """
        await self._decide(question_id, text, "none")

    async def _decide(self, question_id: str, text: str, state: Literal["none", "wbRu"]) -> None:
        length(UPDATE.name, "text", text, ANSWER_LEAST, ANSWER_MOST)
        await self._call(UPDATE, body=_AnswerBody(question_id, _AnswerText(text), state))
