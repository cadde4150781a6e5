"""The business and the shops of an account, looked up once, at their first use."""

from __future__ import annotations  # the API's modules are loaded at their first use

import asyncio
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from wbym.errors import InvalidInput, MissingScope
from wbym.observe import LogFacts
from wbym_yandex_market._mapping import MARKETPLACE

if TYPE_CHECKING:
    from wbym_yandex_market.api import Api
    from wbym_yandex_market.api.campaigns import Campaign

__all__ = ["Cabinet"]

logger = logging.getLogger("wbym.yandex_market")

_MAX_PLACES: Final = 100_000
"""Max returns whose shop and order are kept."""


class Cabinet:
    """The business of an account and its shops.

    Args:
        api: The account's operations.
        account: The account's name.
        business_id: The business, if given.
        campaign_ids: Its shops, if given.
    """

    def __init__(
        self,
        api: Api,
        account: str,
        business_id: int | None,
        campaign_ids: Collection[int] | None,
    ) -> None:
        self._api: Final = api
        self.account: Final = account
        self._given = None if campaign_ids is None else tuple(dict.fromkeys(campaign_ids))
        self._business = business_id
        self._campaigns = self._given if business_id is not None else None
        self._loading = asyncio.Lock()
        self._places: dict[int, tuple[int, int | None]] = {}

    @property
    def known_business(self) -> int | None:
        """The business, if given or already looked up; makes no request."""
        return self._business

    async def business(self) -> int:
        """The business.

        Raises:
            InvalidInput: The key has access to several businesses, or to none of the given shops.
            MissingScope: The key has access to no shop.
        """
        if self._business is None:
            await self._load()
        assert self._business is not None  # noqa: S101 - it is loaded
        return self._business

    async def campaigns(self) -> tuple[int, ...]:
        """The shops of the business whose API is open.

        Raises:
            InvalidInput: The key has no access to the business, or has access to several and none
                is given.
            MissingScope: The key has access to no shop.
        """
        if self._campaigns is None:
            await self._load()
        return self._campaigns or ()

    def remember(self, return_id: int, campaign_id: int, order_id: int | None = None) -> None:
        """Keep the shop and order of a return; Market's record does not name the shop."""
        self._places[return_id] = campaign_id, order_id
        if len(self._places) > _MAX_PLACES:
            del self._places[next(iter(self._places))]

    def shop_of(self, return_id: int) -> int | None:
        """The shop of a return, if known."""
        return self._places.get(return_id, (None, None))[0]

    def order_of(self, return_id: int) -> int | None:
        """The order of a return, if known."""
        return self._places.get(return_id, (None, None))[1]

    async def _load(self) -> None:
        async with self._loading:
            if self._business is not None and self._campaigns is not None:
                return
            found = await self._api.campaigns.list().all()
            business = self._chosen(found)
            # A shop without a business belongs to the key's own, if that is given.
            mine = [shop for shop in found if _business_of(shop) in {business, None}]
            if self._given is not None:
                self._campaigns = self._given
            else:
                self._campaigns = tuple(
                    shop.id for shop in mine if shop.id is not None and self._open(shop)
                )
            self._business = business

    def _chosen(self, shops: list[Campaign]) -> int:
        """Choose the business among those of the key's shops."""
        names = {
            shop.business.id: shop.business.name or ""
            for shop in shops
            if shop.business is not None and shop.business.id is not None
        }
        if not names and self._business is not None and shops:
            return self._business
        if not names:
            reason = "the key has access to no shop with a known business: pass business_id="
            raise MissingScope(self.account, reason, method="campaigns.list")
        listed = ", ".join(f"{number} ({name})" for number, name in sorted(names.items()))
        if self._business is not None:
            if self._business in names:
                return self._business
            rule = f"must be a business that the key has access to: {listed}"
            for shop in shops:
                if shop.id == self._business:
                    rule += f"; {shop.id} is a campaign of business {_business_of(shop)}"
            raise InvalidInput("YandexMarket", "business_id", rule, self._business)
        if self._given is not None:
            given = set(self._given)
            of_given = {_business_of(shop) for shop in shops if shop.id in given} - {None}
            if not of_given:
                rule = f"must be shops of a business that the key has access to: {listed}"
                raise InvalidInput("YandexMarket", "campaign_ids", rule, self._given)
            names = {number: name for number, name in names.items() if number in of_given}
        if len(names) > 1:
            rule = f"must be given, since the key has access to several businesses: {listed}"
            raise InvalidInput("YandexMarket", "business_id", rule, None)
        return next(iter(names))

    def _open(self, shop: Campaign) -> bool:
        status = shop.api_availability or ""
        if not status.startswith("DISABLED_") and status != "MANUALLY_DISABLED":
            return True
        logger.warning(
            "%s: skipping the shop %s (%s), whose API is disabled: %s",
            self.account,
            shop.id,
            shop.domain,
            shop.api_availability,
            extra=LogFacts(marketplace=MARKETPLACE, account=self.account),
        )
        return False


def _business_of(shop: Campaign) -> int | None:
    return None if shop.business is None else shop.business.id
