"""Questions and feedbacks as WB lists them: two lists each, with the same filters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from wbym.calls import Answer, Endpoint, Pipeline, QueryValue
from wbym.domain import Feedback, Question
from wbym.limits import Priority
from wbym.paging import ByOffset, Turn
from wbym_wildberries import mapping
from wbym_wildberries.api import feedbacks, questions

__all__ = ["FEEDBACKS", "QUESTIONS", "Noun"]

P = TypeVar("P", questions.QuestionsPage, feedbacks.FeedbacksPage)
T = TypeVar("T", Question, Feedback)


class Noun(msgspec.Struct, Generic[P, T], frozen=True):
    """How one of them is read."""

    name: str
    list: Endpoint[P]
    count: Endpoint[int]
    pages: ByOffset
    neutral: Callable[[P, str], Sequence[T]]
    """The records of a page, for the account of that name."""
    archive: Endpoint[P] | None = None
    """A third list, without filters by date."""

    async def page(
        self,
        pipeline: Pipeline,
        account: str,
        query: Mapping[str, QueryValue],
        *,
        endpoint: Endpoint[P] | None = None,
        priority: Priority | None,
        turn: Turn | None = None,
    ) -> tuple[Answer[P], Sequence[T]]:
        """One page of the list, or of another endpoint like it, and its neutral records."""
        answer = await pipeline.call(
            endpoint or self.list, query=query, priority=priority, turn=turn
        )
        return answer, self.neutral(answer.value, account)


def _questions(page: questions.QuestionsPage, account: str) -> Sequence[Question]:
    return [mapping.question(wire, account) for wire in page.questions]


def _feedbacks(page: feedbacks.FeedbacksPage, account: str) -> Sequence[Feedback]:
    return [mapping.feedback(wire, account) for wire in page.feedbacks]


QUESTIONS: Final = Noun(
    name="questions",
    list=questions.LIST,
    count=questions.COUNT,
    pages=questions.LIST_PAGES,
    neutral=_questions,
)
FEEDBACKS: Final = Noun(
    name="feedbacks",
    list=feedbacks.LIST,
    count=feedbacks.COUNT,
    pages=feedbacks.LIST_PAGES,
    neutral=_feedbacks,
    archive=feedbacks.ARCHIVE,
)
