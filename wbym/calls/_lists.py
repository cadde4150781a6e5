"""The pages of a list operation: the one place where a row becomes a listing."""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from wbym.calls._endpoint import Endpoint
from wbym.calls._http import Part, QueryValue
from wbym.calls._outcomes import Answer
from wbym.calls._pipeline import Pipeline
from wbym.calls._repair import repaired
from wbym.calls._replies import Json
from wbym.domain import UndecodableRecord
from wbym.errors import CursorStuck, InvalidInput
from wbym.limits import Priority
from wbym.paging import BodyGate, ByCursor, ByOffset, ByToken, Chunk, Scheme, SinglePage

__all__ = ["Arguments", "DecodedOrigin", "PageShape", "Report", "RowSource", "Total"]

T = TypeVar("T")

_LOST = "lost"
"""The cursor after a page that did not state a usable one: the list did not end there."""
_NUMBER = re.compile(r"0{0,18}[1-9][0-9]{0,18}")
_VALUES = msgspec.json.Decoder(list[str | int | None])
_RAW = msgspec.json.Decoder(list[msgspec.Raw])
_LEVEL = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Arguments(msgspec.Struct, frozen=True):
    """The arguments of a call, by the marketplace's names."""

    path: Mapping[str, str | int] = {}
    query: Mapping[str, QueryValue] = {}
    body: object = msgspec.UNSET
    parts: Sequence[Part] = ()
    headers: Mapping[str, str] = {}
    unfilled: Sequence[str] = ()
    """Path parameters that the account fills."""


Total: TypeAlias = str | Callable[[Any, Mapping[str, Any]], int | None]
"""How to find the total number of records: an attribute of the page, or a function of the page and
the row's arguments."""


class PageShape(msgspec.Struct, frozen=True):
    """How to read a page's Struct."""

    scheme: Scheme
    records: str | None
    """The attribute that holds the records; None if the page itself is the list."""
    total: Total | None = None


Fill: TypeAlias = Callable[[Arguments], Awaitable[Arguments]]
"""Fills the path parameters that the account knows."""


class RowSource(Generic[T]):
    """Fetches the pages of one operation; see :class:`wbym.paging.Source`.

    Args:
        endpoint: The operation.
        shape: How to read its pages.
        arguments: The arguments of the call, without those of the page.
        values: The row's arguments as the caller gave them.
        pipeline: Makes the calls.
        priority: The priority at the limits, unless the reader chooses one.
        fill: Fills the path parameters that the account knows, if the path has any.
    """

    def __init__(
        self,
        endpoint: Endpoint[Any],
        shape: PageShape,
        arguments: Arguments,
        values: Mapping[str, Any],
        pipeline: Pipeline,
        priority: Priority | None,
        fill: Fill | None,
    ) -> None:
        self.method: Final = endpoint.name
        self.scheme: Final = shape.scheme
        self._endpoint = endpoint
        self._shape = shape
        self._arguments = arguments
        self._values = values
        self._pipeline = pipeline
        self._priority = priority
        self._fill = fill

    async def fetch(
        self,
        cursor: str | None,
        size: int | None,
        *,
        priority: Priority | None,
        gate: BodyGate | None = None,
    ) -> Chunk[T]:
        """Fetch one page."""
        arguments = self._paged(cursor, size)
        if self._fill is not None:
            arguments = await self._fill(arguments)
        answer = await self._pipeline.call(
            self._endpoint,
            path=arguments.path,
            query=arguments.query,
            body=arguments.body,
            priority=self._priority if priority is None else priority,
            gate=gate,
        )
        page, shape = answer.value, self._shape
        items: Sequence[T] = page if shape.records is None else getattr(page, shape.records) or ()
        count = len(items) + len(answer.undecodable)
        following = self._following(page, count, size, is_lost=self._is_lost(answer.ignored))
        origin = _Origin(self._endpoint, answer, self._pipeline.report)
        return Chunk(items, count, following, self._total(page), answer.undecodable, page, origin)

    def _is_lost(self, ignored: Collection[str]) -> bool:
        """Whether invalid fields leave open where the list continues."""
        scheme, names = self.scheme, ["cursor"]
        if not ignored or isinstance(scheme, ByOffset | SinglePage):
            return False
        names += scheme.fields if isinstance(scheme, ByCursor) else scheme.following.split(".")
        return not {_flat(name) for name in names}.isdisjoint(map(_flat, ignored))

    def _total(self, page: object) -> int | None:
        total = self._shape.total
        if total is None:
            return None
        found: int | None
        found = getattr(page, total) if isinstance(total, str) else total(page, self._values)
        return found

    def _paged(self, cursor: str | None, size: int | None) -> Arguments:
        """The arguments for a page.

        Raises:
            InvalidInput: The cursor is not from this list.
            CursorStuck: The cursor is from a page that did not state its end position.
        """
        scheme, arguments = self.scheme, self._arguments
        if cursor == _LOST:
            raise CursorStuck(self.method, cursor)
        if isinstance(scheme, SinglePage):
            if cursor is not None:
                raise self._no_cursor(cursor)
            return arguments
        if isinstance(scheme, ByCursor):
            place: dict[str, object] = {**self._place(scheme, cursor), scheme.size: size}
            body = _put(arguments.body, scheme.at, place)
            return msgspec.structs.replace(arguments, body=body)
        fields: dict[str, QueryValue] = {}
        if isinstance(scheme, ByOffset):
            fields = {scheme.size: size, scheme.offset: int(cursor or 0)}
        else:
            if scheme.size is not None:
                fields[scheme.size] = size
            if cursor is not None:
                fields[scheme.token] = self._token(scheme, cursor)
            if scheme.where == "body":
                return msgspec.structs.replace(arguments, body=_put(arguments.body, (), fields))
        return msgspec.structs.replace(arguments, query={**arguments.query, **fields})

    def _token(self, scheme: ByToken, cursor: str) -> str | int:
        if not scheme.is_number:
            return cursor
        if _NUMBER.fullmatch(cursor) is None:
            raise self._no_cursor(cursor)
        return int(cursor)

    def _place(self, scheme: ByCursor, cursor: str | None) -> Mapping[str, object]:
        if cursor is None:
            return {}
        try:
            values = dict(zip(scheme.fields, _VALUES.decode(cursor), strict=True))
        except (msgspec.DecodeError, ValueError):
            raise self._no_cursor(cursor) from None
        if None in values.values():
            raise CursorStuck(self.method, cursor)
        return values

    def _no_cursor(self, cursor: str) -> InvalidInput:
        return InvalidInput(self.method, "cursor", "must be a cursor of this list", cursor)

    def _following(
        self, page: object, count: int, size: int | None, *, is_lost: bool
    ) -> str | None:
        """The cursor of the next page; None after the last page, and for pages by offset."""
        scheme = self.scheme
        if isinstance(scheme, ByOffset | SinglePage):
            return None
        if isinstance(scheme, ByCursor):
            place: Any = getattr(page, "cursor", None)
            fields = {} if place is None else msgspec.to_builtins(place)
            values = [fields.get(name) or None for name in scheme.fields]
            largest = size or scheme.max_size
            has_more = place is not None and scheme.more(place, largest)
            # A full page that does not state its end position is hardly the last: it must not end
            # the list silently. Reading from its cursor raises CursorStuck.
            if not (has_more or (count >= largest and None in values)):
                return _LOST if is_lost else None
            return msgspec.json.encode(values).decode()
        if scheme.end is not None:
            left = getattr(page, scheme.end)
            if not (count if left is None else left):
                return None
        if scheme.ends_short and size is not None and count < size:
            return None
        token: object = page
        for name in scheme.following.split("."):
            token = getattr(token, name, None)
        if not token:
            return _LOST if is_lost else None
        is_valid = not scheme.is_number or _NUMBER.fullmatch(str(token)) is not None
        return str(token) if is_valid else _LOST


