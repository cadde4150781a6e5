"""Prices and discounts: setting them, what became of it, reading them."""

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Annotated, Final, TypeVar

import msgspec

from wbym.bulk import POLL, TIMEOUT, Batch, Outcome, Progress, Result, Rules, carry_out, follow
from wbym.calls import Broken, Count, Group, Json, Name, Unique, check_of, get, post
from wbym.errors import InvalidInput, TaskPending
from wbym.limits import Priority
from wbym.paging import ByOffset, Listing
from wbym_wildberries.api.base import MAX_BODY_SIZE, Envelope, check_envelope, in_envelope, opened
from wbym_wildberries.api.price_records import (
    ClubDiscount,
    Good,
    GoodsPage,
    NewPrice,
    PendingPage,
    PriceChange,
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
from wbym_wildberries.api.price_uploads import (
    PriceItem,
    Uploaded,
    UploadReport,
    accepted_uploads,
    is_done,
    price_key,
    report_of,
)
from wbym_wildberries.token import Category

__all__ = ["MAX_GOODS", "PriceItem", "Prices", "UploadReport", "Uploaded"]

G = TypeVar("G", bound=PriceItem)

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
            key=price_key,
        )
        await carry_out(batch, send, rules, stop=stop, progress=progress)
        clock = asyncio.get_running_loop().time
        deadline = None if timeout is None else clock() + timeout
        for upload_id, places in accepted_uploads(batch).items():
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
        if state is None or not is_done(state):
            return None
        return report_of(state, await self.details(upload_id).all(), goods)


_CHECKS: Final = (
    (NewPrice, check_of(PriceChange)),
    (SizePrice, check_of(SizePrice)),
    (ClubDiscount, check_of(ClubDiscount)),
)


def _check(good: object) -> None:
    """Check one good as its method does.

    Raises:
        Broken: It breaks a rule.
    """
    for kind, check in _CHECKS:
        if isinstance(good, kind):
            return check(good)
    raise Broken("must be a NewPrice, a SizePrice or a ClubDiscount", good)
