"""Prices and discounts: setting them, what became of it, reading them."""

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
    opened,
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
    """Prices and Discounts write ``nmID`` and ``sizeID`` where others write ``nmId``."""
    first, *rest = field.split("_")
    return first + "".join("ID" if word == "id" else word.capitalize() for word in rest)


class PriceWire(Wire, frozen=True, rename=_name):
    """The base of what this category sends."""


Amount = Annotated[int, Range(1)]
Percent = Annotated[int, Range(0, 99)]
"""WB publishes no bounds of discounts; beyond this nothing would be left to pay."""


class NewPrice(PriceWire, frozen=True, omit_defaults=True):
    """What to set for a good: a price, a discount, or both."""

    nm_id: int
    price: Amount | None = None
    """Before the discount, whole, in the seller's currency; at least 1."""
    discount: Percent | None = None
    """Per cent, 0 to 99."""


class SetsSomething(msgspec.Struct, frozen=True):
    """There is a price or a discount."""

    def violation(self, good: NewPrice, /) -> str | None:
        """See :class:`wbym.calls._annotations.Rule`."""
        is_empty = good.price is None and good.discount is None
        return "must have a price or a discount" if is_empty else None


PriceChange = Annotated[NewPrice, SetsSomething()]


class SizePrice(PriceWire, frozen=True):
    """What to set for one size of a good."""

    nm_id: int
    size_id: int
    """``chrtID`` of the card's size."""
    price: Amount
    """At least 1."""


class ClubDiscount(PriceWire, frozen=True):
    """What to set for the buyers of WB Club."""

    nm_id: int
    club_discount: Percent
    """Per cent, 0 to 99."""


class Threshold(Wire, frozen=True):
    """A wholesale discount: from how many pieces on, how much."""

    level: int
    min_quantity: int
    wholesale_discount: int
    """Per cent. In a request 0 takes this level and all higher ones away."""


class WholesaleDiscounts(Wire, frozen=True):
    """What to set for buyers that are companies."""

    nm_id: int
    wholesale_discount_threshold: Annotated[list[Threshold], Count(1, 3)]
    """1 to 3 levels. Quantity and discount rise from level to level."""


class PriceUpload(Wire, frozen=True):
    """An upload that WB has taken and works on."""

    id: int
    already_exists: bool = False
    """Whether WB already had the very same upload: ``id`` is then that one's."""


class WholesaleError(Wire, frozen=True):
    """Why a good of a wholesale upload was refused."""

    detail: str | None = None
    status: int | None = None
    title: str | None = None


class WholesaleResult(Wire, frozen=True):
    """What became of one good of a wholesale upload."""

    nm_id: int
    success: bool
    error: WholesaleError | None = None


class WholesaleUpload(Wire, frozen=True):
    """What WB answers to a wholesale upload; where it had it already, without id and results."""

    id: int | None = None
    already_exists: bool = False
    results: list[WholesaleResult] | None = None
    status: int | None = None
    """208, where it had it already."""
    title: str | None = None
    detail: str | None = None
    request_id: str | None = None
    origin: str | None = None


class UploadState(PriceWire, frozen=True):
    """How far an upload is."""

    upload_id: int
    status: int
    """1 in processing; 3 done, 4 cancelled, 5 done with errors, 6 all goods have errors."""
    upload_date: datetime | None = None
    """When it was made."""
    activation_date: datetime | None = None
    """When its processing began, or is to begin."""
    over_all_goods_number: int | None = None
    success_goods_number: int | None = None
    """0 while it is in processing."""
    error_text: str | None = None
    """What WB says beside the state, such as that a price went to quarantine."""


class UploadedGood(PriceWire, frozen=True):
    """What became of one good, or one size, of an upload."""

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
    """1 in processing, 2 set, 3 refused."""
    error_text: str | None = None


class UploadedPage(PriceWire, frozen=True):
    """One page of the goods of an upload that is done."""

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
    """Whether its category lets sizes have prices of their own."""
    is_bad_turnover: bool | None = None
    """Whether it sells badly; absent where it does not."""
    wholesale_discount_threshold: list[Threshold] | None = None


class GoodsPage(PriceWire, frozen=True):
    """One page of goods."""

    list_goods: list[Good] | None = None
    """None where there are none."""


class Size(PriceWire, frozen=True):
    """A size of a good that may have a price of its own."""

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
    """None where there are none."""


class Quarantined(PriceWire, frozen=True):
    """A good whose new price was a third of the old one or less: it sells at the old one."""

    nm_id: int
    currency_iso_code4217: str | None = None
    new_price: float | None = None
    new_discount: int | None = None
    old_price: float | None = None
    old_discount: int | None = None
    price_diff: float | None = None
    """The new discounted price less the old one."""
    size_id: int | None = None
    """WB does not use it."""
    tech_size_name: str | None = None
    """WB does not use it."""


