"""The methods of prices and discounts."""

from __future__ import annotations

from typing import Generic, TypeVar

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
from wbym_wildberries.simulator.limits import PRICES
from wbym_wildberries.simulator.requests import (
    BadParameter,
    body_of,
    camel_with_ids,
    integer,
    required,
)
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_prices import PROCESSING, Change, Prices, Task
from wbym_wildberries.simulator.tokens import CATEGORIES

SCOPE = CATEGORIES["prices"]
MAX_ITEMS = 1000
MAX_DISCOUNT = 99
MAX_CLUB = 50
"""The published text of the club discount's bounds has no numbers; these are the simulator's."""
MAX_PRICE = 10**9

BAD_FORMAT = "Invalid data format"
EMPTY = "Empty data"
TOO_MANY = "Upload limit exceeded: You can upload a maximum of 1 000 items"
TWICE = "Duplicate item Nos."
SIZES_TWICE = "Duplicate size IDs"
BAD_ITEM = "Invalid item No."
BAD_SIZE = "Invalid size"
BAD_PRICE = "Invalid price value"
BAD_DISCOUNT = "Invalid discount value"
NOT_WHOLE = "Price should be a whole number"
NOTHING_SET = "Price and discount not specified"
ALREADY_SET = "The specified prices and discounts are already set"
NONE_KNOWN = (
    "All item Nos. are specified incorrectly, or the specified prices and discounts are already set"
)
CLUB_ALREADY_SET = (
    "Discounts in the file are the same as those already set. "
    "To change discounts, edit the file and upload it again"
)
CLUB_NONE_KNOWN = (
    "All item Nos. are specified incorrectly, or the specified discounts are already set"
)
BAD_CLUB = (
    "Check the field values in the WB Club Discount column. Field format: a whole number between "
    f"0 and {MAX_CLUB}, without dots or commas"
)


class _Good(msgspec.Struct, rename=camel_with_ids):
    nm_id: int
    price: int | float | None = None
    discount: int | float | None = None


class _SizeGood(msgspec.Struct, rename=camel_with_ids):
    nm_id: int
    size_id: int
    price: int | float | None = None


class _Club(msgspec.Struct, rename=camel_with_ids):
    nm_id: int
    club_discount: int | float


_Item = TypeVar("_Item")


class _Items(msgspec.Struct, Generic[_Item]):
    data: list[_Item]


class _Wanted(msgspec.Struct, rename="camel"):
    nm_list: list[int]


_GOODS = RecordFields(("data", "listGoods"), "nmID", ("vendorCode",))
_HISTORY = RecordFields(("data", "historyGoods"), "nmID", ("errorText", "price"))


