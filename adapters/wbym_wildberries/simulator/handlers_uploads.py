"""The methods that list new cards and edit old ones, and what became of them."""

from __future__ import annotations

import msgspec

from wbym.testing._answers import Answer, Refusal
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
from wbym_wildberries.simulator import card_rules, replies
from wbym_wildberries.simulator import data_directories as directories
from wbym_wildberries.simulator.card_rules import Edit, Group, Variant
from wbym_wildberries.simulator.dates import exact_time
from wbym_wildberries.simulator.handlers_directories import SCOPE, locale_of
from wbym_wildberries.simulator.limits import (
    CARD_ADD,
    CARD_ERRORS,
    CARD_LIMITS,
    CARD_UPDATE,
    CARD_UPLOAD,
    CONTENT,
)
from wbym_wildberries.simulator.requests import BadParameter, body_of
from wbym_wildberries.simulator.shelf import Json
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_cards import MAX_GROUP, micros_of
from wbym_wildberries.simulator.state_uploads import PAID_LIMIT, Batch
from wbym_wildberries.simulator.wire import camel_with_ids

MAX_BARCODES = 5000
MAX_BATCHES = 100
_NO_TIME = "0001-01-01T00:00:00Z"
_NO_BATCH = "00000000-0000-0000-0000-000000000000"


class _Count(msgspec.Struct):
    count: int = 0


class _Added(msgspec.Struct, rename=camel_with_ids):
    imt_id: int
    cards_to_add: list[Variant]


class _Cursor(msgspec.Struct, rename=camel_with_ids):
    limit: int = MAX_BATCHES
    updated_at: str | None = None
    batch_u_u_id: str | None = None


class _Order(msgspec.Struct):
    ascending: bool = True


class _Wanted(msgspec.Struct):
    cursor: _Cursor = msgspec.field(default_factory=_Cursor)
    order: _Order = msgspec.field(default_factory=_Order)


