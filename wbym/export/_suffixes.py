"""The formats by the ends of files' names."""

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
    """The formats, by the suffix that their files usually have."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


_FORMATS: Final[dict[Suffix, Callable[[Path], Format]]] = {
    Suffix.JSONL: lambda _: JsonLines(),
    Suffix.CSV: lambda _: Csv(),
    Suffix.PARQUET: Parquet,
}


def format_of(path: Path, suffix: Suffix | None) -> Format:
    """The format of a file: the one that is named, else by the file's own suffix.

    Raises:
        ExportError: No format has this suffix, or what it needs is not installed.
    """
    if suffix is None:
        own = path.suffix.lower().removeprefix(".")
        if own not in set(Suffix):
            known = ", ".join(f".{each}" for each in Suffix)
            raise ExportError(path, f"the format is not named, and the suffix is none of {known}")
        suffix = Suffix(own)
    return _FORMATS[suffix](path)
