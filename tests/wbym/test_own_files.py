"""Files that replace others: under names of their own, which follow and overwrite nothing."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from tests.support.fakes import pipeline
from tests.support.items import FILE
from wbym._own_files import beside
from wbym.calls import Response
from wbym.errors import ExportError
from wbym.export._csv_table import shown_text, stored_text
from wbym.export._files import replacing
from wbym.export._layout import Noun
from wbym.export._spool import Spool
from wbym.paging import Stop


@pytest.mark.looptime
async def test_download_when_the_old_names_are_links(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    (tmp_path / "a.png.part").symlink_to(other)
    calls, _, _ = pipeline(Response(200, {}, b"0123456789"))
    async with calls.download(FILE) as file:
        await file.save(tmp_path / "a.png")
    assert other.read_bytes() == b"mine"
    assert (tmp_path / "a.png").read_bytes() == b"0123456789"
    assert {path.name for path in tmp_path.iterdir()} == {"other", "a.png", "a.png.part"}


@pytest.mark.parametrize("fails", [False, True])
def test_export_when_the_old_name_is_a_link(tmp_path: Path, fails: bool) -> None:
    other, target = tmp_path / "other", tmp_path / "a.csv"
    other.write_bytes(b"mine")
    (tmp_path / "a.csv.tmp").symlink_to(other)
    try:
        with replacing(target) as file:
            file.write(b"new")
            if fails:
                raise LookupError
    except LookupError:
        pass
    assert other.read_bytes() == b"mine"
    assert target.exists() is not fails
    assert {path.name for path in tmp_path.iterdir()} - {"a.csv"} == {"other", "a.csv.tmp"}


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.fixture(params=[0o000, 0o022, 0o077])
def new_mode(request: pytest.FixtureRequest) -> Iterator[int]:
    """The mode of new files, under different umasks."""
    before = os.umask(request.param)
    yield 0o666 & ~request.param
    os.umask(before)


@pytest.mark.looptime
async def test_download_is_private_until_it_is_complete(tmp_path: Path, new_mode: int) -> None:
    calls, _, _ = pipeline(Response(200, {}, b"0123456789"))
    seen: list[set[int]] = []
    async with calls.download(FILE) as file:
        chunks = file._iterate_chunks

        async def watched(stop: Stop) -> AsyncGenerator[bytes, None]:
            async for chunk in chunks(stop):
                seen.append(await asyncio.to_thread(modes, tmp_path))
                yield chunk

        file._iterate_chunks = watched  # type: ignore[method-assign]
        await file.save(tmp_path / "a.png")
    assert seen
    assert all(found == {0o600} for found in seen)
    assert await asyncio.to_thread(modes, tmp_path) == {new_mode}


def test_export_is_private_until_it_is_complete(tmp_path: Path, new_mode: int) -> None:
    with replacing(tmp_path / "a.csv") as file:
        file.write(b"new")
        assert modes(tmp_path) == {0o600}
    assert modes(tmp_path) == {new_mode}


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_export_keeps_the_mode_of_the_file(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "a.csv"
    target.touch()
    target.chmod(mode)
    with replacing(target) as file:
        file.write(b"new")
        assert modes(tmp_path) == {0o600, mode}
    assert modes(tmp_path) == {mode}


def test_name_when_the_targets_is_long(tmp_path: Path) -> None:
    first, second = beside(tmp_path / ("я" * 127)), beside(tmp_path / ("я" * 127))
    assert first != second
    first.open("xb").close()
    with pytest.raises(FileExistsError):
        first.open("xb")


@pytest.mark.parametrize("kind", ["link", "dangling", "hard link", "folder"])
def test_spool_when_it_is_not_a_file_of_its_own(tmp_path: Path, kind: str) -> None:
    spool, other = Spool(tmp_path / "a.csv", Noun.CHATS), tmp_path / "other"
    if kind != "dangling":
        other.touch()
    if kind == "hard link":
        spool.path.hardlink_to(other)
    elif kind == "folder":
        spool.path.mkdir()
    else:
        spool.path.symlink_to(other)
    with pytest.raises(ExportError, match="remove it"):
        spool.open(fresh=True)
    assert not other.exists() or not other.stat().st_size


@pytest.mark.parametrize("sign", list("=+-@＝＋－＠"))
@pytest.mark.parametrize(
    "before",
    ["", " ", "\t", "\n", "\u00a0", "\u2003", "\u200b", "\ufeff", "\u00ad", "\u3164", " \u200e"],
)
def test_cell_when_a_formula_is_behind_blanks(before: str, sign: str) -> None:
    text = f"{before}{sign}1+1"
    assert shown_text(text) == f"'{text}"
    assert stored_text(shown_text(text)) == text
