"""The methods of pinned feedbacks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec

from wbym.testing import (
    Call,
    Handlers,
    JsonObject,
    RecordFields,
    Refusal,
    Response,
    json_response,
    route,
)
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.handlers_feedbacks import SCOPE
from wbym_wildberries.simulator.limits import FEEDBACKS
from wbym_wildberries.simulator.requests import BadParameter, body_of, integer
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_pins import PER_UNIT, TOTAL, Method, Pin, Place

MAX_PINS = 500
"""Items in one request, and records on one page."""


class _Item(msgspec.Struct, rename="camel"):
    pin_method: Method
    pin_on: Place
    feedback_id: str


_PATH = "/api/feedbacks/v1/pins"
_LISTED = RecordFields(
    ("data",), "pinId", ("unpinnedCause",), ("state", "pinMethod", "unpinnedCause")
)


class PinHandlers(Handlers[Cabinet], bucket=FEEDBACKS, scope=SCOPE):
    """Serves the pins of the caller's cabinet."""

    @route("GET", _PATH, records=_LISTED)
    async def show(self, call: Call) -> Response:
        """Pins; `next` is absent on the last page."""
        after = integer(call, "next") or 0
        limit = integer(call, "limit", low=1, high=MAX_PINS) or MAX_PINS
        pins = self._select(call)
        rest = [pin for pin in pins if pin.id > after]
        page: JsonObject = {"data": [_row(pin) for pin in rest[:limit]]}
        if len(rest) > limit:
            page["next"] = rest[limit - 1].id
        return json_response(page)

    @route("GET", f"{_PATH}/count")
    async def count(self, call: Call) -> Response:
        """Number of pins."""
        return json_response({"data": len(self._select(call))})

    def _select(self, call: Call) -> list[Pin]:
        state = _one_of(call, "state", ("pinned", "unpinned"))
        place = _one_of(call, "pinOn", ("nm", "imt"))
        imt_id, nm_id = integer(call, "imtId"), integer(call, "nmId")
        feedback_id = call.query("feedbackId")
        date_from, date_to = _date(call, "dateFrom"), _date(call, "dateTo")
        return [
            pin
            for pin in self._cabinet(call).pins.pins.values()
            if (state is None or pin.state == state)
            and (place is None or pin.place == place)
            and (imt_id is None or pin.imt_id == imt_id)
            and (nm_id is None or pin.nm_id == nm_id)
            and (feedback_id is None or pin.feedback_id == feedback_id)
            and (date_from is None or pin.changed_at >= date_from)
            and (date_to is None or pin.changed_at <= date_to)
        ]

    @route("POST", _PATH)
    async def pin(self, call: Call) -> Response:
        """Pins feedbacks; each item succeeds or fails by itself."""
        if not self._cabinet(call).options.pins_allowed:
            raise Refusal(
                403,
                "this feature requires active subscription or active tariff",
                title="no active subscription or tariff",
            )
        items = await body_of(call, list[_Item], Refusal(400, "invalid request body"))
        if not 1 <= len(items) <= MAX_PINS:
            raise Refusal(400, "invalid request body")
        pins = self._cabinet(call).pins
        rows: list[JsonObject] = []
        for item in items:
            row: JsonObject = {
                "feedbackId": item.feedback_id,
                "pinMethod": item.pin_method,
                "pinOn": item.pin_on,
            }
            result = pins.pin(item.feedback_id, item.pin_method, item.pin_on)
            if isinstance(result, Pin):
                row.update(pinId=result.id, isErrors=False)
            else:
                status, title, detail = result
                error = {
                    "status": status,
                    "title": title,
                    "detail": detail,
                    "requestId": replies.request_id(),
                    "origin": "pin-open-api",
                }
                row.update(isErrors=True, errors=[error])
            rows.append(row)
        return json_response({"data": rows})

    @route("DELETE", _PATH)
    async def unpin(self, call: Call) -> Response:
        """Unpins feedbacks; returns the ids that were pinned."""
        ids = await body_of(call, list[int], Refusal(400, "invalid request body"))
        if not 1 <= len(ids) <= MAX_PINS:
            raise Refusal(400, "invalid request body")
        return json_response({"data": self._cabinet(call).pins.unpin(ids)})

    @route("GET", f"{_PATH}/limits")
    async def limits(self, call: Call) -> Response:
        """Limits of pins; null without a subscription or tariff."""
        methods: tuple[Literal["subscription"], Literal["tariff"]] = ("subscription", "tariff")
        pins = self._cabinet(call).pins
        return json_response(
            {
                "data": {
                    method: {
                        "perUnitLimit": PER_UNIT,
                        "remaining": max(0, TOTAL - pins.used(method)),
                        "totalLimit": TOTAL,
                        "unlimited": False,
                        "used": pins.used(method),
                    }
                    if self._cabinet(call).options.pins_allowed
                    else None
                    for method in methods
                }
            }
        )


def _row(pin: Pin) -> JsonObject:
    moment = datetime.fromtimestamp(pin.changed_at, UTC)
    row: JsonObject = {
        "changeStateAt": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "imtId": pin.imt_id,
        "nmId": pin.nm_id,
        "pinId": pin.id,
        "pinMethod": pin.method,
        "pinOn": pin.place,
        "feedbackId": pin.feedback_id,
        "state": pin.state,
    }
    if pin.cause is not None:
        row["unpinnedCause"] = pin.cause
    return row


def _one_of(call: Call, name: str, allowed: tuple[str, ...]) -> str | None:
    value = call.query(name)
    if value is not None and value not in allowed:
        listed = ", ".join(f"'{one}'" for one in allowed)
        raise BadParameter(f"{name} must be one of the values {listed}")
    return value


def _date(call: Call, name: str) -> float | None:
    text = call.query(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadParameter(f"{name} must be a date-time") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
