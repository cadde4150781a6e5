"""The method of wholesale discounts, in the shape of the newer price service."""

from __future__ import annotations

from itertools import pairwise

import msgspec

from wbym.testing import (
    Call,
    Handlers,
    JsonObject,
    MarketplaceSimulator,
    Refusal,
    Response,
    json_response,
    route,
)
from wbym_wildberries.simulator.handlers_prices import (
    BAD_FORMAT,
    BAD_ITEM,
    MAX_DISCOUNT,
    MAX_ITEMS,
    SCOPE,
    TOO_MANY,
)
from wbym_wildberries.simulator.limits import PRICES
from wbym_wildberries.simulator.requests import body_of
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_prices import Level

MAX_LEVELS = 3
_FIRST_TASK = 128_460_434


class _Item(msgspec.Struct, rename="camel"):
    nm_id: int
    wholesale_discount_threshold: list[Level]


class _Items(msgspec.Struct):
    data: list[_Item]


class WholesaleHandlers(Handlers[Cabinet], bucket=PRICES, scope=SCOPE):
    """Serves the wholesale discounts of the caller's cabinet."""

    def __init__(self, simulator: MarketplaceSimulator[Cabinet, str]) -> None:
        super().__init__(simulator)
        self._last_task = _FIRST_TASK

    @route("POST", "/api/discounts-prices/v1/upload/task/b2b/wholesale")
    async def set_levels(self, call: Call) -> Response:
        """Sets wholesale discounts; each item succeeds or fails by itself."""
        body = await body_of(call, _Items, Refusal(400, BAD_FORMAT))
        if not body.data:
            raise Refusal(400, BAD_FORMAT)
        if len(body.data) > MAX_ITEMS:
            raise Refusal(400, TOO_MANY)
        cabinet = self._cabinet(call)
        results: list[JsonObject] = []
        for item in body.data:
            number = cabinet.cards.find(item.nm_id)
            wrong = _wrong(item.wholesale_discount_threshold) if number is not None else BAD_ITEM
            row: JsonObject = {"nmId": item.nm_id, "success": wrong is None}
            if number is None or wrong is not None:
                row["error"] = {"status": 400, "title": "Bad Request", "detail": wrong}
            else:
                cabinet.prices.set_levels(number, item.wholesale_discount_threshold)
            results.append(row)
        self._last_task += 1
        shape = {"id": self._last_task, "alreadyExists": False, "results": results}
        return json_response(shape)


def _wrong(levels: list[Level]) -> str | None:
    kept = sorted(levels, key=lambda level: level.level)
    raised = [level for level in kept if level.wholesale_discount]
    if len(levels) > MAX_LEVELS or any(not 1 <= one.level <= MAX_LEVELS for one in levels):
        return f"Maximum number of levels: {MAX_LEVELS}"
    if any(level.wholesale_discount != int(level.wholesale_discount) for level in levels):
        return "Discount must be an integer"
    if any(not 0 <= level.wholesale_discount <= MAX_DISCOUNT for level in levels):
        return "New discount is outside the allowed range"
    if any(level.min_quantity < 1 for level in raised):
        return "New number of items is outside the allowed range"
    for lower, higher in pairwise(raised):
        if higher.wholesale_discount <= lower.wholesale_discount:
            return "Discount must increase with each level"
        if higher.min_quantity <= lower.min_quantity:
            return "Number of items must increase with each level"
    return None
