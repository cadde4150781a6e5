"""Questions: reading, answering, rejecting."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from wbym.calls import Group, Name, NotEmpty, UnixSeconds, UnixSecondsCeil, get, patch
from wbym.paging import ByOffset, Listing
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import SortOrder, Wire, in_envelope, total_of
from wbym_wildberries.api._bounds import ANSWER, QUESTIONS_PAGE, QUESTIONS_REACH
from wbym_wildberries.api.feedbacks import Counters, ProductDetails

__all__ = ["Question", "QuestionAnswer", "Questions", "QuestionsPage"]

QuestionId = Annotated[str, NotEmpty(), Name("id")]


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


class _Text(msgspec.Struct, frozen=True):
    text: Annotated[str, ANSWER]


class _Update(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    id: str
    was_viewed: bool | None = None
    answer: _Text | None = None
    state: Literal["none", "wbRu"] | None = None


def _update_body(
    question_id: str,
    was_viewed: bool | None,
    text: str | None,
    state: Literal["none", "wbRu"] | None,
) -> _Update:
    return _Update(question_id, was_viewed, None if text is None else _Text(text), state)


class Questions(
    Group,
    host="feedbacks",
    bucket="feedbacks-and-questions",
    scope=Category.FEEDBACKS_AND_QUESTIONS.scope,
    envelope=in_envelope,
):
    """``api.questions``; the bucket is that of ``api.feedbacks``."""

    @get("/api/v1/questions/count-unanswered")
    async def count_unanswered(self) -> Counters:
        """Number of unanswered questions, today and in total."""
        ...

    @get("/api/v1/questions/count")
    async def count(
        self,
        *,
        is_answered: bool | None = None,
        date_from: UnixSeconds | None = None,
        date_to: UnixSecondsCeil | None = None,
    ) -> int:
        """Number of questions.

        Args:
            is_answered: Answered or not; by default WB counts the answered ones.
            date_from: The start of the period, included; aware, used in whole seconds.
            date_to: The end of the period, included; aware, used in whole seconds.
        """
        ...

    @get(
        "/api/v1/questions",
        pages=ByOffset("take", "skip", max_size=QUESTIONS_PAGE, max_reach=QUESTIONS_REACH),
        page=QuestionsPage,
        total=total_of,
    )
    def list(
        self,
        *,
        is_answered: bool,
        nm_id: int | None = None,
        order: SortOrder | None = None,
        date_from: UnixSeconds | None = None,
        date_to: UnixSecondsCeil | None = None,
    ) -> Listing[Question]:
        """Questions, the first 10,000 of the list; a page is a :class:`QuestionsPage`.

        A page has at most 10,000; if there are more, ``PagingLimit`` is raised after them.
        The total is known only without filters: WB's counters are of the whole list.

        Args:
            is_answered: Answered or not.
            nm_id: About one product.
            order: By the time of creation.
            date_from: The start of the period, included; aware, used in whole seconds.
            date_to: The end of the period, included; aware, used in whole seconds.
        """
        ...

    @patch("/api/v1/questions", body=_update_body)
    async def _update(
        self,
        question_id: QuestionId,
        *,
        was_viewed: bool | None = None,
        text: Annotated[str, ANSWER] | None = None,
        state: Literal["none", "wbRu"] | None = None,
    ) -> None:
        """Mark a question as seen, or answer (``wbRu``) or reject it (``none``)."""
        ...

    async def view(self, question_id: str, *, viewed: bool = True) -> None:
        """Mark a question as seen, or as not seen."""
        await self._update(question_id, was_viewed=viewed)

    async def answer(self, question_id: str, text: str) -> None:
        """Answer a question or change its answer, once and within 60 days.

        Args:
            question_id: The question's id.
            text: 2 to 5,000 characters; WB publishes these bounds for feedbacks only.

        Raises:
            NotFound: The question does not exist.
            Unprocessable: The question cannot be answered or edited any more.
            DeliveryUnknown: It may or may not have been answered.
        """
        await self._update(question_id, text=text, state="wbRu")

    async def reject(self, question_id: str, text: str) -> None:
        """Reject a question, so that it is not shown.

        Args:
            question_id: The question's id.
            text: The reason, 2 to 5,000 characters.

        Raises:
            NotFound: The question does not exist.
            DeliveryUnknown: It may or may not have been rejected.
        """
        await self._update(question_id, text=text, state="none")

    @get("/api/v1/question", not_found=(422,))
    async def get(self, question_id: QuestionId) -> Question:
        """One question.

        Raises:
            NotFound: The question does not exist; WB responds 422.
        """
        ...
