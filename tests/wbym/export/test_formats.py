import csv
import io
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from tests.wbym.export.records import any_record
from tests.wbym.export.support import feedback, rows_in
from wbym import domain
from wbym.domain import Feedback, Money, Ref, Return
from wbym.errors import ExportError
from wbym.export import LAYOUTS, Noun, Suffix
from wbym.export import _parquet as parquet_module
from wbym.export._csv_table import shown_text, stored_text
from wbym.export._suffixes import format_of


def write(path: Path, noun: Noun, parts: Iterable[Sequence[object]]) -> None:
    form = format_of(path, None)
    bodies = ([msgspec.json.encode(each) for each in part] for part in parts)
    with path.open("wb") as file:
        counts = list(form.rewrite(None, file, LAYOUTS[noun], drop=lambda _: [], fresh=bodies))
    assert all(counts)


def rewrite(old: Path, new: Path, noun: Noun, drop: set[str]) -> int:
    def dropped(refs: Sequence[Ref]) -> list[bool]:
        return [ref.id in drop for ref in refs]

    with new.open("wb") as file:
        form = format_of(old, None)
        return sum(form.rewrite(old, file, LAYOUTS[noun], drop=dropped, fresh=()))


@pytest.mark.parametrize("suffix", Suffix)
@pytest.mark.parametrize("noun", Noun)
@settings(max_examples=settings().max_examples // 2)
@given(data=st.data())
def test_rows_round_trip(noun: Noun, suffix: Suffix, data: st.DataObject) -> None:
    records: list[Any] = data.draw(st.lists(any_record(noun), min_size=1, max_size=4))
    layout = LAYOUTS[noun]
    expected = [
        tuple(list(value) if isinstance(value, tuple) else value for value in row)
        for row in layout.rows(map(msgspec.json.encode, records))
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"table.{suffix}"
        again = Path(folder) / f"again.{suffix}"
        write(path, noun, [records[:2], records[2:]] if records[2:] else [records])
        assert rows_in(path, noun) == expected
        heads = [head for part in format_of(path, None).heads(path, layout) for head in part]
        assert [(head.ref, head.created_at) for head in heads] == [
            (record.ref, getattr(record, layout.time)) for record in records
        ]
        # Written again from the reader, without the first row.
        gone = {records[0].ref.id}
        rewrite(path, again, noun, gone)
        kept = [row for row, each in zip(expected, records, strict=True) if each.ref.id not in gone]
        assert rows_in(again, noun) == kept


@given(st.text(max_size=5) | st.sampled_from(["'", "''", "=", "'=", "-1", "＋1"]))
def test_text_that_looks_like_a_formula(text: str) -> None:
    shown = shown_text(text)
    assert stored_text(shown) == text
    assert shown[:1] not in set("=+-@\t\r\n＝＋－＠")


def test_csv_when_its_texts_have_breaks_and_formulas(tmp_path: Path) -> None:
    item = msgspec.structs.replace(feedback(1), text='=HYPERLINK("x")', pros="a\nb", cons='"')
    path = tmp_path / "table.csv"
    write(path, Noun.FEEDBACKS, [[item]])
    body = path.read_bytes()
    assert body.startswith(b"marketplace,account,id,created_at,")
    assert b',"\'=HYPERLINK(""x"")","a\nb","""",' in body
    assert body.count(b"\r\n") == 2


def test_csv_when_a_spreadsheet_saved_it(tmp_path: Path) -> None:
    path, again = tmp_path / "table.csv", tmp_path / "again.csv"
    write(path, Noun.FEEDBACKS, [[feedback(1), feedback(2)]])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n") + b"\n")
    assert rewrite(path, again, Noun.FEEDBACKS, set()) == 2
    assert len(rows_in(again, Noun.FEEDBACKS)) == 2


def test_json_lines_have_every_field(tmp_path: Path) -> None:
    path = tmp_path / "table.jsonl"
    write(path, Noun.FEEDBACKS, [[feedback(1, answer="Спасибо!")]])
    assert msgspec.json.decode(path.read_bytes(), type=Feedback) == feedback(1, answer="Спасибо!")


@pytest.mark.parametrize("suffix", Suffix)
def test_answered_when_unknown(suffix: Suffix, tmp_path: Path) -> None:
    path = tmp_path / f"table.{suffix}"
    unknown = msgspec.structs.replace(feedback(1), answer_known=False)
    partly = msgspec.structs.replace(feedback(2, answer="Да"), answer_known=False)
    write(path, Noun.FEEDBACKS, [[unknown, partly, feedback(3)]])
    answered = LAYOUTS[Noun.FEEDBACKS].names.index("answered")
    assert [row[answered] for row in rows_in(path, Noun.FEEDBACKS)] == [None, True, False]


def test_parquet_has_logical_types(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    amount = Money(Decimal("1999.90"), "RUB")
    write(
        path, Noun.RETURNS, [[Return(Ref("toy", "shop", domain.Noun.RETURN, "1"), amount=amount)]]
    )
    schema = parquet.read_schema(path)
    assert schema.field("created_at").type == pa.timestamp("us", "UTC")
    assert schema.field("amount").type == pa.decimal128(38, 4)
    assert schema.field("product_ids").type == pa.list_(pa.string())
    assert not schema.field("id").nullable


def test_parquet_when_it_grows_in_small_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_module, "ROW_GROUP", 10)
    path, again = tmp_path / "table.parquet", tmp_path / "again.parquet"
    write(path, Noun.FEEDBACKS, [[feedback(n), feedback(n + 1)] for n in range(0, 24, 2)])
    assert [group_rows(path, n) for n in range(3)] == [10, 10, 4]
    rewrite(path, again, Noun.FEEDBACKS, {"00003"})
    assert sum(group_rows(again, n) for n in range(parquet.ParquetFile(again).num_row_groups)) == 23


def group_rows(path: Path, number: int) -> int:
    return int(parquet.ParquetFile(path).metadata.row_group(number).num_rows)


@pytest.mark.parametrize("suffix", Suffix)
def test_file_when_of_another_noun(suffix: Suffix, tmp_path: Path) -> None:
    path = tmp_path / f"table.{suffix}"
    write(path, Noun.FEEDBACKS, [[feedback(1)]])
    for noun in set(Noun) - {Noun.FEEDBACKS}:
        with pytest.raises(ExportError, match=f"it has feedbacks, so {noun} cannot be added"):
            list(format_of(path, None).heads(path, LAYOUTS[noun]))


@pytest.mark.parametrize(
    ("suffix", "body"),
    [
        ("jsonl", b'{"a": 1}\n'),
        ("jsonl", b"\xff\xfe\n"),
        ("csv", b"a,b\r\n1,2\r\n"),
        ("csv", b"\xff\xfe"),
        ("csv", b'"'),
        ("parquet", b"PAR1 nothing PAR1"),
        ("parquet", b"a"),
    ],
)
def test_file_when_of_another_kind(suffix: str, body: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"table.{suffix}"
    path.write_bytes(body)
    with pytest.raises(ExportError, match=r"it is not an export of feedbacks|cannot be read"):
        list(format_of(path, None).heads(path, LAYOUTS[Noun.FEEDBACKS]))


def test_parquet_when_its_columns_are_different(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(ExportError, match="it is not an export of feedbacks"):
        list(format_of(path, None).heads(path, LAYOUTS[Noun.FEEDBACKS]))


@pytest.mark.parametrize(
    ("suffix", "spoil", "message"),
    [
        ("jsonl", lambda body: body + b'{"ref": 1}\n', "line 3 cannot be read"),
        ("jsonl", lambda body: body[:-20], "line 2 cannot be read"),
        ("csv", lambda body: body + b"toy,shop\r\n", "line 4 cannot be read: it has 2 cells"),
        ("csv", lambda body: body.replace(b"2026-05-01T02", b"01.05.2026 02"), "line 3 cannot"),
        ("csv", lambda body: body.replace(b":00Z", b":00"), "line 2 cannot be read: the time"),
        ("parquet", lambda body: body[:-20], "cannot be read"),
    ],
)
def test_file_when_damaged(
    suffix: str, spoil: Callable[[bytes], bytes], message: str, tmp_path: Path
) -> None:
    path = tmp_path / f"table.{suffix}"
    write(path, Noun.FEEDBACKS, [[feedback(1), feedback(2)]])
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ExportError, match=message):
        list(format_of(path, None).heads(path, LAYOUTS[Noun.FEEDBACKS]))


@pytest.mark.parametrize("suffix", Suffix)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_writing_when_the_disk_is_full(suffix: Suffix) -> None:
    form = format_of(Path(f"table.{suffix}"), None)
    bodies = [[msgspec.json.encode(feedback(n))] for n in range(100)]
    with open("/dev/full", "wb", buffering=0) as full, pytest.raises(OSError, match="No space"):
        list(form.rewrite(None, full, LAYOUTS[Noun.FEEDBACKS], drop=lambda _: [], fresh=bodies))


def test_format_when_the_suffix_is_unknown() -> None:
    with pytest.raises(ExportError, match=r"unknown format: .* \.jsonl, \.csv, \.parquet"):
        format_of(Path("table.xlsx"), None)
    assert type(format_of(Path("TABLE.CSV"), None)) is type(format_of(Path("x.txt"), Suffix.CSV))


def test_parquet_when_pyarrow_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_module, "find_spec", lambda _: None)
    with pytest.raises(ExportError, match=r"pip install 'wbym\[parquet\]'"):
        format_of(Path("table.parquet"), None)


def test_importing_the_export_loads_no_pyarrow() -> None:
    code = "import sys, wbym.export; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_layout_written_by_the_csv_module_alone(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write(path, Noun.FEEDBACKS, [[feedback(3)]])
    (row,) = csv.DictReader(io.StringIO(path.read_text("utf-8"), newline=""))
    assert (row["id"], row["rating"], row["product_name"]) == ("00003", "4", "Чайник")
    assert (row["created_at"], row["answered"]) == ("2026-05-01T03:00:00Z", "false")
    assert (row["tags"], row["viewed"]) == ("[]", "")
