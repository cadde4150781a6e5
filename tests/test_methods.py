"""The tables of methods in the marketplaces' pages are up to date."""

import re

import pytest

from tests.support.methods import BEGIN, Page, lines, pages, with_tables

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
class TestTables:
    def test_table_is_up_to_date(self, page: Page) -> None:
        text = page.path.read_text("utf-8")
        assert text == with_tables(page, text), "run: python -m tests.support.methods"

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
        text = page.path.read_text("utf-8").partition(BEGIN)[0]
        named = set(re.findall(r"`((?:\w+\.)+\w+)`", text))
        named = {name for name in named if name.rpartition(".")[0] in nouns}
        assert len(named) >= 6
        assert named <= known
