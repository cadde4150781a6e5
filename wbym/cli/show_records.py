"""Records on stdout: a few lines each on a terminal, tab-separated or JSON lines elsewhere."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Final, TypeVar

from rich.console import Console
from rich.text import Text

from wbym.cli.jsonlines import write_lines
from wbym.cli.tables import fit, pad, print_line, width_of, wrap, write_row
from wbym.cli.terminal import clean, is_terminal, output
from wbym.cli.views import Summary, View
from wbym.domain import Record

__all__ = ["Form", "form_of", "print_details", "print_summaries", "write_records"]

T = TypeVar("T", bound=Record)

_INDENT: Final = "  "
_MIN_WIDTH: Final = 40


class Form(Enum):
    """The forms in which a command prints records."""

    TERMINAL = "terminal"
    TABS = "tabs"
    JSON = "json"


def form_of(*, as_json: bool) -> Form:
    """The form for a command's option ``--json`` and its stdout."""
    if as_json:
        return Form.JSON
    return Form.TERMINAL if is_terminal() else Form.TABS


def write_records(form: Form, view: View[T], records: Sequence[T]) -> None:
    """Print records in a form."""
    match form:
        case Form.JSON:
            write_lines(records)
        case Form.TABS:
            for record in records:
                write_row(view.cells(record))
        case Form.TERMINAL:
            print_summaries(output(), [view.summary(record) for record in records])


def print_summaries(
    console: Console, summaries: Iterable[Summary], widths: Sequence[int] = ()
) -> None:
    """Print each record as its facts, its text, cut with an ellipsis, and its ref, always whole.

    Args:
        console: Where to print.
        summaries: The records.
        widths: Min widths of the facts, for records that are printed one by one.
    """
    rows = list(summaries)
    facts = [[clean(fact) for fact in row.facts] for row in rows]
    columns = [max(map(width_of, column)) for column in zip(*facts, strict=True)]
    columns = [max(pair) for pair in zip(columns, widths or columns, strict=True)]
    room = max(console.width, _MIN_WIDTH)
    for row, cells in zip(rows, facts, strict=True):
        parts = [pad(cell, width) for cell, width in zip(cells, columns, strict=True) if width]
        head = "  ".join([*parts, clean(row.about)]).rstrip()
        print_line(console, Text(fit(head, room), "bold"))
        if text := clean(row.text):
            print_line(console, Text(_INDENT + fit(text, room - len(_INDENT))))
        print_line(console, Text(f"{_INDENT}{row.ref}", "cyan"))


def print_details(details: Iterable[tuple[str, str]]) -> None:
    """Print names and texts: wrapped on a terminal, else a name, a tab and a text per line.

    A ref that comes first is the heading, to be copied whole.
    """
    shown = [(name, text) for name, text in details if text.strip()]
    if not is_terminal():
        for row in shown:
            write_row(row)
        return
    console = output()
    if shown and shown[0][0] == "ref":
        print_line(console, Text(clean(shown.pop(0)[1]), "bold"))
    names = max((len(name) for name, _ in shown), default=0) + len(_INDENT)
    room = max(console.width, _MIN_WIDTH) - names
    for name, text in shown:
        for number, line in enumerate(_lines(text, room)):
            label = pad("" if number else name, names)
            print_line(console, Text.assemble((label, "dim"), line))


def _lines(text: str, room: int) -> list[str]:
    """A text at a width; what has no spaces, such as a ref or an address, is copied whole."""
    found = []
    for part in text.splitlines():
        is_whole = part.isascii() and " " not in part.strip()
        found += [clean(part)] if is_whole else wrap(part, room)
    return found
