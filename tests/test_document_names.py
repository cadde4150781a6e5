"""The names and paths that the documents mention exist."""

import builtins
import decimal
import inspect
import pkgutil
import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

import wbym
from tests.support.documents import API_KEY, PAGES, ROOT, TOKEN
from tests.toy import Toy
from wbym import account, bulk, calls, feed, limits, observe, paging, testing
from wbym.account import Account
from wbym.account._sweeps import Sweeps
from wbym.domain import Chat, Delivery, Feedback
from wbym.feed import DeadLetters, Event, Outbox
from wbym.feed import _polling as polling
from wbym.inbox import Handlers, Inbox
from wbym.limits import Scheduler
from wbym.testing import FakeAccount, contract
from wbym_wildberries import Wildberries
from wbym_wildberries.api.content import _card_records as card_records
from wbym_wildberries.api.content._card_records import Card
from wbym_yandex_market import YandexMarket

TEXTS: Final = [
    page
    for page in PAGES
    if page.parent in {ROOT, ROOT / "docs"} and not page.stem.startswith("benchmarks")
]
TELEMETRY: Final = (ROOT / "docs" / "observability.md").read_text("utf-8")
"""The page of loggers and metrics, whose names begin with ``wbym`` too; other tests check it."""
PEERS: Final = "coming-from"
"""The page about other libraries."""
FILES: Final = {"toml", "db", "locks", "md", "py", "tsv"}
EXAMPLES: Final = {"_update", "_all"}
"""A row that does not exist, and a suffix of several names."""

_CODE: Final = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_METHODS: Final = re.compile(
    r"<!-- \[\[\[cog cog.out\(methods.*?<!-- \[\[\[end\]\]\] -->", re.DOTALL
)
_PEERS: Final = re.compile(r"^\| [^|]*\|", re.MULTILINE)
"""The first column of a table, where `PEERS` has the names of other libraries."""
_PATH: Final = re.compile(
    r"`((?:wbym\w*|adapters|tests|toy|docs|benchmarks|\.ci|\.github)/[\w./]*)`"
)
_NAME: Final = re.compile(r"`(\w+(?:\.\w+)*)(?:\([^`]*\))?`")

_HOMES: Final[tuple[ModuleType, ...]] = (
    *(builtins, typing, decimal, wbym, account, bulk, calls, feed, polling, limits, observe),
    *(paging, contract, card_records),
)


@pytest.fixture(scope="module")
def things() -> Mapping[str, tuple[object, ...]]:
    """The classes that a name in lower case stands for."""
    alone = Scheduler()
    shops = (Wildberries(TOKEN, scheduler=alone), YandexMarket(API_KEY, scheduler=alone))
    return {
        "account": (Account,),
        "card": (Card,),
        "chat": (Chat,),
        "delivery": (Delivery,),
        "dead_letters": (DeadLetters,),
        "event": (Event,),
        "feedback": (Feedback,),
        "handlers": (Handlers,),
        "inbox": (Inbox,),
        "outbox": (Outbox,),
        "shop": (*shops, FakeAccount),
        "sweep": (Sweeps,),
    }


def names(page: Path) -> Iterator[str]:
    text = _METHODS.sub("", _CODE.sub("", page.read_text("utf-8")))
    if page.stem == PEERS:
        text = _PEERS.sub("|", text)
    for name in dict.fromkeys(_NAME.findall(text)):
        if name.rpartition(".")[2] not in FILES and name not in EXAMPLES:
            yield name


def has(thing: object, name: str) -> bool:
    """Whether it has the attribute; for an exception, also whether it takes the argument."""
    if isinstance(thing, type) and issubclass(thing, Exception):
        return hasattr(thing, name) or name in inspect.signature(thing).parameters
    return hasattr(thing, name)


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.stem)
def test_names_exist(page: Path, things: Mapping[str, tuple[object, ...]]) -> None:
    classes = {name: thing for home in _HOMES for name, thing in vars(home).items()}
    for package in (wbym, testing):
        classes |= {name: getattr(package, name) for name in package.__all__}
    classes |= {one.__name__: one for one in (Wildberries, YandexMarket, FakeAccount, Toy)}
    for name in names(page):
        first, *rest = name.split(".")
        if first in {"wbym", "wbym_wildberries", "wbym_yandex_market"} and rest:
            assert f"`{name}`" in TELEMETRY or pkgutil.resolve_name(name), name
        elif first.startswith("_"):
            assert hasattr(Account, first), name
        elif first[0].isupper() and not first.isupper():
            assert first in classes or hasattr(Account, first), name
            assert not rest or has(classes[first], rest[0]), name
        for left, right in zip([first, *rest], rest, strict=False):
            if left in things:
                assert any(has(thing, right) for thing in things[left]), name


@pytest.mark.parametrize("page", [*TEXTS, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.stem)
def test_paths_exist(page: Path) -> None:
    homes = (ROOT, ROOT / "adapters", ROOT / "tests", ROOT / "docs")
    for path in _PATH.findall(_CODE.sub("", page.read_text("utf-8"))):
        assert any((home / path).exists() for home in homes), path
