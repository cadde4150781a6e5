"""The fuzz in short: a few cases of each kind of damage."""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Final

import msgspec
import pytest

from tests.conftest import PUBLISHED
from tests.fuzz.case import Case, case_of, run_case
from tests.fuzz.damage import KINDS, Kind
from tests.fuzz.operations import operations
from tests.fuzz.run import kind_named
from wbym.calls import RetryPolicy
from wbym.paging import Listing, Page

CASES: Final = 8
"""Of each kind."""


@pytest.mark.parametrize("kind", KINDS, ids=str)
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


def _again(*_: object, **__: object) -> float:
    return 0.0


async def _without_one(listing: Listing[object]) -> AsyncGenerator[Page[object], None]:
    page = await listing.page()
    yield msgspec.structs.replace(page, items=page.items[1:])


async def _for_ever(listing: Listing[object]) -> AsyncGenerator[Page[object], None]:
    while True:
        yield await listing.page()


@pytest.mark.parametrize(
    ("kind", "operation", "place", "made", "rule"),
    [
        (
            "D: a server that fails once",
            "wildberries send",
            (RetryPolicy, "delay"),
            _again,
            "a write is sent again",
        ),
        (
            "A: cp1251",
            "wildberries chats",
            (Listing, "pages"),
            _without_one,
            "good records are lost",
        ),
        (
            "I: the same page and token",
            "yandex_market chats",
            (Listing, "pages"),
            _for_ever,
            "hang: it does not end",
        ),
    ],
)
def test_findings_when_something_is_broken(
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    operation: str,
    place: tuple[type, str],
    made: Callable[..., object],
    rule: str,
) -> None:
    monkeypatch.setattr(*place, made)
    known = next(one for one in operations() if str(one) == operation)
    rules = {
        finding.rule
        for number in range(3)
        for finding in run_case(Case(1, number, known, kind_named(kind)), None).findings
    }
    assert rule in rules


def test_cases_when_they_are_run_again() -> None:
    case = case_of(3, 4)
    first, second = (run_case(case, None).answers for _ in range(2))
    assert first == second
    assert str(case_of(3, 4)) == str(case)


def _there(folder: Path) -> Path | None:
    return folder if folder.is_dir() else None
