"""The shapes of places in requests and replies, from a schema or from an annotation.

Both become a :class:`Shape`, so that they can be compared.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import msgspec

from tests.support.published import Json, resolve
from wbym.calls import Count, Each, Encode, Length, MaxSize, Range, Upload

__all__ = [
    "UNKNOWN",
    "Field",
    "Shape",
    "either",
    "of_annotation",
    "of_schema",
    "places",
    "with_fields",
]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of a place."""

    kinds: frozenset[str] = frozenset()
    """JSON's types; empty for any. A ``decimal`` is written as a number, and read
    from a text too."""
    fields: Mapping[str, "Field"] | None = None
    """The fields of an object; None if not known."""
    items: "Shape | None" = None
    """The items of a list; None if not known."""
    words: frozenset[str | int] = frozenset()
    """The values of an enumeration; empty for any."""
    bounds: Mapping[str, int] = {}
    """``min`` and ``max`` of a number, of a text's characters, of a list's items; ``bytes`` of
    a file."""
    nullable: bool = False

    @property
    def known(self) -> bool:
        """Whether the shape is known."""
        return bool(self.kinds)


class Field(msgspec.Struct, frozen=True):
    """A field of an object."""

    shape: Shape
    required: bool | None = None
    """None where the file does not say for any field of the object; of ours, where it is always
    sent and the caller need not give it."""
    deprecated: bool = False


UNKNOWN: Final = Shape()


def places(place: str, shape: Shape) -> Iterator[tuple[str, Shape]]:
    """A shape and all nested shapes by place, without deprecated ones."""
    yield place, shape
    for name, field in (shape.fields or {}).items():
        if not field.deprecated:
            yield from places(f"{place}.{name}", field.shape)
    if shape.items is not None:
        yield from places(f"{place}[]", shape.items)


def with_fields(shape: Shape, path: Sequence[str], fields: Mapping[str, Field]) -> Shape:
    """A shape with further fields at a place."""
    there = dict(shape.fields or {})
    if path:
        inner = there[path[0]].shape if path[0] in there else UNKNOWN
        there[path[0]] = Field(with_fields(inner, path[1:], fields))
    else:
        there |= fields
    return Shape(kinds=frozenset({"object"}), fields=there)


# --- The published side


def of_schema(document: Mapping[str, Json], node: Json, within: tuple[str, ...] = ()) -> Shape:
    """The shape of a schema."""
    if isinstance(node, Mapping) and "$ref" in node:
        name = str(node["$ref"])
        if name in within:
            return UNKNOWN
        within = (*within, name)
    schema = resolve(document, node)
    if not isinstance(schema, Mapping):
        return UNKNOWN
    parts = [of_schema(document, part, within) for part in _list(schema.get("allOf"))]
    choices = _list(schema.get("oneOf")) + _list(schema.get("anyOf"))
    parts.append(_own(document, schema, within))
    if choices:
        parts.append(either(of_schema(document, choice, within) for choice in choices))
    return _all_of(parts)


def _own(
    document: Mapping[str, Json], schema: Mapping[str, Json], within: tuple[str, ...]
) -> Shape:
    kind = schema.get("type")
    properties = schema.get("properties")
    if kind is None and isinstance(properties, Mapping):
        kind = "object"
    if kind is None and "items" in schema:
        kind = "array"
    fields = None
    if isinstance(properties, Mapping):
        needed = set(map(str, _list(schema.get("required"))))
        fields = {
            name: Field(
                of_schema(document, inner, within),
                name in needed if needed else None,
                _deprecated(document, inner),
            )
            for name, inner in properties.items()
        }
    return Shape(
        kinds=frozenset({kind}) if isinstance(kind, str) else frozenset(),
        fields=fields,
        items=of_schema(document, schema["items"], within) if "items" in schema else None,
        words=frozenset(one for one in _list(schema.get("enum")) if isinstance(one, str | int)),
        bounds=_bounds(schema),
        nullable=schema.get("nullable") is True,
    )


def _deprecated(document: Mapping[str, Json], node: Json) -> bool:
    schema = resolve(document, node)
    return isinstance(schema, Mapping) and schema.get("deprecated") is True


def _bounds(schema: Mapping[str, Json]) -> dict[str, int]:
    names = {
        "array": (("minItems", "maxItems"), ("minimum", "maximum")),
        "string": (("minLength", "maxLength"),),
        "object": (),
    }.get(str(schema.get("type")), (("minimum", "maximum"),))
    sources = [schema]
    items = schema.get("items")
    # Wildberries writes how many objects a list may have as the maximum of one of them.
    if isinstance(items, Mapping) and items.get("type") == "object":
        sources.append(items)
    found: dict[str, int] = {}
    for source in sources:
        for low, high in names:
            for bound, name in (("min", low), ("max", high)):
                value = source.get(name)
                if isinstance(value, int) and not isinstance(value, bool):
                    found.setdefault(bound, value)
    return found


# --- Our side