def _flat(name: str) -> str:
    """A field's name, the same in Python and in JSON."""
    return name.replace("_", "").lower()


def _put(body: object, path: Sequence[str], fields: Mapping[str, object]) -> dict[str, Any]:
    """Add fields to the body, at a path inside it."""
    whole: dict[str, Any] = {} if body is msgspec.UNSET else dict(msgspec.to_builtins(body))
    if not path:
        return {**whole, **fields}
    head, *rest = path
    return {**whole, head: _put(whole.get(head, {}), rest, fields)}


Report: TypeAlias = Callable[[str, str, Exception, bytes], UndecodableRecord]
"""Reports a record that cannot be mapped: the operation, the position, the error, the bytes."""


class _Origin:
    """The origin of a page's records: the answer that contained them."""

    def __init__(self, endpoint: Endpoint[Any], answer: Answer[Any], report: Report) -> None:
        self._endpoint = endpoint
        self._answer = answer
        self._report = report

    def undecodable(self, index: int, error: Exception) -> UndecodableRecord:
        """Report the page's item ``index``, with its bytes, as undecodable."""
        place, raw = self._records[index]
        return self._report(self._endpoint.name, place, error, raw)

    @cached_property
    def _records(self) -> list[tuple[str, bytes]]:
        """The positions and bytes of the records that could be decoded."""
        body = self._answer.body
        try:
            return self._records_in(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # A decoded page may still have bytes outside of its records that are not UTF-8.
            return self._records_in(repaired(body))

    def _records_in(self, body: bytes) -> list[tuple[str, bytes]]:
        reply = self._endpoint.reply
        path = reply.records if isinstance(reply, Json) else ()
        blanked = reply.blanked if isinstance(reply, Json) else bytes
        rest = msgspec.Raw(body)
        for name in path:
            rest = _LEVEL.decode(rest)[name]
        undecodable = {undecodable.where for undecodable in self._answer.undecodable}
        places = (
            (f"{'.'.join(path)}[{n}]", blanked(raw)) for n, raw in enumerate(_RAW.decode(rest))
        )
        return [(place, raw) for place, raw in places if place not in undecodable]


class DecodedOrigin:
    """An origin for records whose bytes were not kept; they are encoded again when reported.

    Args:
        method: The operation that reads the records.
        items: The records.
        report: Receives each record that cannot be mapped.
    """

    def __init__(self, method: str, items: Sequence[object], report: Report) -> None:
        self._method = method
        self._items = items
        self._report = report

    def undecodable(self, index: int, error: Exception) -> UndecodableRecord:
        """Report the page's item ``index`` as undecodable.

        Args:
            index: Its place in the page.
            error: Why it could not be mapped.
        """
        raw = msgspec.json.encode(self._items[index])
        return self._report(self._method, f"[{index}]", error, raw)
