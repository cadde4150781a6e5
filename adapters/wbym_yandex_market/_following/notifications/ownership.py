"""Whether a notification is about the account's own business."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from wbym.errors import WbymError
from wbym.observe import LogFacts
from wbym_yandex_market._cabinet import Cabinet
from wbym_yandex_market._following.notifications.records import OfBusiness, OfCampaign
from wbym_yandex_market._mapping import MARKETPLACE

__all__ = ["Ownership"]

logger = logging.getLogger("wbym.yandex_market")

RETRY_AFTER: Final = 60.0
"""Seconds until the shops are asked for again, where that failed."""


class Ownership:
    """Knows the account's business and shops, which may have to be asked for.

    Args:
        cabinet: The account's business and shops.
    """

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet
        self._found: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def loading(self) -> AsyncIterator[None]:
        """Find business and shops out meanwhile, so that no notification has to."""
        self._found = task = asyncio.create_task(self._load())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _load(self) -> None:
        while True:
            try:
                await self._cabinet.campaigns()
            except WbymError as error:
                account = self._cabinet.account
                logger.warning(
                    "%s: whose notifications to take is not known, to be asked for again in "
                    "%.0f s: %s",
                    account,
                    RETRY_AFTER,
                    error,
                    extra=LogFacts(marketplace=MARKETPLACE, account=account),
                )
                await asyncio.sleep(RETRY_AFTER)
            else:
                return

    async def has(self, notification: OfBusiness | OfCampaign) -> bool:
        """Whether it is about the account's business, or one of its shops.

        Waits until that is known, however long it takes. To be called within :meth:`loading`.
        """
        told = isinstance(notification, OfBusiness) and self._cabinet.known_business is not None
        if not told and self._found is not None:
            await asyncio.shield(self._found)
        if isinstance(notification, OfBusiness):
            return notification.business_id == await self._cabinet.business()
        return notification.campaign_id in await self._cabinet.campaigns()
