"""What Market sends of feedbacks and of comments under them."""

from datetime import datetime

from wbym_yandex_market.api.base import Paging, Wire

__all__ = ["Author", "Comment", "CommentsPage", "Feedback", "FeedbacksPage", "Photos"]


class Identifiers(Wire, frozen=True):
    """What a feedback belongs to."""

    order_id: int | None = None
    offer_id: str | None = None
    """The seller's own article."""


class Description(Wire, frozen=True):
    """The buyer's words."""

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
    """Comments under the feedback, without the comments under those."""
    recommended: bool | None = None
    paid_amount: int | None = None
    """Plus points that the author got for it."""


class Feedback(Wire, frozen=True):
    """A feedback as Market sends it."""

    feedback_id: int
    created_at: datetime
    need_reaction: bool | None = None
    """False once somebody read it in the cabinet, skipped it or commented on it: it does not mean
    that there is an answer."""
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

    id: int
    text: str | None = None
    status: str | None = None
    """``PUBLISHED``, ``UNMODERATED``, ``BANNED`` or ``DELETED``."""
    can_modify: bool | None = None
    """Whether the seller may change or delete it."""
    parent_id: int | None = None
    """The comment that it replies to; absent where it replies to the feedback."""
    author: Author | None = None
    feedback_id: int | None = None


class CommentsPage(Wire, frozen=True):
    """One page of comments."""

    comments: list[Comment]
    paging: Paging | None = None
