"""The methods of each marketplace's own API.

Each line is a method with the first paragraph of its docstring, its operation and its limits. A
method that calls a single operation has the limits of that operation.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

import msgspec

from wbym.account import CatalogRow
from wbym.calls import Group, row
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import make_api_key

__all__ = ["Line", "Page", "lines", "pages", "tables"]

_ROLE: Final = re.compile(r":\w+:`~?([\w.]+)`")


class Page(msgspec.Struct, frozen=True):
    """A marketplace's page."""

    marketplace: str
    api: object
    rows: Sequence[CatalogRow]
    lower_limit: str
    """Heading of the column of lower limits."""


class Line(msgspec.Struct, frozen=True):
    """A method."""

    noun: str
    name: str
    does: str
    row: CatalogRow | None
    """The method's operation, or the only one that it calls; None for several."""


def pages() -> list[Page]:
    """The page of each marketplace."""
    shop = Wildberries(make_token(), scheduler=Scheduler())
    market = YandexMarket(make_api_key(), scheduler=Scheduler())
    return [
        Page("wildberries", shop.api, shop.catalog(), "With a base token"),
        Page("yandex_market", market.api, market.catalog(), "Without a subscription"),
    ]


def lines(page: Page) -> list[Line]:
    """The methods by noun; those with one operation come first."""
    by_name = {row.name: row for row in page.rows}
    found = [
        Line(
            group.noun,
            name,
            _does(inspect.getdoc(method) or ""),
            _operation(by_name, method, group),
        )
        for group in _groups(page.api)
        for name, method in sorted(vars(group).items())
        if inspect.isfunction(method) and not name.startswith("_")
    ]
    nouns = list(dict.fromkeys(line.noun for line in found))
    return sorted(found, key=lambda line: (nouns.index(line.noun), line.row is None))


def tables(marketplace: str) -> str:
    """A table for each noun of a marketplace."""
    (page,) = [page for page in pages() if page.marketplace == marketplace]
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
    return "\n" + "\n".join(told) + "\n"


def _groups(api: object) -> Iterator[type[Group]]:
    """The groups below ``api``, in the order of their definition."""
    loaded = [name for name, it in vars(type(api)).items() if isinstance(it, cached_property)]
    for name in loaded or vars(api):
        inner = getattr(api, name)
        if isinstance(inner, Group):
            yield type(inner)
        else:
            yield from _groups(inner)


def _does(doc: str) -> str:
    """The first paragraph."""
    first = " ".join(doc.partition("\n\n")[0].split()).replace("``", "`")
    text = _ROLE.sub(r"`\1`", first)
    return text if text.endswith(".") else f"{text}."


def _operation(
    rows: Mapping[str, CatalogRow], method: Callable[..., object], group: type[Group]
) -> CatalogRow | None:
    own = vars(group)
    called = [own[name] for name in inspect.unwrap(method).__code__.co_names if name in own]
    stated = [method] if hasattr(method, "row") else called
    if len(stated) != 1 or not hasattr(stated[0], "row"):
        return None
    return rows[row(stated[0]).endpoint.name]


def _cells(line: Line) -> str:
    cells = [f"`{line.name}`", line.does]
    if line.row is None:
        cells += ["", "", ""]
    else:
        lower = line.row.lower_limit if line.row.lower_limit != line.row.limit else "the same"
        cells += [f"`{line.row.method} {line.row.path}`", line.row.limit, lower]
    return f"| {' | '.join(cells)} |"
