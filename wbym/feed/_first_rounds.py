"""Order of rounds at the start: the first rounds of all streams go before repeated ones."""

import asyncio
from typing import Final

import anyio

__all__ = ["FirstRounds"]

MAX_AT_ONCE: Final = 100
"""First rounds that run at once: as many as requests may be in flight to one server."""
MAX_COUNTED: Final = 5.0
"""Seconds after which a first round no longer counts: it waits for its limits or a slow server, or
reads a long list, and leaves the process time for others."""
HEAD_START: Final = 60.0
"""Max seconds for which repeated rounds wait for first ones."""


class FirstRounds:
    """The first rounds of a feed's streams.

    Thousands of first rounds at once would take no less time, and much more memory. And streams
    that are polled every second would take the time of streams that were never read; so in a crowd
    they are polled again when all first rounds have had their time.

    Args:
        streams: Number of streams.
    """

    def __init__(self, streams: int) -> None:
        self._counted: dict[object, float] = {}
        """When each running round that counts began, the oldest first."""
        self._one_ended = asyncio.Event()
        self._held: set[asyncio.Event] = set()
        self._holds = streams > MAX_AT_ONCE

    async def begin(self, stream: object) -> None:
        """Wait until the stream's first round may begin."""
        await self._wait_until_below(MAX_AT_ONCE)
        self._counted[stream] = asyncio.get_running_loop().time()

    def end(self, stream: object) -> None:
        """Note the end of a round of the stream."""
        if self._counted.pop(stream, None) is not None:
            self._one_ended.set()

    async def wait(self) -> None:
        """Wait until no first round counts any more."""
        if self._holds:
            await self._wait_until_below(1)

    def release(self) -> None:
        """Let repeated rounds begin."""
        self._holds = False
        for woken in self._held:
            woken.set()

    async def hold(self, woken: asyncio.Event) -> None:
        """Hold a repeated round back until it is released, or woken."""
        if not self._holds:
            return
        self._held.add(woken)
        try:
            await woken.wait()
        finally:
            self._held.discard(woken)

    async def _wait_until_below(self, number: int) -> None:
        clock = asyncio.get_running_loop().time
        while len(self._counted) >= number:
            oldest, began = next(iter(self._counted.items()))
            left = began + MAX_COUNTED - clock()
            if left <= 0:
                del self._counted[oldest]
                continue
            self._one_ended.clear()
            with anyio.move_on_after(left):
                await self._one_ended.wait()
