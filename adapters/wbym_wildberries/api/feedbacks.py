"""Feedbacks: reading, answering, asking for a return."""

from datetime import datetime
from functools import partial

import msgspec

from wbym.calls import ApiGroup, Endpoints, Nothing
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
from wbym_wildberries.token import Category

__all__ = ["Counters", "Feedback", "FeedbackAnswer", "Feedbacks", "FeedbacksPage", "Unseen"]


class FeedbackAnswer(Wire, frozen=True):
    """The seller's answer."""

    text: str | None = None
    state: str | None = None
    """``none`` new, ``wbRu`` shown, ``reviewRequired`` in moderation, ``rejected``."""
    editable: bool | None = None


class ProductDetails(Wire, frozen=True):
    """The product that a feedback or a question is about."""

    imt_id: int | None = None
    nm_id: int | None = None
    product_name: str | None = None
    supplier_article: str | None = None
    supplier_name: str | None = None
    brand_name: str | None = None
    size: str | None = None


class PhotoLink(Wire, frozen=True):
    """A photo in two sizes."""

    full_size: str | None = None
    mini_size: str | None = None


class Video(Wire, frozen=True):
    """A video as an HLS playlist."""

    preview_image: str | None = None
    link: str | None = None
    duration_sec: float | None = None


class Feedback(Wire, frozen=True):
    """A feedback as Wildberries sends it."""

    id: str
    created_date: datetime
    text: str | None = None
    pros: str | None = None
    cons: str | None = None
    product_valuation: int | None = None
    answer: FeedbackAnswer | None = None
    state: str | None = None
    """``none`` not processed, ``wbRu`` processed: it does not mean that there is an answer."""
    product_details: ProductDetails | None = None
    video: Video | None = None
    was_viewed: bool | None = None
    photo_links: list[PhotoLink] | None = None
    user_name: str | None = None
    order_status: str | None = None
    """``buyout``, ``rejected``, ``returned``, ``notSpecified``."""
    matching_size: str | None = None
    """Empty without sizes, ``ok``, ``smaller``, ``bigger``."""
    is_able_supplier_feedback_valuation: bool | None = None
    supplier_feedback_valuation: int | None = None
    is_able_supplier_product_valuation: bool | None = None
    supplier_product_valuation: int | None = None
    is_able_return_product_orders: bool | None = None
    return_product_orders_date: str | None = None
    bables: list[str] | None = None
    """The buyer's tags."""
    last_order_shk_id: int | None = None
    last_order_created_at: str | None = None
    color: str | None = None
    subject_id: int | None = None
    subject_name: str | None = None
    parent_feedback_id: str | None = None
    child_feedback_id: str | None = None


class FeedbacksPage(Wire, frozen=True):
    """One page of feedbacks."""

    feedbacks: list[Feedback]
    count_unanswered: int | None = None
    """In all of the account; the archive's page does not tell it."""
    count_archive: int | None = None


class Counters(Wire, frozen=True):
    """How much waits for an answer."""

    count_unanswered: int
    count_unanswered_today: int | None = None


class Unseen(Wire, frozen=True):
    """Whether there is anything that nobody has looked at."""

    has_new_questions: bool
    has_new_feedbacks: bool


_TABLE = Endpoints(
    "feedbacks",
    host="feedbacks",
    buckets=("feedbacks-and-questions",),
    scope=Category.FEEDBACKS_AND_QUESTIONS.scope,
)

UNSEEN = _TABLE.add("GET", "unseen", "/api/v1/new-feedbacks-questions", enveloped(Unseen))
COUNT_UNANSWERED = _TABLE.add(
    "GET", "count_unanswered", "/api/v1/feedbacks/count-unanswered", enveloped(Counters)
)
COUNT = _TABLE.add("GET", "count", "/api/v1/feedbacks/count", enveloped(int))
LIST_PAGES = ByOffset(size="take", offset="skip", most=5000, deepest=199_990)
LIST = _TABLE.add(
    "GET",
    "list",
    "/api/v1/feedbacks",
    enveloped(FeedbacksPage, records="feedbacks", record=Feedback),
    pages=LIST_PAGES,
)
ARCHIVE = _TABLE.add(
    "GET",
    "archive",
    "/api/v1/feedbacks/archive",
    enveloped(FeedbacksPage, records="feedbacks", record=Feedback),
    pages=LIST_PAGES,
)
GET = _TABLE.add("GET", "get", "/api/v1/feedback", enveloped(Feedback))
ANSWER = _TABLE.add("POST", "answer", "/api/v1/feedbacks/answer", Nothing())
EDIT_ANSWER = _TABLE.add("PATCH", "edit_answer", "/api/v1/feedbacks/answer", Nothing())
REQUEST_RETURN = _TABLE.add(
    "POST", "request_return", "/api/v1/feedbacks/order/return", acknowledged()
)

