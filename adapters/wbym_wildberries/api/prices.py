"""Prices and discounts: setting them, what became of it, reading them."""

from collections.abc import Hashable, Sequence
from typing import Final

import msgspec

from wbym.calls import ApiGroup, Endpoints, Json, QueryValue
from wbym.errors import InvalidInput
from wbym.paging import ByOffset
from wbym_wildberries.api.base import Envelope, check_envelope, enveloped, within
from wbym_wildberries.api.price_records import (
    ClubDiscount,
    Good,
    GoodsPage,
    NewPrice,
    PriceUpload,
    Quarantined,
    QuarantinePage,
    Size,
    SizePrice,
    SizesPage,
    UploadedGood,
    UploadedPage,
    UploadState,
    WholesaleDiscounts,
    WholesaleUpload,
)
from wbym_wildberries.token import Category

__all__ = [
    "ENDPOINTS",
    "GOODS_MOST",
    "LEVELS_MOST",
    "PAGES",
    "PriceMethods",
    "check_club_discount",
    "check_price",
    "check_size_price",
    "list_query",
    "upload_query",
]

GOODS_MOST: Final = 1000
"""Goods, or sizes, in one upload, and articles in one question."""
LEVELS_MOST: Final = 3
"""Wholesale discounts of a good."""
PERCENT_MOST: Final = 99
"""WB publishes no bounds of discounts; beyond this nothing would be left to pay."""


def _state(envelope: Envelope[UploadState]) -> UploadState | None:
    check_envelope(envelope)
    if envelope.data is None:
        return None
    return msgspec.structs.replace(envelope.data, error_text=envelope.error_text or None)


def _quarantine(envelope: Envelope[QuarantinePage]) -> QuarantinePage:
    check_envelope(envelope)
    return envelope.data or QuarantinePage()


def _wholesale(upload: WholesaleUpload) -> WholesaleUpload:
    known = upload.already_exists or upload.status == 208
    return msgspec.structs.replace(upload, already_exists=known)


_TABLE = Endpoints("prices", host="prices", buckets=("prices",), scope=Category.PRICES.scope)
PAGES = ByOffset(size="limit", offset="offset", most=1000)

_UPLOAD = enveloped(PriceUpload)
_STATE = Json(Envelope[UploadState], _state)
_GOODS = enveloped(GoodsPage, records="listGoods", record=Good)

SET = _TABLE.add("POST", "set", "/api/v2/upload/task", _UPLOAD)
SET_SIZES = _TABLE.add("POST", "set_sizes", "/api/v2/upload/task/size", _UPLOAD)
SET_CLUB = _TABLE.add("POST", "set_club_discounts", "/api/v2/upload/task/club-discount", _UPLOAD)
SET_WHOLESALE = _TABLE.add(
    "POST",
    "set_wholesale_discounts",
    "/api/discounts-prices/v1/upload/task/b2b/wholesale",
    Json(WholesaleUpload, _wholesale),
)
STATE = _TABLE.add("GET", "state", "/api/v2/history/tasks", _STATE)
DETAILS = _TABLE.add(
    "GET",
    "details",
    "/api/v2/history/goods/task",
    enveloped(UploadedPage, records="historyGoods", record=UploadedGood),
    pages=PAGES,
)
PENDING_STATE = _TABLE.add("GET", "pending_state", "/api/v2/buffer/tasks", _STATE)
PENDING_DETAILS = _TABLE.add(
    "GET",
    "pending_details",
    "/api/v2/buffer/goods/task",
    enveloped(UploadedPage, records="bufferGoods", record=UploadedGood),
    pages=PAGES,
)
LIST = _TABLE.add("GET", "list", "/api/v2/list/goods/filter", _GOODS, pages=PAGES)
FIND = _TABLE.add("POST", "find", "/api/v2/list/goods/filter", _GOODS, writes=False)
SIZES = _TABLE.add(
    "GET",
    "sizes",
    "/api/v2/list/goods/size/nm",
    enveloped(SizesPage, records="listGoods", record=Size),
    pages=PAGES,
)
QUARANTINE = _TABLE.add(
    "GET",
    "quarantine",
    "/api/v2/quarantine/goods",
    Json(
        Envelope[QuarantinePage],
        _quarantine,
        records=("data", "quarantineGoods"),
        record=Quarantined,
    ),
    pages=PAGES,
)

ENDPOINTS = _TABLE.rows


class _Goods(msgspec.Struct):
    data: Sequence[NewPrice | SizePrice | ClubDiscount | WholesaleDiscounts]


class _Articles(msgspec.Struct, rename="camel"):
    nm_list: Sequence[int]