class QuarantinePage(PriceWire, frozen=True):
    """One page of the quarantine."""

    quarantine_goods: list[Quarantined] | None = None
    """None where there are none."""


PriceItem: TypeAlias = NewPrice | SizePrice | ClubDiscount

G = TypeVar("G", bound=PriceItem)

_DONE, _CANCELLED, _SOME_FAILED, _ALL_FAILED = 3, 4, 5, 6
_ENDS: Final = {_DONE, _CANCELLED, _SOME_FAILED, _ALL_FAILED}
_SET, _REFUSED = 2, 3


class Uploaded(msgspec.Struct, frozen=True):
    """Where to look for a good of an upload, and what WB says of it."""

    upload_id: int
    good: UploadedGood | None = None
    """None before the upload is done, and where WB does not list the good."""


class UploadReport(msgspec.Struct, frozen=True):
    """How an upload ended."""

    state: UploadState
    results: Sequence[Result[Uploaded]]
    """One a good, in the order of what was uploaded; in WB's where that was not told."""

    @property
    def upload_id(self) -> int:
        """WB's id of it."""
        return self.state.upload_id

    @property
    def failed(self) -> list[Result[Uploaded]]:
        """The goods that were not changed, each with the reason."""
        return [result for result in self.results if result.outcome is not Outcome.DONE]


def _is_done(state: UploadState) -> bool:
    """Whether WB works on the upload no more."""
    return state.status in _ENDS


def _report_of(
    state: UploadState, found: Sequence[UploadedGood], goods: Sequence[PriceItem]
) -> UploadReport:
    """What became of each good.

    Args:
        state: How the upload ended.
        found: What WB lists in it.
        goods: What was uploaded; empty where that is not known.
    """
    if not goods:
        return UploadReport(state, [_result(state, good) for good in found])
    by_key = _by_key(found)
    return UploadReport(state, [_result(state, by_key.get(_price_key(good))) for good in goods])


def _price_key(good: PriceItem) -> Hashable:
    """What WB knows a good, or a size, by."""
    return ("size", good.size_id) if isinstance(good, SizePrice) else ("good", good.nm_id)


def _accepted_uploads(batch: Batch[G, Uploaded]) -> dict[int, list[int]]:
    """The places of goods whose upload is not known to be done, by upload."""
    found: dict[int, list[int]] = {}
    for place, (_, result) in enumerate(batch):
        if result.outcome is Outcome.ACCEPTED and result.value is not None:
            found.setdefault(result.value.upload_id, []).append(place)
    return found


def _by_key(rows: Iterable[UploadedGood]) -> dict[Hashable, UploadedGood]:
    """The rows by good and by size; of several sizes of a good, one that was refused."""
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
    if row.status == _REFUSED or state.status == _ALL_FAILED:
        reason = row.error_text or state.error_text or "WB gave no reason"
        return Result(Outcome.FAILED, reason, value)
    if row.status == _SET or state.status == _DONE:
        return Result(Outcome.DONE, value=value)
    return Result(Outcome.UNKNOWN, row.error_text or f"its status is {row.status}", value)


