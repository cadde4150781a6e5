"""A seller's cards, page by page: each page has the cursor of the next, so none is prefetched."""

from datetime import datetime
from typing import Final

import msgspec
from yarl import URL

from benchmarks.contenders.harness import Job, Tally, Way, main
from benchmarks.contenders.ours import LIFTED
from benchmarks.handwritten import decoded, open_session
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries

__all__ = ["WAYS"]


class _Photo(msgspec.Struct, gc=False):
    big: str | None = None
    c246x328: str | None = None
    c516x688: str | None = None
    square: str | None = None
    tm: str | None = None


class _Dimensions(msgspec.Struct, gc=False, rename="camel"):
    length: float | None = None
    width: float | None = None
    height: float | None = None
    weight_brutto: float | None = None
    is_valid: bool | None = None


class _Wholesale(msgspec.Struct, gc=False):
    enabled: bool | None = None
    quantum: int | None = None


class _Value(msgspec.Struct, gc=False):
    id: int
    name: str | None = None
    value: object = None


class _Size(msgspec.Struct, gc=False, rename="camel"):
    chrt_id: int = msgspec.field(name="chrtID")
    tech_size: str | None = None
    wb_size: str | None = None
    skus: list[str] | None = None


class _Tag(msgspec.Struct, gc=False):
    id: int
    name: str | None = None
    color: str | None = None


class _Document(msgspec.Struct, gc=False, rename="camel"):
    type: int | None = None
    number: str | None = None
    product_number: str | None = None
    trade_name: str | None = None
    applicant: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    is_endless: bool | None = None
    id: int | str | None = None
    verdict: object = None


class _Documents(msgspec.Struct, gc=False, rename="camel"):
    items: list[_Document] | None = None
    exclude_documents: bool | None = None
    overall_verdict: object = None


class _Card(msgspec.Struct, gc=False, rename="camel"):
    nm_id: int = msgspec.field(name="nmID")
    imt_id: int | None = msgspec.field(default=None, name="imtID")
    nm_uuid: str | None = msgspec.field(default=None, name="nmUUID")
    subject_id: int | None = msgspec.field(default=None, name="subjectID")
    subject_name: str | None = None
    vendor_code: str | None = None
    brand: str | None = None
    title: str | None = None
    description: str | None = None
    need_kiz: bool | None = None
    kiz_marked: bool | None = None
    gtin: str | int | None = None
    documents: _Documents | None = None
    photos: list[_Photo] | None = None
    video: str | None = None
    wholesale: _Wholesale | None = None
    dimensions: _Dimensions | None = None
    characteristics: list[_Value] | None = None
    sizes: list[_Size] | None = None
    tags: list[_Tag] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


class _Cursor(msgspec.Struct, gc=False, rename="camel"):
    updated_at: str | None = None
    nm_id: int | None = msgspec.field(default=None, name="nmID")
    total: int = 0


class _Page(msgspec.Struct, gc=False):
    cards: list[_Card]
    cursor: _Cursor


_DECODER: Final = msgspec.json.Decoder(_Page)


async def _by_hand(job: Job, tally: Tally) -> None:
    cursor: dict[str, object] = {"limit": job.take}
    url = URL(f"{job.url}/content/v2/get/cards/list", encoded=True)
    async with open_session({"Authorization": job.tokens[0]}) as session:
        while True:
            settings = {"sort": {"ascending": True}, "filter": {"withPhoto": -1}, "cursor": cursor}
            body = msgspec.json.encode({"settings": settings})
            async with session.post(url, data=body) as answer:
                answer.raise_for_status()
                page = decoded(_DECODER, await answer.read())
            for card in page.cards:
                tally.records += 1
                tally.ratings += len(card.sizes or ())
            if page.cursor.total < job.take:
                return
            cursor |= {"updatedAt": page.cursor.updated_at, "nmID": page.cursor.nm_id}


def _shop(job: Job) -> Wildberries:
    scheduler = Scheduler(min_jitter=0.0, max_jitter=0.0)
    return Wildberries(job.tokens[0], base_url=job.url, scheduler=scheduler, quotas=LIFTED)


async def _by_page(job: Job, tally: Tally) -> None:
    cursor: str | None = ""
    async with _shop(job) as shop:
        cards = shop.api.content.cards.list().using(size=job.take)
        while cursor is not None:
            page = await cards.using(cursor=cursor).page()
            for card in page.items:
                tally.records += 1
                tally.ratings += len(card.sizes or ())
            cursor = page.next_cursor


async def _listing(job: Job, tally: Tally) -> None:
    async with _shop(job) as shop:
        async for card in shop.api.content.cards.list():
            tally.records += 1
            tally.ratings += len(card.sizes or ())


WAYS: Final[dict[str, Way]] = {"by hand": _by_hand, "by page": _by_page, "listing": _listing}

if __name__ == "__main__":
    main(WAYS)
