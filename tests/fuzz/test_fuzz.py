"""The fuzz in short: a few cases of each kind of damage."""

from pathlib import Path
from typing import Final

import pytest

from tests.conftest import PUBLISHED
from tests.fuzz.case import case_of, run_case
from tests.fuzz.damage import KINDS, Kind

CASES: Final = 8
"""Of each kind."""

OPEN: Final = frozenset(
    {
        # What no decoder takes, in one record or beside them all.
        "a control character",
        "a line break in a text",
        "a NUL",
        "an escape that there is not",
        "half an escape",
        "NaN",
        "Infinity",
        "a number with a zero before it",
        "Python's None",
        "a BOM before the body",
        "a control character in the envelope",
        "NaN in the envelope",
        # Times that stop a sweep.
        "a time in year 1",
        "a time in year 9999",
        "a time without a zone",
        "two wrong types",
        # Envelopes.
        "a wrong type beside the records",
        "another object",
        "an envelope without the list",
        "null for the list",
        # What follows a write, and gateways.
        "odd headers",
        "a gateway once",
        "a gateway always",
        # The list of waiting questions of Yandex Market.
        "the same page and token",
        "new tokens with the same page",
        "tokens A, B, A, B",
        "new tokens with empty pages",
    }
)
"""Kinds that do not hold yet: ``make fuzz`` finds them."""


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name not in OPEN], ids=str)
def test_answers_when_they_are_bad(kind: Kind) -> None:
    folder = PUBLISHED / "specs"
    found = [
        f"{finding.case}: {finding.rule}: {finding.told}"
        for number in range(CASES)
        for finding in run_case(case_of(1, number, kind), _there(folder)).findings
    ]
    assert found == []


def test_answers_when_they_are_made_from_wire_types() -> None:
    honest = KINDS[0]
    for number in range(2 * CASES):
        assert run_case(case_of(2, number, honest), None).findings == []


def test_cases_when_they_are_run_again() -> None:
    case = case_of(3, 4)
    first, second = (run_case(case, None).answers for _ in range(2))
    assert first == second
    assert str(case_of(3, 4)) == str(case)


def test_open_kinds_when_they_are_named() -> None:
    assert {kind.name for kind in KINDS} >= OPEN


def _there(folder: Path) -> Path | None:
    return folder if folder.is_dir() else None
