"""Deciding about returns: whose shop's it is, what is possible, what goes with a decision."""

from __future__ import annotations  # the API's modules are loaded when they are first asked for

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from wbym.domain import Decision, Money, Return
from wbym.errors import InvalidInput, NotFound
from wbym_yandex_market import mapping
from wbym_yandex_market.api import Api
from wbym_yandex_market.api.base import Money as WireMoney
from wbym_yandex_market.api.bounds import COMMENT_REQUIRED, DECLINE, PARTIAL
from wbym_yandex_market.cabinet import Cabinet

if TYPE_CHECKING:
    from wbym_yandex_market.api.returns import AvailableDecision

__all__ = ["Deciding"]


class _Place(msgspec.Struct, frozen=True):
    """Where a return is in Market's addresses."""

    campaign: int
    order: int
    number: int


class Deciding:
    """Decides about the returns of one business.

    Args:
        api: The typed methods.
        cabinet: Knows the shops.
    """

    def __init__(self, api: Api, cabinet: Cabinet) -> None:
        self._api = api
        self._cabinet = cabinet

    async def possible(self, item: Return) -> list[AvailableDecision]:
        """What may be decided about a return now."""
        place = await self._place("decisions", item)
        told = await self._api.returns.decisions(place.campaign, place.number)
        return told.available_decisions

    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None,
        reason: str | None,
        amount: Money | None,
    ) -> None:
        """Decide about all positions of a return; see ``YandexMarket.decide``."""
        from wbym_yandex_market.api.returns import ItemDecision

        place = await self._place("decide", item)
        told = await self._api.returns.decisions(place.campaign, place.number)
        wire = _chosen(decision, told.available_decisions)
        _check_reason(wire, reason)
        if not comment and wire.decision_type in COMMENT_REQUIRED:
            raise InvalidInput("decide", "comment", f"is needed with {wire.decision_type}", comment)
        compensation = _compensation(wire, amount)
        positions = [part.id for part in item.items if part.id is not None]
        if not positions:
            positions = await self._positions(place)
        if compensation is not None and len(positions) > 1:
            rule = (
                "is taken for returns of one position only: with api.returns.submit_decision each "
                "position gets its own"
            )
            raise InvalidInput("decide", "amount", rule, amount)
        await self._api.returns.submit_decision(
            place.campaign,
            place.order,
            place.number,
            [
                ItemDecision(
                    return_item_id=number_of("decide", "items", position),
                    decision_type=wire.decision_type,
                    decision_reason_type=reason,
                    comment=comment,
                    compensation=compensation,
                )
                for position in positions
            ],
        )

    async def reread(self, item: Return) -> Return:
        """A return as it is now; see ``YandexMarket.reread``."""
        place = await self._place("reread", item)
        wire = await self._api.returns.get(place.campaign, place.order, place.number)
        return mapping.refund(wire, self._cabinet.account)

    async def _place(self, method: str, item: Return) -> _Place:
        number = number_of(method, "ref", item.ref.id)
        if item.order is None or item.order.id is None:
            raise InvalidInput(method, "item", "must have its order's id", item.ref)
        order = number_of(method, "order", item.order.id)
        shop = self._cabinet.shop_of(number)
        if shop is None:
            shop = await self._find(order, number)
        return _Place(shop, order, number)

    async def _find(self, order: int, number: int) -> int:
        """The shop of a return that this process has not listed: Market's record does not say."""
        shops = await self._cabinet.campaigns()
        if len(shops) == 1:
            return shops[0]
        missing: NotFound | None = None
        for shop in shops:
            try:
                await self._api.returns.get(shop, order, number)
            except NotFound as error:
                missing = error
            else:
                self._cabinet.remember(number, shop)
                return shop
        if missing is not None:
            raise missing
        raise InvalidInput("decide", "item", "must be of a shop whose API is open", number)

    async def _positions(self, place: _Place) -> list[str]:
        wire = await self._api.returns.get(place.campaign, place.order, place.number)
        item = mapping.refund(wire, self._cabinet.account)
        found = [part.id for part in item.items if part.id is not None]
        if not found:
            rule = "must have positions with ids, and Market tells none"
            raise InvalidInput("decide", "item", rule, item.ref)
        return found


def number_of(method: str, argument: str, text: str) -> int:
    """An id as Market has it.

    Raises:
        InvalidInput: It is no number from 1 on.
    """
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    if number < 1:
        raise InvalidInput(method, argument, "must be an id of Market, digits only", text)
    return number


def _chosen(decision: Decision, available: Sequence[AvailableDecision]) -> AvailableDecision:
    for wire in available:
        if wire.decision_type == decision.id:
            return wire
    words = [wire.decision_type for wire in available]
    rule = f"must be one that is possible for this return now: {words}"
    raise InvalidInput("decide", "decision", rule, decision.id)


def _check_reason(wire: AvailableDecision, reason: str | None) -> None:
    needed = wire.decision_type == DECLINE
    reasons = wire.decision_reason_types
    if reason is None and needed:
        told = f": one of {reasons}" if reasons else ""
        raise InvalidInput("decide", "reason", f"is needed with {wire.decision_type}{told}", None)
    if reason is not None and not needed:
        raise InvalidInput("decide", "reason", f"is not taken with {wire.decision_type}", reason)
    if reason is not None and reasons and reason not in reasons:
        raise InvalidInput("decide", "reason", f"must be one of {reasons}", reason)


def _compensation(wire: AvailableDecision, amount: Money | None) -> WireMoney | None:
    needed = wire.decision_type == PARTIAL
    if amount is None:
        if needed:
            rule = f"is needed with {wire.decision_type}{_bounds(wire)}"
            raise InvalidInput("decide", "amount", rule, None)
        return None
    if not needed:
        raise InvalidInput("decide", "amount", f"is not taken with {wire.decision_type}", amount)
    bounds = wire.partial_compensation_bounds
    least = bounds.min_amount if bounds is not None else None
    most = bounds.max_amount if bounds is not None else None
    for bound in (least, most):
        if bound is not None and mapping.money(bound).currency != amount.currency:
            rule = f"must be in {mapping.money(bound).currency}"
            raise InvalidInput("decide", "amount", rule, amount)
    too_little = least is not None and amount.amount < least.value
    too_much = most is not None and amount.amount > most.value
    if not amount.amount.is_finite() or amount.amount < 0 or too_little or too_much:
        raise InvalidInput("decide", "amount", f"must be within its bounds{_bounds(wire)}", amount)
    known = most or least
    code = None if known is None else known.currency_id
    code = code or mapping.market_currency(amount.currency)
    return WireMoney(value=amount.amount, currency_id=code)


def _bounds(wire: AvailableDecision) -> str:
    bounds = wire.partial_compensation_bounds
    if bounds is None or bounds.min_amount is None or bounds.max_amount is None:
        return ""
    return f": {mapping.money(bounds.min_amount)} to {mapping.money(bounds.max_amount)}"
