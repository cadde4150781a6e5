"""Output: tables for people, JSON and TSV for programs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wbym.account import CatalogRow, CredentialFacts
from wbym.cli.terminal import clean
from wbym.domain import Answer, Buyer, Chat, Feedback, Product, Question, Record, Return

__all__ = [
    "CHATS",
    "FEEDBACKS",
    "QUESTIONS",
    "RETURNS",
    "Format",
    "View",
    "show_catalog",
    "show_credential",
    "show_records",
    "time_text",
    "write_lines",
]

T = TypeVar("T", bound=Record)

_ENCODER = msgspec.json.Encoder()


class Format(StrEnum):
    """Output formats of a list."""

    TABLE = "table"
    TSV = "tsv"
    JSON = "json"


class Column(msgspec.Struct, frozen=True):
    """A column of a table."""

    head: str
    wraps: bool = False
    """Whether long cells are wrapped."""
    right: bool = False


class View(Generic[T]):
    """The table layout of one noun.

    Args:
        noun: The name of the records, in the plural.
        columns: The columns after ``account``.
        account: The account of a record.
        cells: The cells of a record.
    """

    def __init__(
        self,
        noun: str,
        columns: Sequence[Column],
        account: Callable[[T], str],
        cells: Callable[[T], Sequence[str]],
    ) -> None:
        self.noun = noun
        self.columns = columns
        self.account = account
        self.cells = cells


def _feedback(item: Feedback) -> Sequence[str]:
    stars = "" if item.rating is None else f"{item.rating}★"
    return (
        time_text(item.created_at),
        stars,
        _product(item.product),
        _buyer(item.buyer),
        item.body or ", ".join(item.tags),
        _answer(item.answer),
        item.ref.id,
    )


def _question(item: Question) -> Sequence[str]:
    return (
        time_text(item.created_at),
        _product(item.product),
        item.text,
        _answer(item.answer),
        item.ref.id,
    )


def _chat(item: Chat) -> Sequence[str]:
    return (
        time_text(item.updated_at),
        item.status.replace("_", " "),
        _buyer(item.buyer),
        _product(item.product),
        item.last_text or "",
        item.ref.id,
    )


def _return(item: Return) -> Sequence[str]:
    products = ", ".join(_product(each.product) for each in item.items)
    return (
        time_text(item.created_at),
        item.status.replace("_", " "),
        products,
        "" if item.amount is None else str(item.amount),
        item.buyer_comment or "",
        ", ".join(decision.id for decision in item.decisions),
        item.ref.id,
    )


_ID = Column("id")
_WHEN = Column("when")
_PRODUCT = Column("product", wraps=True)

FEEDBACKS = View(
    "feedbacks",
    (
        _WHEN,
        Column("rating"),
        _PRODUCT,
        Column("buyer", wraps=True),
        Column("text", wraps=True),
        Column("answer", wraps=True),
        _ID,
    ),
    lambda item: item.ref.account,
    _feedback,
)
QUESTIONS = View(
    "questions",
    (_WHEN, _PRODUCT, Column("text", wraps=True), Column("answer", wraps=True), _ID),
    lambda item: item.ref.account,
    _question,
)
CHATS = View(
    "chats",
    (
        _WHEN,
        Column("status", wraps=True),
        Column("buyer", wraps=True),
        _PRODUCT,
        Column("last message", wraps=True),
        _ID,
    ),
    lambda item: item.ref.account,
    _chat,
)
RETURNS = View(
    "returns",
    (
        _WHEN,
        Column("status", wraps=True),
        _PRODUCT,
        Column("amount", right=True),
        Column("comment", wraps=True),
        Column("decisions", wraps=True),
        _ID,
    ),
    lambda item: item.ref.account,
    _return,
)


def show_records(console: Console, view: View[T], records: Iterable[T]) -> None:
    """Print records as a table."""
    table = Table()
    for column in (Column("account"), *view.columns):
        table.add_column(
            column.head,
            no_wrap=not column.wraps,
            overflow="fold",
            justify="right" if column.right else "left",
        )
    for record in records:
        # Text, not markup: square brackets in a buyer's text are not a style.
        cells = (view.account(record), *view.cells(record))
        table.add_row(*(Text(clean(cell)) for cell in cells))
    console.print(table)


def write_lines(records: Iterable[object]) -> None:
    """Write each record as a line of JSON to stdout."""
    lines = _ENCODER.encode_lines(list(records))
    if lines:
        typer.echo(lines, nl=False)


_HEADS = ("marketplace", "method", "path", "host", "limit", "name", "scope", "lower_limit")
_IN_TABLE = ("marketplace", "method", "path", "host", "limit", "name")
"""The columns that fit on a screen; TSV and JSON have all."""


def show_catalog(console: Console, rows: Sequence[CatalogRow], form: Format) -> None:
    """Print the catalog of endpoints."""
    dicts: list[Mapping[str, str]] = [msgspec.structs.asdict(row) for row in rows]
    cells = [[row[head] for head in _HEADS] for row in dicts]
    if form is Format.JSON:
        ordered = [dict(zip(_HEADS, row, strict=True)) for row in cells]
        typer.echo(msgspec.json.format(msgspec.json.encode(ordered)))
    elif form is Format.TSV:
        typer.echo("\n".join("\t".join(clean(cell) for cell in row) for row in [_HEADS, *cells]))
    else:
        table = Table()
        for head in _IN_TABLE:
            table.add_column(head, no_wrap=head in {"marketplace", "method"}, overflow="fold")
        for row in dicts:
            table.add_row(*(Text(row[head]) for head in _IN_TABLE))
        console.print(table)


def show_credential(console: Console, facts: CredentialFacts, now: datetime) -> bool:
    """Print the facts of a credential; True if it has not expired."""
    ends = facts.expires_at
    valid = ends is None or ends > now

    def line(text: str, style: str = "") -> None:
        console.print(Text(f"  {clean(text)}", style=style), soft_wrap=True)

    line(f"{facts.title} of {facts.owner}")
    if ends is None:
        line("does not expire")
    elif valid:
        line(f"expires: {time_text(ends)} (in {(ends - now).days} days)")
    else:
        line(f"EXPIRED: {time_text(ends)}", "bold red")
    access = "read only" if facts.read_only else "read and write"
    line(f"scopes: {', '.join(facts.scopes) or 'none'} ({access})")
    for warning in facts.warnings:
        line(f"WARNING: {warning}", "bold yellow")
    return valid


def time_text(moment: datetime | None) -> str:
    """A time in UTC to the minute; empty for None."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}Z"


def _product(product: Product | None) -> str:
    if product is None:
        return ""
    return " ".join(part for part in (product.id, product.name or product.seller_sku) if part)


def _buyer(buyer: Buyer | None) -> str:
    return "" if buyer is None else buyer.name or buyer.id or ""


def _answer(answer: Answer | None) -> str:
    return "" if answer is None else answer.text
