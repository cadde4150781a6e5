"""A marketplace's two lists in memory, which change while they are read."""

import asyncio
import random
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from wbym.limits import Priority
from wbym.paging import BodyGate, ByOffset, Chunk, Listing, ListsSweep, Span, by_time, listing_of

__all__ = ["START", "Item", "Shop"]

START = datetime(2026, 1, 1, tzinfo=UTC)
EVER = Span(START, None)


class Item(msgspec.Struct, frozen=True, order=True):
    """A record in its state when read."""

    at: datetime
    id: str
    done: bool = False


def _at(item: Item) -> datetime:
    return item.at


class _Period:
    """A period of one of the lists, as a source."""

    method: Final = "shop.list"

    def __init__(self, shop: "Shop", done: bool, span: Span, newest_first: bool) -> None:
        self.scheme: Final = shop.scheme
        self._shop = shop
        self._asked = done, span, newest_first

    async def fetch(
        self,
        cursor: str | None,
        size: int | None,
        *,
        priority: Priority | None,
        gate: BodyGate | None = None,
    ) -> Chunk[Item]:
        assert size is not None
        assert gate is not None
        return await self._shop.fetch(*self._asked, int(cursor or 0), size, gate)


class Shop:
    """Two lists by offset; ``change`` is called before each request of one of them."""

    def __init__(self, *, max_size: int = 50, max_offset: int | None = None, lag: int = 3) -> None:
        self.waiting: list[Item] = []
        self.done: list[Item] = []
        self.scheme = ByOffset("take", "skip", max_size, max_offset)
        self.change: Callable[[], None] = lambda: None
        self.spoil: Callable[[int, list[Item]], list[Item]] = lambda _, items: items
        self.shows: int | None = None
        self.requests = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self._random = random.Random(0)
        self._lag = lag

    def add(self, seconds: float, *, done: bool = False) -> Item:
        """Add a record, created n seconds after the start."""
        number = len(self.waiting) + len(self.done)
        item = Item(START + timedelta(seconds=seconds), f"{number:06}", done)
        insort(self.done if done else self.waiting, item)
        return item

    def answer(self, item: Item) -> None:
        """Move the record from one list to the other."""
        del self.waiting[bisect_left(self.waiting, item)]
        insort(self.done, Item(item.at, item.id, True))

    @property
    def all(self) -> dict[str, bool]:
        """Every record, and whether it is processed."""
        return {item.id: item.done for item in (*self.waiting, *self.done)}

    async def fetch(
        self, done: bool, span: Span, newest_first: bool, offset: int, size: int, gate: BodyGate
    ) -> Chunk[Item]:
        """A page of the list at a moment during the request."""
        self.requests += 1
        self.in_flight += 1
        self.max_in_flight = max(self.in_flight, self.max_in_flight)
        try:
            for _ in range(self._random.randrange(self._lag + 1)):
                await asyncio.sleep(0)
            self.change()
            found = self.done if done else self.waiting
            low = bisect_left(found, span.since.replace(microsecond=0), key=_at)
            end = None if span.until is None else span.until - timedelta(microseconds=1)
            high = len(found)
            if end is not None:  # whole seconds, both ends included
                high = bisect_right(found, end.replace(microsecond=999_999), key=_at)
            rows = found[low:high]
            if newest_first:
                rows.reverse()
            rows = rows[offset : offset + size]
            if self.shows is not None and offset >= self.shows:
                rows = []
            rows = self.spoil(self.requests, rows)
            for _ in range(self._random.randrange(self._lag + 1)):
                await asyncio.sleep(0)
            await gate()
            return Chunk(rows, len(rows))
        finally:
            self.in_flight -= 1

    def reading(
        self,
        *,
        done: bool,
        span: Span = EVER,
        expected: int | None = None,
        depth: int | None = None,
    ) -> Listing[Item]:
        """One list by time."""

        def listed(span: Span, newest_first: bool) -> Listing[Item]:
            return listing_of(_Period(self, done, span, newest_first), newest_first=newest_first)

        return by_time(
            listed,
            span=span,
            time=_at,
            key=lambda item: item.id,
            expected=expected,
            depth=depth,
        )

    def sweep(
        self,
        span: Span = EVER,
        cursor: str | None = None,
    ) -> ListsSweep[Item]:
        """A sweep of both lists."""
        return ListsSweep(
            waiting=lambda span, expected: self.reading(done=False, span=span, expected=expected),
            done=lambda span, expected: self.reading(done=True, span=span, expected=expected),
            record=Item,
            time=_at,
            key=lambda item: item.id,
            method="shop.sweep",
            span=span,
            cursor=cursor,
        )
