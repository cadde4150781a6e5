"""Prices and discounts: setting them, the results of uploads, reading them."""

import asyncio
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec

from wbym.bulk import POLL, TIMEOUT, Batch, Outcome, Progress, Result, Rules, carry_out, follow
from wbym.calls import (
    Count,
    Group,
    Json,
    Name,
    Range,
    RuleViolation,
    Unique,
    get,
    post,
    validator_of,
)
from wbym.errors import InvalidInput, TaskPending
from wbym.limits import Priority
from wbym.paging import ByOffset, Listing
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import (
    MAX_BODY_SIZE,
    Envelope,
    Wire,
    check_envelope,
    in_envelope,
    unwrap,
)

__all__ = [
    "MAX_GOODS",
    "ClubDiscount",
    "Good",
    "GoodSize",
    "GoodsPage",
    "NewPrice",
    "PendingPage",
    "Percent",
    "PriceChange",
    "PriceItem",
    "PriceUpload",
    "Prices",
    "QuarantinePage",
    "Quarantined",
    "Size",
    "SizePrice",
    "SizesPage",
    "Threshold",
    "UploadReport",
    "UploadState",
    "Uploaded",
    "UploadedGood",
    "UploadedPage",
    "WholesaleDiscounts",
    "WholesaleError",
    "WholesaleResult",
    "WholesaleUpload",
]


def _name(field: str) -> str:
    """Spell a field as Prices and Discounts do: ``nmID``, ``sizeID``; others write ``nmId``."""
    first, *rest = field.split("_")
    return first + "".join("ID" if word == "id" else word.capitalize() for word in rest)


class PriceWire(Wire, frozen=True, rename=_name):
    """The base of this category's records."""


Amount = Annotated[int, Range(1)]
Percent = Annotated[int, Range(0, 99)]
"""WB publishes no bounds of discounts; at 100 the price would be zero."""


class NewPrice(PriceWire, frozen=True, omit_defaults=True):
    """The price, the discount, or both to set for a good."""

    nm_id: int
    price: Amount | None = None
    """Before the discount, a whole number in the seller's currency; at least 1."""
    discount: Percent | None = None
    """Percent, 0 to 99."""


class SetsSomething(msgspec.Struct, frozen=True):
    """The good has a price or a discount."""

    def violation(self, good: NewPrice, /) -> str | None:
        """See :class:`wbym.calls._annotations.Rule`."""
        is_empty = good.price is None and good.discount is None
        return "must have a price or a discount" if is_empty else None


PriceChange = Annotated[NewPrice, SetsSomething()]


class SizePrice(PriceWire, frozen=True):
    """The price to set for one size of a good."""

    nm_id: int
    size_id: int
    """``chrtID`` of the card's size."""
    price: Amount
    """At least 1."""


class ClubDiscount(PriceWire, frozen=True):
    """The discount to set for buyers of WB Club."""

    nm_id: int
    club_discount: Percent
    """Percent, 0 to 99."""


class Threshold(Wire, frozen=True):
    """A level of wholesale discounts."""

    level: int
    min_quantity: int
    wholesale_discount: int
    """Percent. In a request 0 removes this level and all higher ones."""


class WholesaleDiscounts(Wire, frozen=True):
    """The discounts to set for buyers that are companies."""

    nm_id: int
    wholesale_discount_threshold: Annotated[list[Threshold], Count(1, 3)]
    """1 to 3 levels. Quantity and discount rise from level to level."""


class PriceUpload(Wire, frozen=True):
    """An upload that WB has accepted and is processing."""

    id: int
    already_exists: bool = False
    """Whether WB already had an identical upload, whose ``id`` this is."""


class WholesaleError(Wire, frozen=True):
    """Why a good of a wholesale upload was rejected."""

    detail: str | None = None
    status: int | None = None
    title: str | None = None


class WholesaleResult(Wire, frozen=True):
    """The result of one good of a wholesale upload."""

    nm_id: int
    success: bool
    error: WholesaleError | None = None


