"""The hand-written reference: aiohttp and msgspec, optimized for this job only.

Everything unnecessary is omitted: one decoder each, created beforehand; addresses that
need no quoting; no cookies and no timers, both of which cost something in each call; one buffer for
page after page, so that none is joined from its pieces in memory fresh from the system; and no
garbage collector while a page is decoded, since decoded JSON has no cycles.

The structs have the fields of the SDK's wire structs, written out again so that nothing of the SDK
is in the comparison.
"""

import gc
from datetime import datetime
from typing import Final, TypeVar

import aiohttp
import msgspec
from yarl import URL

__all__ = ["Feedback", "count_unanswered", "decoded", "list_feedbacks", "open_session"]

T = TypeVar("T")


class Answer(msgspec.Struct, gc=False, rename="camel"):
    """The seller's answer."""

    text: str | None = None
    state: str | None = None
    editable: bool | None = None


class ProductDetails(msgspec.Struct, gc=False, rename="camel"):
    """The product."""

    imt_id: int | None = None
    nm_id: int | None = None
    product_name: str | None = None
    supplier_article: str | None = None
    supplier_name: str | None = None
    brand_name: str | None = None
    size: str | None = None


class PhotoLink(msgspec.Struct, gc=False, rename="camel"):
    """A photo in two sizes."""

    full_size: str | None = None
    mini_size: str | None = None


class Video(msgspec.Struct, gc=False, rename="camel"):
    """A video."""

    preview_image: str | None = None
    link: str | None = None
    duration_sec: float | None = None


class Feedback(msgspec.Struct, gc=False, rename="camel"):
    """One feedback."""

    id: str
    created_date: datetime
    text: str | None = None
    pros: str | None = None
    cons: str | None = None
    product_valuation: int | None = None
    answer: Answer | None = None
    state: str | None = None
    product_details: ProductDetails | None = None
    video: Video | None = None
    was_viewed: bool | None = None
    photo_links: list[PhotoLink] | None = None
    user_name: str | None = None
    order_status: str | None = None
    matching_size: str | None = None
    is_able_supplier_feedback_valuation: bool | None = None
    supplier_feedback_valuation: int | None = None
    is_able_supplier_product_valuation: bool | None = None
    supplier_product_valuation: int | None = None
    is_able_return_product_orders: bool | None = None
    return_product_orders_date: str | None = None
    bables: list[str] | None = None
    last_order_shk_id: int | None = None
    last_order_created_at: str | None = None
    color: str | None = None
    subject_id: int | None = None
    subject_name: str | None = None
    parent_feedback_id: str | None = None
    child_feedback_id: str | None = None


class Page(msgspec.Struct, gc=False, rename="camel"):
    """The content of the envelope."""

    feedbacks: list[Feedback]
    count_unanswered: int | None = None
    count_archive: int | None = None


class Body(msgspec.Struct, gc=False, rename="camel"):
    """The envelope."""

    data: Page
    error: bool = False
    error_text: str | None = None


class Count(msgspec.Struct, gc=False, rename="camel"):
    """Number of unanswered feedbacks."""

    count_unanswered: int
    count_unanswered_today: int | None = None


class CountBody(msgspec.Struct, gc=False, rename="camel"):
    """Its envelope."""

    data: Count
    error: bool = False
    error_text: str | None = None


_PAGES: Final = msgspec.json.Decoder(Body)
_COUNTS: Final = msgspec.json.Decoder(CountBody)


def open_session(headers: dict[str, str]) -> aiohttp.ClientSession:
    """A session that only adds these headers to each call."""
    return aiohttp.ClientSession(
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
    )


def decoded(decoder: msgspec.json.Decoder[T], body: bytes | memoryview) -> T:
    """A page, decoded while the garbage collector is off."""
    gc.disable()
    try:
        return decoder.decode(body)
    finally:
        gc.enable()


async def list_feedbacks(
    session: aiohttp.ClientSession, url: str, rooms: list[bytearray], *, take: int, skip: int
) -> list[Feedback]:
    """One page of unanswered feedbacks; ``rooms`` are the free buffers."""
    query = f"isAnswered=false&take={take}&skip={skip}&order=dateDesc"
    async with session.get(URL(f"{url}/api/v1/feedbacks?{query}", encoded=True)) as response:
        response.raise_for_status()
        room, size = rooms.pop() if rooms else bytearray(), 0
        async for chunk in response.content.iter_any():
            room[size : size + len(chunk)] = chunk  # which extends it if it is too short
            size += len(chunk)
    with memoryview(room) as whole, whole[:size] as filled:
        body = decoded(_PAGES, filled)
    rooms.append(room)
    if body.error:
        raise RuntimeError(body.error_text)
    return body.data.feedbacks


async def count_unanswered(session: aiohttp.ClientSession, url: URL) -> Count:
    """Number of unanswered feedbacks: the smallest call."""
    async with session.get(url) as response:
        response.raise_for_status()
        body = _COUNTS.decode(await response.read())
    if body.error:
        raise RuntimeError(body.error_text)
    return body.data
