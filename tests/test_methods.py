"""The tables of methods in the marketplaces' pages."""

import re

import pytest

from docs._tools.methods import Page, lines, pages
from tests.support.documents import ROOT

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.marketplace)
class TestTables:
    def test_every_operation_is_listed(self, page: Page) -> None:
        listed = {(line.row.method, line.row.path) for line in lines(page) if line.row is not None}
        assert listed == {(row.method, row.path) for row in page.rows}

    def test_method_of_one_operation_shows_its_row(self, page: Page) -> None:
        by_name = {row.name: row for row in page.rows}
        for line in lines(page):
            row = by_name.get(f"{line.noun}.{line.name}")
            assert row is None or row == line.row, line

    def test_methods_named_in_the_text_exist(self, page: Page) -> None:
        known = {f"{line.noun}.{line.name}" for line in lines(page)}
        nouns = {line.noun for line in lines(page)}
        path = ROOT / "docs" / f"{page.marketplace.replace('_', '-')}.md"
        text = path.read_text("utf-8").partition("[[[cog")[0]
        named = set(re.findall(r"`((?:\w+\.)+\w+)`", text))
        named = {name for name in named if name.rpartition(".")[0] in nouns}
        assert len(named) >= 6
        assert named <= known
