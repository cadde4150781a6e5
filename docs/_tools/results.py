"""The published results of the benchmarks."""

import re
from typing import Final, Literal

from benchmarks.publish import read
from benchmarks.report import markdown, table

__all__ = ["digest", "machine", "report", "summary"]

_SUMMARY: Final = {
    "199,999 feedbacks within the limits": "199 999 отзывов в пределах лимитов",
    "Sweep of 1,000,000 feedbacks under limits": "Обход 1 000 000 отзывов под лимитами",
    "199,999 feedbacks": "199 999 отзывов без лимитов",
    "Yandex Market, 20,000 feedbacks": "Яндекс Маркет, 20 000 отзывов без лимитов",
}
"""The lines of README, in English and Russian."""
_HEADINGS: Final = (
    ("Work", "Minimum", "wbym", "Next best"),
    ("Что делаем", "Минимум", "wbym", "Ближайшая другая библиотека"),
)
_RUSSIAN: Final = {
    r"(?<=\d),(?=\d{3})": " ",
    r"(?<=\d)\.(?=\d)": ",",
    r"(?<=\d) s\b": " с",
    "by the limits": "по лимитам",
    "the limit": "предел",
    "by hand": "вручную",
    "wire": "через api",
    "all at once": "всё сразу",
    "none reaches further than": "никто не читает дальше",
}
"""How numbers and words of a digest are written in Russian, in the order of replacement."""


def machine() -> str:
    """The machine of the last run."""
    return f"{read().machine}.\n"


def report(name: str) -> str:
    """The plots, table, notes and targets of a benchmark."""
    return markdown(read().reports[name], "benchmarks")


def digest() -> str:
    """A line for each kind of work, over all benchmarks."""
    rows = [
        (line.what, line.limit, line.ours, line.others)
        for _, found in sorted(read().reports.items())
        for line in found.digests
    ]
    return table(("Work", "the limit", "wbym", "the others"), rows) + "\n"


def summary(language: Literal[0, 1] = 0) -> str:
    """The usual kinds of work, for README; the language is English or Russian."""
    lines = {line.what: line for found in read().reports.values() for line in found.digests}
    rows = [
        (what if language == 0 else russian, line.limit, line.ours, line.others.partition(";")[0])
        for what, russian in _SUMMARY.items()
        for line in (lines[what],)
    ]
    cells = [[cell if language == 0 else _in_russian(cell) for cell in row] for row in rows]
    return table(_HEADINGS[language], cells) + "\n"


def _in_russian(cell: str) -> str:
    for english, russian in _RUSSIAN.items():
        cell = re.sub(english, russian, cell)
    return cell