_KINDS: Final[Mapping[object, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "decimal",
    str: "string",
    bytes: "string",
    datetime: "string",
    date: "string",
    Upload: "string",
}
_ABSENT: Final = {NoneType, msgspec.UnsetType}
_NOW: Final = datetime(2026, 5, 1, tzinfo=UTC)


def of_annotation(hint: object, within: tuple[object, ...] = ()) -> Shape:
    """The shape of an annotation; other types than messages match anything."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _marked(of_annotation(inner[0], within), inner[0], inner[1:])
    if origin in {Union, UnionType}:
        parts = [of_annotation(one, within) for one in inner if one not in _ABSENT]
        shape = either(parts) if all(part.known for part in parts) else UNKNOWN
        return msgspec.structs.replace(shape, nullable=NoneType in inner)
    if origin is Literal:
        return _words(inner)
    if hint in _KINDS:
        return Shape(kinds=frozenset({_KINDS[hint]}))
    kind = origin or hint
    if not isinstance(kind, type):
        return UNKNOWN
    if issubclass(kind, Enum):
        return _words([member.value for member in kind])
    if issubclass(kind, msgspec.Struct):
        return UNKNOWN if hint in within else _of_struct(hint, (*within, hint))
    if issubclass(kind, Mapping):
        return Shape(kinds=frozenset({"object"}))
    if issubclass(kind, Collection):
        items = of_annotation(inner[0], within) if inner else None
        return Shape(kinds=frozenset({"array"}), items=items)
    return UNKNOWN


def _of_struct(kind: Any, within: tuple[object, ...]) -> Shape:  # noqa: ANN401 - of any Struct
    fields = {
        field.encode_name: Field(of_annotation(field.type, within), field.required)
        for field in msgspec.structs.fields(kind)
    }
    return Shape(kinds=frozenset({"object"}), fields=fields)


def _words(values: Iterable[object]) -> Shape:
    words = [word for word in values if isinstance(word, str | int)]
    kinds = frozenset(_KINDS[type(word)] for word in words)
    numbers = [word for word in words if isinstance(word, int)]
    bounds = {"min": min(numbers), "max": max(numbers)} if numbers else {}
    return Shape(kinds=kinds, words=frozenset(words), bounds=bounds)


def _marked(shape: Shape, base: object, marks: Sequence[object]) -> Shape:
    bounds = dict(shape.bounds)
    for mark in marks:
        match mark:
            case Length(low, high) | Range(low, high) | Count(low, high):
                found = {"min": low, "max": high}
                bounds |= {name: bound for name, bound in found.items() if bound is not None}
            case MaxSize(size):
                bounds["bytes"] = size
            case Each(rule):
                items = _marked(shape.items or UNKNOWN, object, [rule])
                shape = msgspec.structs.replace(shape, items=items)
            case Encode(write) if datetime in {base, *get_args(base)}:
                kinds = frozenset({_KINDS[type(write(_NOW))]})
                shape = msgspec.structs.replace(shape, kinds=kinds)
    return msgspec.structs.replace(shape, bounds=bounds)


# --- Joining shapes


def either(shapes: Iterable[Shape]) -> Shape:
    """The union of shapes. A field is required if all require it."""
    found = [shape for shape in shapes if shape.known]
    if len(found) < 2:
        return found[0] if found else UNKNOWN
    objects = [shape.fields for shape in found if shape.fields is not None]
    names = dict.fromkeys(name for fields in objects for name in fields)
    fields = {
        name: Field(
            either(fields[name].shape for fields in objects if name in fields),
            _all([fields[name].required if name in fields else False for fields in objects]),
            any(name in fields and fields[name].deprecated for fields in objects),
        )
        for name in names
    }
    lists = [shape.items for shape in found if shape.items is not None]
    return Shape(
        kinds=frozenset().union(*(shape.kinds for shape in found)),
        fields=fields if objects else None,
        items=either(lists) if lists else None,
        words=frozenset().union(*(shape.words for shape in found))
        if all(shape.words for shape in found)
        else frozenset(),
        bounds=found[0].bounds if all(one.bounds == found[0].bounds for one in found) else {},
        nullable=any(shape.nullable for shape in found),
    )


def _all(required: Sequence[bool | None]) -> bool | None:
    return None if None in required and False not in required else all(required)


def _all_of(shapes: Sequence[Shape]) -> Shape:
    """The intersection of shapes."""
    found = [shape for shape in shapes if shape != UNKNOWN]
    if len(found) < 2:
        return found[0] if found else UNKNOWN
    objects = [shape.fields for shape in found if shape.fields is not None]
    bounds: dict[str, int] = {}
    for shape in found:
        bounds |= shape.bounds
    return Shape(
        kinds=next((shape.kinds for shape in found if shape.known), frozenset()),
        fields={name: field for fields in objects for name, field in fields.items()}
        if objects
        else None,
        items=next((shape.items for shape in found if shape.items is not None), None),
        words=next((shape.words for shape in found if shape.words), frozenset()),
        bounds=bounds,
        nullable=any(shape.nullable for shape in found),
    )


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
