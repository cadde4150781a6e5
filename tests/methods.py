"""The tables of methods in ``docs/``: ``python -m tests.methods`` writes them from the code.

A line is a typed method: its name and docstring say what it does, the catalog says which operation
it calls and how often that may be called.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from wbym.adapter import CatalogRow
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import make_api_key

DOCS: Final = Path(__file__).parents[1] / "docs"
BEGIN: Final = "<!-- methods: made by `python -m tests.methods` -->\n"
END: Final = "<!-- end of methods -->"

_OPERATION: Final = re.compile(r"\(?\b(GET|POST|PUT|PATCH|DELETE)\s([\w./{}-]+)[^()]*\)?")
_PLACE: Final = re.compile(r"{\w*}")
_ROLE: Final = re.compile(r":\w+:`~?([\w.]+)`")


class Page(msgspec.Struct, frozen=True):
    """A marketplace's page."""

    file: str
    api: object
    rows: Sequence[CatalogRow]
    lower_limit: str
    """What the lower limits are of."""

    @property
    def path(self) -> Path:
        return DOCS / self.file


class Line(msgspec.Struct, frozen=True):
    """A typed method."""

    noun: str
    name: str
    does: str
    row: CatalogRow | None
    """What it calls; None for what calls others."""


def pages() -> list[Page]:
    shop = Wildberries(make_token(), scheduler=Scheduler())
    market = YandexMarket(make_api_key(), scheduler=Scheduler())
    return [
        Page("wildberries.md", shop.api, shop.catalog(), "With a base token"),
        Page("yandex-market.md", market.api, market.catalog(), "Without a subscription"),
    ]


def lines(page: Page) -> list[Line]:
    """The typed methods, by noun, those first that call one operation."""
    found = [
        Line(noun, name, _does(doc), _row(page.rows, noun, doc))
        for noun, name, doc in _methods(page.api)
    ]
    nouns = list(dict.fromkeys(line.noun for line in found))
    return sorted(found, key=lambda line: (nouns.index(line.noun), line.row is None))


def tables(page: Page) -> str:
    """A table a noun."""
    told: list[str] = []
    found = lines(page)
    for noun in dict.fromkeys(line.noun for line in found):
        mine = [line for line in found if line.noun == noun]
        rows = [line.row for line in mine if line.row is not None and line.row.path != "/ping"]
        places = dict.fromkeys((row.host, row.scope) for row in rows)
        where = "; ".join(f"{host}, scope `{scope}`" for host, scope in places)
        told += [f"### `api.{noun}`\n", f"{where}\n"]
        told += [f"| Method | What it does | HTTP | Limit | {page.lower_limit} |", "|---" * 5 + "|"]
        told += [_cells(line) for line in mine]
        told.append("")
    return "\n".join(told)


def with_tables(page: Page, text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{tables(page)}\n{END}{after}"


def _methods(api: object, noun: str = "") -> Iterator[tuple[str, str, str]]:
    """Noun, name and docstring of what is below ``api``, in the order of its nouns."""
    for name, value in vars(api).items():
        if not name.startswith("_"):
            yield from _methods(value, f"{noun}.{name}" if noun else name)
    if noun:
        for name, member in inspect.getmembers(type(api), inspect.isfunction):
            if not name.startswith("_"):
                yield noun, name, inspect.getdoc(member) or ""


def _does(doc: str) -> str:
    """The first paragraph, without the operation."""
    first = " ".join(doc.partition("\n\n")[0].split())
    text = _ROLE.sub(r"`\1`", _OPERATION.sub("", first).strip())
    text = re.sub(r"\s+([;,.:])", r"\1", re.sub(r"\s+", " ", text.replace("``", "`")))
    return text if text.endswith(".") else f"{text}."


def _row(rows: Sequence[CatalogRow], noun: str, doc: str) -> CatalogRow | None:
    """The operation that a docstring names first; ``...`` stands for the beginning of its path."""
    named = _OPERATION.search(doc)
    if named is None:
        return None
    method, path = named[1], _PLACE.sub("{}", named[2]).rstrip(".")
    if path.startswith("..."):
        ending = path.removeprefix("...")
        fits = [row for row in rows if _PLACE.sub("{}", row.path).endswith(ending)]
    else:
        fits = [row for row in rows if _PLACE.sub("{}", row.path) == f"/{path.lstrip('/')}"]
    fits = [row for row in fits if row.method == method and row.name.startswith(f"{noun}.")]
    operations = {(row.method, row.path) for row in fits}
    if len(operations) != 1:
        raise LookupError(f"{noun}: {named[0]!r} names {sorted(operations)}")
    return fits[0]


def _cells(line: Line) -> str:
    cells = [f"`{line.name}`", line.does]
    if line.row is None:
        cells += ["", "", ""]
    else:
        lower = line.row.lower_limit if line.row.lower_limit != line.row.limit else "the same"
        cells += [f"`{line.row.method} {line.row.path}`", line.row.limit, lower]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    for page in pages():
        text = page.path.read_text("utf-8")
        page.path.write_text(with_tables(page, text), "utf-8")


if __name__ == "__main__":
    main()
