"""An account in memory with sweeps, and readers of exported files."""

import asyncio
import csv
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias

from pyarrow import parquet

from tests.support.account import BareAccount
from wbym import domain
from wbym.account import Capabilities, Capability, ReadOptions, Support, Supported, SweepOptions
from wbym.domain import Answer, AnswerStatus, Chat, Feedback, Product, Ref, Return
from wbym.export import LAYOUTS, Kind, Noun
from wbym.export._csv_table import stored_text
from wbym.paging import Listing, Page, Reading, Span, Sweep, SweepPlan

__all__ = ["BEGIN", "Shop", "feedback", "ids_in", "rows_in"]

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)

Hook: TypeAlias = Callable[[int], None]


def feedback(number: int, *, account: str = "shop", answer: str | None = None) -> Feedback:
    """A feedback written n hours after the beginning."""
    return Feedback(
        ref=Ref("toy", account, domain.Noun.FEEDBACK, f"{number:05}"),
        created_at=BEGIN + timedelta(hours=number),
        rating=number % 5 + 1,
        text=f"отзыв {number}",
        answer=None if answer is None else Answer(answer, AnswerStatus.PUBLISHED),
        product=Product(id="7", name="Чайник"),
    )


CAPABILITIES: Final[Capabilities] = MappingProxyType(
    dict.fromkeys(
        (Capability.CHATS, Capability.RETURNS, Capability.SWEEP_FEEDBACKS),
        Supported(Support.NATIVE),
    )
)


class Shop(BareAccount):
    """Sweeps ``records``, four per page; ``hook`` is called with each page's number first."""

    EARLIEST = BEGIN - timedelta(days=365)
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES

    def __init__(self, name: str = "shop", records: Sequence[Feedback] = ()) -> None:
        super().__init__(name)
        self.records = list(records)
        self.kept_chats: list[Chat] = []
        self.kept_returns: list[Return] = []
        self.hook: Hook = lambda _: None
        self.asked: list[tuple[datetime | None, datetime | None, str | None]] = []
        """Since, until and the cursor of each sweep."""

    def _chats(self, waiting: bool | None, options: ReadOptions) -> Listing[Chat]:
        async def read(_: Reading) -> AsyncGenerator[Page[Chat], None]:
            yield Page(self.kept_chats, "", None)

        return Listing(read)

    def _returns(self, is_open: bool | None, options: ReadOptions) -> Listing[Return]:
        async def read(_: Reading) -> AsyncGenerator[Page[Return], None]:
            yield Page(self.kept_returns, "", None)

        return Listing(read)

    def _sweep_feedbacks(self, span: Span, options: SweepOptions) -> Sweep[Feedback]:
        since = None if span.since == self.EARLIEST else span.since
        until = None if span.until is None else span.until - timedelta(microseconds=1)
        self.asked.append((since, until, options.cursor))
        found = [each for each in self.records if each.created_at in span]

        async def read() -> AsyncGenerator[Page[Feedback], None]:
            at = int(options.cursor or 0)
            while at < len(found):
                await asyncio.sleep(0)
                self.hook(at // 4)
                yield Page(found[at : at + 4], str(at), str(at + 4))
                at += 4
            yield Page((), str(at), None)

        async def plan() -> SweepPlan:
            return SweepPlan(len(found), None)

        return Sweep(read, make_plan=plan, requests=lambda: 0, limit=lambda: None)


def _parsed(kind: Kind, cell: str, *, always: bool) -> object:
    if cell == "":
        return "" if always else None
    if kind is Kind.TEXT:
        return stored_text(cell)
    if kind is Kind.TIME:
        return datetime.fromisoformat(cell)
    if kind is Kind.MONEY:
        return Decimal(cell)
    return json.loads(cell)


def rows_in(path: Path, noun: Noun) -> list[tuple[object, ...]]:
    """The rows of a table, as values."""
    layout = LAYOUTS[noun]
    if path.suffix == ".jsonl":
        return [
            tuple(list(each) if isinstance(each, tuple) else each for each in row)
            for row in layout.rows(path.read_bytes().splitlines())
        ]
    if path.suffix == ".parquet":
        table = parquet.read_table(path)
        return [tuple(row.values()) for row in table.to_pylist()]
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert tuple(lines[0]) == layout.names
    kinds = [(column.kind, column.always) for column in layout.columns]
    return [
        tuple(
            _parsed(kind, cell, always=always)
            for (kind, always), cell in zip(kinds, line, strict=True)
        )
        for line in lines[1:]
    ]


def ids_in(path: Path, noun: Noun = Noun.FEEDBACKS) -> list[str]:
    """The ids of a table's rows, in order."""
    return [str(row[2]) for row in rows_in(path, noun)]
