"""The result of ``wbym demo``: a table, or one line of JSON."""

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from wbym.cli.demo import Outcome
from wbym.cli.demo_assistant import CONFIRMATION_TIMEOUT, Survived
from wbym.cli.tally import Result
from wbym.feed import CONFIRMATION_TIMEOUT as DEFAULT_CONFIRMATION_TIMEOUT

__all__ = ["outcome_line", "show_outcome", "show_survived"]


def show_outcome(console: Console, outcome: Outcome) -> None:
    """Print a table of records, requests and times."""
    # Narrow enough for 80 columns: figures must not be cut.
    title = "Read and answered within the limits"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for head in ("read", "of", "sent", "requests", "limited", "seconds", "min s", "ratio"):
        table.add_column(head, justify="right", no_wrap=True)
    for result in outcome.results:
        _add(table, result)
    table.add_row(
        "all",
        f"{outcome.records:,}",
        "",
        str(outcome.written),
        str(outcome.requests),
        str(outcome.refused),
        f"{outcome.seconds:.1f}",
        f"{outcome.bound:.1f}",
        "" if outcome.ratio is None else f"{outcome.ratio:.2f}",
        style="bold",
    )
    console.print(table)
    console.print(
        "Requests and rate-limited requests are counted by the simulator. min s is the shortest "
        "time in seconds that the limits allow for these requests.",
        style="dim",
    )


def show_survived(console: Console, survived: Survived) -> None:
    """Print a table of messages answered by the assistant that was killed."""
    if not survived.served:
        return
    title = "Answered by an assistant that was killed"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for head in ("messages", "answered once", "more than once", "unanswered"):
        table.add_column(head, justify="right", no_wrap=True)
    for each in survived.served:
        counts = (each.messages, each.once, each.twice, each.unanswered)
        table.add_row(each.marketplace, *map(str, counts))
    console.print(table)
    console.print(
        "Messages are counted by the simulators. An unconfirmed reply is sent again after "
        f"{CONFIRMATION_TIMEOUT:g} s here, since simulators show replies at once; the default is "
        f"{DEFAULT_CONFIRMATION_TIMEOUT:g} s.",
        style="dim",
    )


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
