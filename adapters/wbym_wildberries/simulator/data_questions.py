"""Generated questions: bodies from a pool, with identifiers and dates spliced in."""

from __future__ import annotations

import random
from dataclasses import dataclass

import msgspec

from wbym.testing import JsonObject
from wbym_wildberries.simulator import texts
from wbym_wildberries.simulator.data_feedbacks import chooser, product, timeline
from wbym_wildberries.simulator.dates import DAY, utc_time
from wbym_wildberries.simulator.record_ids import RecordIds
from wbym_wildberries.simulator.record_store import RecordStore

_POOL = 512
_EDITABLE = 60 * DAY


def question(rng: random.Random, *, processed: bool) -> JsonObject:
    """A question without its identifier, date and answer."""
    rejected = processed and rng.random() < 0.1
    return {
        "text": rng.choice(texts.QUESTIONS),
        "state": "none" if rejected else "wbRu" if processed else "suppliersPortalSynch",
        "productDetails": product(rng),
        "wasViewed": processed or rng.random() < 0.5,
        "isWarned": rng.random() < 0.02,
    }


@dataclass(frozen=True, slots=True)
class _Pattern:
    fields: bytes
    fraction: bytes
    answer: str | None
    answered_after: int
    nm_id: int


def _pattern(rng: random.Random, *, processed: bool) -> _Pattern:
    record = question(rng, processed=processed)
    details = record["productDetails"]
    fields = b",".join(
        msgspec.json.encode(name) + b":" + msgspec.json.encode(value)
        for name, value in record.items()
    )
    return _Pattern(
        fields,
        f".{rng.randrange(10**9):09d}Z".encode(),
        rng.choice(texts.QUESTION_ANSWERS) if record["state"] == "wbRu" else None,
        rng.randint(1, DAY),
        details["nmId"] if isinstance(details, dict) else 0,
    )


def question_store(*, count: int, seed: int, start: int, open_share: float) -> RecordStore:
    """The generated questions of one seller."""
    rng = random.Random(f"questions {seed}")
    ids = RecordIds(f"question ids {seed}")
    line = timeline(start=start, count=count, open_share=open_share)
    is_processed = chooser(f"open questions {seed}", line, open_share)
    size = max(1, min(_POOL, count))
    pools = {
        processed: [_pattern(rng, processed=processed) for _ in range(size)]
        for processed in (False, True)
    }

    def pattern(number: int) -> _Pattern:
        return pools[is_processed(number)][(number * 2_654_435_761 >> 7) % size]

    def render(number: int) -> bytes:
        body = pattern(number)
        created = line.created(number)
        answer = b"null"
        if body.answer is not None:
            answered = min(created + body.answered_after, start)
            editable = number % 2 == 0 and answered > start - _EDITABLE
            date = utc_time(answered)[:-1] + body.fraction
            answer = msgspec.json.encode(
                {"text": body.answer, "editable": editable, "createDate": date.decode()}
            )
        return b"".join(
            (
                b'{"id":"',
                ids.of(number),
                b'","createdDate":"',
                utc_time(created)[:-1],
                body.fraction,
                b'",',
                body.fields,
                b',"answer":',
                answer,
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
