"""JSON lines: one neutral record per line, with all fields."""

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from itertools import compress
from pathlib import Path
from typing import BinaryIO, Final, cast

import msgspec

from wbym import domain
from wbym.domain import Ref
from wbym.errors import ExportError
from wbym.export._formats import BATCH, Batch, FileFormat, Head, refuse_layout
from wbym.export._layout import LAYOUTS, AnyLayout, Noun

__all__ = ["JsonLines"]


class _FileRef(msgspec.Struct):
    marketplace: str
    account: str
    id: str
    noun: str | None = None
    """None in files of earlier versions."""


class _Head(msgspec.Struct):
    """The fields that are read from a line."""

    ref: _FileRef
    created_at: datetime | None = None


def _decoder(layout: AnyLayout) -> msgspec.json.Decoder[_Head]:
    """A decoder of lines that have this noun's fields and no others."""
    names = [name for name in layout.record.__struct_fields__ if name not in {"ref", layout.time}]
    others = [(name, msgspec.Raw, msgspec.Raw(b"null")) for name in names]
    moment = msgspec.field(default=None, name=layout.time)
    fields = [("created_at", datetime | None, moment), *others]
    bases = (_Head,)
    head = msgspec.defstruct("_NounHead", fields, bases=bases, forbid_unknown_fields=True)
    return msgspec.json.Decoder(cast(type[_Head], head))


def _upgrade(line: bytes, ref: Ref) -> bytes:
    """Convert a line of an earlier version to the current format."""
    fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    fields["ref"] = msgspec.Raw(msgspec.json.encode(ref))
    if ref.noun is domain.Noun.FEEDBACK and _has(fields, "comments") and not _has(fields, "answer"):
        # Comments that were only counted: their authors were unknown, which is now stated.
        fields["answer_known"] = msgspec.Raw(b"false")
    return msgspec.json.encode(fields)


def _has(fields: Mapping[str, msgspec.Raw], name: str) -> bool:
    return bytes(fields.get(name, b"null")) not in {b"null", b"0"}


_HEADS: Final[dict[Noun, msgspec.json.Decoder[_Head]]] = {
    noun: _decoder(layout) for noun, layout in LAYOUTS.items()
}


class JsonLines(FileFormat[list[bytes]]):
    """Lines are records as encoded by msgspec; the types of ``wbym.domain`` decode them."""

    def read(self, path: Path, layout: AnyLayout) -> Generator[Batch[list[bytes]], None, None]:
        """Iterate over the lines, in parts."""
        decode = _HEADS[layout.noun].decode
        heads: list[Head] = []
        lines: list[bytes] = []
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                body = line.strip()
                if not body:
                    continue
                try:
                    found = decode(body)
                except msgspec.DecodeError as error:
                    if number == 1:
                        refuse_layout(path, layout, _noun_of(body))
                    raise ExportError(path, f"line {number} cannot be read: {error}") from None
                ref = Ref(found.ref.marketplace, found.ref.account, layout.of, found.ref.id)
                heads.append(Head(ref, found.created_at))
                lines.append(_upgrade(body, ref) if found.ref.noun is None else body)
                if len(lines) == BATCH:
                    yield Batch(heads, lines)
                    heads, lines = [], []
        if lines:
            yield Batch(heads, lines)

    def keep(self, rows: list[bytes], which: Sequence[bool]) -> list[bytes]:
        """Select lines."""
        return list(compress(rows, which))

    def from_json(self, bodies: Sequence[bytes], layout: AnyLayout) -> list[bytes]:
        """The records, unchanged."""
        return list(bodies)

    def writer(self, file: BinaryIO, layout: AnyLayout) -> "_LineWriter":
        """A writer of lines."""
        return _LineWriter(file)


class _LineWriter:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, rows: list[bytes], /) -> None:
        self._file.writelines(body + b"\n" for body in rows)

    def close(self) -> None:
        pass


def _noun_of(line: bytes) -> Noun | None:
    """The noun of a line's record."""
    for noun, decoder in _HEADS.items():
        try:
            decoder.decode(line)
        except msgspec.DecodeError:
            continue
        return noun
    return None