class UploadHandlers(Handlers[Cabinet]):
    """Takes cards for the caller's cabinet."""

    def routes(self) -> list[Route]:
        """The table of methods."""
        base = "/content/v2"
        rows = Records(("data", "items"), "batchUUID")
        return [
            Route("GET", f"{base}/cards/limits", self.limits, CARD_LIMITS, SCOPE),
            Route("POST", f"{base}/barcodes", self.barcodes, CONTENT, SCOPE, True),
            Route("POST", f"{base}/cards/upload", self.upload, CARD_UPLOAD, SCOPE, True),
            Route("POST", f"{base}/cards/upload/add", self.add, CARD_ADD, SCOPE, True),
            Route("POST", f"{base}/cards/update", self.update, CARD_UPDATE, SCOPE, True),
            Route("POST", f"{base}/cards/error/list", self.errors, CARD_ERRORS, SCOPE, False, rows),
        ]

    async def limits(self, call: Call) -> Answer:
        """`GET /content/v2/cards/limits`."""
        free = self._cabinet(call).uploads.free_limit
        return replies.content_answer({"freeLimits": free, "paidLimits": PAID_LIMIT})

    async def barcodes(self, call: Call) -> Answer:
        """`POST /content/v2/barcodes`."""
        body = await body_of(call, _Count)
        if body is None or not 1 <= body.count <= MAX_BARCODES:
            raise Refusal(400, replies.INCORRECT)
        uploads = self._cabinet(call).uploads
        return replies.content_answer([uploads.barcode() for _ in range(body.count)])

    async def upload(self, call: Call) -> Answer:
        """`POST /content/v2/cards/upload`: accepted first, applied later."""
        await _check_size(call)
        body = await body_of(call, list[Group])
        if body is None or not 1 <= len(body) <= card_rules.MAX_GROUPS:
            raise _incorrect()
        if any(not 1 <= len(group.variants) <= MAX_GROUP for group in body):
            raise _incorrect()
        cabinet = self._cabinet(call)
        groups = [(group.subject_id, group.variants) for group in body]
        card_rules.check_new(groups, cabinet.cards)
        cabinet.uploads.create(groups)
        return replies.accepted()

    async def add(self, call: Call) -> Answer:
        """`POST /content/v2/cards/upload/add`: new cards for a group that exists."""
        await _check_size(call)
        body = await body_of(call, _Added)
        if body is None or not 1 <= len(body.cards_to_add) <= card_rules.MAX_ADDED:
            raise _incorrect()
        cabinet = self._cabinet(call)
        members = cabinet.cards.members(body.imt_id)
        # A group that is not there is found out when the cards are processed.
        subject = (
            cabinet.cards.traits(members[0]).subject if members else directories.SUBJECTS[0].id
        )
        card_rules.check_new([(subject, body.cards_to_add)], cabinet.cards)
        cabinet.uploads.add(body.imt_id, body.cards_to_add)
        return replies.accepted()

    async def update(self, call: Call) -> Answer:
        """`POST /content/v2/cards/update`: overwrites cards; accepted first, applied later."""
        await _check_size(call)
        body = await body_of(call, list[Edit])
        if body is None or not 1 <= len(body) <= card_rules.MAX_EDITS:
            raise _incorrect()
        if any(not edit.sizes for edit in body):
            raise _incorrect()
        if any(not edit.vendor_code for edit in body):
            raise Refusal(400, card_rules.NO_VENDOR_CODE, more={})
        cabinet = self._cabinet(call)
        numbers = [(cabinet.cards.find(edit.nm_id), edit) for edit in body]
        found = [(cabinet.cards.traits(n).subject, edit) for n, edit in numbers if n is not None]
        card_rules.check_complete(found)
        sent = msgspec.json.decode(await call.request.read(), type=list[Json])
        cabinet.uploads.edit([*zip(body, sent, strict=True)])
        return replies.accepted()

    async def errors(self, call: Call) -> Answer:
        """`POST /content/v2/cards/error/list`: by the cursor `updatedAt` and `batchUUID`."""
        body = await body_of(call, _Wanted)
        locale = locale_of(call)
        if body is None or not 1 <= body.cursor.limit <= MAX_BATCHES:
            raise BadParameter("cursor")
        after = _place(body.cursor)
        batches = self._cabinet(call).uploads.failed()
        if not body.order.ascending:
            batches.reverse()
        if after is not None:
            up = body.order.ascending
            places = ((batch.updated, batch.id) for batch in batches)
            beyond = [place > after if up else place < after for place in places]
            batches = [batch for batch, kept in zip(batches, beyond, strict=True) if kept]
        page = batches[: body.cursor.limit]
        cursor: Json = {
            "next": len(batches) > len(page),
            "updatedAt": exact_time(page[-1].updated).decode() if page else _NO_TIME,
            "batchUUID": page[-1].id if page else _NO_BATCH,
        }
        rows = [_row(batch, locale) for batch in page]
        return replies.content_answer({"items": rows, "cursor": cursor})


async def _check_size(call: Call) -> None:
    if len(await call.request.read()) > card_rules.MAX_BODY:
        raise Refusal(413, answer=replies.too_large())


def _incorrect() -> Refusal:
    return Refusal(400, replies.INCORRECT, more={})


def _place(cursor: _Cursor) -> tuple[int, str] | None:
    if not cursor.updated_at and not cursor.batch_u_u_id:
        return None
    try:
        return (micros_of(cursor.updated_at or ""), cursor.batch_u_u_id or "")
    except ValueError as error:
        raise BadParameter("cursor") from error


def _row(batch: Batch, locale: str) -> Json:
    subjects: Json = {}
    for code in batch.errors:
        subject = directories.subject(batch.subjects[code])
        if subject is not None:
            name = directories.in_language(subject.name, subject.english, locale)
            subjects[code] = {"id": subject.id, "name": name}
    return {
        "batchUUID": batch.id,
        "updatedAt": exact_time(batch.updated).decode(),
        "vendorCodes": list(batch.errors),
        "subjects": subjects,
        "brands": {code: {"id": 0, "name": batch.brands[code]} for code in batch.errors},
        "errors": batch.errors,
    }