class WholesaleUpload(Wire, frozen=True):
    """WB's response to a wholesale upload; a repeated upload has no id and no results."""

    id: int | None = None
    already_exists: bool = False
    results: list[WholesaleResult] | None = None
    status: int | None = None
    """208 for a repeated upload."""
    title: str | None = None
    detail: str | None = None
    request_id: str | None = None
    origin: str | None = None


class UploadState(PriceWire, frozen=True):
    """The state of an upload."""

    upload_id: int
    status: int
    """1 in processing; 3 done, 4 cancelled, 5 done with errors, 6 all goods have errors."""
    upload_date: datetime | None = None
    """When the upload was made."""
    activation_date: datetime | None = None
    """When its processing began or will begin."""
    over_all_goods_number: int | None = None
    success_goods_number: int | None = None
    """0 while the upload is in processing."""
    error_text: str | None = None
    """WB's remark, such as that a price went to quarantine."""


class UploadedGood(PriceWire, frozen=True):
    """The result of one good, or one size, of an upload."""

    nm_id: int
    vendor_code: str | None = None
    size_id: int | None = None
    tech_size_name: str | None = None
    price: int | float | None = None
    currency_iso_code4217: str | None = None
    """ISO 4217 by letters."""
    discount: int | None = None
    club_discount: int | None = None
    status: int | None = None
    """1 in processing, 2 set, 3 rejected."""
    error_text: str | None = None


class UploadedPage(PriceWire, frozen=True):
    """One page of the goods of a processed upload."""

    upload_id: int | None = None
    history_goods: list[UploadedGood] | None = None


class PendingPage(PriceWire, frozen=True):
    """One page of the goods of an upload in processing."""

    upload_id: int | None = None
    buffer_goods: list[UploadedGood] | None = None


class GoodSize(PriceWire, frozen=True):
    """A size of a good, with its prices."""

    size_id: int
    price: int | float | None = None
    discounted_price: int | float | None = None
    club_discounted_price: int | float | None = None
    tech_size_name: str | None = None


class Good(PriceWire, frozen=True):
    """A good with its prices."""

    nm_id: int
    vendor_code: str | None = None
    sizes: list[GoodSize] | None = None
    currency_iso_code4217: str | None = None
    discount: int | None = None
    club_discount: int | None = None
    editable_size_price: bool | None = None
    """Whether its category allows prices per size."""
    is_bad_turnover: bool | None = None
    """Whether it sells badly; absent otherwise."""
    wholesale_discount_threshold: list[Threshold] | None = None


class GoodsPage(PriceWire, frozen=True):
    """One page of goods."""

    list_goods: list[Good] | None = None
    """None if empty."""


class Size(PriceWire, frozen=True):
    """A size of a good that may have its own price."""

    nm_id: int
    size_id: int
    vendor_code: str | None = None
    price: int | float | None = None
    currency_iso_code4217: str | None = None
    discounted_price: int | float | None = None
    club_discounted_price: int | float | None = None
    discount: int | None = None
    club_discount: int | None = None
    tech_size_name: str | None = None
    editable_size_price: bool | None = None
    is_bad_turnover: bool | None = None


class SizesPage(PriceWire, frozen=True):
    """One page of sizes."""

    list_goods: list[Size] | None = None
    """None if empty."""


class Quarantined(PriceWire, frozen=True):
    """A good in quarantine, sold at the old price: the new one was a third of it or less."""

    nm_id: int
    currency_iso_code4217: str | None = None
    new_price: float | None = None
    new_discount: int | None = None
    old_price: float | None = None
    old_discount: int | None = None
    price_diff: float | None = None
    """The new discounted price minus the old one."""
    size_id: int | None = None
    """Not used by WB."""
    tech_size_name: str | None = None
    """Not used by WB."""


