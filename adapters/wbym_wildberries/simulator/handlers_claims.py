"""The methods of claims."""

from __future__ import annotations

import re

import msgspec

from wbym.testing import (
    Call,
    Handlers,
    RecordFields,
    Refusal,
    Response,
    empty_response,
    json_response,
    route,
)
from wbym_wildberries.simulator import limits
from wbym_wildberries.simulator.requests import body_of, integer
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.tokens import CATEGORIES

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
SCOPE = CATEGORIES["returns"]
_UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


class _Decision(msgspec.Struct):
    id: str | None = None
    action: str | None = None
    comment: str | None = None


_CLAIMS = RecordFields(
    ("claims",),
    "id",
    ("wb_comment", "imt_name", "photos", "video_paths", "srid", "origin_id_info"),
)


class ClaimHandlers(Handlers[Cabinet], scope=SCOPE):
    """Serves the claims of the caller's cabinet."""

    @route("GET", "/api/v1/claims", bucket=limits.CLAIMS, records=_CLAIMS)
    async def show(self, call: Call) -> Response:
        """A page of claims; `total` counts all that match."""
        archived = call.query("is_archive")
        if archived is None:
            raise Refusal(400, "missing field `is_archive`")
        if archived not in {"true", "false"}:
            raise Refusal(400, "provided string was not `true` or `false`")
        identifier = call.query("id")
        if identifier is not None and not _UUID.match(identifier):
            raise Refusal(400, "UUID parsing failed")
        limit = integer(call, "limit", low=1, high=MAX_LIMIT)
        offset = integer(call, "offset") or 0
        nm_id = integer(call, "nm_id")
        found = self._cabinet(call).claims.select(
            archived=archived == "true", identifier=identifier, nm_id=nm_id
        )
        page = found[offset : offset + (limit or DEFAULT_LIMIT)]
        return json_response({"claims": page, "total": len(found)})

    @route("PATCH", "/api/v1/claim", bucket=limits.CLAIM)
    async def decide(self, call: Call) -> Response:
        """Takes a decision: 200 without a body."""
        body = await body_of(
            call, _Decision, Refusal(400, "The request body is not a valid JSON object.")
        )
        if not body.id:
            raise Refusal(400, "The Id field is required.")
        if not _UUID.match(body.id):
            raise Refusal(400, "The Id field is not a valid UUID.")
        if not body.action:
            raise Refusal(400, "The Action field is required.")
        wrong = self._cabinet(call).claims.decide(body.id, body.action, body.comment)
        if wrong is not None:
            raise Refusal(400, wrong)
        return empty_response(200)
