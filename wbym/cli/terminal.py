"""Speaking to the person: consoles, clean words, errors as one line."""

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
"""Columns where nobody looks at a terminal."""
_REASONS = 5
INTERRUPTED = 130


def output() -> Console:
    """The console of stdout; tables are not squeezed where it is no terminal."""
    free = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=_WIDE if free else None, highlight=False)


def clean(words: str) -> str:
    """What a stranger wrote as one line, without characters that command a terminal."""
    flat = " ".join(words.split())
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in flat
    )


def complain(problem: object) -> None:
    """Say on stderr what went wrong, as one line."""
    _say(f"error: {problem}", "bold red")


def note(words: str) -> None:
    """Say something beside the output, on stderr."""
    _say(words, "yellow")


def mention_undecodable(account: Account) -> None:
    """Say how many records were left out, and why."""
    undecodable = account.undecodable
    if not undecodable:
        return
    reasons = Counter(f"{each.endpoint}: {each.reason}" for each in undecodable)
    told = [f"{reason} ({count})" for reason, count in reasons.most_common(_REASONS)]
    if len(reasons) > _REASONS:
        told.append(f"{len(reasons) - _REASONS} more reasons")
    left_out = f"{account.name}: {len(undecodable)} undecodable records left out"
    note(f"{left_out}: {'; '.join(told)}")


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn errors of ours into a line on stderr and exit code 1, and Ctrl-C into 130."""
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


def _say(words: str, style: str) -> None:
    Console(stderr=True, highlight=False).print(Text(clean(words), style=style), soft_wrap=True)