class PriceHandlers(Handlers[Cabinet], bucket=PRICES, scope=SCOPE):
    """Serves the prices of the caller's cabinet."""

    # Setting.

    @route("POST", "/api/v2/upload/task")
    async def set_prices(self, call: Call) -> Response:
        """Sets prices and discounts."""
        items = _counted(await body_of(call, _Items[_Good], Refusal(400, BAD_FORMAT)))
        _unique([item.nm_id for item in items], TWICE)
        changes = tuple(
            Change(_item(one.nm_id), _price(one.price), _discount(one.discount)) for one in items
        )
        if any(one.price is None and one.discount is None for one in changes):
            raise Refusal(400, NOTHING_SET)
        return self._start(call, changes, ALREADY_SET, NONE_KNOWN)

    @route("POST", "/api/v2/upload/task/size")
    async def set_sizes(self, call: Call) -> Response:
        """Sets prices of sizes."""
        items = _counted(await body_of(call, _Items[_SizeGood], Refusal(400, BAD_FORMAT)))
        _unique([item.size_id for item in items], SIZES_TWICE)
        changes = tuple(
            Change(_item(one.nm_id), _price(one.price), size=one.size_id) for one in items
        )
        if any(one.price is None for one in changes):
            raise Refusal(400, NOTHING_SET)
        if any(one.size_id <= 0 for one in items):
            raise Refusal(400, BAD_SIZE)
        return self._start(call, changes, ALREADY_SET, NONE_KNOWN)

    @route("POST", "/api/v2/upload/task/club-discount")
    async def set_club(self, call: Call) -> Response:
        """Sets club discounts."""
        items = _counted(await body_of(call, _Items[_Club], Refusal(400, BAD_FORMAT)))
        _unique([item.nm_id for item in items], TWICE)
        changes = tuple(Change(_item(one.nm_id), club=_club(one.club_discount)) for one in items)
        return self._start(call, changes, CLUB_ALREADY_SET, CLUB_NONE_KNOWN)

    def _start(
        self, call: Call, changes: tuple[Change, ...], already: str, unknown: str
    ) -> Response:
        cabinet = self._cabinet(call)
        running = cabinet.prices.running(changes)
        if running is not None:
            data = {"id": running.id, "alreadyExists": True}
            shape = {"data": data, "error": False, "errorText": "This task already exists"}
            return json_response(shape, status=208)
        if not any(map(cabinet.prices.is_new, changes)):
            known = all(cabinet.cards.find(change.nm) is not None for change in changes)
            raise Refusal(400, already if known else unknown)
        task = cabinet.prices.start(changes)
        return replies.price_response({"id": task.id, "alreadyExists": False})

    # Following tasks.

    @route("GET", "/api/v2/history/tasks")
    async def history(self, call: Call) -> Response:
        """A processed task; null until it is processed."""
        return self._state(call, processing=False)

    @route("GET", "/api/v2/buffer/tasks")
    async def buffer(self, call: Call) -> Response:
        """A task in processing; null once it is processed."""
        return self._state(call, processing=True)

    def _state(self, call: Call, *, processing: bool) -> Response:
        prices, task = self._task(call, processing=processing)
        return replies.price_response(prices.summary(task) if task else None)

    @route("GET", "/api/v2/history/goods/task", records=_HISTORY)
    async def history_goods(self, call: Call) -> Response:
        """Items of a processed task."""
        return self._details(call, "historyGoods", processing=False)

    @route("GET", "/api/v2/buffer/goods/task")
    async def buffer_goods(self, call: Call) -> Response:
        """Items of a task in processing."""
        return self._details(call, "bufferGoods", processing=True)

    def _details(self, call: Call, name: str, *, processing: bool) -> Response:
        limit, offset = _page(call)
        prices, task = self._task(call, processing=processing)
        rows = prices.details(task, limit=limit, offset=offset) if task else []
        data = {"uploadID": int(call.query("uploadID") or 0), name: rows}
        # As published: the details of a processed task have no flag of errors.
        return replies.price_response(data) if processing else json_response({"data": data})

    def _task(self, call: Call, *, processing: bool) -> tuple[Prices, Task | None]:
        identifier = required(integer(call, "uploadID"), "uploadID")
        prices = self._cabinet(call).prices
        task = prices.tasks.get(identifier)
        if task is not None and (task.status == PROCESSING) is not processing:
            task = None
        return prices, task

    # Reading.

    @route("GET", "/api/v2/list/goods/filter", records=_GOODS)
    async def goods(self, call: Call) -> Response:
        """All items, or one."""
        limit, offset = _page(call)
        nm = integer(call, "filterNmID")
        cabinet = self._cabinet(call)
        if nm:
            return self._some(cabinet, [nm] if offset == 0 else [])
        rows = cabinet.prices.goods(limit=limit, offset=offset)
        return replies.price_response({"listGoods": rows})

    @route("POST", "/api/v2/list/goods/filter", writes=False, records=_GOODS)
    async def some(self, call: Call) -> Response:
        """Some items; unknown ones are omitted."""
        body = await body_of(call, _Wanted, BadParameter("nmList"))
        if not 1 <= len(body.nm_list) <= MAX_ITEMS:
            raise BadParameter("nmList")
        return self._some(self._cabinet(call), list(dict.fromkeys(body.nm_list)))

    def _some(self, cabinet: Cabinet, items: list[int]) -> Response:
        numbers = [cabinet.cards.find(nm) for nm in items]
        rows = [cabinet.prices.good(number) for number in numbers if number is not None]
        return replies.price_response({"listGoods": rows})

    @route("GET", "/api/v2/list/goods/size/nm", records=_GOODS)
    async def sizes(self, call: Call) -> Response:
        """Sizes of an item with their prices."""
        limit, offset = _page(call)
        nm = required(integer(call, "nmID"), "nmID")
        cabinet = self._cabinet(call)
        number = cabinet.cards.find(nm)
        rows: list[JsonObject] = [] if number is None else cabinet.prices.sizes(number)
        return replies.price_response({"listGoods": rows[offset : offset + limit]})

    @route("GET", "/api/v2/quarantine/goods")
    async def quarantine(self, call: Call) -> Response:
        """Items in quarantine."""
        limit, offset = _page(call)
        rows = self._cabinet(call).prices.quarantine(limit=limit, offset=offset)
        return replies.price_response({"quarantineGoods": rows})


def _page(call: Call) -> tuple[int, int]:
    limit = required(integer(call, "limit", low=1, high=MAX_ITEMS), "limit")
    return limit, integer(call, "offset") or 0


def _counted(items: _Items[_Item]) -> list[_Item]:
    if not items.data:
        raise Refusal(400, EMPTY)
    if len(items.data) > MAX_ITEMS:
        raise Refusal(400, TOO_MANY)
    return items.data


def _unique(identifiers: list[int], text: str) -> None:
    if len(set(identifiers)) < len(identifiers):
        raise Refusal(400, text)


def _item(nm: int) -> int:
    if nm <= 0:
        raise Refusal(400, BAD_ITEM)
    return nm


def _price(value: float | None) -> int | None:
    if value is None:
        return None
    if value != int(value):
        raise Refusal(400, NOT_WHOLE)
    if not 0 < value <= MAX_PRICE:
        raise Refusal(400, BAD_PRICE)
    return int(value)


def _discount(value: float | None) -> int | None:
    if value is None:
        return None
    if value != int(value) or not 0 <= value <= MAX_DISCOUNT:
        raise Refusal(400, BAD_DISCOUNT)
    return int(value)


def _club(value: float) -> int:
    if value < 0:
        raise Refusal(400, BAD_DISCOUNT)
    if value != int(value) or value > MAX_CLUB:
        raise Refusal(400, BAD_CLUB)
    return int(value)
