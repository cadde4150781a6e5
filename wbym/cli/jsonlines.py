"""Records as lines of JSON, with each ref as the text that commands take."""

import sys
from collections.abc import Iterable, Mapping

import msgspec
import typer

from wbym.domain import Ref

__all__ = ["as_fields", "write_lines"]

_ENCODER = msgspec.json.Encoder()


def as_fields(record: msgspec.Struct) -> dict[str, object]:
    """The fields of a record, its refs as texts."""
    return {
        name: str(value) if isinstance(value, Ref) else value
        for name, value in msgspec.structs.asdict(record).items()
    }


def write_lines(records: Iterable[msgspec.Struct | Mapping[str, object]]) -> None:
    """Write each record as a line of JSON to stdout, in UTF-8, and flush it."""
    rows = [as_fields(one) if isinstance(one, msgspec.Struct) else one for one in records]
    if rows:
        typer.echo(_ENCODER.encode_lines(rows), nl=False)
        sys.stdout.flush()
