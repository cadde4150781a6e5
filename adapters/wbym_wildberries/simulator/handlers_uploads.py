"""The methods that list new cards and edit old ones, and the list of failed ones."""

from __future__ import annotations

import msgspec

from wbym.testing import Call, Handlers, JsonObject, RecordFields, Refusal, Response, route
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
from wbym_wildberries.simulator.requests import BadParameter, body_of, camel_with_ids
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_cards import MAX_GROUP, micros_of
from wbym_wildberries.simulator.state_uploads import PAID_LIMIT, Batch

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


_ERRORS = RecordFields(("data", "items"), "batchUUID")


class UploadHandlers(Handlers[Cabinet], scope=SCOPE):
    """Accepts cards for the caller's cabinet."""

    @route("GET", "/content/v2/cards/limits", bucket=CARD_LIMITS)
    async def limits(self, call: Call) -> Response:
        """Free and paid limit of cards."""
        free = self._cabinet(call).uploads.free_limit
        return replies.content_response({"freeLimits": free, "paidLimits": PAID_LIMIT})

    @route("POST", "/content/v2/barcodes", bucket=CONTENT)
    async def barcodes(self, call: Call) -> Response:
        """New barcodes."""
        body = await body_of(call, _Count, Refusal(400, replies.INCORRECT))
        if not 1 <= body.count <= MAX_BARCODES:
            raise Refusal(400, replies.INCORRECT)
        uploads = self._cabinet(call).uploads
        return replies.content_response([uploads.barcode() for _ in range(body.count)])

    @route("POST", "/content/v2/cards/upload", bucket=CARD_UPLOAD)
    async def upload(self, call: Call) -> Response:
        """Accepts new cards, which are listed later."""
        await _check_size(call)
        body = await body_of(call, list[Group], _incorrect())
        if not 1 <= len(body) <= card_rules.MAX_GROUPS:
            raise _incorrect()
        if any(not 1 <= len(group.variants) <= MAX_GROUP for group in body):
            raise _incorrect()
        cabinet = self._cabinet(call)
        groups = [(group.subject_id, group.variants) for group in body]
        card_rules.check_new(groups, cabinet.cards)
        cabinet.uploads.create(groups)
        return replies.accepted()

    @route("POST", "/content/v2/cards/upload/add", bucket=CARD_ADD)
    async def add(self, call: Call) -> Response:
        """Accepts new cards for an existing group."""
        await _check_size(call)
        body = await body_of(call, _Added, _incorrect())
        if not 1 <= len(body.cards_to_add) <= card_rules.MAX_ADDED:
            raise _incorrect()
        cabinet = self._cabinet(call)
        members = cabinet.cards.members(body.imt_id)
        # A missing group is detected when the cards are processed.
        subject = (
            cabinet.cards.traits(members[0]).subject if members else directories.SUBJECTS[0].id
        )
        card_rules.check_new([(subject, body.cards_to_add)], cabinet.cards)
        cabinet.uploads.add(body.imt_id, body.cards_to_add)
        return replies.accepted()

    @route("POST", "/content/v2/cards/update", bucket=CARD_UPDATE)
    async def update(self, call: Call) -> Response:
        """Accepts cards to overwrite later."""
        await _check_size(call)
        body = await body_of(call, list[Edit], _incorrect())
        if not 1 <= len(body) <= card_rules.MAX_EDITS:
            raise _incorrect()
        if any(not edit.sizes for edit in body):
            raise _incorrect()
        if any(not edit.vendor_code for edit in body):
            raise Refusal(400, card_rules.NO_VENDOR_CODE, more={})
        cabinet = self._cabinet(call)
        numbers = [(cabinet.cards.find(edit.nm_id), edit) for edit in body]
        found = [(cabinet.cards.traits(n).subject, edit) for n, edit in numbers if n is not None]
        card_rules.check_complete(found)
        sent = msgspec.json.decode(await call.request.read(), type=list[JsonObject])
        cabinet.uploads.edit([*zip(body, sent, strict=True)])
        return replies.accepted()

    @route(
        "POST",
        "/content/v2/cards/error/list",
        bucket=CARD_ERRORS,
        writes=False,
        records=RecordFields(("data", "items"), "batchUUID"),
    )
    async def errors(self, call: Call) -> Response:
        """Failed cards, by the cursor `updatedAt` and `batchUUID`."""
        body = await body_of(call, _Wanted, BadParameter("cursor"))
        locale = locale_of(call)
        if not 1 <= body.cursor.limit <= MAX_BATCHES:
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
        cursor: JsonObject = {
            "next": len(batches) > len(page),
            "updatedAt": exact_time(page[-1].updated).decode() if page else _NO_TIME,
            "batchUUID": page[-1].id if page else _NO_BATCH,
        }
        rows = [_row(batch, locale) for batch in page]
        return replies.content_response({"items": rows, "cursor": cursor})


async def _check_size(call: Call) -> None:
    if len(await call.request.read()) > card_rules.MAX_BODY:
        raise Refusal(413, response=replies.too_large())


def _incorrect() -> Refusal:
    return Refusal(400, replies.INCORRECT, more={})


def _place(cursor: _Cursor) -> tuple[int, str] | None:
    if not cursor.updated_at and not cursor.batch_u_u_id:
        return None
    try:
        return (micros_of(cursor.updated_at or ""), cursor.batch_u_u_id or "")
    except ValueError as error:
        raise BadParameter("cursor") from error


def _row(batch: Batch, locale: str) -> JsonObject:
    subjects: JsonObject = {}
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
