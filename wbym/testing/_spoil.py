"""Spoils the records of a response: nulls, unknown values, bad bytes, undecodable records."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

_BAD_BYTES = (b"\x01", rb"\ud83d", b"\xd0")
"""A raw control character, half of a surrogate pair, half of a Cyrillic letter."""
_MARK = "<bad bytes>"

JsonObject = dict[str, object]
"""A decoded JSON object."""


@dataclass(frozen=True, slots=True)
class RecordFields:
    """The records of a response, and which of their fields faults may spoil.

    A name may reach one level down: `"answer.state"`.
    """

    path: tuple[str, ...]
    """Keys from the top of the response to the list, or to the only record."""
    id: str
    """Name of the field that identifies a record."""
    optional: tuple[str, ...] = ()
    """Fields that the marketplace may leave null."""
    enums: tuple[str, ...] = ()
    """Fields with a value of an enumeration, such as a status."""


def spoil(
    body: bytes,
    records: RecordFields,
    *,
    nulls: float,
    unknown_values: float,
    bad_record: bool,
    bad_bytes: bool,
    rng: random.Random,
) -> bytes:
    """Returns the response with its records spoiled.

    Args:
        body: A JSON response.
        records: Its records.
        nulls: Share of records whose optional fields become null.
        unknown_values: Share of records that get unknown enumeration values and new fields.
        bad_record: Whether one record is made undecodable.
        bad_bytes: Whether one record is not valid JSON.
        rng: Draws the records.
    """
    response: object = msgspec.json.decode(body)
    found: object = response
    for key in records.path:
        found = found.get(key) if isinstance(found, dict) else None
    items = found if isinstance(found, list) else [found]
    rows = [item for item in items if isinstance(item, dict)]
    for row in rows:
        if nulls and rng.random() < nulls:
            for name in records.optional:
                _put(row, name, None)
        if unknown_values and rng.random() < unknown_values:
            for name in records.enums:
                _put(row, name, f"newValue{rng.randrange(100)}")
            row["newField"] = {"since": "tomorrow", "values": [1, "два", None]}
    if bad_record and rows:
        rng.choice(rows)[records.id] = rng.choice((None, {"wrong": True}))
    if not (bad_bytes and rows):
        return msgspec.json.encode(response)
    row = rng.choice(rows)
    if rng.random() < 0.25:
        row["newField"] = _MARK
        return msgspec.json.encode(response).replace(b'"%b"' % _MARK.encode(), b"NaN")
    row["newField"] = "новое"
    holder, name = rng.choice([*_texts(row, ["newField", *records.optional])])
    text = str(holder[name])
    middle = len(text) // 2
    holder[name] = text[:middle] + _MARK + text[middle:]
    return msgspec.json.encode(response).replace(_MARK.encode(), rng.choice(_BAD_BYTES))


def _put(row: JsonObject, name: str, value: object) -> None:
    head, _, rest = name.partition(".")
    if head not in row:
        return
    if not rest:
        row[head] = value
        return
    inner = row[head]
    if isinstance(inner, dict) and rest in inner:
        inner[rest] = value


def _texts(row: JsonObject, names: Iterable[str]) -> Iterator[tuple[JsonObject, str]]:
    """Objects and keys of the texts in these fields, also of those further inside."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str):
            yield row, name
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from _texts(inner, inner)