class PriceMethods(ApiGroup):
    """The methods of Prices and Discounts, one call each.

    All share one bucket a seller: 10 calls in 6 seconds, 5 at once; with a base token 4 an hour.
    """

    async def set(self, goods: Sequence[NewPrice]) -> PriceUpload:
        """Set prices and discounts (POST /api/v2/upload/task). Not repeatable.

        WB takes the upload first and works on it later: ``upload_and_wait`` tells what became of
        it. A price that falls to a third or less of the old one goes to quarantine instead, and
        the good sells at the old one.

        Args:
            goods: 1 to 1,000, each once, with a price, a discount or both.

        Raises:
            InvalidInput: A rule above is broken.
            BadRequest: WB finds a value wrong, or nothing to change.
            Conflict: The seller is changing its currency.
            DeliveryUnknown: It may or may not have been taken.
        """
        _check_count(SET.name, goods)
        for good in goods:
            check_price(good)
        _check_once(SET.name, [good.nm_id for good in goods])
        return await self._call(SET, body=_Goods(goods))

    async def set_sizes(self, sizes: Sequence[SizePrice]) -> PriceUpload:
        """Set prices of single sizes (POST /api/v2/upload/task/size). Not repeatable.

        Only for goods with ``editable_size_price``. There is no quarantine for them.

        Args:
            sizes: 1 to 1,000, each once.

        Raises:
            InvalidInput: A rule above is broken.
            BadRequest: WB finds a value wrong, or nothing to change.
            Conflict: The seller is changing its currency.
            DeliveryUnknown: It may or may not have been taken.
        """
        _check_count(SET_SIZES.name, sizes)
        for size in sizes:
            check_size_price(size)
        _check_once(SET_SIZES.name, [size.size_id for size in sizes])
        return await self._call(SET_SIZES, body=_Goods(sizes))

    async def set_club_discounts(self, discounts: Sequence[ClubDiscount]) -> PriceUpload:
        """Set discounts of WB Club (POST /api/v2/upload/task/club-discount). Not repeatable.

        Args:
            discounts: 1 to 1,000 goods, each once.

        Raises:
            InvalidInput: A rule above is broken.
            BadRequest: WB finds a value wrong, or nothing to change.
            Conflict: The seller is changing its currency.
            DeliveryUnknown: It may or may not have been taken.
        """
        _check_count(SET_CLUB.name, discounts)
        for discount in discounts:
            check_club_discount(discount)
        _check_once(SET_CLUB.name, [discount.nm_id for discount in discounts])
        return await self._call(SET_CLUB, body=_Goods(discounts))

    async def set_wholesale_discounts(self, goods: Sequence[WholesaleDiscounts]) -> WholesaleUpload:
        """Set discounts for companies. Not repeatable; a base token may not.

        POST /api/discounts-prices/v1/upload/task/b2b/wholesale. Its answer says at once what became
        of each good.

        Args:
            goods: 1 to 1,000, with 1 to 3 levels each. Quantity and discount rise from level to
                level; a discount of 0 takes its level and the higher ones away.

        Raises:
            InvalidInput: There are none, too many, or too many levels.
            Forbidden: The token is a base one.
            DeliveryUnknown: They may or may not have been taken.
        """
        _check_count(SET_WHOLESALE.name, goods)
        for good in goods:
            levels = len(good.wholesale_discount_threshold)
            within(SET_WHOLESALE.name, "levels", levels, 1, LEVELS_MOST)
        return await self._call(SET_WHOLESALE, body=_Goods(goods))

    async def state(self, upload_id: int) -> UploadState | None:
        """How an upload ended (GET /api/v2/history/tasks).

        Returns:
            None where WB does not list it among those that it is done with.
        """
        return await self._call(STATE, query=upload_query(upload_id))

    async def details(
        self, upload_id: int, *, limit: int = PAGES.most, offset: int = 0
    ) -> UploadedPage:
        """One page of the goods of an upload that is done (GET /api/v2/history/goods/task).

        Args:
            upload_id: What WB answered to the upload.
            limit: How many, 1 to 1,000.
            offset: After how many.

        Raises:
            InvalidInput: ``limit`` or ``offset`` is outside its bounds.
        """
        query = upload_query(upload_id) | _page(DETAILS.name, limit, offset)
        return await self._call(DETAILS, query=query)

    async def pending_state(self, upload_id: int) -> UploadState | None:
        """How far an upload in processing is (GET /api/v2/buffer/tasks).

        Discounts of a promotion wait here for its beginning.

        Returns:
            None where WB does not list it among those in processing.
        """
        return await self._call(PENDING_STATE, query=upload_query(upload_id))

    async def pending_details(
        self, upload_id: int, *, limit: int = PAGES.most, offset: int = 0
    ) -> UploadedPage:
        """One page of the goods of an upload in processing (GET /api/v2/buffer/goods/task).

        Args:
            upload_id: What WB answered to the upload.
            limit: How many, 1 to 1,000.
            offset: After how many.

        Raises:
            InvalidInput: ``limit`` or ``offset`` is outside its bounds.
        """
        query = upload_query(upload_id) | _page(PENDING_DETAILS.name, limit, offset)
        return await self._call(PENDING_DETAILS, query=query)

    async def list(
        self, *, nm_id: int | None = None, limit: int = PAGES.most, offset: int = 0
    ) -> GoodsPage:
        """One page of goods with their prices (GET /api/v2/list/goods/filter).

        Args:
            nm_id: That one good only.
            limit: How many, 1 to 1,000.
            offset: After how many.

        Raises:
            InvalidInput: ``limit`` or ``offset`` is outside its bounds.
        """
        return await self._call(LIST, query=list_query(nm_id) | _page(LIST.name, limit, offset))

    async def find(self, nm_ids: Sequence[int]) -> GoodsPage:
        """Goods with their prices by their articles (POST /api/v2/list/goods/filter).

        Args:
            nm_ids: 1 to 1,000.

        Raises:
            InvalidInput: There are none, or more than 1,000.
        """
        within(FIND.name, "nm_ids", len(nm_ids), 1, GOODS_MOST)
        return await self._call(FIND, body=_Articles(nm_ids))

    async def sizes(self, nm_id: int, *, limit: int = PAGES.most, offset: int = 0) -> SizesPage:
        """One page of a good's sizes with their prices (GET /api/v2/list/goods/size/nm).

        Only for goods with ``editable_size_price``.

        Args:
            nm_id: Of which good.
            limit: How many, 1 to 1,000.
            offset: After how many.

        Raises:
            InvalidInput: ``limit`` or ``offset`` is outside its bounds.
        """
        query: dict[str, QueryValue] = {"nmID": nm_id}
        return await self._call(SIZES, query=query | _page(SIZES.name, limit, offset))

    async def quarantine(self, *, limit: int = PAGES.most, offset: int = 0) -> QuarantinePage:
        """One page of the goods in quarantine (GET /api/v2/quarantine/goods).

        Args:
            limit: How many, 1 to 1,000.
            offset: After how many.

        Raises:
            InvalidInput: ``limit`` or ``offset`` is outside its bounds.
        """
        return await self._call(QUARANTINE, query=_page(QUARANTINE.name, limit, offset))


