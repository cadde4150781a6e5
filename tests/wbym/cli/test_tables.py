"""Texts that fit a width, by another package's widths."""

import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper

import pytest
from wcwidth import wcswidth, wcwidth

from wbym.cli.show_records import print_summaries
from wbym.cli.tables import Column, fit, pad, show_table, width_of, wrap
from wbym.cli.terminal import clean, glyph, output
from wbym.cli.views import Summary
from wbym.domain import Noun, Ref

TEXTS = (
    "Отличные кроссовки, пришли быстро, размер в размер, всем советую к покупке и не только",
    "emoji 😀❤️👨‍👩‍👧🇷🇺👍🏽#️⃣ " * 8,
    "עברית مرحبا بكم " * 9,
    "日本語のテキスト" * 12,
    "e\N{COMBINING ACUTE ACCENT}" * 90,
    "\x1b]0;title\x07\x1b[31mred\x1b[0m\u202eкатсор\u2066 \x9b2J\r\b\n" * 5,
    "нет" * 60,
    "",
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("width", [4, 17, 60])
def test_texts_fit(text: str, width: int) -> None:
    shown = fit(clean(text), width)
    assert width_of(shown) <= width
    # A terminal that draws each character by itself does not need more.
    assert sum(max(0, wcwidth(letter)) for letter in shown) <= width
    assert wcswidth(shown) <= width
    assert shown.endswith("…") is (shown != clean(text))
    assert width_of(pad(shown, width)) == width
    lines = wrap(text, width)
    assert "".join(lines).replace(" ", "") == clean(text).replace(" ", "")
    assert all(width_of(line) <= width for line in lines)


def test_no_control_character_is_left() -> None:
    for text in TEXTS:
        assert all(letter.isprintable() for letter in clean(text))


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("count", [0, 1, 200])
def test_summaries_fit(
    columns: int,
    count: int,
    terminal: Callable[[int], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal(columns)
    ref = Ref("wildberries", "shop-wb", Noun.FEEDBACK, "YX52RZEBhH9mrcYdEJuD")
    texts = [TEXTS[number % len(TEXTS)] for number in range(count)]
    print_summaries(output(), [Summary(("now", text[:9]), text, text, ref) for text in texts])
    lines = capsys.readouterr().out.splitlines()
    assert lines.count(f"  {ref}") == count
    assert all(wcswidth(line) <= columns for line in lines)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_tables_fit(
    columns: int, terminal: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    heads = (Column("id"), Column("text", gives_way=True), Column("n", right=True))
    rows = [(f"id-{number}", text, f"{number}") for number, text in enumerate(TEXTS)]
    show_table(heads, rows)
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == [
        row[0] for row in rows
    ]
    terminal(columns)
    show_table(heads, rows)
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "text", "n"]
    assert [line.split()[0] for line in lines] == [row[0] for row in rows]
    assert all(wcswidth(line) <= columns for line in lines)


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "…"), ("cp1251", "…"), ("cp866", "...")])
def test_marks_are_those_of_the_encoding(
    encoding: str, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(BytesIO(), encoding))
    shown = fit("Отличные кроссовки", 10)
    assert shown.endswith(mark)
    assert len(shown) <= 10
    assert glyph("✓", "yes") == ("✓" if encoding == "utf-8" else "yes")
