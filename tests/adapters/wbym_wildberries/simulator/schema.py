"""Checks a response against the published schema, as far as the file describes it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.adapters.wbym_yandex_market.simulator.schema import Schemas as Whole

from .conftest import Json


class Schemas(Whole):
    """The document; an object or a list without a description may have any contents."""

    def check(self, value: Json, schema: Json, where: str = "$") -> Iterator[str]:
        _, schema = self.merged(schema)
        if "oneOf" in schema:
            choices = schema["oneOf"]
            if not any(not list(self.check(value, one, where)) for one in choices):
                yield f"{where}: {value!r} is none of the choices"
            return
        inside = {"array": "items", "object": "properties"}.get(schema.get("type", ""), "type")
        is_open = inside not in schema and "additionalProperties" not in schema
        if is_open and "type" in schema:
            schema = {key: inner for key, inner in schema.items() if key in {"type", "nullable"}}
            kind = schema.get("type")
            if not (value is None and schema.get("nullable")):
                right = {"object": dict, "array": list, "string": str}.get(kind, object)
                if not isinstance(value, right):
                    yield f"{where}: {value!r} is not {kind}"
            return
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict) and isinstance(value, dict):
            for field, inner in value.items():
                yield from self.check(inner, extra, f"{where}.{field}")
            return
        yield from super().check(value, schema, where)
