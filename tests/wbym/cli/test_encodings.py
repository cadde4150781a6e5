"""Output in encodings that lack characters of the data."""

import io
import sys
from collections.abc import Callable

import pytest

from tests.wbym.cli.conftest import Simulated
from wbym.cli import main
from wbym.limits import _scheduler

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


@pytest.mark.parametrize("is_terminal", [True, False])
def test_records_when_the_encoding_lacks_characters(
    is_terminal: bool,
    own_shop: Simulated,
    terminal: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own_shop.act(act="give_feedback", text="Спасибо ★ 😀 é " * 20, rating=5)
    if is_terminal:
        terminal(60)
    for encoding in ENCODINGS:
        for command in ("feedbacks", "check", "inbox"):
            _scheduler._process.clear()
            raw = io.BytesIO()
            with monkeypatch.context() as patch:
                patch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding))
                patch.setattr(sys, "argv", ["wbym", command])
                with pytest.raises(SystemExit) as caught:
                    main()
                sys.stdout.flush()
                text = raw.getvalue().decode(encoding)
            assert caught.value.code == 0
            assert "wildberries" in text
            if is_terminal:
                assert all(len(line) <= 60 for line in text.splitlines())
            if command == "feedbacks" and encoding in {"cp1251", "cp866"}:
                assert "Спасибо" in text
