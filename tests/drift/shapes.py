"""What a place in a request or a reply may hold, read from a schema, an example or a type of ours.

All three become a :class:`Shape`, so that they can be compared. Whatever was cut from the published
files is a shape that knows nothing, and never differs from anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import inspect

from tests.published import CUT, Json, resolve

__all__ = [
    "UNKNOWN",
    "Field",
    "Shape",
    "either",
    "filled",
    "of_annotation",
    "of_example",
    "of_schema",
    "of_value",
]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What may be at a place."""

    kinds: frozenset[str] = frozenset()
    """JSON's types; none where nothing is known, or where ours takes anything. A ``decimal`` is
    written as a number, and read from a text too."""
    fields: Mapping[str, "Field"] | None = None
    """Of an object; None where they are not known."""
    items: "Shape | None" = None
    """Of a list; None where they are not known."""
    words: frozenset[str | int] = frozenset()
    """The values of an enumeration; none where any may come."""
    bounds: Mapping[str, int] = {}
    """``least`` and ``most``: of a number, of a text's characters, of a list's items."""
    nullable: bool = False
    partial: bool = False
    """Read from an example, which has not every field."""
    text: str = ""
    """What the file says of it in words."""

    @property
    def known(self) -> bool:
        """Whether it says anything."""
        return bool(self.kinds)

    @property
    def seen(self) -> bool:
        """Whether there is anything to compare in it."""
        inside = [field.shape for field in (self.fields or {}).values()]
        return self.known and ("object" not in self.kinds or any(one.known for one in inside))


class Field(msgspec.Struct, frozen=True):
    """A field of an object."""

    shape: Shape
    required: bool | None = None
    """None where the file does not say for any field of the object."""
    deprecated: bool = False


UNKNOWN: Final = Shape()
_STRING: Final = frozenset({"string"})


# --- The published side


def of_schema(document: Mapping[str, Json], node: Json, within: tuple[str, ...] = ()) -> Shape:
    """The shape that a schema describes."""
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
    own = _own(document, schema, within)
    shape = _all_of([*parts, own])
    if choices:
        shape = _all_of([shape, either(of_schema(document, choice, within) for choice in choices)])
    return shape


def _own(
    document: Mapping[str, Json], schema: Mapping[str, Json], within: tuple[str, ...]
) -> Shape:
    kind = schema.get("type")
    properties, required = schema.get("properties"), schema.get("required")
    if kind is None and isinstance(properties, Mapping):
        kind = "object"
    if kind is None and "items" in schema:
        kind = "array"
    fields = None
    if isinstance(properties, Mapping):
        needed = set(map(str, _list(required))) if required != CUT else None
        fields = {
            name: Field(
                of_schema(document, inner, within),
                None if not needed else name in needed,
                _deprecated(document, inner),
            )
            for name, inner in properties.items()
        }
    items = of_schema(document, schema["items"], within) if "items" in schema else None
    return Shape(
        kinds=frozenset({kind}) if isinstance(kind, str) and kind != CUT else frozenset(),
        fields=fields,
        items=items,
        words=_words(schema.get("enum")),
        bounds=_bounds(schema),
        nullable=schema.get("nullable") is True,
        text=" ".join(str(schema.get(name, "")) for name in ("title", "description")).strip(),
    )


def _deprecated(document: Mapping[str, Json], node: Json) -> bool:
    schema = resolve(document, node)
    return isinstance(schema, Mapping) and schema.get("deprecated") is True


def _words(stated: Json) -> frozenset[str | int]:
    return frozenset(word for word in _list(stated) if isinstance(word, str | int) and word != CUT)


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
        for least, most in names:
            for bound, name in (("least", least), ("most", most)):
                value = source.get(name)
                if isinstance(value, int) and not isinstance(value, bool):
                    found.setdefault(bound, value)
    return found


def of_example(value: Json) -> Shape:
    """The shape of which this is an example."""
    if value is None or value == CUT:
        return UNKNOWN
    if isinstance(value, Mapping):
        fields = {name: Field(of_example(inner)) for name, inner in value.items()}
        return Shape(kinds=frozenset({"object"}), fields=fields, partial=True)
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = either(of_example(item) for item in value)
        return Shape(kinds=frozenset({"array"}), items=items if value else None)
    return Shape(kinds=_kind_of(value))


def filled(stated: Shape, shown: Shape) -> Shape:
    """A schema's shape, and what an example shows where the schema was cut."""
    if not stated.known:
        return shown
    fields = stated.fields
    partial = stated.partial
    if shown.fields is not None:
        if fields is None:
            fields, partial = shown.fields, True
        else:
            fields = {
                name: msgspec.structs.replace(field, shape=filled(field.shape, theirs.shape))
                if (theirs := shown.fields.get(name)) is not None
                else field
                for name, field in fields.items()
            }
    items = filled(stated.items or UNKNOWN, shown.items) if shown.items else stated.items
    return msgspec.structs.replace(stated, fields=fields, items=items, partial=partial)


