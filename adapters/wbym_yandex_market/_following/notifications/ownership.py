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
"""Seconds before the next try to look up the shops."""


class Ownership:
    """Decides whether notifications belong to the account, whose shops may need a request.

    Args:
        cabinet: The account's business and shops.
    """

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet
        self._found: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def loading(self) -> AsyncIterator[None]:
        """Look up the business and shops in the background, before a notification needs them."""
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
                    "%s: the account's shops could not be looked up, so its notifications wait; "
                    "next try in %.0f s: %s",
                    account,
                    RETRY_AFTER,
                    error,
                    extra=LogFacts(marketplace=MARKETPLACE, account=account),
                )
                await asyncio.sleep(RETRY_AFTER)
            else:
                return

    async def has(self, notification: OfBusiness | OfCampaign) -> bool:
        """Whether the notification is about the account's business or one of its shops.

        Waits until they are known, without a limit. Call it within :meth:`loading`.
        """
        is_known = isinstance(notification, OfBusiness) and self._cabinet.known_business is not None
        if not is_known and self._found is not None:
            await asyncio.shield(self._found)
        if isinstance(notification, OfBusiness):
            return notification.business_id == await self._cabinet.business()
        return notification.campaign_id in await self._cabinet.campaigns()
