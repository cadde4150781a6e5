"""The command ``wbym dead-letters``: events that could not be handled, from the state alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer
from rich.text import Text

from wbym.cli.jsonlines import write_lines
from wbym.cli.options import AccountName, AsJson
from wbym.cli.state import State, open_state
from wbym.cli.tables import fit
from wbym.cli.terminal import clean, note, output, plain_errors
from wbym.cli.views import time_text
from wbym.domain import Feedback, Message, Question, Return, UndecodableRecord
from wbym.feed import DeadLetter, DeadLetters, Event

__all__ = ["dead_letters"]

dead_letters: typer.Typer = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="List events that could not be handled, and deliver them again or drop them. "
    "Needs only the state, and can be used while a service is running.",
)

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="ID...", help="Ids of the events.", show_default=False)
]
All = Annotated[bool, typer.Option("--all", help="All of them, instead of those with these ids.")]


@dead_letters.command("list", epilog="Example: wbym dead-letters list --account shop-wb")
def list_letters(
    state: State = None,
    account: AccountName = None,
    as_json: AsJson = False,
) -> None:
    """List the events, the oldest failure first."""
    with plain_errors():
        found = asyncio.run(_find(state, account))
    if as_json:
        write_lines([_row(one) for one in found])
        return
    _list(found)
    if found:
        note("deliver them again with wbym dead-letters retry ID, or delete them with drop ID")
    else:
        note("no dead letters")


@dead_letters.command("retry", epilog="Example: wbym dead-letters retry --all")
def retry_letters(
    ids: Ids = None, state: State = None, account: AccountName = None, every: All = False
) -> None:
    """Deliver events again: within 15 s, or when the service starts."""
    _each(ids, state, account, every, DeadLetters.retry, "will be delivered again")


@dead_letters.command("drop", epilog="Example: wbym dead-letters drop ID")
def drop_letters(
    ids: Ids = None, state: State = None, account: AccountName = None, every: All = False
) -> None:
    """Delete events for good."""
    _each(ids, state, account, every, DeadLetters.drop, "is deleted")


def _each(
    ids: Sequence[str] | None,
    state: str | None,
    account: str | None,
    every: bool,
    act: Callable[[DeadLetters, str], Awaitable[None]],
    done: str,
) -> None:
    if bool(ids) == every:
        raise typer.BadParameter("name the ids of events, or use --all")
    if ids and account is not None:
        raise typer.BadParameter("--account is for --all; an id names its account")

    async def run() -> None:
        async with open_state(state, existing=True) as store:
            letters = DeadLetters(store)
            names = ids or [one.event.id for one in await letters.all(account)]
            for name in names:
                await act(letters, name)
                output().print(f"{clean(name)} {done}", markup=False, soft_wrap=True)
            if not names:
                note("no dead letters")

    with plain_errors():
        asyncio.run(run())


async def _find(state: str | None, account: str | None) -> list[DeadLetter]:
    async with open_state(state, existing=True) as store:
        return await DeadLetters(store).all(account)


def _row(letter: DeadLetter) -> dict[str, object]:
    event = letter.event
    return {
        "id": event.id,
        "account": event.account,
        "kind": event.kind,
        "at": event.at,
        "failed_at": letter.failed_at,
        "attempts": letter.attempts,
        "error": letter.error,
        "record": event.record,
    }


def _list(found: Sequence[DeadLetter]) -> None:
    # Not a table: an id is long, and has to be copied in one piece.
    console = output()
    for number, letter in enumerate(found):
        if number:
            console.print()
        event = letter.event
        title = f"{event.kind} of {event.account}, failed at {time_text(letter.failed_at)}"
        console.print(Text(clean(title), "bold"), soft_wrap=True)
        facts = {
            "id": event.id,
            "created": time_text(event.at),
            "text": _text(event),
            "attempts": str(letter.attempts),
            "error": letter.error,
        }
        for name, fact in facts.items():
            line = f"  {name:<10}{clean(fact)}".replace("\n", " ")
            if name == "text":
                line = fit(line, console.width)
            if fact:
                console.print(Text(line), soft_wrap=True)


def _text(event: Event) -> str:
    match event.record:
        case Message(text=text) | Question(text=text):
            return text or ""
        case Feedback(body=body):
            return body or ""
        case Return(buyer_comment=comment):
            return comment or ""
        case UndecodableRecord(reason=reason):
            return reason
        case _:
            return ""