class QuarantinePage(PriceWire, frozen=True):
    """One page of the quarantine."""

    quarantine_goods: list[Quarantined] | None = None
    """None if empty."""


PriceItem: TypeAlias = NewPrice | SizePrice | ClubDiscount

G = TypeVar("G", bound=PriceItem)

_DONE, _CANCELLED, _SOME_FAILED, _ALL_FAILED = 3, 4, 5, 6
_ENDS: Final = {_DONE, _CANCELLED, _SOME_FAILED, _ALL_FAILED}
_SET, _REJECTED = 2, 3


class Uploaded(msgspec.Struct, frozen=True):
    """A good of an upload, with WB's result."""

    upload_id: int
    good: UploadedGood | None = None
    """None before the upload is processed, or if WB does not list the good."""


class UploadReport(msgspec.Struct, frozen=True):
    """ReadOptions an upload ended."""

    state: UploadState
    results: Sequence[Result[Uploaded]]
    """One per good, in the order of the uploaded goods; in WB's order if these are not known."""

    @property
    def upload_id(self) -> int:
        """WB's id of the upload."""
        return self.state.upload_id

    @property
    def failed(self) -> list[Result[Uploaded]]:
        """The goods that were not changed, each with the reason."""
        return [result for result in self.results if result.outcome is not Outcome.DONE]


def _is_done(state: UploadState) -> bool:
    """Whether WB has processed the upload."""
    return state.status in _ENDS


def _report_of(
    state: UploadState, found: Sequence[UploadedGood], goods: Sequence[PriceItem]
) -> UploadReport:
    """The result of each good.

    Args:
        state: ReadOptions the upload ended.
        found: What WB lists in it.
        goods: The uploaded goods; empty if not known.
    """
    if not goods:
        return UploadReport(state, [_result(state, good) for good in found])
    by_key = _by_key(found)
    return UploadReport(state, [_result(state, by_key.get(_price_key(good))) for good in goods])


def _price_key(good: PriceItem) -> Hashable:
    """WB's key of a good or a size."""
    return ("size", good.size_id) if isinstance(good, SizePrice) else ("good", good.nm_id)


def _accepted_uploads(batch: Batch[G, Uploaded]) -> dict[int, list[int]]:
    """The places of goods in unfinished uploads, by upload."""
    found: dict[int, list[int]] = {}
    for place, (_, result) in enumerate(batch):
        if result.outcome is Outcome.ACCEPTED and result.value is not None:
            found.setdefault(result.value.upload_id, []).append(place)
    return found


def _by_key(rows: Iterable[UploadedGood]) -> dict[Hashable, UploadedGood]:
    """The rows by good and by size; of several sizes of a good, preferably a rejected one."""
    found: dict[Hashable, UploadedGood] = {}
    for row in rows:
        if row.size_id is not None:
            found["size", row.size_id] = row
        known = found.get(("good", row.nm_id))
        if known is None or known.status == _SET:
            found["good", row.nm_id] = row
    return found


def _result(state: UploadState, row: UploadedGood | None) -> Result[Uploaded]:
    value = Uploaded(state.upload_id, row)
    if state.status == _CANCELLED:
        return Result(Outcome.FAILED, "the upload was cancelled", value)
    if row is None:
        if state.status == _DONE:
            return Result(Outcome.DONE, value=value)
        return Result(Outcome.FAILED, "WB does not list it in the upload", value)
    if row.status == _REJECTED or state.status == _ALL_FAILED:
        reason = row.error_text or state.error_text or "WB gave no reason"
        return Result(Outcome.FAILED, reason, value)
    if row.status == _SET or state.status == _DONE:
        return Result(Outcome.DONE, value=value)
    return Result(Outcome.UNKNOWN, row.error_text or f"its status is {row.status}", value)


MAX_GOODS: Final = 1000
"""Max goods or sizes in one upload, and articles in one request."""

_COUNT: Final = Count(1, MAX_GOODS)
_DATA: Final = Name("data")
_BY_GOOD: Final = Unique("nm_id")
_BY_SIZE: Final = Unique("size_id")

