"""Feedbacks on products, and comments under them."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from wbym.calls import Endpoints, QueryValue
from wbym.errors import InvalidInput
from wbym.paging import ByToken
from wbym_yandex_market.api.base import (
    COMMUNICATION,
    HOST,
    BusinessGroup,
    acknowledged,
    check_period,
    enveloped,
    ids,
    length,
    page_query,
    positive,
    rfc3339,
    within,
)
from wbym_yandex_market.api.feedback_records import (
    Author,
    Comment,
    CommentsPage,
    Feedback,
    FeedbacksPage,
    Photos,
)

__all__ = [
    "Author",
    "Comment",
    "CommentsPage",
    "Feedback",
    "Feedbacks",
    "FeedbacksPage",
    "Photos",
    "SourceType",
]

TEXT_LEAST: Final = 1
TEXT_MOST: Final = 4096
"""Characters of a comment. It may hold neither contacts nor links to other sites than Market."""
PAGE_MOST: Final = 50
IDS_MOST: Final = 50
PRODUCTS_MOST: Final = 20
LONGEST: Final = timedelta(days=184)
"""Six months, the longest that there are."""

SourceType: TypeAlias = Literal["SELLER", "ADVERTISER"]
"""As whom a method is called; Market takes SELLER where nothing is said."""


_PAGES = ByToken(token="pageToken", size="limit", most=PAGE_MOST)

_TABLE = Endpoints("feedbacks", host=HOST, scope=COMMUNICATION)

LIST = _TABLE.add(
    "POST",
    "list",
    "/v2/businesses/{businessId}/goods-feedback",
    enveloped(FeedbacksPage, records="feedbacks", record=Feedback),
    pages=_PAGES,
    writes=False,
)
COMMENTS = _TABLE.add(
    "POST",
    "comments",
    "/v2/businesses/{businessId}/goods-feedback/comments",
    enveloped(CommentsPage, records="comments", record=Comment),
    pages=_PAGES,
    writes=False,
)
UPDATE_COMMENT = _TABLE.add(
    "POST",
    "update_comment",
    "/v2/businesses/{businessId}/goods-feedback/comments/update",
    enveloped(Comment),
)
DELETE_COMMENT = _TABLE.add(
    "POST",
    "delete_comment",
    "/v2/businesses/{businessId}/goods-feedback/comments/delete",
    acknowledged(),
)
# Nobody sees it, and a feedback that is skipped cannot be skipped more.
SKIP_REACTION = _TABLE.add(
    "POST",
    "skip_reaction",
    "/v2/businesses/{businessId}/goods-feedback/skip-reaction",
    acknowledged(),
    repeatable=True,
)

ENDPOINTS = _TABLE.rows


class _ListBody(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    feedback_ids: list[int] | None = None
    date_time_from: str | None = None
    date_time_to: str | None = None
    reaction_status: str | None = None
    rating_values: list[int] | None = None
    offer_ids: list[str] | None = None
    paid: bool | None = None


class _CommentsBody(msgspec.Struct, rename="camel", omit_defaults=True):
    feedback_id: int | None = None
    comment_ids: list[int] | None = None


class _CommentText(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    text: str
    id: int | None = None
    parent_id: int | None = None


class _UpdateBody(msgspec.Struct, rename="camel"):
    feedback_id: int
    comment: _CommentText


class _DeleteBody(msgspec.Struct):
    id: int


class _SkipBody(msgspec.Struct, rename="camel"):
    feedback_ids: list[int]


def list_body(
    *,
    feedback_ids: Collection[int] | None = None,
    date_time_from: datetime | None = None,
    date_time_to: datetime | None = None,
    reaction_status: str | None = None,
    rating_values: Collection[int] | None = None,
    offer_ids: Collection[str] | None = None,
    paid: bool | None = None,
) -> _ListBody:
    """The filters of the list, checked; see :meth:`Feedbacks.list`."""
    name = LIST.name
    others = (date_time_from, date_time_to, reaction_status, rating_values, offer_ids, paid)
    if feedback_ids is not None and any(other is not None for other in others):
        rule = "must be given alone, without other filters"
        raise InvalidInput(name, "feedback_ids", rule, feedback_ids)
    since = rfc3339(name, "date_time_from", date_time_from)
    until = rfc3339(name, "date_time_to", date_time_to)
    check_period(name, date_time_from, date_time_to, LONGEST, "6 months")
    for value in rating_values or ():
        within(name, "rating_values", value, 1, 5)
    if offer_ids is not None:
        within(name, "number of offer_ids", len(offer_ids), 1, PRODUCTS_MOST)
        for offer_id in offer_ids:
            length(name, "offer_ids", offer_id, 1, 255)
    return _ListBody(
        feedback_ids=ids(name, "feedback_ids", feedback_ids, IDS_MOST),
        date_time_from=since,
        date_time_to=until,
        reaction_status=reaction_status,
        rating_values=sorted(set(rating_values or ())) or None,
        offer_ids=list(dict.fromkeys(offer_ids or ())) or None,
        paid=paid,
    )


def comments_body(
    feedback_id: int | None, comment_ids: Collection[int] | None = None
) -> _CommentsBody:
    """Whose comments, checked; see :meth:`Feedbacks.comments`."""
    if (feedback_id is None) is (comment_ids is None):
        rule = "must be given, or comment_ids, and not both"
        raise InvalidInput(COMMENTS.name, "feedback_id", rule, feedback_id)
    if feedback_id is not None:
        positive(COMMENTS.name, "feedback_id", feedback_id)
    return _CommentsBody(feedback_id, ids(COMMENTS.name, "comment_ids", comment_ids, IDS_MOST))


class Feedbacks(BusinessGroup):
    """``api.feedbacks``. Each method has an hourly budget of its own."""

    async def list(
        self,
        *,
        feedback_ids: Collection[int] | None = None,
        date_time_from: datetime | None = None,
        date_time_to: datetime | None = None,
        reaction_status: Literal["ALL", "NEED_REACTION"] | None = None,
        rating_values: Collection[int] | None = None,
        offer_ids: Collection[str] | None = None,
        paid: bool | None = None,
        limit: int | None = None,
        page_token: str | None = None,
    ) -> FeedbacksPage:
        """One page (POST v2/businesses/{}/goods-feedback, 5,000 an hour, 10,000 with subscription).

        In the order in which they were published. Those that were deleted are not told.

        Args:
            feedback_ids: These, 1 to 50; no other filter may go with them.
            date_time_from: After this moment, itself excluded; six months before
                ``date_time_to`` where nothing is said. Aware, used in whole seconds.
            date_time_to: Before this moment, itself excluded; now where nothing is said. The period
                is of six months at most.
            reaction_status: ``NEED_REACTION`` for those that nobody has looked at.
            rating_values: With these ratings, 1 to 5.
            offer_ids: On these products, by the seller's own article, 1 to 20.
            paid: Those for Plus points, or the others.
            limit: How many, 1 to 50; Market gives 25 where nothing is said.
            page_token: ``paging.next_page_token`` of the page before.

        Raises:
            InvalidInput: A filter is outside its bounds, a time is naive, or the period too long.
        """
        query = page_query(LIST.name, page_token, limit, PAGE_MOST)
        body = list_body(
            feedback_ids=feedback_ids,
            date_time_from=date_time_from,
            date_time_to=date_time_to,
            reaction_status=reaction_status,
            rating_values=rating_values,
            offer_ids=offer_ids,
            paid=paid,
        )
        return await self._ask(LIST, query=query, body=body)

    async def comments(
        self,
        feedback_id: int | None = None,
        *,
        comment_ids: Collection[int] | None = None,
        source_type: SourceType | None = None,
        limit: int | None = None,
        page_token: str | None = None,
    ) -> CommentsPage:
        """One page of comments (POST v2/businesses/{}/goods-feedback/comments).

        5,000 an hour, 10,000 with subscription; in the order in which they were published. Those
        that were deleted are not told.

        Args:
            feedback_id: Under this feedback.
            comment_ids: Or these, 1 to 50.
            source_type: As whom.
            limit: How many, 1 to 50; Market gives 25 where nothing is said.
            page_token: ``paging.next_page_token`` of the page before.

        Raises:
            InvalidInput: Neither or both of the first two are given, or a number is wrong.
            NotFound: There is no such feedback.
        """
        query = page_query(COMMENTS.name, page_token, limit, PAGE_MOST)
        query["sourceType"] = source_type
        return await self._ask(COMMENTS, query=query, body=comments_body(feedback_id, comment_ids))

    async def comment(
        self,
        feedback_id: int,
        text: str,
        *,
        parent_id: int | None = None,
        source_type: SourceType | None = None,
    ) -> Comment:
        """Comment on a feedback (POST .../goods-feedback/comments/update, 1,000 an hour).

        Not repeatable: each call makes another comment.

        Args:
            feedback_id: Under which feedback.
            text: 1 to 4,096 characters, without contacts and links to other sites.
            parent_id: In reply to this comment.
            source_type: As whom.

        Raises:
            InvalidInput: The text is empty or too long, or an id is none.
            NotFound: There is no such feedback.
            DeliveryUnknown: It may or may not have been written.
        """
        if parent_id is not None:
            positive(UPDATE_COMMENT.name, "parent_id", parent_id)
        comment = _CommentText(text=text, parent_id=parent_id)
        return await self._update(feedback_id, comment, source_type)

    async def edit_comment(
        self,
        feedback_id: int,
        comment_id: int,
        text: str,
        *,
        source_type: SourceType | None = None,
    ) -> Comment:
        """Change a comment of the seller (POST .../comments/update, 1,000 an hour).

        Not repeatable.

        Args:
            feedback_id: Under which feedback.
            comment_id: Which one; it must have ``can_modify``.
            text: 1 to 4,096 characters, without contacts and links to other sites.
            source_type: As whom.

        Raises:
            InvalidInput: The text is empty or too long, or an id is none.
            NotFound: There is no such comment.
            DeliveryUnknown: It may or may not have been changed.
        """
        positive(UPDATE_COMMENT.name, "comment_id", comment_id)
        return await self._update(feedback_id, _CommentText(text=text, id=comment_id), source_type)

    async def delete_comment(
        self, comment_id: int, *, source_type: SourceType | None = None
    ) -> None:
        """Delete a comment of the seller (POST .../comments/delete, 1,000 an hour).

        Not repeatable: a second call finds nothing.

        Raises:
            InvalidInput: The id is none.
            NotFound: There is no such comment.
            DeliveryUnknown: It may or may not have been deleted.
        """
        query: dict[str, QueryValue] = {"sourceType": source_type}
        body = _DeleteBody(positive(DELETE_COMMENT.name, "comment_id", comment_id))
        await self._ask(DELETE_COMMENT, query=query, body=body)

    async def skip_reaction(
        self, feedback_ids: Collection[int], *, source_type: SourceType | None = None
    ) -> None:
        """Say that feedbacks need no reaction (POST .../goods-feedback/skip-reaction).

        500 an hour, 1,000 with subscription. Their ``need_reaction`` becomes false.

        Args:
            feedback_ids: Which ones, 1 to 50.
            source_type: As whom.

        Raises:
            InvalidInput: There are none, too many, or wrong ones.
            NotFound: One of them is not there.
        """
        wanted = ids(SKIP_REACTION.name, "feedback_ids", feedback_ids, IDS_MOST) or []
        query: dict[str, QueryValue] = {"sourceType": source_type}
        await self._ask(SKIP_REACTION, query=query, body=_SkipBody(wanted))

    async def _update(
        self, feedback_id: int, comment: _CommentText, source_type: SourceType | None
    ) -> Comment:
        length(UPDATE_COMMENT.name, "text", comment.text, TEXT_LEAST, TEXT_MOST)
        body = _UpdateBody(positive(UPDATE_COMMENT.name, "feedback_id", feedback_id), comment)
        return await self._ask(UPDATE_COMMENT, query={"sourceType": source_type}, body=body)
