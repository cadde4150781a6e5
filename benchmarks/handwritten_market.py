"""The hand-written reference for Yandex Market."""

from datetime import datetime
from typing import Final

import aiohttp
import msgspec
from yarl import URL

from benchmarks.handwritten import decoded

__all__ = ["Feedback", "list_feedbacks"]


class Identifiers(msgspec.Struct, gc=False, rename="camel"):
    """The subject of the feedback."""

    order_id: int | None = None
    offer_id: str | None = None


class Description(msgspec.Struct, gc=False):
    """The buyer's text."""

    advantages: str | None = None
    disadvantages: str | None = None
    comment: str | None = None


class Media(msgspec.Struct, gc=False):
    """Links to photos and videos."""

    photos: list[str] | None = None
    videos: list[str] | None = None


class Statistics(msgspec.Struct, gc=False, rename="camel"):
    """The rating and other numbers."""

    rating: int | None = None
    comments_count: int | None = None
    recommended: bool | None = None
    paid_amount: int | None = None


class Feedback(msgspec.Struct, gc=False, rename="camel"):
    """One feedback."""

    feedback_id: int
    created_at: datetime
    need_reaction: bool | None = None
    identifiers: Identifiers | None = None
    author: str | None = None
    description: Description | None = None
    media: Media | None = None
    statistics: Statistics | None = None


class Paging(msgspec.Struct, gc=False, rename="camel"):
    """The token of the next page."""

    next_page_token: str | None = None


class Result(msgspec.Struct, gc=False):
    """The content of the envelope."""

    feedbacks: list[Feedback]
    paging: Paging | None = None


class Page(msgspec.Struct, gc=False):
    """The envelope."""

    result: Result


_PAGES: Final = msgspec.json.Decoder(Page)


async def list_feedbacks(
    session: aiohttp.ClientSession,
    url: str,
    business: int,
    *,
    limit: int,
    period: bytes,
    page_token: str | None,
) -> Result:
    """One page of the feedbacks of a period, given as the body of the request."""
    query = f"limit={limit}&page_token={page_token}" if page_token else f"limit={limit}"
    address = f"{url}/v2/businesses/{business}/goods-feedback?{query}"
    async with session.post(URL(address, encoded=True), data=period) as response:
        response.raise_for_status()
        return decoded(_PAGES, await response.read()).result
