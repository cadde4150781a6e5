"""The interface of file formats.

Its methods block: they run in a thread, one step of an iterator at a time.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Generic, NoReturn, Protocol, TypeVar

import msgspec

from wbym.domain import Ref
from wbym.errors import ExportError
from wbym.export._layout import AnyLayout, Noun

__all__ = ["BATCH", "Batch", "FileFormat", "Format", "Head", "Writer", "refuse_layout"]

D = TypeVar("D")
D_contra = TypeVar("D_contra", contravariant=True)

BATCH = 5_000
"""Records in memory at a time."""


class Head(msgspec.Struct, frozen=True):
    """The ref and the creation time of a row's record."""

    ref: Ref
    created_at: datetime | None


class Batch(msgspec.Struct, Generic[D], frozen=True):
    """Some rows of a file, in the format's own representation."""

    heads: Sequence[Head]
    rows: D


class Writer(Protocol[D_contra]):
    """Writes one file."""

    def write(self, rows: D_contra, /) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Write what is buffered; the file itself stays open."""
        ...


class Format(Protocol):
    """A file format, independent of its representation of rows."""

    def heads(self, path: Path, layout: AnyLayout) -> Generator[Sequence[Head], None, None]:
        """Iterate over the heads of a file's records, in parts.

        Raises:
            ExportError: The file cannot be read, or has another layout.
        """
        ...

    def rewrite(
        self,
        old: Path | None,
        new: BinaryIO,
        layout: AnyLayout,
        *,
        drop: Callable[[Sequence[Ref]], Sequence[bool]],
        fresh: Iterable[Sequence[bytes]],
    ) -> Generator[int, None, None]:
        """Write a file part by part: the kept records of an old file, then fresh records.

        Args:
            old: The old file; None if there is none.
            new: The file to write.
            layout: The layout of both.
            drop: Returns which of these records of the old file to omit.
            fresh: Records as JSON, in parts.

        Yields:
            The number of rows written.
        """
        ...


class FileFormat(ABC, Generic[D]):
    """A format, based on methods that read and write rows."""

    @abstractmethod
    def read(self, path: Path, layout: AnyLayout) -> Generator[Batch[D], None, None]:
        """Iterate over the rows of a file, in parts."""

    @abstractmethod
    def keep(self, rows: D, which: Sequence[bool]) -> D:
        """Select rows."""

    @abstractmethod
    def from_json(self, bodies: Sequence[bytes], layout: AnyLayout) -> D:
        """Create rows from records as JSON."""

    @abstractmethod
    def writer(self, file: BinaryIO, layout: AnyLayout) -> Writer[D]:
        """A writer of rows to a file, after its header."""

    def heads(self, path: Path, layout: AnyLayout) -> Generator[Sequence[Head], None, None]:
        """Iterate over the heads of a file's records, in parts."""
        for batch in self.read(path, layout):
            yield batch.heads

    def rewrite(
        self,
        old: Path | None,
        new: BinaryIO,
        layout: AnyLayout,
        *,
        drop: Callable[[Sequence[Ref]], Sequence[bool]],
        fresh: Iterable[Sequence[bytes]],
    ) -> Generator[int, None, None]:
        """Write a file, part by part; see :class:`Format`."""
        writer = self.writer(new, layout)
        try:
            if old is not None:
                for batch in self.read(old, layout):
                    dropped = drop([head.ref for head in batch.heads])
                    rows = batch.rows
                    if any(dropped):
                        rows = self.keep(rows, [not each for each in dropped])
                    writer.write(rows)
                    yield len(dropped) - sum(dropped)
            for bodies in fresh:
                writer.write(self.from_json(bodies, layout))
                yield len(bodies)
        except BaseException:
            with suppress(OSError):  # fails too on a full disk
                writer.close()
            raise
        writer.close()


def refuse_layout(path: Path, layout: AnyLayout, found: Noun | None) -> NoReturn:
    """Raise the error that a file does not have this layout.

    Raises:
        ExportError: Always.
    """
    has = (
        f"it has {found}"
        if found
        else f"it is not an export of {layout.noun}, or is from another version"
    )
    advice = "use another file, or start over with fresh"
    raise ExportError(path, f"{has}, so {layout.noun} cannot be added; {advice}")
