"""The check's view of a row matches what a call sends."""

from collections.abc import Iterator
from typing import Any, cast

import msgspec
import pytest

from tests.drift.files import Route
from tests.drift.ours import MARKETPLACES, body_of, parameters_of
from tests.drift.shapes import places
from tests.support.bounds import sample
from tests.support.published import Json
from wbym.calls._lists import Arguments, RowSource
from wbym.paging import ByCursor, SinglePage

ROWS = {route: row for marketplace in MARKETPLACES for route, row in marketplace.rows.items()}


def _sent(route: Route) -> Arguments:
    """All arguments and a cursor, as they are sent."""
    row = ROWS[route]
    arguments = row.arguments({one.name: sample(one.hint) for one in row.parameters})
    scheme = row.options.pages
    if row.shape is None or isinstance(scheme, SinglePage):
        return arguments
    nothing = cast(Any, None)
    source = RowSource[object](row.endpoint, row.shape, arguments, {}, nothing, None, None)
    return source._paged('["1", 1]' if isinstance(scheme, ByCursor) else "1", 1)


def _within(place: str, value: Json) -> Iterator[str]:
    yield place
    for name, inner in value.items() if isinstance(value, dict) else ():
        yield from _within(f"{place}.{name}", inner)
    for inner in value if isinstance(value, list) else ():
        yield from _within(f"{place}[]", inner)


@pytest.mark.parametrize("route", ROWS, ids=str)
def test_row_sends_all_arguments(route: Route) -> None:
    row, sent = ROWS[route], _sent(route)
    asked = {f"path.{name}" for name in [*sent.path, *sent.unfilled]}
    asked |= {f"query.{name}" for name in sent.query}
    asked |= {f"header.{name}" for name in sent.headers}
    assert asked == parameters_of(row).keys()

    stated = body_of(row)
    if stated is None:
        assert sent.body is msgspec.UNSET
        assert not sent.parts
        return
    kind, shape = stated
    fields = (shape.fields or {}).keys()
    if kind == "part":
        assert {part.name for part in sent.parts} == fields
        return
    body = msgspec.json.decode(msgspec.json.encode(sent.body))
    assert set(_within("body", body)) <= {place for place, _ in places("body", shape)}
    if all(one.location != "whole body" for one in row.parameters):
        assert body.keys() == fields
