"""Comparison of an operation's request and reply with the file."""

from collections.abc import Iterator

from tests.drift.bounds import of_bounds
from tests.drift.differences import Difference, Side, of_replies, of_requests
from tests.drift.files import Operation
from tests.drift.ours import body_of, parameters_of, reach_of
from tests.drift.shapes import Shape, of_annotation, places
from wbym.calls import Json, Optional, Row

__all__ = ["of_messages"]


def of_messages(operation: Operation, row: Row) -> Iterator[Difference]:
    """All that differs in parameters, body and reply."""
    route = str(operation.route)
    stated, sent = dict(operation.parameters()), parameters_of(row)
    file = Shape(kinds=frozenset({"object"}), fields=stated)
    ours = Shape(kinds=frozenset({"object"}), fields=sent)
    yield from of_requests(route, file, ours, "")
    theirs, body = operation.body(), body_of(row)
    if theirs is None or body is None:
        if theirs or body:
            side, what = (Side.OURS, "the file has none") if body else (Side.FILE, "we send none")
            yield Difference(route, side, "body", what)
    else:
        yield from of_requests(route, theirs[1], body[1], theirs[0])
    yield from of_bounds(
        route,
        dict(_all(file, theirs)),
        dict(_all(ours, body)),
        operation.text,
        reach_of(row),
    )
    if row.options.body is not None and body is not None:
        yield from _of_made(route, row, body[1])
    reply = row.endpoint.reply
    inner = reply.reply if isinstance(reply, Optional) else reply
    if isinstance(inner, Json):
        yield from of_replies(route, operation.reply(), of_annotation(inner.wire), "reply")
    elif names := ", ".join(sorted(operation.reply().fields or ())):
        yield Difference(route, Side.FILE, "reply", f"has {names}; we read nothing")


def _all(parameters: Shape, body: tuple[str, Shape] | None) -> Iterator[tuple[str, Shape]]:
    for name, field in (parameters.fields or {}).items():
        if not field.deprecated:
            yield from places(name, field.shape)
    if body is not None:
        yield from places(*body)


def _of_made(route: str, row: Row, body: Shape) -> Iterator[Difference]:
    """Bounds of a body that a function makes, and that no argument has."""
    checked = [
        shape.bounds for one in row.parameters for _, shape in places("", of_annotation(one.hint))
    ]
    pages = row.options.pages
    for place, shape in places("body", body):
        if place.rpartition(".")[2] == getattr(pages, "size", None):
            continue
        if shape.bounds and shape.bounds not in checked:
            yield Difference(route, Side.OURS, place, f"{shape.bounds}; no argument is held to it")
