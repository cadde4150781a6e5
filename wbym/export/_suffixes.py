"""The formats by file suffix."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final

from wbym.errors import ExportError
from wbym.export._csv_table import Csv
from wbym.export._formats import Format
from wbym.export._jsonlines import JsonLines
from wbym.export._parquet import Parquet

__all__ = ["Suffix", "format_of"]


class Suffix(StrEnum):
    """The formats, by their usual file suffix."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


_FORMATS: Final[dict[Suffix, Callable[[Path], Format]]] = {
    Suffix.JSONL: lambda _: JsonLines(),
    Suffix.CSV: lambda _: Csv(),
    Suffix.PARQUET: Parquet,
}


def format_of(path: Path, suffix: Suffix | None) -> Format:
    """The format of a file: ``suffix`` if given, else by the file's name.

    Raises:
        ExportError: No format has this suffix, or the format's library is not installed.
    """
    if suffix is None:
        own = path.suffix.lower().removeprefix(".")
        if own not in set(Suffix):
            known = ", ".join(f".{each}" for each in Suffix)
            raise ExportError(
                path, f"unknown format: use one of the suffixes {known}, or name the format"
            )
        suffix = Suffix(own)
    return _FORMATS[suffix](path)
