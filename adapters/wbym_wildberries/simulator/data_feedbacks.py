"""Generated feedbacks: a pool of bodies, and for each number an identifier and dates spliced in.

A body is created and encoded once; a record joins eight pieces of bytes. So 200,000 feedbacks are
ready in well under a second and use little more memory than the pool.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from wbym.testing import JsonObject
from wbym_wildberries.simulator import card_ids, texts
from wbym_wildberries.simulator.dates import DAY, moscow_time, utc_time
from wbym_wildberries.simulator.record_ids import RecordIds
from wbym_wildberries.simulator.record_store import RecordStore

_POOL = 2048
_RECENT = 30 * DAY
"""A feedback without an answer is archived after 30 days, so open ones are younger."""
_OLDEST = 730 * DAY
_OPEN_AMONG_RECENT = 0.8
_FAMILY = 50


@dataclass(frozen=True, slots=True)
class Timeline:
    """Creation times of generated records: the first `old` in two years, the rest in 30 days.

    Occasionally two records have the same second.
    """

    start: int
    """Unix time of the generation."""
    count: int
    old: int

    def created(self, number: int) -> int:
        """Unix time of a record; never decreases as the number grows."""
        if number % 7 == 3:
            number -= 1
        if number < self.old:
            span = _OLDEST - _RECENT
            return self.start - _OLDEST + number * span // self.old
        recent = self.count - self.old
        return self.start - _RECENT + (number - self.old) * (_RECENT - 60) // max(1, recent)


def timeline(*, start: int, count: int, open_share: float) -> Timeline:
    """Lays `count` records so that `open_share` of them can be open and young."""
    recent = min(count, round(count * open_share / _OPEN_AMONG_RECENT))
    return Timeline(start, count, count - recent)


def chooser(seed: str, line: Timeline, open_share: float) -> Callable[[int], bool]:
    """Whether each generated record is processed; almost exactly `open_share` of them are not."""
    recent = line.count - line.old
    wanted = round(line.count * open_share)
    rng = random.Random(seed)
    flags = bytearray(recent)
    for at in rng.sample(range(recent), min(wanted, recent)):
        flags[at] = 1
    return lambda number: number < line.old or not flags[number - line.old]


def product(rng: random.Random, *, cards: int = 40) -> JsonObject:
    """The `productDetails` of one of the seller's cards."""
    card = rng.randrange(cards)
    article = card_ids.vendor_code(card)
    brand = card_ids.brand(card)
    return {
        "imtId": card_ids.imt_id(card),
        "nmId": card_ids.nm_id(card),
        "productName": card_ids.product(card)[0],
        "supplierArticle": article if card % 5 else rng.choice(("DP/чёрный", None)),
        "supplierName": rng.choice((*texts.SUPPLIERS, None)),
        "brandName": rng.choice((*texts.BRANDS, None)) if card % 9 == 0 else brand,
        "size": rng.choice(texts.SIZES),
    }


def _text(rng: random.Random, stars: int) -> str:
    source = texts.PRAISE if stars >= 4 else texts.BLAME
    return " ".join(rng.choices(source, k=rng.randint(2, 4)))


def _answer(rng: random.Random, *, recent: bool) -> JsonObject:
    state = rng.choices(("wbRu", "reviewRequired", "rejected", "none"), (85, 6, 5, 4))[0]
    editable = recent and state == "wbRu" and rng.random() < 0.6
    return {"text": rng.choice(texts.ANSWERS), "state": state, "editable": editable}


