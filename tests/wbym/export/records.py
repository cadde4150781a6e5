"""Hypothesis strategies for records."""

from datetime import UTC, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from wbym.export import LAYOUTS, Noun

__all__ = ["any_record", "anything"]

ODD = [
    "",
    "=1+1",
    "'quoted",
    "''",
    "-5",
    "@x",
    "a\r\nb",
    "a\rb",
    ",;\t|",
    "\0",
    '"',
    "\ufeff",
    "＝1",
]

EARLIEST, LATEST = datetime(1970, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - hypothesis' way

LEAVES: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20) | st.sampled_from(ODD),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(0, 1000),
    bool: st.booleans(),
    type(None): st.none(),
    datetime: st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)),
    Decimal: st.decimals(-(10**9), 10**9, places=2),
}


def any_record(noun: Noun) -> st.SearchStrategy[Any]:
    layout = LAYOUTS[noun]

    def own(record: Any) -> Any:  # noqa: ANN401 - of the layout's own type
        ref = msgspec.structs.replace(record.ref, noun=layout.of)
        return msgspec.structs.replace(record, ref=ref)

    return anything(layout.record).map(own)


def anything(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a type, of any form
    if hint in LEAVES:
        return LEAVES[hint]
    if get_origin(hint) in {Union, UnionType}:
        return st.one_of([anything(each) for each in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(anything(get_args(hint)[0]), max_size=3).map(tuple)
    if issubclass(hint, msgspec.Struct):
        hints = get_type_hints(hint)
        return st.builds(hint, **{name: anything(hints[name]) for name in hint.__struct_fields__})
    return st.sampled_from(list(hint))
