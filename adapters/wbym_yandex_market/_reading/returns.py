"""Returns: their shops, their available decisions, and deciding them."""

from __future__ import annotations  # the API's modules are loaded at their first use

from contextlib import aclosing
from typing import TYPE_CHECKING

import msgspec

from wbym.domain import Decision, Money, Return
from wbym.errors import InvalidInput, NotFound
from wbym_yandex_market import _mapping as mapping
from wbym_yandex_market._cabinet import Cabinet
from wbym_yandex_market._reading.lists import list_returns

if TYPE_CHECKING:
    from wbym_yandex_market.api import Api
    from wbym_yandex_market.api.returns import Return as WireReturn

__all__ = ["Decider"]


class _Place(msgspec.Struct, frozen=True):
    """The ids of a return in Market's paths."""

    campaign: int
    order: int
    number: int


class Decider:
    """Reads and decides the returns of one business.

    Args:
        api: The account's operations.
        cabinet: The account's business and shops.
    """

    def __init__(self, api: Api, cabinet: Cabinet) -> None:
        self._api = api
        self._cabinet = cabinet

    async def decisions(self, item: Return) -> list[Decision]:
        """The available decisions of a return."""
        place = await self._place("decisions", item)
        found = await self._api.returns.decisions(place.campaign, place.number)
        return [mapping.decision(wire) for wire in found.available_decisions]

    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None,
        reason: str | None,
        amount: Money | None,
    ) -> None:
        """Decide all positions of a return."""
        from wbym_yandex_market.api.returns import ItemDecision

        place = await self._place("decide", item)
        positions = [part.id for part in item.items if part.id is not None]
        if not positions:
            positions = await self._positions(place)
        if amount is not None and len(positions) > 1:
            rule = (
                "is only for returns with one position: api.returns.submit_decision takes an "
                "amount per position"
            )
            raise InvalidInput("decide", "amount", rule, amount)
        await self._api.returns.submit_decision(
            place.campaign,
            place.order,
            place.number,
            [
                ItemDecision(
                    return_item_id=int(position),
                    decision_type=decision.id,
                    decision_reason_type=reason,
                    comment=comment,
                    compensation=None if amount is None else mapping.money_to_wire(amount),
                )
                for position in positions
            ],
        )

    async def read(self, number: int, known: Return | None) -> Return:
        """Read a return by its shop and order if known, else find it in the lists.

        Raises:
            NotFound: No return has this id.
        """
        order = self._cabinet.order_of(number)
        if order is None and known is not None and known.order is not None and known.order.id:
            order = int(known.order.id)
        if order is None:
            return await self._listed(number)
        shop = self._cabinet.shop_of(number)
        if shop is None:
            _, wire = await self._search(order, number)
        else:
            wire = await self._api.returns.get(shop, order, number)
        return mapping.return_request(wire, self._cabinet.account)

    async def _listed(self, number: int) -> Return:
        account = self._cabinet.account
        found = list_returns(self._api, self._cabinet, statuses=None)
        async with aclosing(found.records()) as items:
            async for item in items:
                if item.ref.id == str(number):
                    return item
        raise NotFound(
            f"return {number} does not exist",
            marketplace=mapping.MARKETPLACE,
            account=account,
            endpoint="returns.list",
        )

    async def _place(self, method: str, item: Return) -> _Place:
        number = int(item.ref.id)
        if item.order is None or item.order.id is None:
            raise InvalidInput(method, "item", "must have its order's id", item.ref)
        order = int(item.order.id)
        shop = self._cabinet.shop_of(number)
        if shop is None:
            shops = await self._cabinet.campaigns()
            shop = shops[0] if len(shops) == 1 else (await self._search(order, number))[0]
        return _Place(shop, order, number)

    async def _search(self, order: int, number: int) -> tuple[int, WireReturn]:
        """Find a return's shop, which Market's record does not name; with the return."""
        missing: NotFound | None = None
        for shop in await self._cabinet.campaigns():
            try:
                wire = await self._api.returns.get(shop, order, number)
            except NotFound as error:
                missing = error
            else:
                self._cabinet.remember(number, shop, order)
                return shop, wire
        if missing is not None:
            raise missing
        raise InvalidInput("decide", "item", "must be of a shop whose API is enabled", number)

    async def _positions(self, place: _Place) -> list[str]:
        wire = await self._api.returns.get(place.campaign, place.order, place.number)
        item = mapping.return_request(wire, self._cabinet.account)
        found = [part.id for part in item.items if part.id is not None]
        if not found:
            rule = "must have positions with ids, and Market lists none"
            raise InvalidInput("decide", "item", rule, item.ref)
        return found
