"""What a file format has to do, and the formats by the ends of files' names.

All of it blocks: it is run in a thread, a step of an iterator at a time.
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
"""Records that are in memory at a time."""


class Head(msgspec.Struct, frozen=True):
    """Which record a row is, and when it was made."""

    ref: Ref
    created_at: datetime | None


class Batch(msgspec.Struct, Generic[D], frozen=True):
    """Some rows of a file, as the format keeps them."""

    heads: Sequence[Head]
    rows: D


class Writer(Protocol[D_contra]):
    """Writes one file."""

    def write(self, rows: D_contra, /) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Write what is still due; the file itself stays open."""
        ...


class Format(Protocol):
    """One file format, whatever its rows are made of."""

    def heads(self, path: Path, layout: AnyLayout) -> Generator[Sequence[Head], None, None]:
        """The records that a file has, in parts.

        Raises:
            ExportError: It cannot be read, or it has another layout.
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
        """Write a file, part by part: what is kept of an old one, and then fresh records.

        Args:
            old: The old file, if there is one.
            new: Where to write.
            layout: The layout of both.
            drop: Which of these records of the old file are left out.
            fresh: Records as JSON, in parts.

        Yields:
            How many rows were written.
        """
        ...


class FileFormat(ABC, Generic[D]):
    """A format, given how it reads and writes rows."""

    @abstractmethod
    def read(self, path: Path, layout: AnyLayout) -> Generator[Batch[D], None, None]:
        """The rows of a file, in parts."""

    @abstractmethod
    def keep(self, rows: D, which: Sequence[bool]) -> D:
        """Some of the rows."""

    @abstractmethod
    def made(self, bodies: Sequence[bytes], layout: AnyLayout) -> D:
        """The rows of records that are given as JSON."""

    @abstractmethod
    def writer(self, file: BinaryIO, layout: AnyLayout) -> Writer[D]:
        """What writes rows to a file, its head first."""

    def heads(self, path: Path, layout: AnyLayout) -> Generator[Sequence[Head], None, None]:
        """The records that a file has, in parts."""
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
                writer.write(self.made(bodies, layout))
                yield len(bodies)
        except BaseException:
            with suppress(OSError):  # a full disk refuses this too
                writer.close()
            raise
        writer.close()


def refuse_layout(path: Path, layout: AnyLayout, found: Noun | None) -> NoReturn:
    """Say that a file is not one of this layout.

    Raises:
        ExportError: Always.
    """
    has = (
        f"it has {found}"
        if found
        else f"it is not an export of {layout.noun}, or of another version"
    )
    advice = "take another file, or start over with fresh"
    raise ExportError(path, f"{has}, so {layout.noun} cannot be added; {advice}")
