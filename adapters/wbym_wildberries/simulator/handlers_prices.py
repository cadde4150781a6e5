"""The methods of prices and discounts."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from wbym.testing._answers import Answer, Refusal, json_answer
from wbym.testing._server import Call, Handlers, Route
from wbym.testing._spoil import Records
from wbym_wildberries.simulator import replies
from wbym_wildberries.simulator.limits import PRICES
from wbym_wildberries.simulator.requests import BadParameter, body_of, integer, required
from wbym_wildberries.simulator.shelf import Json
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_prices import PROCESSING, Change, Prices, Task
from wbym_wildberries.simulator.tokens import CATEGORIES
from wbym_wildberries.simulator.wire import camel_with_ids

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


class _Goods(msgspec.Struct):
    data: list[_Good]


class _SizeGoods(msgspec.Struct):
    data: list[_SizeGood]


class _Clubs(msgspec.Struct):
    data: list[_Club]


class _Wanted(msgspec.Struct, rename="camel"):
    nm_list: list[int]


class PriceHandlers(Handlers[Cabinet]):
    """Serves the prices of the caller's cabinet."""

    def routes(self) -> list[Route]:
        """The table of methods."""
        goods = Records(("data", "listGoods"), "nmID", ("vendorCode",))
        history = Records(("data", "historyGoods"), "nmID", ("errorText", "price"))

        def read(path: str, handler: object, records: Records | None = None) -> Route:
            return Route("GET", path, handler, PRICES, SCOPE, False, records)  # type: ignore[arg-type]

        def write(path: str, handler: object) -> Route:
            return Route("POST", path, handler, PRICES, SCOPE, True)  # type: ignore[arg-type]

        return [
            write("/api/v2/upload/task", self.set_prices),
            write("/api/v2/upload/task/size", self.set_sizes),
            write("/api/v2/upload/task/club-discount", self.set_club),
            read("/api/v2/history/tasks", self.history),
            read("/api/v2/history/goods/task", self.history_goods, history),
            read("/api/v2/buffer/tasks", self.buffer),
            read("/api/v2/buffer/goods/task", self.buffer_goods),
            read("/api/v2/list/goods/filter", self.goods, goods),
            Route("POST", "/api/v2/list/goods/filter", self.some, PRICES, SCOPE, False, goods),
            read("/api/v2/list/goods/size/nm", self.sizes, goods),
            read("/api/v2/quarantine/goods", self.quarantine),
        ]

    # Setting.

    async def set_prices(self, call: Call) -> Answer:
        """`POST /api/v2/upload/task`."""
        body = await body_of(call, _Goods)
        items = _counted(body.data if body else None)
        _unique([item.nm_id for item in items], TWICE)
        changes = tuple(
            Change(_item(one.nm_id), _price(one.price), _discount(one.discount)) for one in items
        )
        if any(one.price is None and one.discount is None for one in changes):
            raise Refusal(400, NOTHING_SET)
        return self._start(call, changes, ALREADY_SET, NONE_KNOWN)

    async def set_sizes(self, call: Call) -> Answer:
        """`POST /api/v2/upload/task/size`."""
        body = await body_of(call, _SizeGoods)
        items = _counted(body.data if body else None)
        _unique([item.size_id for item in items], SIZES_TWICE)
        changes = tuple(
            Change(_item(one.nm_id), _price(one.price), size=one.size_id) for one in items
        )
        if any(one.price is None for one in changes):
            raise Refusal(400, NOTHING_SET)
        if any(one.size_id <= 0 for one in items):
            raise Refusal(400, BAD_SIZE)
        return self._start(call, changes, ALREADY_SET, NONE_KNOWN)

    async def set_club(self, call: Call) -> Answer:
        """`POST /api/v2/upload/task/club-discount`."""
        body = await body_of(call, _Clubs)
        items = _counted(body.data if body else None)
        _unique([item.nm_id for item in items], TWICE)
        changes = tuple(Change(_item(one.nm_id), club=_club(one.club_discount)) for one in items)
        return self._start(call, changes, CLUB_ALREADY_SET, CLUB_NONE_KNOWN)

    def _start(self, call: Call, changes: tuple[Change, ...], already: str, unknown: str) -> Answer:
        cabinet = self._cabinet(call)
        running = cabinet.prices.running(changes)
        if running is not None:
            data = {"id": running.id, "alreadyExists": True}
            shape = {"data": data, "error": False, "errorText": "This task already exists"}
            return json_answer(shape, status=208)
        if not any(map(cabinet.prices.is_new, changes)):
            known = all(cabinet.cards.find(change.nm) is not None for change in changes)
            raise Refusal(400, already if known else unknown)
        task = cabinet.prices.start(changes)
        return replies.price_answer({"id": task.id, "alreadyExists": False})

    # Following tasks.

    async def history(self, call: Call) -> Answer:
        """`GET /api/v2/history/tasks`: null until the task is processed."""
        return self._state(call, processing=False)

    async def buffer(self, call: Call) -> Answer:
        """`GET /api/v2/buffer/tasks`: null when the task is processed."""
        return self._state(call, processing=True)

    def _state(self, call: Call, *, processing: bool) -> Answer:
        prices, task = self._task(call, processing=processing)
        return replies.price_answer(prices.summary(task) if task else None)

    async def history_goods(self, call: Call) -> Answer:
        """`GET /api/v2/history/goods/task`."""
        return self._details(call, "historyGoods", processing=False)

    async def buffer_goods(self, call: Call) -> Answer:
        """`GET /api/v2/buffer/goods/task`."""
        return self._details(call, "bufferGoods", processing=True)

    def _details(self, call: Call, name: str, *, processing: bool) -> Answer:
        limit, offset = _page(call)
        prices, task = self._task(call, processing=processing)
        rows = prices.details(task, limit=limit, offset=offset) if task else []
        data = {"uploadID": int(call.query("uploadID") or 0), name: rows}
        # Published so: the details of a processed task have no flag of errors.
        return replies.price_answer(data) if processing else json_answer({"data": data})

    def _task(self, call: Call, *, processing: bool) -> tuple[Prices, Task | None]:
        identifier = required(integer(call, "uploadID"), "uploadID")
        prices = self._cabinet(call).prices
        task = prices.tasks.get(identifier)
        if task is not None and (task.status == PROCESSING) is not processing:
            task = None
        return prices, task

    # Reading.

    async def goods(self, call: Call) -> Answer:
        """`GET /api/v2/list/goods/filter`: all items, or one."""
        limit, offset = _page(call)
        nm = integer(call, "filterNmID")
        cabinet = self._cabinet(call)
        if nm:
            return self._some(cabinet, [nm] if offset == 0 else [])
        rows = cabinet.prices.goods(limit=limit, offset=offset)
        return replies.price_answer({"listGoods": rows})

    async def some(self, call: Call) -> Answer:
        """`POST /api/v2/list/goods/filter`: items that do not exist are left out."""
        body = await body_of(call, _Wanted)
        if body is None or not 1 <= len(body.nm_list) <= MAX_ITEMS:
            raise BadParameter("nmList")
        return self._some(self._cabinet(call), list(dict.fromkeys(body.nm_list)))

    def _some(self, cabinet: Cabinet, items: list[int]) -> Answer:
        numbers = [cabinet.cards.find(nm) for nm in items]
        rows = [cabinet.prices.good(number) for number in numbers if number is not None]
        return replies.price_answer({"listGoods": rows})

    async def sizes(self, call: Call) -> Answer:
        """`GET /api/v2/list/goods/size/nm`."""
        limit, offset = _page(call)
        nm = required(integer(call, "nmID"), "nmID")
        cabinet = self._cabinet(call)
        number = cabinet.cards.find(nm)
        rows: list[Json] = [] if number is None else cabinet.prices.sizes(number)
        return replies.price_answer({"listGoods": rows[offset : offset + limit]})

    async def quarantine(self, call: Call) -> Answer:
        """`GET /api/v2/quarantine/goods`."""
        limit, offset = _page(call)
        rows = self._cabinet(call).prices.quarantine(limit=limit, offset=offset)
        return replies.price_answer({"quarantineGoods": rows})


def _page(call: Call) -> tuple[int, int]:
    limit = required(integer(call, "limit", low=1, high=MAX_ITEMS), "limit")
    return limit, integer(call, "offset") or 0


_Item = TypeVar("_Item")


def _counted(items: list[_Item] | None) -> list[_Item]:
    if items is None:
        raise Refusal(400, BAD_FORMAT)
    if not items:
        raise Refusal(400, EMPTY)
    if len(items) > MAX_ITEMS:
        raise Refusal(400, TOO_MANY)
    return items


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