def feedback(rng: random.Random, *, processed: bool, recent: bool) -> JsonObject:
    """A feedback without its identifier, dates and relatives."""
    stars = rng.choices((5, 4, 3, 2, 1), (60, 14, 9, 6, 11))[0]
    without_text = processed and rng.random() < 0.3
    details = product(rng)
    card = details["nmId"]
    kind = card_ids.product(card_ids.number_of(card) if isinstance(card, int) else 0)
    photos: list[JsonObject] | None = None
    if not without_text and rng.random() < 0.45:
        base = f"https://feedback{rng.randrange(1, 9):02d}.wbbasket.ru/vol{rng.randrange(2000)}"
        base += f"/part{rng.randrange(10**6)}/{rng.randrange(10**8)}/photos"
        photos = [
            {"fullSize": f"{base}/{n}/fs.webp", "miniSize": f"{base}/{n}/ms.webp"}
            for n in range(rng.randint(1, 4))
        ]
    elif rng.random() < 0.3:
        photos = []
    video: JsonObject | None = None
    if not without_text and rng.random() < 0.04:
        base = f"https://videofeedback{rng.randrange(1, 9):02d}.wbbasket.ru/{rng.randrange(10**9)}"
        video = {
            "previewImage": f"{base}/preview.webp",
            "link": f"{base}/index.m3u8",
            "durationSec": rng.randint(4, 60),
        }
        if rng.random() < 0.2:
            video = {"durationSec": rng.randint(4, 60)}
    returnable = rng.random() < 0.15
    # Nearly all processed feedbacks have no answer: they were archived without one.
    returned_on = None if returnable else rng.choice((None, "2024-08-20T16:39:49Z"))
    answer = _answer(rng, recent=recent) if processed and rng.random() < 0.08 else None
    return {
        "text": "" if without_text else _text(rng, stars),
        "pros": "" if without_text else rng.choice(texts.PROS),
        "cons": "" if without_text else rng.choice(texts.CONS),
        "productValuation": stars,
        "answer": answer,
        "state": "wbRu" if processed else "none",
        "productDetails": details,
        "video": video,
        "wasViewed": processed or rng.random() < 0.5,
        "photoLinks": photos,
        "userName": rng.choice(texts.NAMES),
        "orderStatus": rng.choice(("buyout", "rejected", "returned", "notSpecified")),
        "matchingSize": rng.choice(("", "ok", "smaller", "bigger")),
        "isAbleSupplierFeedbackValuation": rng.random() < 0.5,
        "supplierFeedbackValuation": rng.randrange(4),
        "isAbleSupplierProductValuation": rng.random() < 0.3,
        "supplierProductValuation": rng.randrange(4),
        "isAbleReturnProductOrders": returnable,
        "returnProductOrdersDate": returned_on,
        "bables": rng.choice((None, [], rng.sample(texts.TAGS, rng.randint(1, 4)))),
        "lastOrderShkId": rng.randrange(10**9, 10**11),
        "color": rng.choice(texts.COLORS),
        "subjectId": kind[2],
        "subjectName": kind[1],
    }


@dataclass(frozen=True, slots=True)
class _Pattern:
    created_before: bytes
    """From the identifier to the date."""
    ordered_before: bytes
    rest: bytes
    dates: Callable[[int], bytes]
    order_age: int
    nm_id: int


def _pattern(rng: random.Random, record: JsonObject) -> _Pattern:
    details = record["productDetails"]
    nm_id = details["nmId"] if isinstance(details, dict) else 0
    items = list(record.items())
    fields = [
        msgspec.json.encode(name) + b":" + msgspec.json.encode(value) for name, value in items
    ]
    return _Pattern(
        b'","createdDate":"',
        b'","lastOrderCreatedAt":"',
        b'",' + b",".join(fields) + b',"parentFeedbackId":',
        rng.choice((moscow_time, utc_time)),
        rng.randint(3, 25) * DAY + rng.randrange(DAY),
        nm_id,
    )


def feedback_store(*, count: int, seed: int, start: int, open_share: float) -> RecordStore:
    """The generated feedbacks of one seller."""
    rng = random.Random(f"feedbacks {seed}")
    ids = RecordIds(f"feedback ids {seed}")
    line = timeline(start=start, count=count, open_share=open_share)
    is_processed = chooser(f"open feedbacks {seed}", line, open_share)
    size = max(1, min(_POOL, count))
    pools = {
        kind: [_pattern(rng, feedback(rng, processed=kind[0], recent=kind[1])) for _ in range(size)]
        for kind in ((False, True), (True, True), (True, False))
    }

    old, young, waiting = pools[True, False], pools[True, True], pools[False, True]

    def pattern(number: int) -> _Pattern:
        pool = old if number < line.old else young if is_processed(number) else waiting
        return pool[(number * 2_654_435_761 >> 7) % size]

    def relative(number: int) -> bytes:
        return b'"' + ids.of(number) + b'"'

    def render(number: int) -> bytes:
        body = pattern(number)
        created = line.created(number)
        place = number % _FAMILY
        parent = relative(number - 20) if place == _FAMILY - 1 else b"null"
        has_child = place == _FAMILY - 21 and number + 20 < count
        child = relative(number + 20) if has_child else b"null"
        return b"".join(
            (
                b'{"id":"',
                ids.of(number),
                body.created_before,
                body.dates(created),
                body.ordered_before,
                body.dates(created - body.order_age),
                body.rest,
                parent,
                b',"childFeedbackId":',
                child,
                b"}",
            )
        )

    return RecordStore(
        ids=ids,
        count=count,
        created=line.created,
        render=render,
        nm_id=lambda number: pattern(number).nm_id,
        is_processed=is_processed,
    )
