"""Spoils the records of a response: nulls, unknown values, undecodable records."""

from __future__ import annotations

import random
from dataclasses import dataclass

import msgspec

JsonObject = dict[str, object]


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
    rng: random.Random,
) -> bytes:
    """Returns the response with its records spoiled.

    Args:
        body: A JSON response.
        records: Its records.
        nulls: Share of records whose optional fields become null.
        unknown_values: Share of records that get unknown enumeration values and new fields.
        bad_record: Whether one record is made undecodable.
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
    return msgspec.json.encode(response)


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
