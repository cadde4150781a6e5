"""Ordered records with page tokens: what every list of the marketplace is made of."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

Json = dict[str, object]
Key = tuple[int, int]
_LAST = 1 << 62


class Row:
    """One record: an id, a place in its list, and its JSON, encoded once until it changes."""

    __slots__ = ("_raw", "id", "key")

    def __init__(self, identifier: int, key: Key | None = None) -> None:
        self.id = identifier
        self.key = (identifier, identifier) if key is None else key
        self._raw: bytes | None = None

    def show(self) -> Json:
        """The record as an answer has it."""
        raise NotImplementedError

    @property
    def raw(self) -> bytes:
        """Its JSON."""
        if self._raw is None:
            self._raw = msgspec.json.encode(self.show())
        return self._raw

    def changed(self) -> None:
        """Has the JSON encoded anew."""
        self._raw = None


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Some records of a list, and the token of those after them."""

    rows: list[R]
    token: str | None


def write_token(key: Key) -> str:
    """A page token that says: after this record."""
    return base64.urlsafe_b64encode(b"%d:%d" % key).decode().rstrip("=")


def read_token(token: str) -> Key:
    """The record after which a page begins.

    Raises:
        ValueError: When the token was not made here.
    """
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        first, _, second = text.partition(b":")
        return (int(first), int(second))
    except binascii.Error as error:
        raise ValueError("not a page token") from error


class Rows(Generic[R]):
    """Records in the order of their keys."""

    def __init__(self, rows: Iterable[R] = ()) -> None:
        self._rows = sorted(rows, key=_key)
        self._keys = [row.key for row in self._rows]
        self._by_id = {row.id: row for row in self._rows}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self._rows)

    def find(self, identifier: int) -> R | None:
        """The record of this id."""
        return self._by_id.get(identifier)

    def add(self, row: R) -> None:
        """Puts a record in its place."""
        insort(self._rows, row, key=_key)
        insort(self._keys, row.key)
        self._by_id[row.id] = row

    def remove(self, identifier: int) -> None:
        """Takes a record out.

        Raises:
            KeyError: When there is none.
        """
        at = bisect_left(self._keys, self._by_id.pop(identifier).key)
        del self._rows[at], self._keys[at]

    def last(self) -> R | None:
        """The last record."""
        return self._rows[-1] if self._rows else None

    def span(self, after: int | None = None, before: int | None = None) -> tuple[int, int]:
        """Where the records lie whose keys begin after and before these; both excluded."""
        low = 0 if after is None else bisect_right(self._keys, (after, _LAST))
        high = len(self._keys) if before is None else bisect_left(self._keys, (before, -_LAST))
        return low, max(low, high)

    def part(self, low: int, high: int) -> list[R]:
        """The records of a span."""
        return self._rows[low:high]

    def page(
        self,
        *,
        limit: int,
        token: Key | None = None,
        span: tuple[int, int] | None = None,
        wanted: Callable[[R], bool] | None = None,
        newest_first: bool = False,
    ) -> Page[R]:
        """Up to `limit` records of a span that are wanted, from the token on."""
        low, high = (0, len(self._rows)) if span is None else span
        if token is not None:
            if newest_first:
                high = min(high, bisect_left(self._keys, token))
            else:
                low = max(low, bisect_right(self._keys, token))
        order = range(high - 1, low - 1, -1) if newest_first else range(low, high)
        found: list[R] = []
        rows = self._rows
        for at in order:
            row = rows[at]
            if wanted is not None and not wanted(row):
                continue
            if len(found) == limit:
                return Page(found, write_token(found[-1].key))
            found.append(row)
        return Page(found, None)


def _key(row: Row) -> Key:
    return row.key
