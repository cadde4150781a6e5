"""Numbers of cards in the order of a moment, as the lists that are read by a cursor need them."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator

Place = tuple[int, int]
"""A moment in Unix microseconds and a card's number: where a cursor stands."""


class Deck:
    """Numbers ordered by their moments, then by themselves."""

    def __init__(self, moment: Callable[[int], int], numbers: Iterable[int] = ()) -> None:
        """Takes numbers that are in order already.

        Args:
            moment: The moment of a number; must not change while it is in the deck.
            numbers: The first numbers.
        """
        self._moment = moment
        self._numbers = array("I", numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, number: int) -> bool:
        at = bisect_left(self._numbers, self._key(number), key=self._key)
        return at < len(self._numbers) and self._numbers[at] == number

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def _key(self, number: int) -> Place:
        return (self._moment(number), number)

    def add(self, number: int) -> None:
        """Puts a number in its place."""
        insort(self._numbers, number, key=self._key)

    def remove(self, number: int) -> bool:
        """Takes a number out; False when it was not there."""
        at = bisect_left(self._numbers, self._key(number), key=self._key)
        if at == len(self._numbers) or self._numbers[at] != number:
            return False
        del self._numbers[at]
        return True

    def walk(self, after: Place | None, *, ascending: bool) -> Iterator[int]:
        """Numbers beyond a place, the next first."""
        numbers = self._numbers
        if ascending:
            low = 0 if after is None else bisect_right(numbers, after, key=self._key)
            return (numbers[at] for at in range(low, len(numbers)))
        high = len(numbers) if after is None else bisect_left(numbers, after, key=self._key)
        return (numbers[at] for at in range(high - 1, -1, -1))
