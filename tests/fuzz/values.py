"""Values made from JSON Schema: dates, ids, nulls and absent fields included."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, TypeAlias

from tests.fuzz.schemas import Schema
from tests.support.published import Json, resolve

__all__ = ["NOW", "Maker", "Tree", "is_time", "iso"]

Tree: TypeAlias = Any
"""JSON that may be changed: dict, list, str, int, float, bool or None."""

NOW: Final = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
"""When the newest made records are from; a case's clock is that of the machine."""

_DEEPEST: Final = 8
_TIME: Final = re.compile(r"(Date|At|Time|_dt|^dt|dt_update|Dt|since|till)$")
_LIKE_A_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?")
_SAYS_WHAT: Final = {"type", "properties", "enum", "allOf", "anyOf", "oneOf", "items"}
_HAS_PARTS: Final = re.compile(r"(?i)price|weight|amount|value|rate|percent|diff|itude|sec$")
_WORDS: Final = (
    "Здравствуйте!",
    "Спасибо",
    "ok",
    "",
    "🙂 размер подошёл",
    "«ёлочки»\n\t",
    "a" * 300,
)


class Maker:
    """Makes values of schemas.

    Args:
        random: Chooses.
        absent: How probable it is that an optional field is absent, or null where it may be.
    """

    def __init__(self, random: Random, absent: float = 0.1) -> None:
        self._random = random
        self._absent = absent

    def make(self, schema: Schema) -> Tree:
        """A value of a schema."""
        return self._make(schema.document, schema.node, "", 0)

    def _make(self, document: Mapping[str, Json], node: Json, name: str, depth: int) -> Tree:
        node = resolve(document, node)
        if not isinstance(node, Mapping) or not node:
            return self._random.choice([None, 1, "x", {}])
        if node.get("nullable") is True and self._random.random() < self._absent:
            return None
        if isinstance(parts := node.get("allOf"), Sequence):
            return self._merged(document, node, parts, name, depth)
        for key in ("anyOf", "oneOf"):
            if isinstance(choices := node.get(key), Sequence):
                return self._make(document, self._one_of(choices), name, depth)
        if "const" in node:
            return node["const"]
        if isinstance(words := node.get("enum"), Sequence):
            return self._random.choice(list(words))
        kind = node.get("type")
        if isinstance(kind, Sequence) and not isinstance(kind, str):
            kind = self._random.choice(list(kind))
        if kind == "object" or "properties" in node:
            return self._object(document, node, depth)
        if kind == "array" or "items" in node:
            return self._array(document, node, name, depth)
        return self._plain(node, str(kind), name)

    def _one_of(self, choices: Sequence[Json]) -> Json:
        # Of msgspec's unions with null, the other mostly.
        others = [one for one in choices if not _is_null(one)]
        if len(others) < len(choices) and self._random.random() < self._absent:
            return {"type": "null"}
        return self._random.choice(others or list(choices))

    def _merged(
        self,
        document: Mapping[str, Json],
        node: Mapping[str, Json],
        parts: Sequence[Json],
        name: str,
        depth: int,
    ) -> Tree:
        merged: dict[str, Tree] = {}
        own = {key: value for key, value in node.items() if key != "allOf"}
        for part in [*parts, *([own] if "properties" in own else [])]:
            stated = resolve(document, part)
            if not isinstance(stated, Mapping) or not _SAYS_WHAT & stated.keys():
                continue  # it only describes
            value = self._make(document, part, name, depth)
            if not isinstance(value, dict):
                return value
            merged |= {k: v for k, v in value.items() if v != {} or k not in merged}
        return merged

    def _object(self, document: Mapping[str, Json], node: Mapping[str, Json], depth: int) -> Tree:
        if depth > _DEEPEST:
            return {}
        made: dict[str, Tree] = {}
        properties = node.get("properties")
        required = node.get("required")
        needed = set(required) if isinstance(required, Sequence) else set()
        for name, inner in properties.items() if isinstance(properties, Mapping) else ():
            if name in needed or self._random.random() >= self._absent:
                made[name] = self._make(document, inner, name, depth + 1)
        more = node.get("additionalProperties")
        if isinstance(more, Mapping) and not made:
            for name in ("one", "two"):
                made[name] = self._make(document, more, name, depth + 1)
        return made

    def _array(
        self, document: Mapping[str, Json], node: Mapping[str, Json], name: str, depth: int
    ) -> Tree:
        least = node.get("minItems")
        count = max(self._random.randint(0, 2), least if isinstance(least, int) else 0)
        if depth > _DEEPEST:
            count = 0
        return [self._make(document, node.get("items"), name, depth + 1) for _ in range(count)]

    def _plain(self, node: Mapping[str, Json], kind: str, name: str) -> Tree:
        example = node.get("example")
        if kind == "null":
            return None
        if kind == "boolean":
            return self._random.random() < 0.5
        if kind in {"integer", "number"}:
            if isinstance(example, int) and self._random.random() < 0.5:
                return example
            if name.endswith("Timestamp"):
                moment = NOW - timedelta(seconds=self._random.randint(60, 10 * 86_400))
                return int(moment.timestamp() * 1000)
            low, high = (node.get(key) for key in ("minimum", "maximum"))
            least = int(low) if isinstance(low, int | float) else 0
            most = int(high) if isinstance(high, int | float) else least + 100_000
            number = self._random.randint(least, max(least, min(most, least + 100_000)))
            # Numbers are published of statuses and counts too, which have no fractions.
            has_parts = isinstance(example, float) or _HAS_PARTS.search(name) is not None
            return number + 0.25 if kind == "number" and has_parts and number % 2 else number
        return self._text(node, name, example)

    def _text(self, node: Mapping[str, Json], name: str, example: Json) -> str:
        shape = node.get("format")
        if is_time(name, node):
            moment = NOW - timedelta(seconds=self._random.randint(60, 10 * 86_400))
            is_day = shape == "date" or (isinstance(example, str) and len(example) == 10)
            if is_day:
                return moment.date().isoformat()
            return iso(moment) if shape == "date-time" else str(_like(example, moment))
        if shape == "decimal":
            return str(self._random.randint(0, 10_000))
        if isinstance(example, str) and self._random.random() < 0.5:
            return example
        text = self._random.choice(_WORDS)
        longest = node.get("maxLength")
        text = text[:longest] if isinstance(longest, int) else text
        least = node.get("minLength")
        return text.ljust(least, "я") if isinstance(least, int) else text


def is_time(name: str, node: Mapping[str, Json]) -> bool:
    """Whether a text is a time: not every one is said to be one."""
    example = node.get("example")
    if node.get("format") in {"date-time", "date"}:
        return True
    if isinstance(example, str):
        return _LIKE_A_TIME.match(example) is not None
    return _TIME.search(name) is not None


def iso(moment: datetime) -> str:
    """A time as marketplaces write it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _like(example: Json, moment: datetime) -> str:
    if isinstance(example, str) and not example.endswith("Z") and "+" not in example:
        return moment.replace(tzinfo=None).isoformat()
    return iso(moment)


def _is_null(node: Json) -> bool:
    return isinstance(node, Mapping) and node.get("type") == "null"
