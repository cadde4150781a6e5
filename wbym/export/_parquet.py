"""Parquet by pyarrow, which is in the extra ``parquet`` and loaded on first use."""

from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import UTC
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from wbym.domain import Ref
from wbym.errors import ExportError
from wbym.export._formats import BATCH, Batch, FileFormat, Head, refuse_layout
from wbym.export._layout import LAYOUTS, AnyLayout, Kind

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ROW_GROUP", "Parquet"]

ROW_GROUP = 20_000
"""Minimum rows of a row group, except for the last one; as many are in memory."""

KEY = ("marketplace", "account", "id")


class Parquet(FileFormat["pa.RecordBatch"]):
    """Record batches with the columns of :func:`arrow_schema`, compressed with zstd.

    Args:
        path: The file, for errors.

    Raises:
        ExportError: pyarrow is not installed.
    """

    def __init__(self, path: Path) -> None:
        if find_spec("pyarrow") is None:
            raise ExportError(path, "Parquet needs pyarrow: pip install 'wbym[parquet]'")

    def read(self, path: Path, layout: AnyLayout) -> Generator[Batch["pa.RecordBatch"], None, None]:
        """Iterate over the rows, in parts."""
        import pyarrow as pa

        schema = arrow_schema(layout)
        for batch in self._batches(path, layout, layout.names):
            whole = pa.RecordBatch.from_arrays(batch.columns, schema=schema)
            yield Batch(_heads(batch, layout), whole)

    def heads(self, path: Path, layout: AnyLayout) -> Generator[Sequence[Head], None, None]:
        """Iterate over the heads of a file's records, in parts; reads only their columns."""
        for batch in self._batches(path, layout, (*KEY, layout.time)):
            yield _heads(batch, layout)

    def keep(self, rows: "pa.RecordBatch", which: Sequence[bool]) -> "pa.RecordBatch":
        """Select rows."""
        import pyarrow as pa

        return rows.filter(pa.array(which, pa.bool_()))

    def from_json(self, bodies: Sequence[bytes], layout: AnyLayout) -> "pa.RecordBatch":
        """Create columns from records as JSON."""
        import pyarrow as pa

        schema = arrow_schema(layout)
        columns = zip(*layout.rows(bodies), strict=True)
        arrays = [pa.array(each, field.type) for each, field in zip(columns, schema, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)

    def writer(self, file: BinaryIO, layout: AnyLayout) -> "_ParquetWriter":
        """A writer of row groups."""
        return _ParquetWriter(file, layout)

    def _batches(
        self, path: Path, layout: AnyLayout, names: Sequence[str]
    ) -> Generator["pa.RecordBatch", None, None]:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            with path.open("rb") as raw, closing(parquet.ParquetFile(raw)) as file:
                found = _types(file.schema_arrow)
                if found != _types(arrow_schema(layout)):
                    nouns = [
                        each.noun
                        for each in LAYOUTS.values()
                        if _types(arrow_schema(each)) == found
                    ]
                    refuse_layout(path, layout, nouns[0] if nouns else None)
                yield from file.iter_batches(BATCH, columns=list(names), use_threads=False)
        except pa.ArrowInvalid as error:
            raise ExportError(path, f"it cannot be read: {error}") from None


class _ParquetWriter:
    def __init__(self, file: BinaryIO, layout: AnyLayout) -> None:
        from pyarrow import parquet

        self._schema = arrow_schema(layout)
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._held: list[pa.RecordBatch] = []

    def write(self, rows: "pa.RecordBatch", /) -> None:
        self._held.append(rows)
        # Small batches are joined; otherwise a file that grows daily would have tiny row groups.
        if sum(each.num_rows for each in self._held) >= ROW_GROUP:
            self._flush()

    def close(self) -> None:
        try:
            self._flush()
        finally:
            try:
                self._writer.close()
            finally:
                self._writer.is_open = False  # or its finalizer tries again

    def _flush(self) -> None:
        import pyarrow as pa

        held, self._held = self._held, []
        if held:
            self._writer.write_table(pa.Table.from_batches(held, self._schema))


@cache
def arrow_schema(layout: AnyLayout) -> "pa.Schema":
    """The Arrow schema of a layout."""
    import pyarrow as pa

    types = {
        Kind.TEXT: pa.string(),
        Kind.INTEGER: pa.int64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.TIME: pa.timestamp("us", "UTC"),
        Kind.MONEY: pa.decimal128(38, 4),
        Kind.TEXTS: pa.list_(pa.string()),
        Kind.INTEGERS: pa.list_(pa.int64()),
    }
    return pa.schema(
        [
            pa.field(column.name, types[column.kind], nullable=not column.always)
            for column in layout.columns
        ]
    )


def _types(schema: "pa.Schema") -> list[tuple[str, object]]:
    return [(field.name, field.type) for field in schema]


def _heads(batch: "pa.RecordBatch", layout: AnyLayout) -> list[Head]:
    import pyarrow as pa

    marketplaces, accounts, ids = (batch.column(name).to_pylist() for name in KEY)
    # Without the zone, which pyarrow would look up in a database that not every machine has.
    times = batch.column(layout.time).cast(pa.timestamp("us")).to_pylist()
    return [
        Head(Ref(marketplace, account, layout.of, number), time and time.replace(tzinfo=UTC))
        for marketplace, account, number, time in zip(
            marketplaces, accounts, ids, times, strict=True
        )
    ]
