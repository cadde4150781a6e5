"""The result of ``wbym demo``: a table, or one line of JSON."""

from typing import Final

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from wbym.cli.demo import Outcome
from wbym.cli.demo_assistant import CONFIRMATION_TIMEOUT, Survived
from wbym.cli.tally import Result
from wbym.feed import CONFIRMATION_TIMEOUT as DEFAULT_CONFIRMATION_TIMEOUT

__all__ = ["introduce", "outcome_line", "show_next", "show_outcome", "show_survived"]

_TEXT_WIDTH: Final = 80


def introduce(console: Console, *, assistant: bool) -> None:
    """Say what the demo shows."""
    _text(
        console,
        "wbym reads and answers simulated shops, which run on this machine and keep the "
        "marketplaces' real limits. No shop is touched, and no token is needed.",
    )
    steps = ["Read all unanswered feedbacks and questions, chats and returns; answer some."]
    if assistant:
        steps.append("Kill a shop assistant at work, and see what its buyers get.")
    for number, step in enumerate(steps, 1):
        _text(console, f"{number}. {step}")
    console.print()


def show_outcome(console: Console, outcome: Outcome) -> None:
    """Print a table of records, requests and times."""
    # Narrow enough for 60 columns: figures must not be cut.
    table = _table("Read and answered within the limits")
    for head in ("read", "of", "sent", "calls", "limited", "s"):
        table.add_column(head, justify="right", no_wrap=True)
    for result in outcome.results:
        _add(table, result)
    table.add_row(
        "all",
        f"{outcome.records:,}",
        "",
        str(outcome.written),
        f"{outcome.requests:,}",
        str(outcome.refused),
        f"{outcome.seconds:.1f}",
        style="bold",
    )
    console.print(table)
    ratio = "" if outcome.ratio is None else f", ratio {outcome.ratio:.2f}"
    _text(
        console,
        f"The limits allow {outcome.bound:.1f} s at best{ratio}. limited: calls that exceeded "
        "a limit, as the simulators counted them.",
        "dim",
    )
    console.print()


def show_survived(console: Console, survived: Survived) -> None:
    """Print a table of messages answered by the assistant that was killed."""
    if not survived.served:
        return
    console.print()
    table = _table("Answered by an assistant that was killed")
    for head in ("messages", "once", "twice", "never"):
        table.add_column(head, justify="right", no_wrap=True)
    for each in survived.served:
        counts = (each.messages, each.once, each.twice, each.unanswered)
        table.add_row(each.marketplace, *map(str, counts))
    console.print(table)
    _text(
        console,
        "Counted by the simulators. A reply that does not show in its chat is sent again after "
        f"{CONFIRMATION_TIMEOUT:g} s here, and after {DEFAULT_CONFIRMATION_TIMEOUT:g} s by "
        "default.",
        "dim",
    )


def show_next(console: Console) -> None:
    """Name three commands to try next."""
    console.print()
    console.print("Next", style="bold")
    for command, what in (
        ("wbym simulate wildberries", "a simulated shop for your own program"),
        ("wbym check", "what your own token can do; it changes nothing"),
        ("wbym inbox", "how much waits for an answer in your shops"),
    ):
        console.print(f"  {command}")
        console.print(f"      {what}", style="dim")
    _text(console, "A first program is in README.md, the assistant's in docs/feed.md.")


def _table(title: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )
    table.add_column("", no_wrap=True)
    return table


def _text(console: Console, text: str, style: str = "") -> None:
    """Print a paragraph, in lines that are easy to read."""
    console.print(Text(text, style), width=min(console.width, _TEXT_WIDTH))


def outcome_line(outcome: Outcome, survived: Survived | None) -> None:
    """Write one line of JSON to stdout."""
    line = {
        "records": outcome.records,
        "requests": outcome.requests,
        "refused": outcome.refused,
        "seconds": round(outcome.seconds, 3),
        "bound_seconds": round(outcome.bound, 3),
        "ratio": None if outcome.ratio is None else round(outcome.ratio, 3),
        "written": outcome.written,
        "problems": [*outcome.problems, *(survived.problems if survived else ())],
        "assistant": survived,
        "accounts": [
            {
                "account": result.account,
                "marketplace": result.marketplace,
                "requests": result.stats.requests,
                "refused": result.stats.rate_limited,
                "bound_seconds": round(result.bound, 3),
                "nouns": {
                    tally.noun: {
                        "records": tally.read,
                        "expected": tally.expected,
                        "written": tally.written,
                        "seconds": round(tally.seconds, 3),
                    }
                    for tally in result.tallies
                },
            }
            for result in outcome.results
        ],
    }
    typer.echo(msgspec.json.encode(line))


def _add(table: Table, result: Result) -> None:
    table.add_row(result.account, style="bold")
    for tally in result.tallies:
        counts = result.by_noun.get(tally.noun)
        table.add_row(
            f"  {tally.noun}",
            f"{tally.read:,}",
            "" if tally.expected is None else f"{tally.expected:,}",
            str(tally.written),
            "" if counts is None else str(counts.requests),
            "" if counts is None else str(counts.rate_limited),
            f"{tally.seconds:.1f}",
        )
    table.add_section()
