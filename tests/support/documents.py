"""The blocks of code in README and ``docs/``, and the names that fragments use."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec
import pytest

import wbym
from tests.adapters.wbym_wildberries.api.products import ALL_SCOPES
from tests.adapters.wbym_wildberries.shops import FREELY
from tests.contract.test_toy import ToyHarness
from tests.toy import Toy, ToySimulator
from tests.toy import api as toy
from wbym import otel
from wbym.calls import RetryPolicy, row
from wbym.domain import Noun, Ref
from wbym.feed import Event, MemoryStore
from wbym.limits import Priority
from wbym.observe import set_observer
from wbym.testing.contract import AdapterContract, Harness
from wbym_wildberries import Wildberries
from wbym_wildberries.api.content.directories import Directories
from wbym_wildberries.api.inventory import NewStock
from wbym_wildberries.api.prices import NewPrice
from wbym_wildberries.simulator import WildberriesSimulator, make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import YandexMarketSimulator, make_api_key

ROOT: Final = Path(__file__).parents[2]


def _pages() -> list[Path]:
    pages = (ROOT / "docs").rglob("*.md")
    return [page for page in pages if "_build" not in page.parts]


PAGES: Final = (ROOT / "README.md", ROOT / "README.ru.md", *sorted(_pages()))

TOKEN: Final = make_token(scopes=ALL_SCOPES)
API_KEY: Final = make_api_key()
PRINTED_ID: Final = "YX52RZEBhH9mrcYdEJuD"
"""A feedback's id in the documents; simulated shops have others."""

_BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE: Final = re.compile(r"# (\w+\.py)\n")
_INCLUDE: Final = re.compile(r"^```\{literalinclude\} (\S+)\n((?::[\w-]+:.*\n)*)```$", re.MULTILINE)


