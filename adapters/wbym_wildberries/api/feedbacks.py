"""Feedbacks: reading, answering, offering a return."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from wbym.calls import (
    Group,
    Name,
    NotEmpty,
    Nothing,
    UnixSeconds,
    UnixSecondsCeil,
    get,
    patch,
    post,
)
from wbym.paging import ByOffset, Listing
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import SortOrder, Wire, in_envelope, total_of
from wbym_wildberries.api._bounds import ANSWER, FEEDBACKS_PAGE, FEEDBACKS_REACH

__all__ = [
    "Counters",
    "Feedback",
    "FeedbackAnswer",
    "FeedbackId",
    "Feedbacks",
    "FeedbacksPage",
    "Unseen",
]

FeedbackId = Annotated[str, NotEmpty(), Name("id")]


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
    product_valuation: Annotated[int, msgspec.Meta(ge=0, le=2**31)] | None = None
    answer: FeedbackAnswer | None = None
    state: str | None = None
    """``none`` not processed, ``wbRu`` processed, which does not mean answered."""
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
    """Of the whole account; absent in pages of the archive."""
    count_archive: int | None = None


class Counters(Wire, frozen=True):
    """Counters of unanswered or unprocessed records."""

    count_unanswered: int
    count_unanswered_today: int | None = None


class Unseen(Wire, frozen=True):
    """Whether the account has unseen questions and feedbacks."""

    has_new_questions: bool
    has_new_feedbacks: bool


_PAGES: Final = ByOffset("take", "skip", max_size=FEEDBACKS_PAGE, max_offset=FEEDBACKS_REACH)


class Feedbacks(
    Group,
    host="feedbacks",
    bucket="feedbacks-and-questions",
    scope=Category.FEEDBACKS_AND_QUESTIONS.scope,
    envelope=in_envelope,
):
    """``api.feedbacks``.

    Feedbacks and questions share one bucket per seller: 3 calls per second, burst 6; with a base
    token 5 per hour.
    """

    @get("/api/v1/new-feedbacks-questions")
    async def unseen(self) -> Unseen:
        """Whether the account has unseen feedbacks or questions."""
        ...

    @get("/api/v1/feedbacks/count-unanswered")
    async def count_unanswered(self) -> Counters:
        """Number of unprocessed feedbacks, today and in total."""
        ...

    @get("/api/v1/feedbacks/count")
    async def count(
        self,
        *,
        is_answered: bool | None = None,
        date_from: UnixSeconds | None = None,
        date_to: UnixSecondsCeil | None = None,
    ) -> int:
        """Number of feedbacks.

        Args:
            is_answered: Processed or not; by default WB counts the processed ones.
            date_from: The start of the period, included; aware, used in whole seconds.
            date_to: The end of the period, included; aware, used in whole seconds.
        """
        ...

    @get("/api/v1/feedbacks", pages=_PAGES, page=FeedbacksPage, total=total_of)
    def list(
        self,
        *,
        is_answered: bool,
        nm_id: int | None = None,
        order: SortOrder | None = None,
        date_from: UnixSeconds | None = None,
        date_to: UnixSecondsCeil | None = None,
    ) -> Listing[Feedback]:
        """Feedbacks; a page is a :class:`FeedbacksPage`.

        A page has at most 5,000, and ``skip`` is at most 199,990; if there are more after the last
        page, ``PagingLimit`` is raised.
        The total is known only without filters: WB's counters are of the whole list.

        Args:
            is_answered: Processed or not. Processed does not mean answered: nearly all processed
                feedbacks have no answer.
            nm_id: Of one product.
            order: By the time of creation.
            date_from: The start of the period, included; aware, used in whole seconds.
            date_to: The end of the period, included; aware, used in whole seconds.
        """
        ...

    @get("/api/v1/feedbacks/archive", pages=_PAGES, page=FeedbacksPage)
    def archive(
        self, *, nm_id: int | None = None, order: SortOrder | None = None
    ) -> Listing[Feedback]:
        """Archived feedbacks, without filters by date; a page is a :class:`FeedbacksPage`.

        A feedback is archived when it is answered, or after 30 days without an answer, or at once
        if it has neither text nor photos. Pages have the bounds of :meth:`list`.

        Args:
            nm_id: Of one product.
            order: By the time of creation.
        """
        ...

    @post("/api/v1/feedbacks/answer", reply=Nothing())
    async def answer(self, feedback_id: FeedbackId, text: Annotated[str, ANSWER]) -> None:
        """Answer a feedback, in 2 to 5,000 characters.

        WB responds 204 even to a wrong id: only reading the feedback proves the answer.

        Raises:
            DeliveryUnknown: It may or may not have been answered.
        """
        ...

    @patch("/api/v1/feedbacks/answer", reply=Nothing())
    async def edit_answer(self, feedback_id: FeedbackId, text: Annotated[str, ANSWER]) -> None:
        """Change an answer, once and within 60 days, in 2 to 5,000 characters.

        WB responds 204 even to a wrong id or a second edit.

        Raises:
            DeliveryUnknown: It may or may not have been edited.
        """
        ...

    @post("/api/v1/feedbacks/order/return")
    async def request_return(self, feedback_id: Annotated[str, NotEmpty()]) -> None:
        """Offer the buyer a return; only for feedbacks with ``is_able_return_product_orders``.

        Raises:
            Unprocessable: A return is not possible.
            DeliveryUnknown: It may or may not have been offered.
        """
        ...

    @get("/api/v1/feedback", not_found=(422,))
    async def get(self, feedback_id: FeedbackId) -> Feedback:
        """One feedback.

        Raises:
            NotFound: The feedback does not exist; WB responds 422.
        """
        ...
