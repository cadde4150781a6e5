"""The Russian catalogs that are edited by hand, beside those that ``make translations`` writes."""

import pytest
from babel.messages.pofile import read_po

from docs._tools.site import GUIDES
from tests.support.documents import ROOT

CATALOGS = ROOT / "docs" / "locale" / "ru" / "LC_MESSAGES"
BY_HAND = sorted(path.stem for path in CATALOGS.glob("*.po") if path.stem not in GUIDES)


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("page", BY_HAND)
def test_each_text_is_on_its_page(page: str) -> None:
    path = ROOT / ("CONTRIBUTING.md" if page == "contributing" else f"docs/{page}.md")
    text = words(path.read_text("utf-8"))
    with (CATALOGS / f"{page}.po").open("rb") as file:
        found = [one for one in read_po(file) if one.id]
    assert found
    assert [one.id for one in found if words(str(one.id)) not in text] == []
    assert [one.id for one in found if not one.string] == []
