"""The pages of the marketplaces: tables that are not stale, and examples that run."""

import ast
import inspect
import re
from collections.abc import Mapping

import pytest

from tests.adapters.wbym_wildberries.api.products import ALL_SCOPES
from tests.adapters.wbym_wildberries.shops import open_shop as open_wildberries
from tests.adapters.wbym_yandex_market.shops import open_shop as open_market
from tests.methods import BEGIN, DOCS, Page, lines, pages, with_tables
from wbym.limits import Priority
from wbym_wildberries import tasks
from wbym_wildberries.api.card_lists import CardFilter
from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_yandex_market.simulator import YandexMarketSimulator

PAGES = pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
class TestTables:
    def test_page_when_methods_change(self, page: Page) -> None:
        text = page.path.read_text("utf-8")
        assert text == with_tables(page, text), "run: python -m tests.methods"

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
        text = page.path.read_text("utf-8").partition(BEGIN)[0]
        named = set(re.findall(r"`((?:\w+\.)+\w+)`", text))
        named = {name for name in named if name.rpartition(".")[0] in nouns}
        assert len(named) >= 6
        assert named <= known


async def _run(file: str, values: Mapping[str, object]) -> int:
    """Run the examples of a page one after the other; they share their names."""
    programs = re.findall(r"```python\n(.*?)```", (DOCS / file).read_text("utf-8"), re.DOTALL)
    names = dict(values)
    for program in programs:
        code = compile(program, file, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        done = eval(code, names)
        if inspect.isawaitable(done):
            await done
    return len(programs)


class TestExamples:
    async def test_examples_of_wildberries(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(tasks, "_FIRST", 0.001)
        async with (
            WildberriesSimulator(feedbacks=1, chats=1, limits=False) as simulator,
            open_wildberries(simulator, make_token(scopes=ALL_SCOPES)) as shop,
        ):
            cards = (await shop.api.content.cards.list(limit=2)).cards
            values = {
                "shop": shop,
                "Priority": Priority,
                "cards": cards,
                "sizes": cards[0].sizes,
                "subject_id": cards[0].subject_id,
            }
            assert await _run("wildberries.md", values) == 6
            assert len(await shop.api.content.cards.all_cards(CardFilter(text="mug-1")).all()) == 1
            changed = await shop.api.content.cards.list(ascending=False, limit=3)
            assert sum(str(card.title).endswith(", в подарок") for card in changed.cards) == 2
            assert any(card.documents for card in changed.cards)
            assert simulator.stats.refusals == 0
        said = capsys.readouterr().out.splitlines()
        assert "mug-1 done None" in said

    async def test_examples_of_yandex_market(self) -> None:
        async with YandexMarketSimulator(limits=False) as simulator, open_market(simulator) as shop:
            assert await _run("yandex-market.md", {"shop": shop, "Priority": Priority}) == 1
