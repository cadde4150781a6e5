"""Checks a response against the published schema: types, required fields, closed lists, bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .conftest import Json

_KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "array": list,
    "object": dict,
    "integer": int,
    "number": (int, float),
}
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


class Schemas:
    """The document, and which of its fields have been seen."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.seen: set[str] = set()
        self.nulls: set[str] = set()
        self._merged: dict[int, tuple[Json, tuple[str, Json]]] = {}
        """By the schema's id, with the schema itself, so that its id is not reused."""

    def get(self, reference: str) -> Json:
        found = self.document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return found

    def merged(self, schema: Json) -> tuple[str, Json]:
        """The schema without references, and the name of the last of them."""
        known = self._merged.get(id(schema))
        if known is None:
            known = self._merged[id(schema)] = schema, self._merge(schema)
        return known[1]

    def _merge(self, schema: Json) -> tuple[str, Json]:
        name = ""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self.get(schema["$ref"])
        properties = dict(schema.get("properties", {}))
        required = list(schema.get("required", ()))
        for part in schema.get("allOf", ()):
            _, inner = self.merged(part)
            properties |= inner.get("properties", {})
            required += inner.get("required", ())
        if properties:
            schema = {**schema, "type": "object", "properties": properties, "required": required}
        return name, schema

    def check(self, value: Json, schema: Json, where: str = "$") -> Iterator[str]:
        """The violations of the schema."""
        name, schema = self.merged(schema)
        if value is None:
            if not schema.get("nullable"):
                yield f"{where}: null"
            self.nulls.add(where)
            return
        kind = schema.get("type")
        if kind is not None:
            wrong_bool = isinstance(value, bool) and kind != "boolean"
            if wrong_bool or not isinstance(value, _KINDS[kind]):
                yield f"{where}: {value!r} is not {kind}"
                return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{where}: {value!r} is not in the list"
        if schema.get("format") == "date-time" and not _MOMENT.match(value):
            yield f"{where}: {value!r} is no date with a zone"
        size = value if isinstance(value, (int, float)) else None
        length = len(value) if isinstance(value, (str, list)) else None
        bounds = (
            ("minimum", size, -1),
            ("maximum", size, 1),
            ("minLength", length, -1),
            ("maxLength", length, 1),
            ("minItems", length, -1),
            ("maxItems", length, 1),
        )
        for keyword, given, sign in bounds:
            if keyword in schema and given is not None and (given - schema[keyword]) * sign > 0:
                yield f"{where}: {keyword}"
        if isinstance(value, dict):
            for field in schema.get("required", ()):
                if field not in value:
                    yield f"{where}: no {field}"
            for field, inner in value.items():
                if field not in schema.get("properties", {}):
                    yield f"{where}: unknown {field}"
                    continue
                self.seen.add(f"{name or where}.{field}")
                yield from self.check(inner, schema["properties"][field], f"{where}.{field}")
        elif isinstance(value, list):
            for item in value:
                yield from self.check(item, schema.get("items", {}), f"{where}[]")

    def fields(self, schema: Json, where: str = "$", known: set[str] | None = None) -> set[str]:
        """Every field that a response of this schema may have."""
        known = set() if known is None else known
        name, schema = self.merged(schema)
        for field, inner in schema.get("properties", {}).items():
            key = f"{name or where}.{field}"
            if key not in known:
                known.add(key)
                self.fields(inner, f"{where}.{field}", known)
        if "items" in schema:
            self.fields(schema["items"], f"{where}[]", known)
        return known
