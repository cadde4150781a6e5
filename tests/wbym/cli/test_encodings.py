"""Output in encodings that lack characters of the data."""

import io
import sys

import pytest

from wbym.cli import main

ENCODINGS = ("ascii", "cp1251", "cp866", "latin-1")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("arguments", [["--help"], ["demo", "--help"], ["nothing"]])
def test_output_when_the_encoding_lacks_characters(
    encoding: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = [io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    monkeypatch.setattr(sys, "argv", ["wbym", *arguments])
    with pytest.raises(SystemExit):
        main()
    for stream in streams:
        stream.write("Спасибо ★ 😀 é")
        stream.flush()
