"""Stock in the seller's warehouses, by size (``chrtID`` of a card's size)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final

import msgspec

from wbym.bulk import DONE, Batch, Outcome, Progress, Result, Rules, carry_out
from wbym.calls import Body, Count, Group, Json, Range, delete, post, put, validator_of
from wbym.errors import Conflict
from wbym_wildberries._limits import MARKETPLACE_COST
from wbym_wildberries._token import Category
from wbym_wildberries.api._base import MAX_BODY_SIZE, Wire, as_is

__all__ = ["Inventory", "NewStock", "RefusedStock", "Stock", "StockRefusal"]

MAX_SIZES: Final = 1000
"""Max sizes per call."""

_ROUNDS = 5
"""Max times that an update is sent, each time without the rejected sizes: a 4XX costs ten calls."""


class Stock(Wire, frozen=True):
    """The stock of a size."""

    amount: int
    chrt_id: int | None = None
    sku: str | None = None
    """The size's barcode, by which stock was counted before."""


class NewStock(Wire, frozen=True):
    """The stock to set for a size."""

    chrt_id: int
    amount: Annotated[int, Range(0, 100_000)]
    """Pieces, 0 to 100,000: the absolute stock, not a change."""


class RefusedStock(Wire, frozen=True):
    """A size whose amount WB rejected."""

    chrt_id: int | None = None
    sku: str | None = None
    """The size's barcode, by which stock was counted before."""
    amount: int | None = None


class StockRefusal(Wire, frozen=True):
    """A reason why WB rejects an update, with the sizes concerned."""

    code: str | None = None
    message: str | None = None
    data: list[RefusedStock] | None = None


class _Stocks(msgspec.Struct):
    stocks: list[Stock] | None = None


_PATH = "/api/v3/stocks/{warehouseId}"

Sizes = Annotated[Sequence[int], Count(1, MAX_SIZES)]


