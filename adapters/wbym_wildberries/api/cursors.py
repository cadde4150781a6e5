"""Lists that go on from where the page before ended, as texts that a caller can keep."""

from typing import TypeAlias

import msgspec

from wbym.errors import InvalidInput
from wbym.paging import ByCursor

__all__ = ["Place", "place_after", "read_cursor", "write_cursor"]

Place: TypeAlias = dict[str, str | int]
"""The fields of a scheme's cursor, by name."""

_VALUES = msgspec.json.Decoder(list[str | int])


def place_after(scheme: ByCursor, cursor: msgspec.Struct | None) -> Place:
    """The fields that are sent back of a page's cursor; none of them for the first page."""
    fields = msgspec.to_builtins(cursor) if cursor is not None else {}
    return {name: fields[name] for name in scheme.fields if fields.get(name)}


def write_cursor(scheme: ByCursor, cursor: msgspec.Struct) -> str | None:
    """A page's cursor as one text; None where it has none."""
    place = place_after(scheme, cursor)
    if len(place) < len(scheme.fields):
        return None
    return msgspec.json.encode(list(place.values())).decode()


def read_cursor(method: str, scheme: ByCursor, cursor: str | None) -> Place:
    """The fields of such a text; none of them for the first page.

    Raises:
        InvalidInput: It is no cursor of this list.
    """
    if cursor is None:
        return {}
    try:
        return dict(zip(scheme.fields, _VALUES.decode(cursor), strict=True))
    except (msgspec.DecodeError, ValueError):
        raise InvalidInput(method, "cursor", "must be a cursor of this list", cursor) from None
