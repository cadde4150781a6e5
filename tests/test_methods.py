"""The tables of methods on the pages of the marketplaces."""

import re

import pytest

from docs._tools.methods import Page, lines, pages
from tests.support.documents import ROOT

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.marketplace)
class TestTables:
    def test_operations_when_listed(self, page: Page) -> None:
        listed = {(line.row.method, line.row.path) for line in lines(page) if line.row is not None}
        assert listed == {(row.method, row.path) for row in page.rows}

    def test_methods_when_they_call_one_operation(self, page: Page) -> None:
        """The operation that the docstring names is that of the method's own endpoint."""
        by_name = {row.name: row for row in page.rows}
        for line in lines(page):
            row = by_name.get(f"{line.noun}.{line.name}")
            assert row is None or row == line.row, line

    def test_names_when_the_text_has_them(self, page: Page) -> None:
        """Each ``noun.method`` in the text is there."""
        known = {f"{line.noun}.{line.name}" for line in lines(page)}
        nouns = {line.noun for line in lines(page)}
        path = ROOT / "docs" / f"{page.marketplace.replace('_', '-')}.md"
        text = path.read_text("utf-8").partition("[[[cog")[0]
        named = set(re.findall(r"`((?:\w+\.)+\w+)`", text))
        named = {name for name in named if name.rpartition(".")[0] in nouns}
        assert len(named) >= 6
        assert named <= known
