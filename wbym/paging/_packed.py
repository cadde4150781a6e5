"""A compressed in-memory queue of records in order of time."""

import zlib
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

import msgspec

__all__ = ["Packed"]

T = TypeVar("T")


class Packed(Generic[T]):
    """A queue of records, compressed page by page to about a tenth of their size in memory.

    Args:
        record: The type of a record, for msgspec.
        time: The creation time of a record.
    """

    def __init__(self, record: type[T], time: Callable[[T], datetime]) -> None:
        self._decoder: msgspec.json.Decoder[list[T]] = msgspec.json.Decoder(list[record])  # type: ignore[valid-type]
        self._time = time
        self._pages: deque[tuple[datetime, bytes]] = deque()
        self._open: list[T] = []

    def add(self, items: Sequence[T]) -> None:
        """Append a page, which must be in order of time."""
        if items:
            encoded = msgspec.json.encode(items)  # MessagePack has no integers beyond 64 bits
            self._pages.append((self._time(items[0]), zlib.compress(encoded, 1)))

    def take(self, before: datetime | None, limit: int) -> list[T]:
        """Remove and return the ``limit`` oldest records, or those of them before a time."""
        while self._pages and (before is None or self._pages[0][0] < before):
            if len(self._open) > limit and self._time(self._open[limit]) < self._pages[0][0]:
                break
            self._open += self._decoder.decode(zlib.decompress(self._pages.popleft()[1]))
            self._open.sort(key=self._time)  # pages may overlap a little
        cut = len(self._open)
        if before is not None:
            cut = bisect_left(self._open, before, key=self._time)
        cut = min(cut, limit)
        taken, self._open = self._open[:cut], self._open[cut:]
        return taken