ENDPOINTS = _TABLE.rows


class _AnswerBody(msgspec.Struct):
    id: str
    text: str


class _ReturnBody(msgspec.Struct, rename="camel"):
    feedback_id: str


list_query = partial(created_query, LIST.name)
"""The filters of the list, without take and skip."""


class Feedbacks(ApiGroup):
    """``api.feedbacks``.

    All methods of Feedbacks and Questions share one bucket a seller: 3 calls a second, 6 at once;
    with a base token 5 an hour.
    """

    async def unseen(self) -> Unseen:
        """Whether anything is unseen, questions too (GET /api/v1/new-feedbacks-questions)."""
        return await self._call(UNSEEN)

    async def count_unanswered(self) -> Counters:
        """How many are not processed (GET /api/v1/feedbacks/count-unanswered)."""
        return await self._call(COUNT_UNANSWERED)

    async def count(
        self,
        *,
        is_answered: bool | None = None,
        date_from: datetime | None = None,
        date_to: datetime | None = None,
    ) -> int:
        """How many there are (GET /api/v1/feedbacks/count).

        Args:
            is_answered: Those that are processed, or those that are not; WB's own default is those
                that are.
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
    ) -> FeedbacksPage:
        """One page (GET /api/v1/feedbacks).

        Args:
            is_answered: Those that are processed, or those that are not. Processed does not mean
                answered: nearly all of those have no answer.
            take: How many, 1 to 5,000.
            skip: After how many, 0 to 199,990.
            nm_id: Of one product.
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

    async def archive(
        self,
        *,
        take: int,
        skip: int,
        nm_id: int | None = None,
        order: SortOrder | None = None,
    ) -> FeedbacksPage:
        """One page of the archive (GET /api/v1/feedbacks/archive).

        A feedback is archived when it is answered, or after 30 days without an answer, or at once
        without text and photos. The archive cannot be filtered by date.

        Args:
            take: How many, 1 to 5,000.
            skip: After how many, 0 to 199,990.
            nm_id: Of one product.
            order: By the time of creation.

        Raises:
            InvalidInput: A number is outside its bounds.
        """
        query = page_query(ARCHIVE.name, LIST_PAGES, take, skip)
        return await self._call(ARCHIVE, query=query | {"nmId": nm_id, "order": order})

    async def get(self, feedback_id: str) -> Feedback:
        """One feedback by its id (GET /api/v1/feedback).

        Raises:
            Unprocessable: There is none with this id.
        """
        return await self._call(GET, query={"id": feedback_id})

    async def answer(self, feedback_id: str, text: str) -> None:
        """Answer a feedback (POST /api/v1/feedbacks/answer). Not repeatable.

        Wildberries answers 204 even for a wrong id: only reading the feedback proves the answer.

        Args:
            feedback_id: Which one.
            text: 2 to 5,000 characters.

        Raises:
            InvalidInput: The text is too short or too long.
            DeliveryUnknown: It may or may not have been answered.
        """
        length(ANSWER.name, "text", text, ANSWER_LEAST, ANSWER_MOST)
        await self._call(ANSWER, body=_AnswerBody(feedback_id, text))

    async def edit_answer(self, feedback_id: str, text: str) -> None:
        """Change an answer, once and within 60 days (PATCH /api/v1/feedbacks/answer).

        Not repeatable. Wildberries answers 204 even for a wrong id or a second edit.

        Args:
            feedback_id: Which one.
            text: 2 to 5,000 characters.

        Raises:
            InvalidInput: The text is too short or too long.
            DeliveryUnknown: It may or may not have been edited.
        """
        length(EDIT_ANSWER.name, "text", text, ANSWER_LEAST, ANSWER_MOST)
        await self._call(EDIT_ANSWER, body=_AnswerBody(feedback_id, text))

    async def request_return(self, feedback_id: str) -> None:
        """Offer the buyer a return (POST /api/v1/feedbacks/order/return). Not repeatable.

        Only for feedbacks with ``is_able_return_product_orders``.

        Raises:
            Unprocessable: A return is not possible.
            DeliveryUnknown: It may or may not have been offered.
        """
        await self._call(REQUEST_RETURN, body=_ReturnBody(feedback_id))
