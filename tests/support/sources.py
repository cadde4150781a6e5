"""Lists in memory, as sources of pages that record their requests."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

from wbym.domain import UndecodableRecord
from wbym.limits import Priority
from wbym.paging import BodyGate, ByOffset, ByToken, Chunk, Listing, Scheme, listing_of

__all__ = [
    "OFFSETS",
    "TOKENS",
    "BytesOrigin",
    "MemorySource",
    "Traffic",
    "offset_source",
    "token_source",
]

T = TypeVar("T")

OFFSETS = ByOffset(size="take", offset="skip", max_size=10)
TOKENS = ByToken("token")

PageOf: TypeAlias = Callable[[str | None, int | None], Chunk[T]]
"""The page at a cursor, of a size."""


class Traffic:
    """Counts the requests in flight at some sources."""

    def __init__(self) -> None:
        self.requests = 0
        self.in_flight = 0
        self.max_in_flight = 0

    async def request(self, latency: float, gate: BodyGate | None) -> None:
        """One request."""
        self.requests += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            await asyncio.sleep(latency)
            if gate is not None:
                await gate()
        finally:
            self.in_flight -= 1


class MemorySource(Generic[T]):
    """A list whose pages are computed by a function."""

    method = "numbers.list"

    def __init__(
        self,
        page: PageOf[T],
        *,
        scheme: Scheme = TOKENS,
        latency: float = 0.0,
        traffic: Traffic | None = None,
    ) -> None:
        self.page = page
        self.scheme = scheme
        self.latency = latency
        self.traffic = traffic or Traffic()
        self.asked: list[tuple[str | None, int | None]] = []
        self.priorities: list[Priority | None] = []
        self.bodies = 0
        self._failures: dict[str, Exception] = {}

    def fail_at(self, cursor: str, error: Exception) -> None:
        """Raise ``error`` whenever this page is requested."""
        self._failures[cursor] = error

    async def fetch(
        self,
        cursor: str | None,
        size: int | None,
        *,
        priority: Priority | None,
        gate: BodyGate | None = None,
    ) -> Chunk[T]:
        self.asked.append((cursor, size))
        self.priorities.append(priority)
        await self.traffic.request(self.latency, gate)
        if cursor in self._failures:
            raise self._failures[cursor]
        self.bodies += 1
        return self.page(cursor, size)

    @property
    def in_flight(self) -> int:
        """Requests in flight."""
        return self.traffic.in_flight

    @property
    def max_in_flight(self) -> int:
        """The maximum of requests in flight at once."""
        return self.traffic.max_in_flight

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """The offsets and sizes of the requests, for a list by offset."""
        return [(int(cursor or 0), size or 0) for cursor, size in self.asked]

    @property
    def tokens(self) -> list[str | None]:
        """The tokens of the requests, for a list by token."""
        return [cursor for cursor, _ in self.asked]

    def listing(self, *, newest_first: bool = False) -> Listing[T]:
        return listing_of(self, newest_first=newest_first)


def offset_source(
    records: Sequence[T],
    *,
    scheme: ByOffset = OFFSETS,
    total: int | None = None,
    shows: int | None = None,
    latency: float = 0.0,
) -> MemorySource[T]:
    """Records by offset.

    Args:
        records: The whole list.
        scheme: The paging scheme.
        total: The total that each page states.
        shows: The offset from which on pages are empty.
        latency: Seconds per request.
    """

    def page(cursor: str | None, size: int | None) -> Chunk[T]:
        offset = int(cursor or 0)
        hidden = shows is not None and offset >= shows
        items = [] if hidden else records[offset : offset + (size or 0)]
        return Chunk(items, len(items), total=total)

    return MemorySource(page, scheme=scheme, latency=latency)


def token_source(
    pages: Sequence[Sequence[T]], *, scheme: Scheme = TOKENS, latency: float = 0.0
) -> MemorySource[T]:
    """Pages whose tokens are their indices."""

    def page(cursor: str | None, _: int | None) -> Chunk[T]:
        place = int(cursor or 0)
        following = str(place + 1) if place + 1 < len(pages) else None
        return Chunk(pages[place], len(pages[place]), following)

    return MemorySource(page, scheme=scheme, latency=latency)


class BytesOrigin:
    """The origin of a page's records, in bytes; records the undecodable ones."""

    def __init__(self, *records: bytes) -> None:
        self._records = records
        self.reported: list[UndecodableRecord] = []

    def undecodable(self, index: int, error: Exception) -> UndecodableRecord:
        record = UndecodableRecord.of(
            "shop", "one", "numbers.list", f"[{index}]", str(error), self._records[index]
        )
        self.reported.append(record)
        return record