class Block(msgspec.Struct, frozen=True):
    """A block of code in a document."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def is_script(self) -> bool:
        """Whether it is a whole program."""
        return "asyncio.run(" in self.text

    @property
    def is_test(self) -> bool:
        """Whether it is a pytest module."""
        return "\nasync def test_" in self.text

    @property
    def file(self) -> str | None:
        """The name of the file that the block is, from a comment on its first line."""
        found = _FILE.match(self.text)
        return found[1] if found else None


class Include(msgspec.Struct, frozen=True):
    """Code of a file that a document shows."""

    page: Path
    path: Path
    options: str

    def __str__(self) -> str:
        return f"{self.page.stem}-{self.path.name}"


def blocks(language: str) -> list[Block]:
    """The blocks of a language, in all documents."""
    return [
        Block(page, text[: found.start()].count("\n") + 1, language, found[2])
        for page in PAGES
        for text in (page.read_text("utf-8"),)
        for found in _BLOCK.finditer(text)
        if found[1] == language
    ]


def includes() -> list[Include]:
    """The pieces of code that documents include from files."""
    return [
        Include(page, page.parent / found[1], found[2])
        for page in PAGES
        for found in _INCLUDE.finditer(page.read_text("utf-8"))
    ]


def commands(block: Block) -> list[tuple[str, str]]:
    """The commands of a console block without comments, each with its output."""
    found: list[tuple[str, str]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((re.sub(r"\s+#.*", "", line.removeprefix("$ ")), ""))
        elif line:
            command, printed = found[-1]
            found[-1] = (command, f"{printed}{line}\n")
    return found


@asynccontextmanager
async def marketplaces() -> AsyncIterator[tuple[WildberriesSimulator, YandexMarketSimulator]]:
    """A simulator of each marketplace, small and without limits."""
    async with (
        WildberriesSimulator(feedbacks=20, questions=6, chats=4, claims=6, limits=False) as wb,
        YandexMarketSimulator(feedbacks=20, questions=6, chats=4, returns=6, limits=False) as ym,
    ):
        yield wb, ym


def environment(wb: str, ym: str) -> dict[str, str]:
    """The environment variables that the documents use."""
    return {
        "WBYM_WILDBERRIES_TOKEN": TOKEN,
        "WBYM_WILDBERRIES_BASE_URL": wb,
        "WBYM_YANDEX_MARKET_TOKEN": API_KEY,
        "WBYM_YANDEX_MARKET_BASE_URL": ym,
        "WEBHOOK": wb,
    }


def config(wb: str, ym: str) -> str:
    """A ``wbym.toml`` with an account of each marketplace."""
    return (
        "[accounts.shop-wb]\nmarketplace = 'wildberries'\nsecret_env = 'WBYM_WILDBERRIES_TOKEN'\n"
        f"base_url = '{wb}'\n\n"
        "[accounts.shop-ym]\nmarketplace = 'yandex_market'\n"
        f"secret_env = 'WBYM_YANDEX_MARKET_TOKEN'\nbase_url = '{ym}'\n"
    )


class Frame:
    """The names that fragments use: an inbox over an account of each marketplace, and others.

    Args:
        wb: Wildberries.
        ym: Yandex Market.
    """

    def __init__(self, wb: WildberriesSimulator, ym: YandexMarketSimulator) -> None:
        self.wb = wb
        self.ym = ym
        self.handled: list[Event] = []
        """Events that a fragment passed to ``handle`` or ``work``."""
        self.stored: list[object] = []
        """Items that a fragment passed to ``store``."""
        self.feedback = Ref("wildberries", "shop-wb", Noun.FEEDBACK, wb.state.arrive_feedback())
        """A feedback without an answer."""
        self.names: dict[str, object] = {}

    def text_of(self, block: Block) -> str:
        """The block, with the id of an existing feedback."""
        return block.text.replace(PRINTED_ID, self.feedback.id)

    @asynccontextmanager
    async def opened(self, page: Path) -> AsyncIterator[dict[str, object]]:
        """The names that a page's fragments use without defining them."""
        async with AsyncExitStack() as stack:
            stack.callback(set_observer, None)
            stack.callback(otel.uninstrument)
            wildberries = Wildberries(
                TOKEN, name="shop-wb", base_url=self.wb.url, quotas=FREELY, retry=_QUICKLY
            )
            market = YandexMarket(API_KEY, name="shop-ym", base_url=self.ym.url, retry=_QUICKLY)
            inbox = await stack.enter_async_context(
                wbym.Inbox(wildberries, market, state=MemoryStore())
            )
            shop = market if page.stem == "yandex-market" else wildberries
            cards = await wildberries.api.content.cards.list().all(limit=2)
            sizes = cards[0].sizes or []
            self.names |= {
                **_MODULES,
                "shop": shop,
                "other": market,
                "inbox": inbox,
                "token": TOKEN,
                "api_key": API_KEY,
                "wildberries_url": self.wb.url,
                "market_url": self.ym.url,
                "since": datetime.now(UTC) - timedelta(days=90),
                "text": str(self.feedback),
                "cursor": None,
                "cards": cards,
                "sizes": sizes,
                "picture": b"\x89PNG\r\n\x1a\n",
                "chat": (await market.chats().all(limit=1))[0],
                "subject_id": cards[0].subject_id,
                "nm_id": cards[0].nm_id,
                "warehouse_id": (await wildberries.api.warehouses.list())[0].id,
                "stocks": [NewStock(chrt_id=size.chrt_id, amount=5) for size in sizes],
                "endpoint": row(Directories.colors),
                "store": self._store,
                "remember": self._remember,
                "handle": self._handle,
                "work": self._work,
                "answer_to": lambda event: f"Здравствуйте! {event.message.text}? Уже смотрим.",
            }
            yield self.names

    async def _store(self, items: object) -> None:
        self.stored.append(items)

    async def _remember(self, cursor: str | None) -> None:
        self.names["cursor"] = cursor

    async def _handle(self, event: Event) -> None:
        self.handled.append(event)

    async def _work(self, event: Event) -> None:
        self.handled.append(event)
        await event.ack()


_QUICKLY: Final = RetryPolicy(base_delay=0.001)

_MODULES: Final[Mapping[str, object]] = MappingProxyType(
    {
        **vars(toy),
        "__name__": "fragment",
        "asyncio": asyncio,
        "datetime": datetime,
        "UTC": UTC,
        "Path": Path,
        "AsyncIterator": AsyncIterator,
        "pytest": pytest,
        "log": logging.getLogger("service"),
        "Inbox": wbym.Inbox,
        "EventKind": wbym.EventKind,
        "Ref": Ref,
        "Feedback": wbym.Feedback,
        "Priority": Priority,
        "NewPrice": NewPrice,
        "AdapterContract": AdapterContract,
        "Harness": Harness,
        "Toy": Toy,
        "ToySimulator": ToySimulator,
        "ToyHarness": ToyHarness,
    }
)