def list_query(nm_id: int | None) -> dict[str, QueryValue]:
    """The filter of the list, without limit and offset."""
    return {"filterNmID": nm_id}


def upload_query(upload_id: int) -> dict[str, QueryValue]:
    """Which upload is asked for."""
    return {"uploadID": upload_id}


def check_price(good: NewPrice) -> None:
    """Refuse what WB would.

    Raises:
        InvalidInput: There is neither a price nor a discount, or one is outside its bounds.
    """
    if good.price is None and good.discount is None:
        raise InvalidInput(SET.name, "goods", "must have a price or a discount", good)
    if good.price is not None:
        _check_amount(SET.name, good.price)
    if good.discount is not None:
        within(SET.name, "discount", good.discount, 0, PERCENT_MOST)


def check_size_price(size: SizePrice) -> None:
    """Refuse a price that is none.

    Raises:
        InvalidInput: It is.
    """
    _check_amount(SET_SIZES.name, size.price)


def check_club_discount(discount: ClubDiscount) -> None:
    """Refuse a discount that is none.

    Raises:
        InvalidInput: It is.
    """
    within(SET_CLUB.name, "club_discount", discount.club_discount, 0, PERCENT_MOST)


def _check_amount(method: str, price: int) -> None:
    if price < 1:
        raise InvalidInput(method, "price", "must be a whole number of at least 1", price)


def _check_count(method: str, goods: Sequence[object]) -> None:
    within(method, "goods", len(goods), 1, GOODS_MOST)


def _check_once(method: str, ids: Sequence[Hashable]) -> None:
    if len(set(ids)) < len(ids):
        twice = next(place for place, one in enumerate(ids) if one in ids[:place])
        raise InvalidInput(method, "goods", "must be there once each", ids[twice])


def _page(method: str, limit: int, offset: int) -> dict[str, QueryValue]:
    within(method, "limit", limit, 1, PAGES.most)
    within(method, "offset", offset, 0, 2**63 - 1)
    return {"limit": limit, "offset": offset}
