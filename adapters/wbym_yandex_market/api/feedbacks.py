"""Feedbacks on products, and comments under them."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, TypeAlias

from wbym.calls import (
    Count,
    Encode,
    Length,
    Name,
    Query,
    Range,
    Unique,
    exactly_one,
    period,
    post,
    require,
)
from wbym.paging import Listing
from wbym_yandex_market.api._base import (
    COMMUNICATION,
    Id,
    Ids,
    MarketGroup,
    Paging,
    Wire,
    WireId,
    pages,
)
from wbym_yandex_market.api._bounds import COMMENT, FEEDBACKS_DAYS, FEEDBACKS_PAGE

__all__ = ["Author", "Comment", "Feedback", "Feedbacks", "Photos", "SourceType"]

SourceType: TypeAlias = Annotated[Literal["SELLER", "ADVERTISER"], Query()]
"""The role of the caller; Market's default is SELLER."""


class Identifiers(Wire, frozen=True):
    """The order and the product of a feedback."""

    order_id: int | None = None
    offer_id: str | None = None
    """The seller's own article."""


class Description(Wire, frozen=True):
    """The buyer's text."""

    advantages: str | None = None
    disadvantages: str | None = None
    comment: str | None = None


class Photos(Wire, frozen=True):
    """Addresses of photos and videos."""

    photos: list[str] | None = None
    videos: list[str] | None = None


class Statistics(Wire, frozen=True):
    """A feedback in numbers."""

    rating: int | None = None
    """1 to 5."""
    comments_count: int | None = None
    """Comments under the feedback, without replies to comments."""
    recommended: bool | None = None
    paid_amount: int | None = None
    """Plus points that the author got for the feedback."""


class Feedback(Wire, frozen=True):
    """A feedback as Market sends it."""

    feedback_id: WireId
    created_at: datetime
    need_reaction: bool | None = None
    """False after somebody read it in the cabinet, skipped it or commented on it; this does not
    mean that it is answered."""
    identifiers: Identifiers | None = None
    author: str | None = None
    description: Description | None = None
    media: Photos | None = None
    statistics: Statistics | None = None


class FeedbacksPage(Wire, frozen=True):
    """One page of feedbacks."""

    feedbacks: list[Feedback]
    paging: Paging | None = None


class Author(Wire, frozen=True):
    """Who wrote a comment."""

    type: str | None = None
    """``USER``, ``BUSINESS`` (a cabinet) or ``BRAND``."""
    name: str | None = None


class Comment(Wire, frozen=True):
    """A comment as Market sends it."""

    id: WireId
    text: str | None = None
    status: str | None = None
    """``PUBLISHED``, ``UNMODERATED``, ``BANNED`` or ``DELETED``."""
    can_modify: bool | None = None
    """Whether the seller may change or delete it."""
    parent_id: int | None = None
    """The comment that it replies to; absent in replies to the feedback."""
    author: Author | None = None
    feedback_id: int | None = None


class CommentsPage(Wire, frozen=True):
    """One page of comments."""

    comments: list[Comment]
    paging: Paging | None = None


def _ids_alone(arguments: Mapping[str, Any]) -> tuple[str, str] | None:
    """Market does not accept other filters with ``feedback_ids``."""
    given = [name for name, value in arguments.items() if value is not None]
    if "feedback_ids" in given and len(given) > 1:
        return "feedback_ids", "must be given alone, without other filters"
    return None


class CommentUpdate(Wire, frozen=True, omit_defaults=True):
    """A comment to write, or to change if it has an id."""

    text: Annotated[str, COMMENT]
    id: Id | None = None
    parent_id: Id | None = None


class Update(Wire, frozen=True):
    """A comment to write or change, and its feedback."""

    feedback_id: Id
    comment: CommentUpdate


def _comment_body(
    *,
    feedback_id: int,
    text: str,
    comment_id: int | None,
    parent_id: int | None,
    **_: object,
) -> Update:
    comment = CommentUpdate(text=text, id=comment_id, parent_id=parent_id)
    return Update(feedback_id=feedback_id, comment=comment)


_LAST: Final = datetime.max.replace(microsecond=0, tzinfo=UTC)


def _rounded_up(moment: datetime) -> datetime:
    """Round the end of a period up to a second, so that its last records are included."""
    moment = min(moment.astimezone(UTC), _LAST)
    return moment + timedelta(microseconds=-moment.microsecond % 1_000_000)