MAX_GOODS: Final = 1000
"""Goods, or sizes, in one upload, and articles in one question."""

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
    return opened(envelope).list_goods or ()


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

        WB takes the upload first and works on it later: ``upload_and_wait`` tells what became of
        it. A price that falls to a third or less of the old one goes to quarantine instead, and
        the good sells at the old one.

        Args:
            goods: 1 to 1,000, each once, with a price, a discount or both.

        Raises:
            BadRequest: WB finds a value wrong, or nothing to change.
            Conflict: The seller is changing its currency.
            DeliveryUnknown: It may or may not have been taken.
        """
        ...

    @post("/api/v2/upload/task/size")
    async def set_sizes(
        self, sizes: Annotated[Sequence[SizePrice], _DATA, _COUNT, _BY_SIZE]
    ) -> PriceUpload:
        """Set prices of single sizes.

        Only for goods with ``editable_size_price``. There is no quarantine for them.

        Args:
            sizes: 1 to 1,000, each once.

        Raises:
            BadRequest: WB finds a value wrong, or nothing to change.
            Conflict: The seller is changing its currency.
            DeliveryUnknown: It may or may not have been taken.
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
            BadRequest: WB finds a value wrong, or nothing to change.
            Conflict: The seller is changing its currency.
            DeliveryUnknown: It may or may not have been taken.
        """
        ...

    @post(
        "/api/discounts-prices/v1/upload/task/b2b/wholesale",
        reply=Json(WholesaleUpload, _wholesale),
    )
    async def set_wholesale_discounts(
        self, goods: Annotated[Sequence[WholesaleDiscounts], _DATA, _COUNT]
    ) -> WholesaleUpload:
        """Set discounts for companies; a base token may not.

        The answer says at once what became of each good.

        Args:
            goods: 1 to 1,000, with 1 to 3 levels each. Quantity and discount rise from level to
                level; a discount of 0 takes its level and the higher ones away.

        Raises:
            Forbidden: The token is a base one.
            DeliveryUnknown: They may or may not have been taken.
        """
        ...

    @get("/api/v2/history/tasks", reply=_STATE)
    async def state(self, upload_id: UploadId) -> UploadState | None:
        """How an upload ended.

        Returns:
            None where WB does not list it among those that it is done with.
        """
        ...

    @get("/api/v2/history/goods/task", pages=_PAGES, page=UploadedPage)
    def details(self, upload_id: UploadId) -> Listing[UploadedGood]:
        """The goods of an upload that is done, 1,000 a page.

        Args:
            upload_id: What WB answered to the upload.
        """
        ...

    @get("/api/v2/buffer/tasks", reply=_STATE)
    async def pending_state(self, upload_id: UploadId) -> UploadState | None:
        """How far an upload in processing is.

        Discounts of a promotion wait here for its beginning.

        Returns:
            None where WB does not list it among those in processing.
        """
        ...

    @get("/api/v2/buffer/goods/task", pages=_PAGES, page=PendingPage)
    def pending_details(self, upload_id: UploadId) -> Listing[UploadedGood]:
        """The goods of an upload in processing, 1,000 a page.

        Args:
            upload_id: What WB answered to the upload.
        """
        ...

    @get("/api/v2/list/goods/filter", pages=_PAGES, page=GoodsPage)
    def list(self, *, nm_id: Annotated[int | None, Name("filterNmID")] = None) -> Listing[Good]:
        """Goods with their prices, 1,000 a page.

        Args:
            nm_id: That one good only.
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
        """A good's sizes with their prices, 1,000 a page.

        Only for goods with ``editable_size_price``.

        Args:
            nm_id: Of which good.
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
        """The goods in quarantine, 1,000 a page."""
        ...

    async def upload(self, goods: Sequence[PriceItem]) -> PriceUpload:
        """Make the one upload that goes with the type of the goods.

        Args:
            goods: 1 to 1,000 of one type.

        Raises:
            InvalidInput: They are of several types, or break a rule of the method.
            DeliveryUnknown: It may or may not have been taken.
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
        """Upload once and wait until WB has worked on it.

        Cancelling it after the upload leaves the upload at WB.

        Args:
            goods: 1 to 1,000 of one type; ``upload_all`` takes more.
            timeout: Seconds to wait at most once the upload is accepted; None: as long as it takes.
            poll: Seconds between two questions. They let all other calls go first.

        Raises:
            InvalidInput: The goods break a rule; nothing was sent.
            DeliveryUnknown: It may or may not have been taken; it is not sent again.
            TaskPending: It was accepted and is not known to be done; ``task`` is the id for
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
        """Wait until WB has worked on an upload.

        Args:
            upload_id: What WB answered to the upload.
            goods: What was uploaded, so that the results come in its order and tell of goods that
                WB does not list.
            timeout: Seconds to wait at most; None: as long as it takes.
            poll: Seconds between two questions. They let all other calls go first.

        Raises:
            TaskPending: It is not known to be done.
        """
        asking = Prices(self._pipeline, Priority.BULK)
        ask = partial(asking._report, upload_id, goods)
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
        """Upload any number of goods, 1,000 an upload, and wait until WB has worked on them.

        All uploads are made first, then each is waited for. Pass the batch again to go on: what was
        accepted is asked for, what was not tried is uploaded, the rest is left alone.

        Args:
            goods: Of one type, or a batch of them. Where one comes twice, the later one is set
                after the earlier one.
            timeout: Seconds to wait at most once all uploads are made; None: as long as it takes.
            poll: Seconds between two questions. They let all other calls go first.
            stop: Whether to make no further upload once one is refused.
            progress: Is told after each call that uploads and after each upload that is done.

        Returns:
            The batch. ``stopped`` says why it ended early, where it did.
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
    """Check one good as its method does.

    Raises:
        RuleViolation: It breaks a rule.
    """
    for kind, check in _CHECKS:
        if isinstance(good, kind):
            return check(good)
    raise RuleViolation("must be a NewPrice, a SizePrice or a ClubDiscount", good)
