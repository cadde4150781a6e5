"""An account in memory whose archive is swept, and what a file holds."""

import asyncio
import csv
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

from pyarrow import parquet

from tests.wbym.test_inbox import Toy
from wbym.calls import Download, Upload
from wbym.domain import (
    Answer,
    AnswerStatus,
    Attachment,
    Chat,
    Decision,
    Feedback,
    Message,
    Money,
    Product,
    Question,
    Ref,
    Return,
    Sent,
)
from wbym.export import LAYOUTS, Kind, Noun
from wbym.export.csv_table import stored_text
from wbym.limits import Priority
from wbym.paging import Listing, Page, Reading, Sweep, SweepPlan

__all__ = ["BEGIN", "Shop", "feedback", "ids_in", "rows_in"]

BEGIN = datetime(2026, 5, 1, tzinfo=UTC)

Hook: TypeAlias = Callable[[int], None]


def feedback(number: int, *, account: str = "shop", answer: str | None = None) -> Feedback:
    """A feedback written so many hours after the beginning."""
    return Feedback(
        ref=Ref("toy", account, f"{number:05}"),
        created_at=BEGIN + timedelta(hours=number),
        rating=number % 5 + 1,
        text=f"отзыв {number}",
        answer=None if answer is None else Answer(answer, AnswerStatus.PUBLISHED),
        product=Product(id="7", name="Чайник"),
    )


class Shop(Toy):
    """Sweeps ``records``, four a page; ``hook`` is told the number of each page before it comes."""

    def __init__(self, name: str = "shop", records: Sequence[Feedback] = ()) -> None:
        super().__init__(name)
        self.records = list(records)
        self.kept_chats: list[Chat] = []
        self.kept_returns: list[Return] = []
        self.hook: Hook = lambda _: None
        self.asked: list[tuple[datetime | None, datetime | None, str | None]] = []

    @property
    def sweep(self) -> "Shop.Sweeps":
        return Shop.Sweeps(self)

    def chats(
        self,
        *,
        waiting_for_seller: bool | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Chat]:
        async def read(_: Reading) -> AsyncGenerator[Page[Chat], None]:
            yield Page(self.kept_chats, "", None)

        return Listing(read)

    def returns(
        self,
        *,
        open: bool | None = None,  # noqa: A002 - the word of the Protocol
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Return]:
        async def read(_: Reading) -> AsyncGenerator[Page[Return], None]:
            yield Page(self.kept_returns, "", None)

        return Listing(read)

    def messages(
        self,
        chat: Chat,
        *,
        since: datetime | None = None,
        cursor: str | None = None,
        priority: Priority | None = None,
    ) -> Listing[Message]:
        raise NotImplementedError

    async def send(self, chat: Chat, text: str, *, files: Sequence[Upload] = ()) -> Sent:
        raise NotImplementedError

    def download(self, attachment: Attachment) -> AbstractAsyncContextManager[Download]:
        raise NotImplementedError

    async def decide(
        self,
        item: Return,
        decision: Decision,
        *,
        comment: str | None = None,
        reason: str | None = None,
        amount: Money | None = None,
    ) -> None:
        raise NotImplementedError

    class Sweeps:
        def __init__(self, shop: "Shop") -> None:
            self._shop = shop

        def feedbacks(
            self,
            *,
            since: datetime | None = None,
            until: datetime | None = None,
            in_order: bool = False,
            cursor: str | None = None,
            max_wait: float | None = None,
            priority: Priority = Priority.BULK,
        ) -> Sweep[Feedback]:
            shop = self._shop
            shop.asked.append((since, until, cursor))
            first = since or BEGIN
            last = until or datetime.max.replace(tzinfo=UTC)
            found = [each for each in shop.records if first <= each.created_at <= last]

            async def read() -> AsyncGenerator[Page[Feedback], None]:
                at = int(cursor or 0)
                while at < len(found):
                    await asyncio.sleep(0)
                    shop.hook(at // 4)
                    yield Page(found[at : at + 4], str(at), str(at + 4))
                    at += 4
                yield Page((), str(at), None)

            async def plan() -> SweepPlan:
                return SweepPlan(len(found), None)

            return Sweep(read, make_plan=plan, requests=lambda: 0, limit=lambda: None)

        def questions(
            self,
            *,
            since: datetime | None = None,
            until: datetime | None = None,
            in_order: bool = False,
            cursor: str | None = None,
            max_wait: float | None = None,
            priority: Priority = Priority.BULK,
        ) -> Sweep[Question]:
            raise NotImplementedError


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
