"""Terminal output: consoles, safe text, errors as one line, exit codes."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final

import typer
from rich.console import Console
from rich.text import Text

from wbym.account import Account
from wbym.errors import (
    ConfigError,
    ConnectionFailed,
    CredentialError,
    InvalidInput,
    InvalidToken,
    Unauthorized,
    WbymError,
)

__all__ = [
    "ExitCode",
    "Failures",
    "clean",
    "complain",
    "glyph",
    "is_terminal",
    "mention_undecodable",
    "note",
    "output",
    "plain_errors",
]

_REASONS: Final = 5
_INVISIBLE: Final = dict.fromkeys(
    map(
        ord,
        "\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
        "\N{WORD JOINER}\N{ZERO WIDTH NO-BREAK SPACE}\N{VARIATION SELECTOR-15}"
        "\N{VARIATION SELECTOR-16}",
    )
)
"""Characters without a width of their own, by which terminals draw their neighbours in another
width; without them a width is the sum of the characters'."""


_ADVICE: Final[dict[type[WbymError], str]] = {
    ConnectionFailed: "; check the network, and proxy and base_url if they are set",
    Unauthorized: "; create a new token in the seller's cabinet",
    InvalidToken: "; copy it again from the seller's cabinet",
}


class ExitCode(IntEnum):
    """The exit codes of all commands."""

    OK = 0
    FAILED = 1
    """A marketplace, the network or a file failed."""
    USAGE = 2
    """An option, a ref, the configuration or a token is wrong; the marketplace was not asked."""
    SOME_FAILED = 3
    """Some accounts or files failed, the others are complete."""
    INTERRUPTED = 130


def is_terminal() -> bool:
    """Whether the output is for a person: stdout is a terminal, or ``TTY_COMPATIBLE`` is 1."""
    return sys.stdout.isatty() or os.environ.get("TTY_COMPATIBLE") == "1"


def output() -> Console:
    """The console of stdout, without colours if it is not a terminal."""
    plain = not is_terminal() or bool(os.environ.get("NO_COLOR"))
    return Console(
        highlight=False,
        force_terminal=is_terminal(),
        color_system=None if plain else "auto",
    )


def glyph(wanted: str, plain: str) -> str:
    """``wanted``, or ``plain`` if the encoding of stdout lacks it."""
    try:
        wanted.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return plain
    return wanted


def clean(text: str) -> str:
    """Untrusted text as one line, without control characters and changes of direction."""
    flat = " ".join(text.translate(_INVISIBLE).split())
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in flat
    )


def complain(problem: object) -> None:
    """Print an error on stderr, as one line, with advice if its text has none."""
    advice = next((text for kind, text in _ADVICE.items() if isinstance(problem, kind)), "")
    _say(f"error: {problem}{advice}", "bold red")


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


class Failures:
    """Errors of accounts, each printed when it happens.

    Args:
        accounts: The number of accounts that the command uses.
    """

    def __init__(self, accounts: int) -> None:
        self._accounts = accounts
        self._codes: dict[str, ExitCode] = {}

    def add(self, account: str, error: Exception) -> None:
        """Print the error of an account.

        Raises:
            Exception: It is not a ``WbymError``, but a bug.
        """
        if not isinstance(error, WbymError):
            raise error
        self.count(account, _code_of(error))
        complain(error)

    def count(self, account: str, code: ExitCode) -> None:
        """Count an account as failed whose fault is printed already."""
        self._codes[account] = code

    @property
    def code(self) -> ExitCode:
        """The exit code of the command."""
        if not self._codes:
            return ExitCode.OK
        return min(self._codes.values()) if self.all_failed else ExitCode.SOME_FAILED

    @property
    def all_failed(self) -> bool:
        """Whether no account is left."""
        return len(self._codes) >= self._accounts


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn a ``WbymError`` into a line on stderr and an exit code, and Ctrl-C into code 130.

    A reader of stdout that has enough, such as ``head``, ends the command without an error.
    """
    try:
        yield
    except ExceptionGroup as group:  # AccountsFailed too
        errors = list(_leaves(group))
        for each in errors:
            if not isinstance(each, WbymError):
                raise
        for each in errors:
            complain(each)
        raise typer.Exit(ExitCode.FAILED) from None
    except WbymError as error:
        complain(error)
        raise typer.Exit(_code_of(error)) from None
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except BrokenPipeError:
        # Python would flush stdout again at its end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitCode.OK) from None


def _code_of(error: WbymError) -> ExitCode:
    is_usage = isinstance(error, InvalidInput | ConfigError | CredentialError)
    return ExitCode.USAGE if is_usage else ExitCode.FAILED


def _leaves(group: ExceptionGroup[Exception]) -> Iterable[Exception]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _say(text: str, style: str) -> None:
    plain = bool(os.environ.get("NO_COLOR"))
    console = Console(stderr=True, highlight=False, color_system=None if plain else "auto")
    console.print(Text(clean(text), style=style), soft_wrap=True)
