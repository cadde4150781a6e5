"""Recommendations: products shown to buyers beside a product."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from wbym.calls import Count, Group, Length, Name, Range, post
from wbym.paging import ByToken, Listing
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import Wire, as_is

__all__ = [
    "NewRecommendations",
    "RecommendationError",
    "Recommendations",
    "RecommendationsPage",
    "RecommendationsSet",
    "Recommended",
    "RecommendedTo",
]


class RecommendedTo(Wire, frozen=True):
    """A product with its recommendations."""

    nm_id: int
    imt_id: int | None = None
    vendor_code: str | None = None
    title: str | None = None
    brand_name: str | None = None
    subject_name: str | None = None
    pic: str | None = None
    pics_count: int | None = None
    recom_count: int | None = None
    recom_nms: list[int] | None = None
    recom_pics: list[str] | None = None
    updated_at: datetime | None = None


class RecommendationsPage(Wire, frozen=True):
    """One page of products."""

    data: list[RecommendedTo]
    next: int | None = None
    """The token of the next page; the last page has one too."""


class RecommendationError(Wire, frozen=True):
    """Why a recommendation was not set."""

    main_nm: str | int | None = None
    recom_nm: str | int | None = None
    message: str | None = None


class RecommendationsSet(Wire, frozen=True):
    """The result of a call that sets them."""

    is_error: bool = False
    errors: list[RecommendationError] | None = None
    title: str | None = None
    detail: str | None = None
    """Why nothing was done: the call is a repetition."""
    origin: str | None = None
    request_id: str | None = None


class Recommended(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A product to recommend, and its place."""

    recom_nm: int
    """The ``nm_id`` of the product to recommend."""
    sort: Annotated[int, Range(0, 20)] = 0
    """Its place, 1 to 20; the existing ones move down. 0 for the order of the list, after the
    existing ones."""


class NewRecommendations(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The recommendations to set for a product."""

    nm_id: int
    recommendations: Annotated[Sequence[Recommended], Count(0, 20)]
    """At most 20 products; an empty list removes the existing ones."""


_PAGES = ByToken("next", size="limit", max_size=5000, where="body", is_number=True, ends_short=True)


class Recommendations(
    Group,
    noun="content.recommendations",
    host="content",
    scope=Category.CONTENT.scope,
    envelope=as_is,
):
    """``api.content.recommendations``; Wildberries accepts personal and service tokens only.

    Each method has its own bucket: 100 calls per minute, 5 at once. Not available in the sandbox.
    """

    @post(
        "/api/content/v1/recommendations/list",
        reads=True,
        pages=_PAGES,
        page=RecommendationsPage,
    )
    def list(
        self,
        *,
        search: Annotated[str | None, Length(0, 72)] = None,
        brand_names: Annotated[Sequence[str] | None, Count(0, 30)] = None,
        subject_ids: Annotated[Sequence[int] | None, Count(0, 30)] = None,
    ) -> Listing[RecommendedTo]:
        """The products with their recommendations, 5,000 per page.

        Args:
            search: A whole ``nm_id``, or a part of a ``vendor_code``; at most 72 characters.
            brand_names: At most 30.
            subject_ids: At most 30.
        """
        ...

    @post("/api/content/v1/recommendations/set")
    async def set(
        self,
        products: Annotated[Sequence[NewRecommendations], Name("recList"), Count(1, 5000)],
        *,
        replace: bool = False,
    ) -> RecommendationsSet:
        """Add recommendations, or replace the existing ones, which are then lost.

        A product with an empty list loses all its recommendations, with or without ``replace``.

        Args:
            products: 1 to 5,000, with at most 20 recommendations each.
            replace: Whether to replace the existing recommendations.

        Returns:
            The rejected recommendations; the others are set.

        Raises:
            DeliveryUnknown: They may or may not have been set.
        """
        ...
