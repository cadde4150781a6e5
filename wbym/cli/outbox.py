"""The command ``wbym outbox``: replies with idempotency keys, from the state alone."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.text import Text

from wbym.cli.jsonlines import write_lines
from wbym.cli.options import AccountName, AsJson
from wbym.cli.show_records import print_details
from wbym.cli.state import State, open_state
from wbym.cli.tables import fit, print_line, write_row
from wbym.cli.terminal import clean, is_terminal, note, output, plain_errors
from wbym.cli.views import iso, time_text
from wbym.domain import Delivery, DeliveryState
from wbym.errors import InvalidInput
from wbym.feed import resolve

__all__ = ["outbox"]

_NOT_FINAL: Final = (
    DeliveryState.UNKNOWN,
    DeliveryState.PENDING,
    DeliveryState.SENDING,
    DeliveryState.ACCEPTED,
)
_INDENT: Final = 14
"""Width of the first column."""

outbox: typer.Typer = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="List replies with idempotency keys, and resolve those whose outcome is unknown. "
    "Needs only the state, and can be used while a service is running.",
)


class Outcome(StrEnum):
    """The outcome of a delivery, as decided by a person."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    AGAIN = "again"


_RESOLVED: Final = {
    Outcome.CONFIRMED: DeliveryState.CONFIRMED,
    Outcome.REJECTED: DeliveryState.REJECTED,
    Outcome.AGAIN: DeliveryState.PENDING,
}

Key = Annotated[str, typer.Argument(metavar="KEY", help="Idempotency key of the delivery.")]


@outbox.command("list", epilog="Example: wbym outbox list --in unknown --state wbym.db")
def list_deliveries(
    state: State = None,
    states: Annotated[
        list[DeliveryState] | None,
        typer.Option(
            "--in", help="List only deliveries in this state. Can be repeated.", show_default=False
        ),
    ] = None,
    account: AccountName = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also list confirmed and rejected deliveries.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List pending deliveries and those that a person has to resolve, oldest first."""
    if states and everything:
        raise typer.BadParameter("--in and --all cannot be combined")
    wanted = None if everything else states or _NOT_FINAL
    with plain_errors():
        found = asyncio.run(_find(state, wanted, account))
    if as_json:
        write_lines(found)
        return
    _list(found)
    if not found:
        note("no deliveries" if everything else "no such deliveries; --all lists all")
    unknown = sum(one.state is DeliveryState.UNKNOWN for one in found)
    if unknown:
        note(
            f"{unknown} unknown: check each in the seller's cabinet, and record its outcome with "
            f"wbym outbox resolve KEY {'|'.join(Outcome)}"
        )


@outbox.command("show", epilog="Example: wbym outbox show crm-4711")
def show_delivery(
    key: Key,
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """Show the details of one delivery."""
    with plain_errors():
        found = asyncio.run(_one(state, key))
    if as_json:
        write_lines([found])
    else:
        _show(found)


@outbox.command("resolve", epilog="Example: wbym outbox resolve crm-4711 confirmed")
@outbox.command("settle", hidden=True)  # the former name
def resolve_delivery(
    key: Key,
    outcome: Annotated[
        Outcome,
        typer.Argument(
            help="confirmed: the buyer received it. rejected: the buyer did not, and it must not "
            "be sent. again: the buyer did not; send it."
        ),
    ],
    state: State = None,
) -> None:
    """Record the outcome of a delivery that is unknown or waits to be sent."""
    with plain_errors():
        resolved = asyncio.run(_resolve(state, key, _RESOLVED[outcome]))
    text = f"{clean(resolved.idempotency_key or '')} is {resolved.state}"
    if outcome is Outcome.AGAIN:
        text += ": the service that uses this state sends it within a minute, or when it starts"
    print_line(output(), Text(text))


async def _find(
    state: str | None, states: Sequence[DeliveryState] | None, account: str | None
) -> list[Delivery]:
    async with open_state(state, existing=True) as store:
        return await store.deliveries(states, None if account is None else [account])


async def _one(state: str | None, key: str) -> Delivery:
    async with open_state(state, existing=True) as store:
        found = await store.delivery(key)
    if found is None:
        raise InvalidInput("show", "idempotency_key", "must be of a delivery", key)
    return found


async def _resolve(state: str | None, key: str, outcome: DeliveryState) -> Delivery:
    async with open_state(state, existing=True) as store:
        return await resolve(store, key, outcome)


def _list(found: Sequence[Delivery]) -> None:
    if not is_terminal():
        for item in found:
            write_row(
                (
                    *(item.idempotency_key or "", item.state.value, iso(item.updated_at)),
                    *(str(item.attempts), item.action.value, str(item.target)),
                    *(item.text, item.note or ""),
                )
            )
        return
    # Not a table: a key is long, and has to be copied in one piece to resolve it.
    console = output()
    for item in found:
        style = "bold yellow" if item.state is DeliveryState.UNKNOWN else "bold"
        print_line(console, Text(f"{_state(item)}, {_attempts(item)}", style))
        for name, fact in _facts(item).items():
            room = max(console.width - _INDENT, _INDENT)
            shown = fit(clean(fact), room) if name == "text" else clean(fact)
            if shown:
                print_line(console, Text.assemble((f"  {name:<{_INDENT - 2}}", "dim"), shown))


def _show(item: Delivery) -> None:
    facts = _facts(item) | {
        "state": _state(item),
        "created": time_text(item.created_at),
        "attempts": str(item.attempts),
        "last sent": time_text(item.sent_at),
        "seen as": item.id or "",
    }
    print_details(facts.items())


def _state(item: Delivery) -> str:
    return f"{item.state} since {time_text(item.updated_at)}"


def _attempts(item: Delivery) -> str:
    return f"{item.attempts} attempt{'' if item.attempts == 1 else 's'}"


def _facts(item: Delivery) -> dict[str, str]:
    return {
        "key": item.idempotency_key or "",
        str(item.action).replace("_", " "): str(item.target),
        "decision": item.decision or "",
        "text": item.text,
        "not sent": "; ".join(item.failed_files),
        "note": item.note or "",
    }
