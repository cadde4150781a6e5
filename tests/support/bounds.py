"""Values on both sides of every bound in an annotation."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from wbym.calls import Count, Each, FileType, Length, MaxSize, NotEmpty, Range, Unique, Upload
from wbym.calls._annotations import Rule

__all__ = ["Try", "sample", "tries"]

NAIVE = datetime(2026, 5, 1)  # noqa: DTZ001
NOW = datetime(2026, 5, 1, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n"


class Try(msgspec.Struct, frozen=True):
    """A value at a bound, or just beyond it."""

    value: Any
    path: str = ""
    """Its path within the argument."""
    rules: Collection[str] = ()
    """The rules it may break, as in the error; empty if it is within the bound."""


def _marked(hint: object) -> tuple[object, tuple[object, ...]]:
    """An annotation without its marks and ``None``, and the marks."""
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        base, inner = _marked(base)
        return base, (*inner, *marks)
    if get_origin(hint) in {Union, UnionType}:
        kinds = [kind for kind in get_args(hint) if kind is not NoneType]
        if len(kinds) == 1:
            return _marked(kinds[0])
        return kinds[0], ()
    return hint, ()


def _is_optional(hint: object) -> bool:
    if get_origin(hint) is Annotated:
        return _is_optional(get_args(hint)[0])
    return NoneType in get_args(hint)


def _is_mixed(hint: object) -> bool:
    """Whether it allows values of several types."""
    if get_origin(hint) is Annotated:
        return _is_mixed(get_args(hint)[0])
    is_union = get_origin(hint) in {Union, UnionType}
    return is_union and len({*get_args(hint)} - {NoneType}) > 1


def sample(hint: object, index: int = 0) -> Any:  # noqa: ANN401 - of the annotation's type
    """A value that the annotation allows; if possible, a different one for each index."""
    base, marks = _marked(hint)
    rules = [mark for mark in marks if isinstance(mark, Rule) and not isinstance(mark, Count)]
    found = [_plain(base, marks, index)]
    if isinstance(found[0], str):
        found += [f"https://example.org/{index}", f"+7900000000{index}"]
    if isinstance(found[0], msgspec.Struct):
        hints = get_type_hints(type(found[0]), include_extras=True)
        found += [
            msgspec.structs.replace(found[0], **{name: sample(hint, index)})
            for name, hint in hints.items()
            if _is_optional(hint)
        ]
    for value in found:
        if all(rule.violation(value) is None for rule in rules):
            return value
    raise AssertionError(f"no sample of {hint}")


def _plain(base: object, marks: tuple[object, ...], index: int) -> Any:  # noqa: ANN401 - any type
    """A value within the bounds of ``Length``, ``Range`` and ``Count``."""
    kind = get_origin(base) or base
    length = next((mark for mark in marks if isinstance(mark, Length)), Length(1, 20))
    limits = next((mark for mark in marks if isinstance(mark, Range)), Range(1))
    if kind is Literal:
        words = get_args(base)
        return words[index % len(words)]
    if kind is str:
        return str(index).rjust(max(length.min, 1), "x")
    if kind is bool:
        return True
    if kind in {int, float, Decimal}:
        low = limits.min or 0
        span = 10**6 if limits.max is None else limits.max - low + 1
        return kind(low + index % span)
    if kind is datetime:
        return NOW + timedelta(index)
    if kind is date:
        return NOW.date() + timedelta(index)
    if kind is Upload:
        return Upload("a.png", PNG + str(index).encode())
    assert isinstance(kind, type), base
    if issubclass(kind, Enum):
        return list(kind)[index % len(kind)]
    if issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        fields = msgspec.structs.fields(kind)
        return kind(**{one.name: sample(hints[one.name], index) for one in fields if one.required})
    if issubclass(kind, Collection) and not issubclass(kind, Mapping):
        count = next((mark for mark in marks if isinstance(mark, Count)), Count(1))
        return [sample(_item(base, marks), number) for number in range(max(count.min, 1))]
    raise AssertionError(f"no sample of {base}")


def tries(hint: object) -> Iterator[Try]:
    """Values around the bounds of an annotation, and of its fields and items."""
    yield Try(None, "", () if hint is object or _is_optional(hint) else ["must "])
    base, marks = _marked(hint)
    rules = [mark for mark in marks if isinstance(mark, Rule)]

    def broken(value: object) -> list[str]:
        return [text for rule in rules if (text := rule.violation(value)) is not None]

    for mark in marks:
        for value in _beside(mark, base, marks):
            yield Try(value, "", broken(value))
    for value in [object()] if _is_mixed(hint) else _of_wrong_type(base):
        yield Try(value, "", ["must "])
    for one in _inside(base, marks):
        # A value within its own bounds may break a rule of the whole.
        yield one if one.rules else Try(one.value, one.path, broken(one.value))


def _item(base: object, marks: tuple[object, ...]) -> object:
    """The annotation of an item of a collection."""
    item = get_args(base)[0]
    for mark in marks:
        if isinstance(mark, Each):
            item = Annotated[item, mark.rule]
    return item


def _beside(mark: object, base: object, marks: tuple[object, ...]) -> Iterator[Any]:
    match mark:
        case Range(low, high):
            step = Decimal("0.01") if base is Decimal else 1
            for bound, outward in ((low, -step), (high, step)):
                if bound is not None:
                    yield from (_as(base, bound), _as(base, bound + outward))
        case Length(low, high):
            for count in _around(low, high):
                yield "x" * count
            if low:
                yield " " * low
        case Count(low, high):
            item = _item(base, marks)
            for count in _around(low, high):
                yield [sample(item, number) for number in range(count)]
        case NotEmpty():
            yield from ("x", "", " ", "\u200b")
        case Unique():
            yield [sample(_item(base, marks))] * 2
        case MaxSize(high):
            for size in (high, high + 1):
                if base is Upload:
                    yield _file(size)
                    continue
                # Several files, each within its own bound.
                own = [
                    one.max for one in _marked(_item(base, marks))[1] if isinstance(one, MaxSize)
                ]
                step = own[0] if own else size
                yield [_file(min(step, size - at)) for at in range(0, size, step)]
        case FileType():
            yield Upload("a.png", b"not a picture")


def _file(size: int) -> Upload:
    return Upload("a.png", PNG.ljust(size, b"0")[:size])


def _as(base: object, number: int | Decimal) -> int | Decimal:
    return Decimal(number) if base is Decimal else number


def _around(low: int, high: int | None) -> Iterator[int]:
    yield low
    if low:
        yield low - 1
    if high is not None:
        yield from (high, high + 1)


def _of_wrong_type(base: object) -> Iterator[object]:
    kind = get_origin(base) or base
    if kind is Literal:
        yield "no such word"
    elif kind is str:
        yield from (5, b"x", "half \ud800")
    elif kind in {int, float, Decimal}:
        yield from ("5", True, float("nan"))
    elif kind is bool:
        yield 1
    elif kind is datetime:
        yield from (NAIVE, NOW.date())
    elif kind is date:
        yield from (NOW, "2026-05-01")
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct | Enum):
        yield object()
    elif isinstance(kind, type) and issubclass(kind, Collection):
        yield from (5, "x", {1: 2})


def _inside(base: object, marks: tuple[object, ...]) -> Iterator[Try]:
    kind = get_origin(base) or base
    if not isinstance(kind, type) or kind is Upload:
        return
    if issubclass(kind, msgspec.Struct):
        whole = sample(base)
        for name, hint in get_type_hints(kind, include_extras=True).items():
            for one in tries(hint):
                changed = msgspec.structs.replace(whole, **{name: one.value})
                yield Try(changed, f".{name}{one.path}", one.rules)
    elif issubclass(kind, Collection) and not issubclass(kind, str | bytes | Mapping):
        for one in tries(_item(base, marks)):
            yield Try([one.value], f"[0]{one.path}", one.rules)
