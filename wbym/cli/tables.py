"""Text that fits a width, tables for people, tab-separated lines for programs."""

import sys
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from rich.cells import get_character_cell_size
from rich.console import Console
from rich.text import Text

from wbym.cli.terminal import clean, glyph, is_terminal, output

__all__ = ["Column", "fit", "pad", "print_line", "show_table", "width_of", "wrap", "write_row"]

_GAP: Final = "  "
_MIN_WIDTH: Final = 40
_MIN_COLUMN: Final = 4
_WIDE: Final = (range(0x1F1E6, 0x1F200), range(0x1F3FB, 0x1F400))
"""Halves of flags, and skin colours: terminals that do not join them use two columns for each."""


class Column(msgspec.Struct, frozen=True):
    """A column of a table.

    Args:
        head: Its name.
        right: Whether cells are aligned to the right, such as numbers.
        gives_way: Whether cells are cut if the table is wider than the terminal.
    """

    head: str
    right: bool = False
    gives_way: bool = False


def show_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print rows: with heads and aligned on a terminal, tab-separated and without heads elsewhere.

    Columns that give way are cut with an ellipsis, the widest first; cells of the others are whole.
    """
    cells = [[clean(cell) for cell in row] for row in rows]
    if not is_terminal():
        for row in cells:
            write_row(row)
        return
    console = output()
    heads = [column.head for column in columns]
    widths = [max(map(width_of, column)) for column in zip(heads, *cells, strict=True)]
    room = max(console.width, _MIN_WIDTH) - len(_GAP) * (len(columns) - 1)
    _narrow(widths, [column.gives_way for column in columns], room)
    for row, style in [(heads, "bold"), *((row, "") for row in cells)]:
        parts = [
            pad(fit(cell, width) if column.gives_way else cell, width, right=column.right)
            for cell, width, column in zip(row, widths, columns, strict=True)
        ]
        print_line(console, Text(_GAP.join(parts).rstrip(), style))


def write_row(cells: Sequence[str]) -> None:
    """Write a tab-separated line to stdout."""
    sys.stdout.write("\t".join(clean(cell) for cell in cells) + "\n")
    sys.stdout.flush()


def print_line(console: Console, text: Text) -> None:
    """Print a text that is as wide as it should be."""
    console.print(text, soft_wrap=True)


def width_of(text: str) -> int:
    """The columns of a terminal that a clean text takes at most."""
    return sum(map(_width, text))


def fit(text: str, width: int) -> str:
    """A clean text, cut to a width with an ellipsis."""
    if width_of(text) <= width:
        return text
    mark = glyph("…", "...")
    room = width - width_of(mark)
    kept = []
    for letter in text:
        room -= _width(letter)
        if room < 0:
            break
        kept.append(letter)
    return "".join(kept).rstrip() + mark


def pad(text: str, width: int, *, right: bool = False) -> str:
    """A clean text, filled up with spaces."""
    spaces = " " * (width - width_of(text))
    return spaces + text if right else text + spaces


def wrap(text: str, width: int) -> list[str]:
    """The lines of an untrusted text at a width, clean; words are cut only if they are wider."""
    found: list[str] = []
    for part in text.splitlines():
        line = ""
        for word in clean(part).split():
            rest = word
            if line and width_of(f"{line} {rest}") > width:
                found.append(line)
                line = ""
            while width_of(rest) > width:
                head = _head(rest, width)
                found.append(head)
                rest = rest[len(head) :]
            line = f"{line} {rest}" if line else rest
        if line:
            found.append(line)
    return found


def _head(text: str, width: int) -> str:
    """The first characters of a text that fit, at least one."""
    end = 1
    while width_of(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def _width(letter: str) -> int:
    code = ord(letter)
    return 2 if any(code in each for each in _WIDE) else get_character_cell_size(letter)


def _narrow(widths: list[int], give: Sequence[bool], room: int) -> None:
    """Make the widest of the columns that give way narrower, until all fit into the room."""
    while sum(widths) > room:
        widest = max(
            (place for place, gives in enumerate(give) if gives),
            key=lambda place: widths[place],
            default=None,
        )
        if widest is None or widths[widest] <= _MIN_COLUMN:
            return
        widths[widest] -= 1
