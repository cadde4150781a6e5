"""Questions and feedbacks as WB lists them: two lists each, with the same filters."""

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

import msgspec

from wbym.calls import Endpoint
from wbym.domain import Feedback, Question
from wbym.paging import ByOffset
from wbym_wildberries import mapping
from wbym_wildberries.api import feedbacks, questions

__all__ = ["FEEDBACKS", "QUESTIONS", "Noun"]

P = TypeVar("P", questions.QuestionsPage, feedbacks.FeedbacksPage)
W = TypeVar("W", questions.Question, feedbacks.Feedback)
T = TypeVar("T", Question, Feedback)


class Noun(msgspec.Struct, Generic[P, W, T], frozen=True):
    """How one of them is read."""

    name: str
    list: Endpoint[P]
    count: Endpoint[int]
    get: Endpoint[W]
    """One record by ``id``."""
    pages: ByOffset
    record: type[W]
    records: Callable[[P], Sequence[W]]
    """What a page holds."""
    neutral: Callable[[W, str], T]
    """A record, for the account of that name."""
    archive: Endpoint[P] | None = None
    """A third list, without filters by date."""


QUESTIONS: Final = Noun(
    name="questions",
    list=questions.LIST,
    count=questions.COUNT,
    get=questions.GET,
    pages=questions.LIST_PAGES,
    record=questions.Question,
    records=lambda page: page.questions,
    neutral=mapping.question,
)
FEEDBACKS: Final = Noun(
    name="feedbacks",
    list=feedbacks.LIST,
    count=feedbacks.COUNT,
    get=feedbacks.GET,
    pages=feedbacks.LIST_PAGES,
    record=feedbacks.Feedback,
    records=lambda page: page.feedbacks,
    neutral=mapping.feedback,
    archive=feedbacks.ARCHIVE,
)