# --- Our side


def of_annotation(annotation: object) -> Shape:
    """The shape of what is annotated so; a type that is no message of ours takes anything."""
    try:
        return _of_info(inspect.type_info(annotation))
    except (TypeError, NameError):
        return UNKNOWN


def of_value(value: object) -> Shape:
    """The shape of a body as it is handed over: its Structs by their types."""
    if isinstance(value, msgspec.Struct):
        shape = of_annotation(type(value))
        # What a field's type leaves open, its value tells.
        fields = {
            field.encode_name: Field(of_value(getattr(value, field.name)))
            for field in msgspec.structs.fields(value)
        }
        return filled(shape, Shape(kinds=shape.kinds, fields=fields))
    if isinstance(value, msgspec.Raw):
        return of_example(msgspec.json.decode(value))
    if isinstance(value, Mapping):
        fields = {str(name): Field(of_value(inner), True) for name, inner in value.items()}
        return Shape(kinds=frozenset({"object"}), fields=fields)
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = either(of_value(item) for item in value)
        return Shape(kinds=frozenset({"array"}), items=items if value else None)
    return Shape(kinds=_kind_of(value))


def _of_info(info: inspect.Type, within: tuple[type, ...] = ()) -> Shape:
    kinds = _KINDS.get(type(info))
    if kinds is not None:
        return Shape(kinds=kinds)
    if isinstance(info, inspect.UnionType):
        parts = [_of_info(part, within) for part in info.types if part != inspect.NoneType()]
        shape = either(parts) if all(part.known for part in parts) else UNKNOWN
        return msgspec.structs.replace(shape, nullable=info.includes_none)
    if isinstance(info, inspect.LiteralType):
        words = frozenset(word for word in info.values if isinstance(word, str | int))
        kinds = frozenset().union(*(_kind_of(word) for word in words))
        return Shape(kinds=kinds, words=words)
    if isinstance(info, inspect.EnumType):
        words = frozenset(member.value for member in info.cls)
        return Shape(kinds=frozenset().union(*map(_kind_of, words)), words=words)
    if isinstance(info, inspect.StructType):
        if info.cls in within:
            return UNKNOWN
        # A body of ours leaves out what has its default, or requires it to be given.
        fields = {
            field.encode_name: Field(_of_info(field.type, (*within, info.cls)), field.required)
            for field in info.fields
        }
        return Shape(kinds=frozenset({"object"}), fields=fields)
    item = getattr(info, "item_type", None)
    if isinstance(item, inspect.Type):
        return Shape(kinds=frozenset({"array"}), items=_of_info(item, within))
    return UNKNOWN


_KINDS: Final[dict[type[inspect.Type], frozenset[str]]] = {
    inspect.BoolType: frozenset({"boolean"}),
    inspect.IntType: frozenset({"integer"}),
    inspect.FloatType: frozenset({"number"}),
    inspect.DecimalType: frozenset({"decimal"}),
    inspect.StrType: _STRING,
    inspect.BytesType: _STRING,
    inspect.DateTimeType: _STRING,
    inspect.DateType: _STRING,
    inspect.UUIDType: _STRING,
    inspect.DictType: frozenset({"object"}),
}


# --- Joining shapes


def either(shapes: Iterable[Shape]) -> Shape:
    """What may be one or the other. A field is required that all require."""
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
        partial=any(shape.partial for shape in found),
        text=" ".join(shape.text for shape in found),
    )


def _all(required: Sequence[bool | None]) -> bool | None:
    return None if None in required and False not in required else all(required)


def _all_of(shapes: Sequence[Shape]) -> Shape:
    """What is all of these at once."""
    found = [shape for shape in shapes if shape != UNKNOWN]
    if len(found) < 2:
        return found[0] if found else UNKNOWN
    objects = [shape.fields for shape in found if shape.fields is not None]
    lists = [shape.items for shape in found if shape.items is not None]
    bounds: dict[str, int] = {}
    for shape in found:
        bounds |= shape.bounds
    return Shape(
        kinds=next((shape.kinds for shape in found if shape.known), frozenset()),
        fields={name: field for fields in objects for name, field in fields.items()}
        if objects
        else None,
        items=lists[0] if lists else None,
        words=next((shape.words for shape in found if shape.words), frozenset()),
        bounds=bounds,
        nullable=any(shape.nullable for shape in found),
        partial=any(shape.partial for shape in found),
        text=" ".join(shape.text for shape in found),
    )


def _kind_of(value: object) -> frozenset[str]:
    match value:
        case bool():
            return frozenset({"boolean"})
        case int():
            return frozenset({"integer"})
        case float():
            return frozenset({"number"})
        case None:
            return frozenset()
        case _:
            return _STRING


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