class Feedbacks(MarketGroup, scope=COMMUNICATION):
    """``api.feedbacks``. Each method has its own hourly budget, stated in its docstring."""

    @post(
        "/v2/businesses/{businessId}/goods-feedback",
        reads=True,
        pages=pages(FEEDBACKS_PAGE),
        page=FeedbacksPage,
        rules=[_ids_alone, period("date_time_from", "date_time_to", days=FEEDBACKS_DAYS)],
    )
    def list(
        self,
        *,
        feedback_ids: Ids | None = None,
        date_time_from: datetime | None = None,
        date_time_to: Annotated[datetime, Encode(_rounded_up)] | None = None,
        reaction_status: Literal["ALL", "NEED_REACTION"] | None = None,
        rating_values: Annotated[Collection[Annotated[int, Range(1, 5)]], Count(1, 5), Unique()]
        | None = None,
        offer_ids: Annotated[Collection[Annotated[str, Length(1, 255)]], Count(1, 20), Unique()]
        | None = None,
        paid: bool | None = None,
    ) -> Listing[Feedback]:
        """Feedbacks in the order of publication, without deleted ones.

        5,000 requests per hour, 10,000 with subscription.

        Args:
            feedback_ids: These feedbacks; not with other filters.
            date_time_from: After this time, excluded; by default six months before
                ``date_time_to``. In whole seconds, rounded down.
            date_time_to: Before this time, excluded; by default now. In whole seconds, rounded up.
                The period has at most six months.
            reaction_status: ``NEED_REACTION`` for feedbacks that nobody has viewed.
            rating_values: With these ratings.
            offer_ids: On these products, by the seller's own article.
            paid: Feedbacks for Plus points, or the others.
        """

    @post(
        "/v2/businesses/{businessId}/goods-feedback/comments",
        reads=True,
        pages=pages(FEEDBACKS_PAGE),
        page=CommentsPage,
        rules=[exactly_one("feedback_id", "comment_ids")],
    )
    def comments(
        self,
        feedback_id: Id | None = None,
        *,
        comment_ids: Ids | None = None,
        source_type: SourceType | None = None,
    ) -> Listing[Comment]:
        """Comments in the order of publication, without deleted ones.

        5,000 requests per hour, 10,000 with subscription.

        Args:
            feedback_id: Comments under this feedback.
            comment_ids: Or these comments.
            source_type: The role of the caller.

        Raises:
            NotFound: While reading: the feedback does not exist.
        """

    @post("/v2/businesses/{businessId}/goods-feedback/comments/update", body=_comment_body)
    async def _update_comment(
        self,
        feedback_id: Id,
        text: Annotated[str, COMMENT],
        *,
        comment_id: Id | None = None,
        parent_id: Id | None = None,
        source_type: SourceType | None = None,
    ) -> Comment:
        """Write or change a comment; 1,000 per hour."""

    async def comment(
        self,
        feedback_id: int,
        text: str,
        *,
        parent_id: int | None = None,
        source_type: SourceType | None = None,
    ) -> Comment:
        """Comment on a feedback; 1,000 per hour for this and :meth:`edit_comment`.

        Not idempotent: each call creates another comment.

        Args:
            feedback_id: The feedback.
            text: 1 to 4,096 characters, without contacts and links to other sites.
            parent_id: The comment to reply to.
            source_type: The role of the caller.

        Raises:
            NotFound: The feedback does not exist.
            DeliveryUnknown: It may or may not have been written.
        """
        return await self._update_comment(
            feedback_id, text, parent_id=parent_id, source_type=source_type
        )

    async def edit_comment(
        self,
        feedback_id: int,
        comment_id: int,
        text: str,
        *,
        source_type: SourceType | None = None,
    ) -> Comment:
        """Change a comment of the seller; 1,000 per hour for this and :meth:`comment`.

        Args:
            feedback_id: The feedback.
            comment_id: The comment, which must have ``can_modify``.
            text: 1 to 4,096 characters, without contacts and links to other sites.
            source_type: The role of the caller.

        Raises:
            NotFound: The comment does not exist.
            DeliveryUnknown: It may or may not have been changed.
        """
        require("feedbacks.update_comment", "comment_id", comment_id, Id)
        return await self._update_comment(
            feedback_id, text, comment_id=comment_id, source_type=source_type
        )

    @post("/v2/businesses/{businessId}/goods-feedback/comments/delete")
    async def delete_comment(
        self, comment_id: Annotated[Id, Name("id")], *, source_type: SourceType | None = None
    ) -> None:
        """Delete a comment of the seller; 1,000 per hour. A second call finds nothing.

        Raises:
            NotFound: The comment does not exist.
            DeliveryUnknown: It may or may not have been deleted.
        """

    # Buyers do not see it, and skipping a skipped feedback changes nothing.
    @post("/v2/businesses/{businessId}/goods-feedback/skip-reaction", idempotent=True)
    async def skip_reaction(
        self, feedback_ids: Ids, *, source_type: SourceType | None = None
    ) -> None:
        """Mark feedbacks as needing no reaction; 500 per hour, 1,000 with subscription.

        Their ``need_reaction`` becomes false.

        Raises:
            NotFound: One of the feedbacks does not exist.
        """
