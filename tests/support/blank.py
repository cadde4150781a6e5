"""Records whose texts are all empty, and what a neutral record has of them."""

import types
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

MOMENT = datetime(2026, 5, 1, tzinfo=UTC)


def blank(kind: Any, **given: object) -> Any:  # noqa: ANN401 - any type
    """A value of a type: each text is empty, each number 1, each list has one item."""
    origin = get_origin(kind)
    if origin is Annotated:
        return blank(get_args(kind)[0])
    if origin in {Union, types.UnionType}:
        return blank(next(one for one in get_args(kind) if one is not type(None)))
    if origin in {list, tuple}:
        return origin([blank(get_args(kind)[0])])
    if origin is not None and issubclass(origin, Mapping):
        return {}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        fields = {name: blank(hints[name]) for name in kind.__struct_fields__ if name not in given}
        return kind(**{**fields, **given})
    values: dict[object, object] = {str: "", datetime: MOMENT, date: MOMENT.date(), bool: True}
    if kind in values:
        return values[kind]
    return {Decimal: Decimal(1)}.get(kind, 1)


def empty_texts(record: msgspec.Struct, where: str = "") -> Iterator[str]:
    """The optional fields of a neutral record that have an empty text."""
    hints = get_type_hints(type(record))
    for name in record.__struct_fields__:
        value, path = getattr(record, name), f"{where}.{name}"
        is_optional = type(None) in get_args(hints[name])
        if value == "" and not isinstance(value, Enum) and (is_optional or name == "url"):
            yield path
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, msgspec.Struct):
                yield from empty_texts(item, path)
            elif item == "" and isinstance(value, tuple):
                yield path
