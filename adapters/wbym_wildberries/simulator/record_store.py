"""Dated records, open and processed: feedbacks or questions, rendered on demand.

An unchanged record uses no memory except its number in one of two lists, so a million of them is
possible; a changed one is kept as its JSON.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable

import msgspec

from wbym.testing import JsonObject, SortedKeyList
from wbym_wildberries.simulator.record_ids import RecordIds


class RecordStore:
    """Records in two lists, open and processed, each ordered by date and number.

    Attributes:
        lists: By processed or not: numbers of records, oldest first.
    """

    def __init__(
        self,
        *,
        ids: RecordIds,
        count: int,
        created: Callable[[int], int],
        render: Callable[[int], bytes],
        nm_id: Callable[[int], int],
        is_processed: Callable[[int], bool],
    ) -> None:
        """Creates a store of `count` generated records.

        Args:
            ids: Ids of the records.
            count: Number of generated records.
            created: Unix time of a generated record; must not decrease as the number grows.
            render: JSON of a generated record.
            nm_id: The item of a generated record.
            is_processed: Whether a generated record is processed at first.
        """
        self.ids = ids
        self.generated = count
        self._created = created
        self._render = render
        self._nm_id = nm_id
        processed = array("I")
        waiting = array("I")
        for number in range(count):
            (processed if is_processed(number) else waiting).append(number)
        self.lists = {False: waiting, True: processed}
        self._sorted = {flag: SortedKeyList(self._key, self.lists[flag]) for flag in (False, True)}
        self._changed: dict[int, bytes] = {}
        self._arrived: list[tuple[int, int]] = []  # (created, nm_id) of numbers from `count` on
        self._hidden: dict[int, bool] = {}
        self._by_item: dict[tuple[bool, int], array[int]] = {}

    # One record.

    def find(self, identifier: str) -> int | None:
        """The number of a record; None if it does not exist or is hidden."""
        number = self.ids.number(identifier)
        if number is None or number >= self.generated + len(self._arrived):
            return None
        return None if number in self._hidden else number

    def created(self, number: int) -> int:
        """Unix time of a record."""
        if number < self.generated:
            return self._created(number)
        return self._arrived[number - self.generated][0]

    def nm_id(self, number: int) -> int:
        """The item of a record."""
        if number < self.generated:
            return self._nm_id(number)
        return self._arrived[number - self.generated][1]

    def raw(self, number: int) -> bytes:
        """JSON of a record."""
        changed = self._changed.get(number)
        return self._render(number) if changed is None else changed

    def load(self, number: int) -> JsonObject:
        """A copy of a record, to be changed and given to `save`."""
        return msgspec.json.decode(self.raw(number), type=JsonObject)

    def save(self, number: int, record: JsonObject) -> None:
        """Keeps a changed record."""
        self._changed[number] = msgspec.json.encode(record)

    # Adding and removing.

    def add(self, record: JsonObject, *, created: int, nm_id: int) -> str:
        """Adds a new, open record; returns its id."""
        number = self.generated + len(self._arrived)
        identifier = self.ids.of(number).decode()
        self._arrived.append((created, nm_id))
        self._changed[number] = msgspec.json.encode({**record, "id": identifier})
        self._insert(number, processed=False)
        return identifier

    def process(self, number: int) -> bool:
        """Moves a record to the processed ones; False if it was processed already."""
        if not self._remove(number, processed=False):
            return False
        self._insert(number, processed=True)
        return True

    def hide(self, number: int) -> None:
        """Removes a record from both lists, as if the index had lost it."""
        for processed in (False, True):
            if self._remove(number, processed=processed):
                self._hidden[number] = processed

    def show(self, number: int) -> None:
        """Brings a hidden record back."""
        processed = self._hidden.pop(number, None)
        if processed is not None:
            self._insert(number, processed=processed)

    def _key(self, number: int) -> tuple[int, int]:
        return (self.created(number), number)

    def _insert(self, number: int, *, processed: bool) -> None:
        self._sorted[processed].add(number)
        self._by_item.clear()

    def _remove(self, number: int, *, processed: bool) -> bool:
        self._by_item.clear()
        return self._sorted[processed].remove(number)

    # Many records.

    def select(
        self,
        *,
        processed: bool,
        nm_id: int | None = None,
        date_from: int | None = None,
        date_to: int | None = None,
    ) -> tuple[array[int], int, int]:
        """A list, and its span within a period, both ends included."""
        numbers = self._of_item(processed, nm_id)
        low, high = 0, len(numbers)
        if date_from is not None:
            low = bisect_left(numbers, date_from, key=self.created)
        if date_to is not None:
            high = bisect_right(numbers, date_to, key=self.created)
        return numbers, low, max(low, high)

    def page(
        self, chosen: tuple[array[int], int, int], *, skip: int, take: int, newest_first: bool
    ) -> bytes:
        """JSON of a list of records."""
        numbers, low, high = chosen
        if newest_first:
            last = high - skip
            part = numbers[max(low, last - take) : max(low, last)][::-1]
        else:
            part = numbers[min(high, low + skip) : min(high, low + skip + take)]
        return b"[" + b",".join(map(self.raw, part)) + b"]"

    def _of_item(self, processed: bool, nm_id: int | None) -> array[int]:
        if nm_id is None:
            return self.lists[processed]
        key = (processed, nm_id)
        found = self._by_item.get(key)
        if found is None:
            found = array("I", (n for n in self.lists[processed] if self.nm_id(n) == nm_id))
            self._by_item[key] = found
        return found
