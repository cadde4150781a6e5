"""CSV that is safe to open in a spreadsheet: RFC 4180, in UTF-8.

Cells are separated by commas, rows end in CRLF, and a line break inside a text is kept, in quotes.
The file has no byte order mark; one that a spreadsheet has added is skipped. Missing values are
empty, lists are JSON arrays, times are ISO 8601 in UTC.

An apostrophe is prepended to a text cell that a spreadsheet would interpret as a formula, also
behind blanks and invisible characters, or that begins with an apostrophe itself; it is removed when
the file is read.
"""

import csv
import io
from collections.abc import Generator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import compress
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from wbym.calls import is_blank
from wbym.domain import Ref
from wbym.errors import ExportError
from wbym.export._formats import BATCH, Batch, FileFormat, Head, refuse_layout
from wbym.export._layout import LAYOUTS, AnyLayout, Kind, Value

__all__ = ["Csv", "cell", "shown_text", "stored_text"]

GUARDED: Final = frozenset("=+-@\t\r\n'＝＋－＠")
"""Characters that begin a formula in some spreadsheet, and the apostrophe."""


def shown_text(text: str) -> str:
    """Encode a text as a cell."""
    return f"'{text}" if text[:1] in GUARDED or _first_visible(text) in GUARDED else text


def _first_visible(text: str) -> str:
    """The first character that is neither blank nor invisible; spreadsheets skip those before."""
    return next((char for char in text if not is_blank(char)), "")


def stored_text(cell: str) -> str:
    """Decode the text of a cell."""
    return cell.removeprefix("'")


def cell(kind: Kind, value: Value) -> str:
    """Encode a value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple):
        return msgspec.json.encode(value).decode()
    return shown_text(str(value)) if kind is Kind.TEXT else str(value)


class Csv(FileFormat[list[list[str]]]):
    """Rows are lists of cells in the layout's order; the first row has the column names."""

    def read(self, path: Path, layout: AnyLayout) -> Generator[Batch[list[list[str]]], None, None]:
        """Iterate over the rows, in parts."""
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            try:
                names = tuple(next(lines, ()))
                if names != layout.names:
                    nouns = [each.noun for each in LAYOUTS.values() if each.names == names]
                    refuse_layout(path, layout, nouns[0] if nouns else None)
                created_at = names.index(layout.time)
                heads: list[Head] = []
                rows: list[list[str]] = []
                for row in lines:
                    if not row:  # an empty line from a spreadsheet
                        continue
                    if len(row) != len(names):
                        raise ValueError(f"it has {len(row)} cells instead of {len(names)}")
                    heads.append(_head(layout, row, row[created_at]))
                    rows.append(row)
                    if len(rows) == BATCH:
                        yield Batch(heads, rows)
                        heads, rows = [], []
            except (csv.Error, ValueError) as error:
                raise ExportError(path, f"line {lines.line_num} cannot be read: {error}") from None
        if rows:
            yield Batch(heads, rows)

    def keep(self, rows: list[list[str]], which: Sequence[bool]) -> list[list[str]]:
        """Select rows."""
        return list(compress(rows, which))

    def from_json(self, bodies: Sequence[bytes], layout: AnyLayout) -> list[list[str]]:
        """Create rows of cells from records as JSON."""
        kinds = [column.kind for column in layout.columns]
        return [list(map(cell, kinds, row)) for row in layout.rows(bodies)]

    def writer(self, file: BinaryIO, layout: AnyLayout) -> "_CsvWriter":
        """A writer of rows, after the column names."""
        return _CsvWriter(file, layout)


class _CsvWriter:
    def __init__(self, file: BinaryIO, layout: AnyLayout) -> None:
        self._file = file
        self.write([list(layout.names)])

    def write(self, rows: list[list[str]], /) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        self._file.write(text.getvalue().encode())

    def close(self) -> None:
        pass


def _head(layout: AnyLayout, row: Sequence[str], created_at: str) -> Head:
    marketplace, account, number = map(stored_text, row[:3])
    moment = datetime.fromisoformat(created_at) if created_at else None
    if moment is not None and moment.tzinfo is None:
        raise ValueError(f"the time {created_at!r} has no zone")
    return Head(Ref(marketplace, account, layout.of, number), moment)
