"""Prices of any number of goods: lists as iterators, uploads followed to their end."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeAlias, TypeVar

import msgspec

from wbym.calls import Endpoint, QueryValue
from wbym.errors import InvalidInput, TaskPending
from wbym.limits import Priority
from wbym.paging import Chunk, Listing, Turn, by_offset
from wbym_wildberries.api import prices
from wbym_wildberries.api.price_records import (
    ClubDiscount,
    Good,
    NewPrice,
    PriceUpload,
    Quarantined,
    Size,
    SizePrice,
    UploadedGood,
    UploadState,
)
from wbym_wildberries.batches import Batch, Outcome, Progress, Result, Rules, carry_out
from wbym_wildberries.tasks import POLL, TIMEOUT, follow

__all__ = ["PriceItem", "Prices", "UploadReport", "Uploaded"]

PriceItem: TypeAlias = NewPrice | SizePrice | ClubDiscount

P = TypeVar("P")
T = TypeVar("T")
G = TypeVar("G", bound=PriceItem)

_CANCELLED = 4
_SET, _REFUSED = 2, 3
_DONE, _SOME_FAILED, _ALL_FAILED = 3, 5, 6
_WAIT = "prices.wait"


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


class Prices(prices.PriceMethods):
    """``api.prices``.

    All methods share one bucket a seller: 10 calls in 6 seconds, 5 at once; with a base token 4 an
    hour.
    """

    def all_goods(self, *, cursor: str | None = None, ahead: int | None = None) -> Listing[Good]:
        """Every good with its prices, 1,000 a page (GET /api/v2/list/goods/filter)."""
        return self._listing(
            prices.LIST, prices.list_query(None), lambda page: page.goods, cursor, ahead
        )

    def all_sizes(self, nm_id: int, *, cursor: str | None = None) -> Listing[Size]:
        """Every size of a good with its prices (GET /api/v2/list/goods/size/nm)."""
        return self._listing(prices.SIZES, {"nmID": nm_id}, lambda page: page.sizes, cursor)

    def all_quarantined(
        self, *, cursor: str | None = None, ahead: int | None = None
    ) -> Listing[Quarantined]:
        """Every good in quarantine (GET /api/v2/quarantine/goods)."""
        return self._listing(prices.QUARANTINE, {}, lambda page: page.goods, cursor, ahead)

    def all_details(self, upload_id: int, *, cursor: str | None = None) -> Listing[UploadedGood]:
        """Every good of an upload that is done (GET /api/v2/history/goods/task)."""
        query = prices.upload_query(upload_id)
        return self._listing(prices.DETAILS, query, lambda page: page.goods, cursor)

    def all_pending_details(
        self, upload_id: int, *, cursor: str | None = None
    ) -> Listing[UploadedGood]:
        """Every good of an upload in processing (GET /api/v2/buffer/goods/task)."""
        query = prices.upload_query(upload_id)
        return self._listing(prices.PENDING_DETAILS, query, lambda page: page.goods, cursor)

    async def upload(self, goods: Sequence[PriceItem]) -> PriceUpload:
        """Make the one upload that goes with the type of the goods. Not repeatable.

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
        return await follow(ask, method=_WAIT, task=upload_id, timeout=timeout, poll=poll)

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

        rules: Rules[G] = Rules(most=prices.GOODS_MOST, check=_check, key=_key)
        await carry_out(batch, send, rules, stop=stop, progress=progress)
        clock = asyncio.get_running_loop().time
        deadline = None if timeout is None else clock() + timeout
        for upload_id, places in _uploads(batch).items():
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
        if state is None or state.status not in {_DONE, _CANCELLED, _SOME_FAILED, _ALL_FAILED}:
            return None
        rows = await self.all_details(upload_id).all()
        if not goods:
            return UploadReport(state, [_result(state, row) for row in rows])
        found = _by_key(rows)
        return UploadReport(state, [_result(state, found.get(_key(good))) for good in goods])

    def _listing(
        self,
        endpoint: Endpoint[P],
        query: Mapping[str, QueryValue],
        records: Callable[[P], list[T]],
        cursor: str | None,
        ahead: int | None = None,
    ) -> Listing[T]:
        async def fetch(offset: int, size: int, turn: Turn) -> Chunk[T]:
            answer = await self._pipeline.call(
                endpoint,
                query={**query, "limit": size, "offset": offset},
                priority=self._priority,
                turn=turn,
            )
            items = records(answer.value)
            count = len(items) + len(answer.set_aside)
            return Chunk(items, count, set_aside=answer.set_aside)

        return by_offset(fetch, prices.PAGES, method=endpoint.name, cursor=cursor, ahead=ahead)


def _key(good: PriceItem) -> Hashable:
    """What WB knows a good, or a size, by."""
    return ("size", good.size_id) if isinstance(good, SizePrice) else ("good", good.nm_id)


def _check(good: PriceItem) -> None:
    if isinstance(good, NewPrice):
        prices.check_price(good)
    elif isinstance(good, SizePrice):
        prices.check_size_price(good)
    else:
        prices.check_club_discount(good)


def _uploads(batch: Batch[G, Uploaded]) -> dict[int, list[int]]:
    """The places of what was accepted and is not known to be done, by upload."""
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
