"""Push notifications: the events of a cabinet, posted to an address of the seller."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from typing import Self

import aiohttp
import msgspec

from wbym.testing import JsonObject
from wbym_yandex_market.simulator.dates import utc
from wbym_yandex_market.simulator.state import Cabinet

_FINAL = frozenset({200, 400})
"""After any other status a notification is sent again."""


class Notifier:
    """Posts a notification of each event in a cabinet while the notifier is open.

    ```python
    async with Notifier(simulator.state, url) as notifier:
        simulator.state.arrive_message()
        await notifier.deliver()
    ```
    """

    def __init__(
        self,
        cabinet: Cabinet,
        url: str,
        *,
        duplicates: float = 0.0,
        disorder: bool = False,
        headers: Mapping[str, str] | None = None,
        seed: int = 0,
    ) -> None:
        """Sets up a notifier.

        Args:
            cabinet: Its events are posted.
            url: The seller's address.
            duplicates: Share of notifications that are sent twice.
            disorder: Whether they are sent in random order.
            headers: Further headers, such as the `X-Forwarded-For` of a proxy.
            seed: Of duplicates and disorder.
        """
        self._cabinet = cabinet
        self._url = url
        self._duplicates = duplicates
        self._disorder = disorder
        self._headers = {**(headers or {}), "Content-Type": "application/json"}
        self._rng = random.Random(f"notifications {seed}")
        self._session: aiohttp.ClientSession | None = None
        self.waiting: deque[JsonObject] = deque()
        """Notifications that are not delivered yet."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        self._cabinet.listeners.append(self.waiting.append)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._cabinet.listeners.remove(self.waiting.append)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def ping(self) -> int:
        """Posts a `PING`; returns the status, 0 without a response within 1 s."""
        ping: JsonObject = {"notificationType": "PING", "time": utc(self._cabinet.now())}
        return await self._post(ping, 1.0)

    async def deliver(self) -> list[int]:
        """Posts the waiting notifications, one after the other.

        A notification that is not answered 200 or 400 within 10 s waits for the next call.

        Returns:
            The status of each post; 0 without a response.
        """
        batch = list(self.waiting)
        self.waiting.clear()
        batch += [one for one in batch if self._rng.random() < self._duplicates]
        if self._disorder:
            self._rng.shuffle(batch)
        statuses = []
        for one in batch:
            status = await self._post(one, 10.0)
            statuses.append(status)
            if status not in _FINAL:
                self.waiting.append(one)
        return statuses

    async def _post(self, notification: JsonObject, timeout: float) -> int:
        if self._session is None:
            raise RuntimeError("the notifier is not open")
        body = msgspec.json.encode(notification)
        wait = aiohttp.ClientTimeout(total=timeout)
        try:
            async with self._session.post(
                self._url, data=body, headers=self._headers, timeout=wait
            ) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0
