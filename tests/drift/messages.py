"""What a method sends and what it reads, beside what the file says of both."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from tests.drift.differences import Difference, Side, of_replies, of_requests
from tests.drift.files import Operation
from tests.drift.samples import Method, Sent
from tests.drift.shapes import UNKNOWN, Field, Shape, either, of_annotation, of_value
from wbym.calls import Endpoint
from wbym.errors import InvalidInput

__all__ = ["of_messages"]

_ADDED: Final = frozenset({"header.Content-Type"})


def of_messages(
    operation: Operation, endpoint: Endpoint[object], methods: Sequence[Method]
) -> Iterator[Difference]:
    """All that differs in parameters, body and reply."""
    route = str(operation.route)
    if not methods:
        yield Difference(route, Side.BOTH, "sample", "tests/drift has no call of this method")
        return
    full = [method.sent() for method in methods]
    bare = [sent for method in methods for sent in _bare(method)]
    yield from _parameters(operation, methods, full, bare)
    yield from _body(operation, methods, full, bare)
    # One reply that may be empty has another inside.
    wire = getattr(getattr(endpoint.reply, "_reply", endpoint.reply), "wire", None)
    if wire is not None:
        yield from of_replies(route, operation.reply(), of_annotation(wire), "reply")
    elif names := ", ".join(sorted(operation.reply().fields or ())):
        yield Difference(route, Side.FILE, "reply", f"has {names}; we read nothing")


def _bare(method: Method) -> Iterator[Sent]:
    """What is sent with as little as can be; where one of several must be given, without each."""
    with suppress(InvalidInput):
        yield method.bare()
        return
    for argument in method.arguments.keys() - set(method.needed()):
        with suppress(InvalidInput):
            yield method.without(argument)


def _parameters(
    operation: Operation, methods: Sequence[Method], full: Sequence[Sent], bare: Sequence[Sent]
) -> Iterator[Difference]:
    route = str(operation.route)
    stated = dict(operation.parameters())
    asked = {place: value for sent in full for place, value in _asked(sent)}
    always = set.intersection(*(set(dict(_asked(sent))) for sent in bare)) if bare else set()
    demanded: dict[str, list[bool]] = {}
    words: dict[str, Shape] = {}
    for method in methods:
        needed = method.needed()
        for argument, place in method.reaches().items():
            demanded.setdefault(place, []).append(argument in needed)
            shape = of_annotation(method.annotation(argument))
            words[place] = shape.items if shape.items is not None else shape
    for place, field in stated.items():
        if place not in asked:
            if not field.deprecated:
                kinds = " or ".join(field.shape.kinds)
                need = ", required" if field.required else ""
                yield Difference(route, Side.FILE, place, f"{kinds}{need}")
            continue
        if not _fits(asked[place], field.shape):
            what = f"is {' or '.join(field.shape.kinds)}, and we send {asked[place]!r}"
            yield Difference(route, Side.BOTH, place, what)
        if field.required and bare and place not in always:
            yield Difference(route, Side.BOTH, place, "is required, and we let it be left out")
        if not field.required and place in demanded and all(demanded[place]):
            yield Difference(route, Side.BOTH, place, "may be left out, and we require it")
        inner = field.shape.items if field.shape.items is not None else field.shape
        ours = Shape(kinds=inner.kinds, words=words[place].words if place in words else frozenset())
        said = Shape(kinds=inner.kinds, words=inner.words)
        yield from of_requests(route, said, ours, place)
    for place in asked.keys() - stated.keys():
        yield Difference(route, Side.OURS, place, f"such as {asked[place]!r}")


def _asked(sent: Sent) -> Iterator[tuple[str, object]]:
    for kind, values in (("path", sent.path), ("query", sent.query), ("header", sent.headers)):
        for name, value in values.items():
            yield f"{kind}.{name}", value


def _fits(value: object, shape: Shape) -> bool:
    """Whether an address or a header may say this: all is text there."""
    text = str(value)
    match shape.kinds:
        case kinds if "integer" in kinds:
            return text.lstrip("-").isdigit()
        case kinds if "boolean" in kinds:
            return isinstance(value, bool)
    return True


def _body(
    operation: Operation, methods: Sequence[Method], full: Sequence[Sent], bare: Sequence[Sent]
) -> Iterator[Difference]:
    route = str(operation.route)
    stated = operation.body()
    bodies = [sent.body for sent in full if sent.body is not msgspec.UNSET]
    parts = {part.name: part for sent in full for part in sent.parts}
    if stated is None:
        if bodies or parts:
            yield Difference(route, Side.OURS, "body", "the file has none")
        return
    kind, shape = stated
    if kind == "part":
        sure = set.intersection(*({part.name for part in sent.parts} for sent in bare))
        fields = {name: Field(UNKNOWN, name in sure) for name in parts}
        ours = Shape(kinds=frozenset({"object"}), fields=fields)
    else:
        if not bodies:
            yield Difference(route, Side.FILE, "body", "we send none")
            return
        bodies += [sent.body for sent in bare if sent.body is not msgspec.UNSET]
        ours = either(of_value(body) for body in bodies)
    free = {
        place
        for method in methods
        for argument, place in method.reaches().items()
        if argument not in method.needed()
    }
    yield from of_requests(route, shape, ours, kind, free)