UploadId = Annotated[int, Name("uploadID")]


def _state(envelope: Envelope[UploadState]) -> UploadState | None:
    check_envelope(envelope)
    if envelope.data is None:
        return None
    return msgspec.structs.replace(envelope.data, error_text=envelope.error_text or None)


def _quarantine(envelope: Envelope[QuarantinePage]) -> QuarantinePage:
    check_envelope(envelope)
    return envelope.data or QuarantinePage()


def _goods(envelope: Envelope[GoodsPage]) -> Sequence[Good]:
    return unwrap(envelope).list_goods or ()


def _wholesale(upload: WholesaleUpload) -> WholesaleUpload:
    known = upload.already_exists or upload.status == 208
    return msgspec.structs.replace(upload, already_exists=known)


_STATE: Final = Json(Envelope[UploadState], _state)
_PAGES: Final = ByOffset("limit", "offset", max_size=1000)


class Prices(
    Group, host="prices", bucket="prices", scope=Category.PRICES.scope, envelope=in_envelope
):
    """``api.prices``.

    All methods share one bucket per seller: 10 calls in 6 seconds, 5 at once; with a base token 4
    an hour.
    """

    @post("/api/v2/upload/task")
    async def set(
        self, goods: Annotated[Sequence[PriceChange], _DATA, _COUNT, _BY_GOOD]
    ) -> PriceUpload:
        """Set prices and discounts.

        WB accepts the upload first and processes it later: ``upload_and_wait`` returns the result.
        A price that falls to a third or less of the old one goes to quarantine instead, and the
        good is still sold at the old price.

        Args:
            goods: 1 to 1,000, each once, with a price, a discount or both.

        Raises:
            BadRequest: A value is invalid, or nothing would change.
            Conflict: The seller's currency is being changed.
            DeliveryUnknown: It may or may not have been accepted.
        """
        ...

    @post("/api/v2/upload/task/size")
    async def set_sizes(
        self, sizes: Annotated[Sequence[SizePrice], _DATA, _COUNT, _BY_SIZE]
    ) -> PriceUpload:
        """Set prices per size.

        Only for goods with ``editable_size_price``, which have no quarantine.

        Args:
            sizes: 1 to 1,000, each once.

        Raises:
            BadRequest: A value is invalid, or nothing would change.
            Conflict: The seller's currency is being changed.
            DeliveryUnknown: It may or may not have been accepted.
        """
        ...

    @post("/api/v2/upload/task/club-discount")
    async def set_club_discounts(
        self, discounts: Annotated[Sequence[ClubDiscount], _DATA, _COUNT, _BY_GOOD]
    ) -> PriceUpload:
        """Set discounts of WB Club.

        Args:
            discounts: 1 to 1,000 goods, each once.

        Raises:
            BadRequest: A value is invalid, or nothing would change.
            Conflict: The seller's currency is being changed.
            DeliveryUnknown: It may or may not have been accepted.
        """
        ...

    @post(
        "/api/discounts-prices/v1/upload/task/b2b/wholesale",
        reply=Json(WholesaleUpload, _wholesale),
    )
    async def set_wholesale_discounts(
        self, goods: Annotated[Sequence[WholesaleDiscounts], _DATA, _COUNT]
    ) -> WholesaleUpload:
        """Set discounts for companies; not with a base token.

        The response has the result of each good.

        Args:
            goods: 1 to 1,000, with 1 to 3 levels each. Quantity and discount rise from level to
                level; a discount of 0 removes its level and the higher ones.

        Raises:
            Forbidden: The token is a base token.
            DeliveryUnknown: They may or may not have been accepted.
        """
        ...

    @get("/api/v2/history/tasks", reply=_STATE)
    async def state(self, upload_id: UploadId) -> UploadState | None:
        """The state of a processed upload.

        Returns:
            None if WB does not list it among the processed uploads.
        """
        ...

    @get("/api/v2/history/goods/task", pages=_PAGES, page=UploadedPage)
    def details(self, upload_id: UploadId) -> Listing[UploadedGood]:
        """The goods of a processed upload, 1,000 per page.

        Args:
            upload_id: The id that WB returned for the upload.
        """
        ...

    @get("/api/v2/buffer/tasks", reply=_STATE)
    async def pending_state(self, upload_id: UploadId) -> UploadState | None:
        """The state of an upload in processing.

        Discounts of a promotion stay in processing until it begins.

        Returns:
            None if WB does not list it among the uploads in processing.
        """
        ...

    @get("/api/v2/buffer/goods/task", pages=_PAGES, page=PendingPage)
    def pending_details(self, upload_id: UploadId) -> Listing[UploadedGood]:
        """The goods of an upload in processing, 1,000 per page.

        Args:
            upload_id: The id that WB returned for the upload.
        """
        ...

    @get("/api/v2/list/goods/filter", pages=_PAGES, page=GoodsPage)
    def list(self, *, nm_id: Annotated[int | None, Name("filterNmID")] = None) -> Listing[Good]:
        """Goods with their prices, 1,000 per page.

        Args:
            nm_id: Only this good.
        """
        ...

    @post(
        "/api/v2/list/goods/filter",
        reads=True,
        reply=Json(Envelope[GoodsPage], _goods, records=("data", "listGoods"), record=Good),
    )
    async def find(
        self, nm_ids: Annotated[Sequence[int], Name("nmList"), _COUNT]
    ) -> Sequence[Good]:
        """Goods with their prices by their articles.

        Args:
            nm_ids: 1 to 1,000.
        """
        ...

    @get("/api/v2/list/goods/size/nm", pages=_PAGES, page=SizesPage)
    def sizes(self, nm_id: Annotated[int, Name("nmID")]) -> Listing[Size]:
        """A good's sizes with their prices, 1,000 per page.

        Only for goods with ``editable_size_price``.

        Args:
            nm_id: The good.
        """
        ...

    @get(
        "/api/v2/quarantine/goods",
        pages=_PAGES,
        page=QuarantinePage,
        reply=Json(
            Envelope[QuarantinePage],
            _quarantine,
            records=("data", "quarantineGoods"),
            record=Quarantined,
        ),
    )
    def quarantine(self) -> Listing[Quarantined]:
        """The goods in quarantine, 1,000 per page."""
        ...

    async def upload(self, goods: Sequence[PriceItem]) -> PriceUpload:
        """Upload goods with the method for their type.

        Args:
            goods: 1 to 1,000 of one type.

        Raises:
            InvalidInput: The goods are of several types, or break a rule of the method.
            DeliveryUnknown: It may or may not have been accepted.
        """
        whole = [good for good in goods if isinstance(good, NewPrice)]
        if len(whole) == len(goods):
            return await self.set(whole)
        sizes = [good for good in goods if isinstance(good, SizePrice)]
        if len(sizes) == len(goods):
            return await self.set_sizes(sizes)
        discounts = [good for good in goods if isinstance(good, ClubDiscount)]
        if len(discounts) == len(goods):
            return await self.set_club_discounts(discounts)
        raise InvalidInput("prices.upload", "goods", "must be of one type", goods)

    async def upload_and_wait(
        self,
        goods: Sequence[PriceItem],
        *,
        timeout: float | None = TIMEOUT,
        poll: float = POLL,
    ) -> UploadReport:
        """Upload once and wait until WB has processed the upload.

        Cancelling this call after the upload does not cancel the upload.

        Args:
            goods: 1 to 1,000 of one type; ``upload_all`` takes more.
            timeout: Max seconds to wait once the upload is accepted; None: no limit.
            poll: Seconds between two polls, which have the lowest priority.

        Raises:
            InvalidInput: The goods break a rule; nothing was sent.
            DeliveryUnknown: It may or may not have been accepted; it is not sent again.
            TaskPending: It was accepted but not processed in time; ``task`` is the id for
                :meth:`wait`.
        """
        upload = await self.upload(goods)
        return await self.wait(upload.id, goods=goods, timeout=timeout, poll=poll)

    async def wait(
        self,
        upload_id: int,
        *,
        goods: Sequence[PriceItem] = (),
        timeout: float | None = TIMEOUT,
        poll: float = POLL,
    ) -> UploadReport:
        """Wait until WB has processed an upload.

        Args:
            upload_id: The id that WB returned for the upload.
            goods: The uploaded goods, so that the results are in their order and include goods that
                WB does not list.
            timeout: Max seconds to wait; None: no limit.
            poll: Seconds between two polls, which have the lowest priority.

        Raises:
            TaskPending: The upload was not processed in time.
        """
        background = Prices(self._pipeline, Priority.BULK)
        ask = partial(background._report, upload_id, goods)
        return await follow(ask, method="prices.wait", task=upload_id, timeout=timeout, poll=poll)

    async def upload_all(
        self,
        goods: Iterable[G] | Batch[G, Uploaded],
        *,
        timeout: float | None = TIMEOUT,
        poll: float = POLL,
        stop: bool = False,
        progress: Progress[G, Uploaded] | None = None,
    ) -> Batch[G, Uploaded]:
        """Upload any number of goods, 1,000 per upload, and wait until WB has processed them.

        All uploads are made first, then each is awaited. Pass the batch again to resume: accepted
        goods are polled, goods not tried are uploaded, the rest is left alone.

        Args:
            goods: Goods of one type, or a batch of them. If a good is given twice, the later one is
                set after the earlier one.
            timeout: Max seconds to wait once all uploads are made; None: no limit.
            poll: Seconds between two polls, which have the lowest priority.
            stop: Whether to stop uploading after the first rejected upload.
            progress: Called after each upload call and after each processed upload.

        Returns:
            The batch. ``stopped`` says why it ended early, if it did.
        """
        batch = goods if isinstance(goods, Batch) else Batch[G, Uploaded](goods)

        async def send(portion: Sequence[G]) -> Sequence[Result[Uploaded]]:
            upload = await self.upload(portion)
            return [Result(Outcome.ACCEPTED, value=Uploaded(upload.id))] * len(portion)

        rules: Rules[G] = Rules(
            max_size=MAX_GOODS,
            max_body_size=MAX_BODY_SIZE,
            check=_check,
            key=_price_key,
        )
        await carry_out(batch, send, rules, stop=stop, progress=progress)
        clock = asyncio.get_running_loop().time
        deadline = None if timeout is None else clock() + timeout
        for upload_id, places in _accepted_uploads(batch).items():
            left = None if deadline is None else max(0.0, deadline - clock())
            sent = [batch.items[place] for place in places]
            try:
                report = await self.wait(upload_id, goods=sent, timeout=left, poll=poll)
            except TaskPending as pending:
                batch.stopped = batch.stopped or pending
                break
            batch.note(places, report.results)
            if progress is not None:
                progress(batch)
        return batch

    async def _report(self, upload_id: int, goods: Sequence[PriceItem]) -> UploadReport | None:
        state = await self.state(upload_id)
        if state is None or not _is_done(state):
            return None
        return _report_of(state, await self.details(upload_id).all(), goods)


_CHECKS: Final = (
    (NewPrice, validator_of(PriceChange)),
    (SizePrice, validator_of(SizePrice)),
    (ClubDiscount, validator_of(ClubDiscount)),
)


def _check(good: object) -> None:
    """Check one good by its method's rules.

    Raises:
        RuleViolation: The good breaks a rule.
    """
    for kind, check in _CHECKS:
        if isinstance(good, kind):
            return check(good)
    raise RuleViolation("must be a NewPrice, a SizePrice or a ClubDiscount", good)
