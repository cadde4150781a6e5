"""The methods of claims."""

from __future__ import annotations

import re

import msgspec

from wbym.testing._answers import Answer, Refusal, empty_answer, json_answer
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
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


class ClaimHandlers(Handlers[Cabinet]):
    """Serves the claims of the caller's cabinet."""

    def routes(self) -> list[Route]:
        """The table of methods; each has a limit of its own."""
        listed = Records(
            ("claims",),
            "id",
            ("wb_comment", "imt_name", "photos", "video_paths", "srid", "origin_id_info"),
            (),
        )
        return [
            Route("GET", "/api/v1/claims", self.show, limits.CLAIMS, SCOPE, False, listed),
            Route("PATCH", "/api/v1/claim", self.decide, limits.CLAIM, SCOPE, True),
        ]

    async def show(self, call: Call) -> Answer:
        """`GET /api/v1/claims`: `total` counts all that match, the page apart."""
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
        return json_answer({"claims": page, "total": len(found)})

    async def decide(self, call: Call) -> Answer:
        """`PATCH /api/v1/claim`: 200 without a body."""
        body = await body_of(call, _Decision)
        if body is None:
            raise Refusal(400, "The request body is not a valid JSON object.")
        if not body.id:
            raise Refusal(400, "The Id field is required.")
        if not _UUID.match(body.id):
            raise Refusal(400, "The Id field is not a valid UUID.")
        if not body.action:
            raise Refusal(400, "The Action field is required.")
        refused = self._cabinet(call).claims.decide(body.id, body.action, body.comment)
        if refused is not None:
            raise Refusal(400, refused)
        return empty_answer(200)
