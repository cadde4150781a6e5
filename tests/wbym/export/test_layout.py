import re

import pytest

from wbym.export import LAYOUTS, Noun


@pytest.mark.parametrize("noun", Noun)
def test_columns_of_every_noun(noun: Noun) -> None:
    layout = LAYOUTS[noun]
    assert layout.names[:3] == ("marketplace", "account", "id")
    assert layout.time in layout.names
    assert len(set(layout.names)) == len(layout.names)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in layout.names)
    assert all("|" not in column.meaning for column in layout.columns)


def test_layouts_of_nouns_are_distinct() -> None:
    assert len({layout.names for layout in LAYOUTS.values()}) == len(Noun)
