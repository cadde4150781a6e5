"""A list that is kept in the order of a key."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, MutableSequence
from typing import Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound="int | tuple[int, ...]")


class SortedKeyList(Generic[T, K]):
    """Items in the order of their keys; no two items have the same key.

    Attributes:
        items: In order; an `array` saves memory.
    """

    def __init__(self, key: Callable[[T], K], items: MutableSequence[T]) -> None:
        """Accepts items that are in order already.

        Args:
            key: The key of an item, which must not change while the item is in the list.
            items: The first items; the list owns them.
        """
        self.items = items
        self._key = key

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __contains__(self, item: T) -> bool:
        return self._index(item) is not None

    def add(self, item: T) -> None:
        """Inserts an item in order."""
        insort(self.items, item, key=self._key)

    def remove(self, item: T) -> bool:
        """Removes an item; False if it was not in the list."""
        at = self._index(item)
        if at is None:
            return False
        del self.items[at]
        return True

    def span(self, after: K | None = None, before: K | None = None) -> tuple[int, int]:
        """First index and end of the items with keys beyond `after` and below `before`."""
        low = 0 if after is None else bisect_right(self.items, after, key=self._key)
        end = len(self.items)
        high = end if before is None else bisect_left(self.items, before, key=self._key)
        return low, max(low, high)

    def walk(self, after: K | None = None, *, ascending: bool = True) -> Iterator[T]:
        """The items beyond a key, in the order of the walk; all of them without a key.

        Args:
            after: The key before the first item.
            ascending: The order of the walk.
        """
        low, high = self.span(after) if ascending else self.span(None, after)
        order = range(low, high) if ascending else range(high - 1, low - 1, -1)
        return (self.items[at] for at in order)

    def _index(self, item: T) -> int | None:
        at = bisect_left(self.items, self._key(item), key=self._key)
        return at if at < len(self.items) and self.items[at] == item else None
