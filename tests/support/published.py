"""Reads the marketplaces' published documents, which are next to the project and not in it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from wbym._reprs import HIDDEN

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def spec(folder: Path, name: str) -> dict[str, Json]:
    loaded = json.loads((folder / "specs" / name).read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def at(tree: Json, *path: str) -> Mapping[str, Json]:
    """The object at a path of keys; references are followed by :func:`resolve`."""
    for key in path:
        assert isinstance(tree, Mapping), (key, tree)
        tree = tree[key]
    assert isinstance(tree, Mapping)
    return tree


def resolve(document: Mapping[str, Json], node: Json) -> Json:
    while isinstance(node, Mapping) and "$ref" in node:
        target: Json = document
        for key in str(node["$ref"]).removeprefix("#/").split("/"):
            target = at(target)[key.replace("~1", "/")]
        node = target
    return node


def samples_of_seed(text: str) -> Iterator[tuple[str, str, list[Json]]]:
    """Title, path and JSON samples of each method of a seed, in the seed's order."""
    heads = list(re.finditer(r"([^\n{}]+)\{\{ (\S+) \}\}", text))
    for head, after in zip(heads, [*heads[1:], None], strict=True):
        body = text[head.end() : after.start() if after else len(text)]
        yield head[1].lstrip("}]").strip(), head[2], list(_samples(body))


def _samples(text: str) -> Iterator[Json]:
    clean = re.sub(r"(^|[\[{,]\s*)- ", r"\1", text, flags=re.MULTILINE)
    clean = re.sub(r",(\s*[}\]])", r"\1", clean)
    decoder = json.JSONDecoder(strict=False)
    place = 0
    while (found := re.compile(r"^[\[{]", re.MULTILINE).search(clean, place)) is not None:
        try:
            value, place = decoder.raw_decode(clean, found.start())
        except json.JSONDecodeError:
            place = found.end()
        else:
            yield value


def example(document: Mapping[str, Json], schema: Json, name: str = "") -> Json:
    """A value with every field of a schema; None if the schema is empty."""
    schema = resolve(document, schema)
    if not isinstance(schema, Mapping):
        return None
    if isinstance(parts := schema.get("allOf"), Sequence) and not isinstance(parts, str):
        merged: dict[str, Json] = {}
        for part in parts:
            value = example(document, part)
            if not isinstance(value, Mapping):
                return value
            merged.update(value)
        return merged
    if isinstance(choices := schema.get("enum"), Sequence) and not isinstance(choices, str):
        return choices[0]
    kind = schema.get("type")
    if isinstance(properties := schema.get("properties"), Mapping):
        made = {name: example(document, inner, name) for name, inner in properties.items()}
        return {name: value for name, value in made.items() if value is not None}
    if kind == "array":
        inner = example(document, schema.get("items"))
        return [] if inner is None else [inner]
    if kind in {"integer", "number"}:
        return 7
    if kind == "boolean":
        return True
    if kind == "string":
        # Not every time has the format "date-time".
        is_time = schema.get("format") == "date-time" or name.endswith("At")
        return "2026-05-01T12:00:00Z" if is_time else "слово"
    return None


def missing(sent: Json, kept: Json, where: str = "$") -> list[str]:
    """The paths at which ``kept`` lacks a value of ``sent``, or differs from it."""
    if isinstance(sent, Mapping):
        if not isinstance(kept, Mapping):
            return [where]
        lost = [f"{where}.{name}" for name in sent if name not in kept]
        for name in sent.keys() & kept.keys():
            lost += missing(sent[name], kept[name], f"{where}.{name}")
        return lost
    if isinstance(sent, Sequence) and not isinstance(sent, str):
        if not isinstance(kept, Sequence) or len(kept) != len(sent):
            return [where]
        return [
            place
            for index, (one, other) in enumerate(zip(sent, kept, strict=True))
            for place in missing(one, other, f"{where}[{index}]")
        ]
    is_kept = sent == kept or kept == HIDDEN or _same_moment(sent, kept)
    return [] if is_kept else [where]


def _same_moment(one: Json, other: Json) -> bool:
    if not (isinstance(one, str) and isinstance(other, str)):
        return False
    try:
        first, second = (
            datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)) for text in (one, other)
        )
    except ValueError:
        return False
    # Python rounds the nine digits of a second that Wildberries writes.
    return abs(first - second) <= timedelta(microseconds=1)