class Inventory(
    Group,
    host="marketplace",
    bucket="inventory",
    scope=Category.MARKETPLACE.scope,
    cost=MARKETPLACE_COST,
    envelope=as_is,
):
    """``api.inventory``.

    Reading and updating share one bucket per seller: 300 calls per minute, 20 at once. Deleting has
    its own: 10 per minute, 2 at once. In both a 4XX counts as ten calls.
    """

    @post(
        _PATH,
        reads=True,
        reply=Json(_Stocks, lambda body: body.stocks or [], records=("stocks",), record=Stock),
    )
    async def read(self, warehouse_id: int, chrt_ids: Sizes) -> Sequence[Stock]:
        """Read stock.

        Args:
            warehouse_id: The warehouse.
            chrt_ids: The sizes, 1 to 1,000.

        Raises:
            NotFound: The warehouse does not exist.
        """
        ...

    # Amounts are absolute, so a second call changes nothing more.
    @put(_PATH, idempotent=True, refusal=list[StockRefusal])
    async def update(
        self, warehouse_id: int, stocks: Annotated[Sequence[NewStock], Count(1, MAX_SIZES)]
    ) -> None:
        """Set stock.

        Args:
            warehouse_id: The warehouse.
            stocks: 1 to 1,000 sizes, 0 to 100,000 pieces of each.

        Raises:
            Conflict: WB rejects some of the sizes, and with them the call; ``details`` lists them,
                as :class:`StockRefusal`.
            BadRequest: WB has blocked updates for now (406), or the request is invalid.
        """
        ...

    @delete(_PATH, buckets=("inventory.delete",))
    async def delete(self, warehouse_id: int, chrt_ids: Annotated[Sizes, Body()]) -> None:
        """Delete stock permanently.

        This cannot be undone: the sizes are not sold until stock is set again.

        Args:
            warehouse_id: The warehouse.
            chrt_ids: The sizes, 1 to 1,000.

        Raises:
            Conflict: The warehouse is being changed; try again in a few seconds.
            DeliveryUnknown: It may or may not have been deleted; read the stock.
        """
        ...

    async def read_all(
        self,
        warehouse_id: int,
        chrt_ids: Iterable[int] | Batch[int, Stock],
        *,
        stop: bool = False,
        progress: Progress[int, Stock] | None = None,
    ) -> Batch[int, Stock]:
        """Read the stock of any number of sizes, 1,000 per call.

        Args:
            warehouse_id: The warehouse.
            chrt_ids: The sizes, or a batch of them to resume.
            stop: Whether to stop at the first rejected call.
            progress: Called after each call.

        Returns:
            The batch. A size that WB does not list has no ``value``.
        """
        batch = chrt_ids if isinstance(chrt_ids, Batch) else Batch[int, Stock](chrt_ids)

        async def send(sizes: Sequence[int]) -> Sequence[Result[Stock]]:
            stocks = await self.read(warehouse_id, sizes)
            found = {stock.chrt_id: stock for stock in stocks}
            return [Result(Outcome.DONE, value=found.get(size)) for size in sizes]

        rules = Rules[int](max_size=MAX_SIZES, idempotent=True)
        return await carry_out(batch, send, rules, stop=stop, progress=progress)

    async def update_all(
        self,
        warehouse_id: int,
        stocks: Iterable[NewStock] | Batch[NewStock, None],
        *,
        stop: bool = False,
        progress: Progress[NewStock, None] | None = None,
    ) -> Batch[NewStock, None]:
        """Set the stock of any number of sizes, 1,000 per call.

        WB rejects a whole call because of one size. If it names the sizes, they fail with its
        reason, and the call is repeated without them.

        Args:
            warehouse_id: The warehouse.
            stocks: Sizes with their amounts, or a batch of them to resume. If a size is given
                twice, the later amount is set after the earlier one.
            stop: Whether to stop at the first rejected call.
            progress: Called after each portion.
        """
        batch = stocks if isinstance(stocks, Batch) else Batch[NewStock, None](stocks)

        async def send(portion: Sequence[NewStock]) -> Sequence[Result[None]]:
            rejected: dict[int, str] = {}
            rest = portion
            for attempt in range(1, _ROUNDS + 1):
                try:
                    await self.update(warehouse_id, rest)
                    break
                except Conflict as conflict:
                    named = _named(conflict)
                    left = [stock for stock in rest if stock.chrt_id not in named]
                    if stop or attempt == _ROUNDS or len(left) == len(rest):
                        raise
                    rejected |= named
                    rest = left
                if not rest:
                    break
            return [
                Result(Outcome.FAILED, rejected[stock.chrt_id])
                if stock.chrt_id in rejected
                else DONE
                for stock in portion
            ]

        return await carry_out(batch, send, _UPDATING, stop=stop, progress=progress)

    async def delete_all(
        self,
        warehouse_id: int,
        chrt_ids: Iterable[int] | Batch[int, None],
        *,
        stop: bool = False,
        progress: Progress[int, None] | None = None,
    ) -> Batch[int, None]:
        """Delete stock of any number of sizes permanently, 1,000 per call.

        This cannot be undone. After a call with an unknown outcome its sizes are marked so, and it
        is not repeated.

        Args:
            warehouse_id: The warehouse.
            chrt_ids: The sizes, or a batch of them to resume.
            stop: Whether to stop at the first rejected call.
            progress: Called after each call.
        """
        batch = chrt_ids if isinstance(chrt_ids, Batch) else Batch[int, None](chrt_ids)

        async def send(sizes: Sequence[int]) -> Sequence[Result[None]]:
            await self.delete(warehouse_id, sizes)
            return [DONE] * len(sizes)

        rules = Rules[int](max_size=MAX_SIZES)
        return await carry_out(batch, send, rules, stop=stop, progress=progress)


_UPDATING: Rules[NewStock] = Rules(
    max_body_size=MAX_BODY_SIZE,
    max_size=MAX_SIZES,
    idempotent=True,
    check=validator_of(NewStock),
    key=lambda stock: stock.chrt_id,
)


def _named(conflict: Conflict) -> Mapping[int, str]:
    """The sizes that a rejected update names, with the reasons; empty if it names none."""
    reasons: Sequence[StockRefusal] = conflict.details if isinstance(conflict.details, list) else ()
    return {
        stock.chrt_id: reason.message or reason.code or "WB gave no reason"
        for reason in reasons
        for stock in reason.data or ()
        if stock.chrt_id is not None
    }
