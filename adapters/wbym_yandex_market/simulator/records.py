"""Records in order, and their pages by token: every list of the marketplace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from wbym.testing import JsonObject, Refusal, SortedKeyList, decode_base64url, encode_base64url

Key = tuple[int, int]
_LAST = 1 << 62


@dataclass(slots=True, eq=False, kw_only=True)
class Record:
    """A record with an id; its JSON is encoded once, until it changes."""

    id: int
    _raw: bytes | None = field(default=None, init=False, repr=False)

    @property
    def key(self) -> Key:
        """Sort key in a list: the id."""
        return (self.id, self.id)

    def show(self) -> JsonObject:
        """The record, as in a response."""
        raise NotImplementedError

    @property
    def raw(self) -> bytes:
        """Its JSON."""
        if self._raw is None:
            self._raw = msgspec.json.encode(self.show())
        return self._raw

    def changed(self) -> None:
        """Drops the encoded JSON."""
        self._raw = None


@dataclass(slots=True, eq=False, kw_only=True)
class DatedRecord(Record):
    """A record that is sorted by its creation time."""

    created: int
    """Unix time."""

    @property
    def key(self) -> Key:
        """Sort key in a list: creation time, then id."""
        return (self.created, self.id)


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Some records of a list, and the token of the next page."""

    records: list[R]
    token: str | None


def write_token(key: Key) -> str:
    """The page token of a page that begins after this record."""
    return encode_base64url(b"%d:%d" % key)


def read_token(token: str) -> Key:
    """The record after which a page begins.

    Raises:
        ValueError: The token was not created here.
    """
    first, _, second = decode_base64url(token).partition(b":")
    return (int(first), int(second))


def _key(record: Record) -> Key:
    return record.key


class RecordList(SortedKeyList[R, Key]):
    """Records in the order of their keys, found by id too."""

    def __init__(self, records: Iterable[R] = (), *, noun: str = "Record") -> None:
        """Accepts records in any order.

        Args:
            records: The first records.
            noun: The name of a record in the message of a 404.
        """
        super().__init__(_key, sorted(records, key=_key))
        self._by_id = {record.id: record for record in self.items}
        self._noun = noun

    def find(self, identifier: int) -> R | None:
        """The record with this id."""
        return self._by_id.get(identifier)

    def get(self, identifier: int) -> R:
        """The record with this id.

        Raises:
            Refusal: It does not exist.
        """
        found = self._by_id.get(identifier)
        if found is None:
            raise Refusal(404, f"{self._noun} {identifier} not found")
        return found

    def add(self, item: R) -> None:
        """Inserts a record in order."""
        super().add(item)
        self._by_id[item.id] = item

    def delete(self, identifier: int) -> None:
        """Removes a record.

        Raises:
            KeyError: It does not exist.
        """
        self.remove(self._by_id.pop(identifier))

    def last(self) -> R | None:
        """The last record."""
        return self.items[-1] if self.items else None

    def between(self, after: int | None = None, before: int | None = None) -> tuple[int, int]:
        """The span of the records whose keys begin after and before these; both excluded."""
        return self.span(
            None if after is None else (after, _LAST),
            None if before is None else (before, -_LAST),
        )

    def page(
        self,
        *,
        limit: int,
        token: Key | None = None,
        span: tuple[int, int] | None = None,
        wanted: Callable[[R], bool] | None = None,
        newest_first: bool = False,
    ) -> Page[R]:
        """Up to `limit` matching records of a span, after the token."""
        low, high = (0, len(self)) if span is None else span
        if token is not None:
            if newest_first:
                high = min(high, self.span(None, token)[1])
            else:
                low = max(low, self.span(token)[0])
        found: list[R] = []
        for at in range(high - 1, low - 1, -1) if newest_first else range(low, high):
            record = self.items[at]
            if wanted is not None and not wanted(record):
                continue
            if len(found) == limit:
                return Page(found, write_token(found[-1].key))
            found.append(record)
        return Page(found, None)
