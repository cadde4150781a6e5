"""What buyers of a product are shown beside it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from wbym.calls import ApiGroup, Endpoints
from wbym.errors import InvalidInput
from wbym.paging import ByToken, Chunk, Listing, by_token
from wbym_wildberries.api.base import Wire, itself, length, within
from wbym_wildberries.token import Category

__all__ = [
    "NewRecommendations",
    "RecommendationError",
    "Recommendations",
    "RecommendationsPage",
    "RecommendationsSet",
    "Recommended",
    "RecommendedTo",
]

PAGE_MOST: Final = 5000
SET_MOST: Final = 5000
"""Products in one call."""
EACH_MOST: Final = 20
"""Recommendations of one product."""
FILTER_MOST: Final = 30
"""Brands, or subjects, to choose by."""
SEARCH_MOST: Final = 72
"""Characters."""


class RecommendedTo(Wire, frozen=True):
    """A product and what is recommended with it."""

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
    """What to ask the next page with."""


class RecommendationError(Wire, frozen=True):
    """Why a recommendation was not set."""

    main_nm: str | int | None = None
    recom_nm: str | int | None = None
    message: str | None = None


class RecommendationsSet(Wire, frozen=True):
    """What became of a call that sets them."""

    is_error: bool = False
    errors: list[RecommendationError] | None = None
    title: str | None = None
    detail: str | None = None
    """Why nothing was done: the same call was made already."""
    origin: str | None = None
    request_id: str | None = None


class Recommended(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One product to recommend, and where among the others."""

    recom_nm: int
    """The ``nm_id`` of the product to recommend."""
    sort: int = 0
    """Its place, 1 to 20; what is there already moves on. 0 for the order of the list, after those
    that there are already."""


class NewRecommendations(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be recommended with a product."""

    nm_id: int
    recommendations: Sequence[Recommended]
    """At most 20 products; none takes away those that there are."""


class _ListBody(msgspec.Struct, rename="camel", omit_defaults=True):
    limit: int
    next: int = 0
    search: str = ""
    brand_names: Sequence[str] = ()
    subject_ids: Sequence[int] = ()


class _SetBody(msgspec.Struct, rename="camel"):
    rec_list: Sequence[NewRecommendations]
    replace: bool


_TABLE = Endpoints("content.recommendations", host="content", scope=Category.CONTENT.scope)

LIST = _TABLE.add(
    "POST",
    "list",
    "/api/content/v1/recommendations/list",
    itself(RecommendationsPage, records=("data",), record=RecommendedTo),
    pages=ByToken(token="next", size="limit", most=PAGE_MOST),
    writes=False,
)
SET = _TABLE.add("POST", "set", "/api/content/v1/recommendations/set", itself(RecommendationsSet))

ENDPOINTS = _TABLE.rows


class Recommendations(ApiGroup):
    """``api.content.recommendations``; Wildberries takes personal and service tokens only.

    Each method has a bucket of its own: 100 calls a minute, 5 at once. The sandbox has neither.
    """

    async def list(
        self,
        *,
        search: str = "",
        brand_names: Sequence[str] = (),
        subject_ids: Sequence[int] = (),
        limit: int = PAGE_MOST,
        next: int = 0,  # noqa: A002 - the marketplace's own name
    ) -> RecommendationsPage:
        """One page of products (POST /api/content/v1/recommendations/list).

        Args:
            search: A whole ``nm_id``, or a part of a ``vendor_code``; at most 72 characters.
            brand_names: At most 30.
            subject_ids: At most 30.
            limit: How many, 1 to 5,000.
            next: What the page before says.

        Raises:
            InvalidInput: A bound is broken.
        """
        body = _list_body(search, brand_names, subject_ids, limit, next)
        return await self._call(LIST, body=body)

    def all_products(
        self,
        *,
        search: str = "",
        brand_names: Sequence[str] = (),
        subject_ids: Sequence[int] = (),
        cursor: str | None = None,
    ) -> Listing[RecommendedTo]:
        """The products, page by page; arguments as for :meth:`list`."""
        if cursor is not None and not cursor.isdigit():
            raise InvalidInput(LIST.name, "cursor", "must be a cursor of this list", cursor)
        first = _list_body(search, brand_names, subject_ids, PAGE_MOST, 0)

        async def fetch(token: str | None) -> Chunk[RecommendedTo]:
            body = msgspec.structs.replace(first, next=int(token or 0))
            answer = await self._pipeline.call(LIST, body=body, priority=self._priority)
            page, aside = answer.value, answer.set_aside
            count = len(page.data) + len(aside)
            more = count == PAGE_MOST and page.next
            return Chunk(page.data, count, str(page.next) if more else None, set_aside=aside)

        return by_token(fetch, method=LIST.name, cursor=cursor)

    async def set(
        self, products: Sequence[NewRecommendations], *, replace: bool = False
    ) -> RecommendationsSet:
        """Add recommendations, or replace those that there are: the old ones are lost then.

        (POST /api/content/v1/recommendations/set.) A product with none loses all that it has, with
        and without ``replace``. Not repeatable.

        Args:
            products: 1 to 5,000, with at most 20 recommendations each.
            replace: Whether the new ones come instead of the old.

        Returns:
            What was refused of it; the rest was done.

        Raises:
            InvalidInput: A bound is broken.
            DeliveryUnknown: They may or may not have been set.
        """
        within(SET.name, "products", len(products), 1, SET_MOST)
        for product in products:
            within(SET.name, "recommendations", len(product.recommendations), 0, EACH_MOST)
            for one in product.recommendations:
                within(SET.name, "sort", one.sort, 0, EACH_MOST)
        return await self._call(SET, body=_SetBody(products, replace))


def _list_body(
    search: str,
    brand_names: Sequence[str],
    subject_ids: Sequence[int],
    limit: int,
    next: int,  # noqa: A002
) -> _ListBody:
    length(LIST.name, "search", search, 0, SEARCH_MOST)
    within(LIST.name, "brand_names", len(brand_names), 0, FILTER_MOST)
    within(LIST.name, "subject_ids", len(subject_ids), 0, FILTER_MOST)
    within(LIST.name, "limit", limit, 1, PAGE_MOST)
    return _ListBody(limit, next, search, brand_names, subject_ids)
