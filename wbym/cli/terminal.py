"""Terminal output: consoles, safe text, errors as one line."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

from wbym.account import Account
from wbym.errors import WbymError

__all__ = ["clean", "complain", "mention_undecodable", "note", "output", "plain_errors"]

_WIDE = 220
"""Width of the output if it is not a terminal."""
_REASONS = 5
INTERRUPTED = 130


def output() -> Console:
    """The console of stdout; tables are wide if it is not a terminal."""
    free = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=_WIDE if free else None, highlight=False)


def clean(text: str) -> str:
    """Untrusted text as one line, without terminal control characters."""
    flat = " ".join(text.split())
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in flat
    )


def complain(problem: object) -> None:
    """Print an error on stderr, as one line."""
    _say(f"error: {problem}", "bold red")


def note(text: str) -> None:
    """Print a note on stderr."""
    _say(text, "yellow")


def mention_undecodable(account: Account) -> None:
    """Print how many records were undecodable, and why."""
    undecodable = account.undecodable
    if not undecodable:
        return
    reasons = Counter(f"{each.endpoint}: {each.reason}" for each in undecodable)
    shown = [f"{reason} ({count})" for reason, count in reasons.most_common(_REASONS)]
    if len(reasons) > _REASONS:
        shown.append(f"{len(reasons) - _REASONS} more reasons")
    left_out = f"{account.name}: {len(undecodable)} undecodable records omitted"
    note(f"{left_out}: {'; '.join(shown)}")


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn a ``WbymError`` into a line on stderr and exit code 1, and Ctrl-C into exit code 130."""
    try:
        yield
    except ExceptionGroup as group:  # AccountsFailed too
        errors = list(_leaves(group))
        if not all(isinstance(each, WbymError) for each in errors):
            raise
        for each in errors:
            complain(each)
        raise typer.Exit(1) from None
    except WbymError as error:
        complain(error)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _leaves(group: ExceptionGroup[Exception]) -> Iterable[Exception]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _say(text: str, style: str) -> None:
    Console(stderr=True, highlight=False).print(Text(clean(text), style=style), soft_wrap=True)
