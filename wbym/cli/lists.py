"""The commands that list records: ``feedbacks``, ``questions``, ``chats``, ``returns``."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

import typer

from wbym._config import AccountSource
from wbym.account import Capability
from wbym.cli.accounts import having, open_inbox
from wbym.cli.options import AccountName, AsJson, Config, Since, Until, sources_of
from wbym.cli.show_records import Form, form_of, write_records
from wbym.cli.terminal import Failures, note, plain_errors
from wbym.cli.views import CHATS, FEEDBACKS, QUESTIONS, RETURNS, View
from wbym.domain import Chat, Feedback, Question, Record, Return
from wbym.inbox import Inbox
from wbym.paging import Listing

__all__ = ["chats", "feedbacks", "questions", "returns"]

T = TypeVar("T", bound=Record)

_ON_TERMINAL: Final = 50
"""Default number of records on a terminal."""


def _ratings(text: str) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part in {"1", "2", "3", "4", "5"} for part in parts):
        raise typer.BadParameter(f"{text!r} is not a list of ratings from 1 to 5, such as 1,2")
    return frozenset(int(part) for part in parts)


Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help="Max records of all accounts together, the newest. "
        f"Default: {_ON_TERMINAL} on a terminal, else all.",
        show_default=False,
    ),
]
Answered = Annotated[
    bool | None,
    typer.Option(
        "--answered/--unanswered",
        help="Show only records with an answer, or only those without.",
        show_default=False,
    ),
]
ProductId = Annotated[
    str | None,
    typer.Option(
        "--product",
        metavar="ID",
        help="Show only records of this product, by the marketplace's article.",
        show_default=False,
    ),
]


def feedbacks(
    config: Config = None,
    account: AccountName = None,
    answered: Answered = None,
    since: Since = None,
    until: Until = None,
    rating: Annotated[
        frozenset[int] | None,
        typer.Option(
            "--rating",
            parser=_ratings,
            metavar="1,2",
            help="Show only feedbacks with these ratings.",
            show_default=False,
        ),
    ] = None,
    product: ProductId = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List feedbacks of all accounts, newest first."""

    def ask(inbox: Inbox) -> Listing[Feedback]:
        return inbox.feedbacks(
            answered=answered,
            since=since,
            until=until,
            rating=rating,
            product=product,
            newest_first=True,
        )

    _list(config, account, Capability.FEEDBACKS, FEEDBACKS, ask, limit=limit, as_json=as_json)


def questions(
    config: Config = None,
    account: AccountName = None,
    answered: Answered = None,
    since: Since = None,
    until: Until = None,
    product: ProductId = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List questions of all accounts, newest first."""

    def ask(inbox: Inbox) -> Listing[Question]:
        return inbox.questions(
            answered=answered, since=since, until=until, product=product, newest_first=True
        )

    _list(config, account, Capability.QUESTIONS, QUESTIONS, ask, limit=limit, as_json=as_json)


def chats(
    config: Config = None,
    account: AccountName = None,
    waiting: Annotated[
        bool | None,
        typer.Option(
            "--waiting/--not-waiting",
            help="Show only chats that wait for a reply, or only the others.",
            show_default=False,
        ),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List chats of all accounts, by their last message, newest first.

    All chats are read first, since no marketplace lists them in this order.
    """

    def ask(inbox: Inbox) -> Listing[Chat]:
        return inbox.chats(waiting_for_seller=waiting, newest_first=True)

    _list(config, account, Capability.CHATS, CHATS, ask, limit=limit, as_json=as_json)


def returns(
    config: Config = None,
    account: AccountName = None,
    is_open: Annotated[
        bool | None,
        typer.Option(
            "--open/--closed",
            help="Show only open returns, or only closed ones.",
            show_default=False,
        ),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List returns of all accounts (Wildberries: claims), newest first.

    All returns are read first, since no marketplace lists them in this order.
    """

    def ask(inbox: Inbox) -> Listing[Return]:
        return inbox.returns(is_open=is_open, newest_first=True)

    _list(config, account, Capability.RETURNS, RETURNS, ask, limit=limit, as_json=as_json)


def _list(
    config: Path | None,
    account: str | None,
    capability: Capability,
    view: View[T],
    ask: Callable[[Inbox], Listing[T]],
    *,
    limit: int | None,
    as_json: bool,
) -> NoReturn:
    """Print the records of all accounts; one that fails does not stop the others."""
    form = form_of(as_json=as_json)
    if limit is None and form is Form.TERMINAL:
        limit = _ON_TERMINAL

    async def run(sources: Sequence[AccountSource]) -> Failures:
        failures = Failures(len(sources))
        async with open_inbox(sources, failures) as inbox:
            if not inbox.accounts:
                return failures
            listing = ask(inbox)
            if limit is None:
                async for page in listing.pages():
                    write_records(form, view, page.items)
                return failures
            found = await listing.all(limit=limit + 1)
        write_records(form, view, found[:limit])
        if form is not Form.TERMINAL:
            return failures
        if len(found) > limit:
            note(f"the newest {limit} of more {view.noun}; --limit N shows more")
        elif not found and not failures.all_failed:
            note(f"no {view.noun}")
        return failures

    with plain_errors():
        having_noun = having(sources_of(config, account), capability, view.noun)
        failures = asyncio.run(run(having_noun))
    raise typer.Exit(failures.code)
